//! A clock that moves only when a test moves it.

use chancela_core::time::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A shared clock in milliseconds since the epoch; its clones show the same time.
#[derive(Debug, Clone)]
pub struct FakeClock(Arc<AtomicI64>);

impl FakeClock {
    /// A clock that stands at `now`.
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(now.millis())))
    }

    /// What it shows.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    /// Sets it, also back: real clocks are set back too.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.millis(), Ordering::SeqCst);
    }

    /// Moves it on (back, if negative).
    pub fn advance_seconds(&self, seconds: i64) {
        self.advance_millis(seconds.saturating_mul(1000));
    }

    /// Moves it on (back, if negative).
    pub fn advance_millis(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    /// The milliseconds themselves, for code that takes its clock as an atomic number.
    pub fn shared(&self) -> Arc<AtomicI64> {
        Arc::clone(&self.0)
    }
}

impl Default for FakeClock {
    /// A Tuesday in 2026, so that expiry dates in snapshots are plausible.
    fn default() -> Self {
        Self::at(Timestamp::from_seconds(1_767_700_800))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_show_the_same_time() {
        let clock = FakeClock::default();
        let other = clock.clone();
        let start = clock.now();
        clock.advance_seconds(420);
        clock.advance_millis(-1);
        assert_eq!(other.now().millis() - start.millis(), 419_999);
        other.set(start);
        assert_eq!(clock.now(), start);
    }
}

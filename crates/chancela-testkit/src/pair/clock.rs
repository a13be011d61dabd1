//! One clock for both ends: tokio's, which a test may pause, so that a day passes as soon as nobody has anything to do.

use chancela_agent::engine::Moment;
use chancela_core::time::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::time::Instant;

/// A Tuesday in 2026, in milliseconds since the epoch.
const START: i64 = 1_767_700_800_000;
/// How long the machine runs already, in milliseconds.
const BOOTED: i64 = 3_600_000;

/// A clock whose clones show the same time.
#[derive(Debug, Clone)]
pub struct PairClock {
    began: Instant,
    /// Milliseconds by which the wall clock was set.
    set: Arc<AtomicI64>,
    /// Milliseconds that the machine slept.
    slept: Arc<AtomicI64>,
}

impl PairClock {
    /// A clock that begins now. To be called in a runtime.
    pub fn start() -> Self {
        Self { began: Instant::now(), set: Arc::default(), slept: Arc::default() }
    }

    /// Sets the wall clock on, or back.
    pub fn set_by(&self, millis: i64) {
        self.set.fetch_add(millis, Ordering::SeqCst);
    }

    /// Lets the machine sleep: timers stand still, and what the clocks show does not.
    pub fn sleep(&self, millis: i64) {
        self.slept.fetch_add(millis, Ordering::SeqCst);
    }

    /// Milliseconds since the start, by the clock that cannot be set.
    pub fn elapsed(&self) -> i64 {
        let awake = i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX);
        awake + self.slept.load(Ordering::SeqCst)
    }
}

impl chancela_agent::clock::Clock for PairClock {
    fn now(&self) -> Moment {
        let elapsed = self.elapsed();
        Moment { wall: START + elapsed + self.set.load(Ordering::SeqCst), boot: BOOTED + elapsed }
    }
}

/// The server's clock is right, whatever somebody sets the agent's to.
impl chancela_server::clock::Clock for PairClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(START + self.elapsed())
    }
}

//! The machine's clocks.

use crate::engine::Moment;
use std::time::{SystemTime, UNIX_EPOCH};

/// Where the time comes from.
pub trait Clock: Send + Sync + 'static {
    /// Now, by both clocks.
    fn now(&self) -> Moment;
}

/// The machine's own.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place of the agent that reads the wall clock")]
    fn now(&self) -> Moment {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Moment { wall: i64::try_from(wall.as_millis()).unwrap_or(i64::MAX), boot: boot() }
    }
}

/// A clock that counts a laptop's sleep.
#[cfg(target_os = "linux")]
const EVEN: rustix::time::ClockId = rustix::time::ClockId::Boottime;
/// The nearest that there is; it stands still while the machine sleeps, and the wall clock does not.
#[cfg(not(target_os = "linux"))]
const EVEN: rustix::time::ClockId = rustix::time::ClockId::Monotonic;

fn boot() -> i64 {
    let time = rustix::time::clock_gettime(EVEN);
    time.tv_sec.saturating_mul(1000).saturating_add(time.tv_nsec / 1_000_000)
}

/// What tells one start of the machine from another.
pub fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_clocks_go_on() {
        let before = SystemClock.now();
        std::thread::sleep(std::time::Duration::from_millis(5));
        let after = SystemClock.now();
        assert!((4..2000).contains(&(after.boot - before.boot)) && after.wall > before.wall);
        assert!(before.boot > 0 && before.wall > 1_700_000_000_000);
    }
}

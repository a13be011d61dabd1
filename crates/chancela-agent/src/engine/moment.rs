//! Two clocks, and how long a token lives by both.

use std::time::Duration;

/// Milliseconds of a second.
pub const SECOND: i64 = 1000;

/// A span of the engine's milliseconds as the rest of the program has it; a negative one is none.
pub(crate) fn duration(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

/// One reading of both clocks, in milliseconds.
///
/// Wall time is what servers and other starts of this machine speak of; it jumps. Boot time goes on evenly while a laptop
/// sleeps, and ends with the machine. Each alone is wrong at times, so the more pessimistic one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moment {
    /// Since the epoch.
    pub wall: i64,
    /// Since the start of the machine, sleep included (`CLOCK_BOOTTIME`).
    pub boot: i64,
}

/// When something that ends began, and how long it was said to last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// The moment at which the request for it was sent: its life began no earlier.
    pub began: Moment,
    /// Milliseconds.
    pub length: i64,
    /// Whether `began.boot` is of this start of the machine.
    pub same_boot: bool,
}

impl Life {
    /// A life that begins with a request sent at `began`.
    pub const fn new(began: Moment, length: i64) -> Self {
        Self { began, length, same_boot: true }
    }

    /// Milliseconds that are left; negative once it is over. Never more than the whole.
    pub fn left(&self, now: Moment) -> i64 {
        let by_wall = now.wall.saturating_sub(self.began.wall);
        let spent = if self.same_boot {
            by_wall.max(now.boot.saturating_sub(self.began.boot))
        } else if by_wall < 0 {
            // The wall clock was set back between two starts: nothing says how long that was.
            return 0;
        } else {
            by_wall
        };
        self.length.saturating_sub(spent.max(0))
    }
}

impl Life {
    /// Milliseconds of a pause that are left. A pause is no promise of somebody else: the even clock alone counts, so that
    /// a wall clock that is set does not end it.
    pub(super) fn pause_left(&self, now: Moment) -> i64 {
        if !self.same_boot {
            return self.left(now);
        }
        self.length.saturating_sub(now.boot.saturating_sub(self.began.boot).max(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Moment = Moment { wall: 1_700_000_000_000, boot: 50_000 };

    fn later(wall: i64, boot: i64) -> Moment {
        Moment { wall: START.wall + wall, boot: START.boot + boot }
    }

    #[test]
    fn the_clock_that_went_further_counts() {
        let life = Life::new(START, 300_000);
        assert_eq!(life.left(later(1000, 1000)), 299_000);
        assert_eq!(life.left(later(0, 200_000)), 100_000, "the wall clock was set back");
        assert_eq!(life.left(later(3_600_000, 1000)), -3_300_000, "the wall clock jumped ahead");
        assert_eq!(life.left(later(-3_600_000, 1000)), 299_000, "an hour back is no longer life");
        assert_eq!(life.left(later(-3_600_000, -1000)), 300_000, "never more than the whole");
    }

    #[test]
    fn after_another_start_of_the_machine_the_wall_clock_alone_counts() {
        let life = Life { same_boot: false, ..Life::new(START, 300_000) };
        assert_eq!(life.left(Moment { wall: START.wall + 10_000, boot: 3 }), 290_000);
        assert_eq!(life.left(Moment { wall: START.wall - 1, boot: 3 }), 0, "and not if it was set back");
    }
}

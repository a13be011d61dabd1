//! When to renew, and when to try again: the numbers, and what follows from them. All durations are milliseconds.

use super::moment::SECOND;

const DAY: i64 = 86_400 * SECOND;

/// Rules of one kind of token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Percent of a token's life before whose end it is renewed in the background.
    pub ahead_percent: u8,
    /// Least time ahead.
    pub ahead_min: i64,
    /// Most time ahead.
    pub ahead_max: i64,
    /// A token with less left is not handed out.
    pub hard: i64,
    /// Percent of a token's life by which instances differ, so that they do not all renew at once.
    pub jitter_percent: u8,
    /// Life of a token whose answer does not say; `None` makes such an answer an error.
    pub default_life: Option<i64>,
    /// First pause after a failure.
    pub pause_first: i64,
    /// Longest pause after failures.
    pub pause_max: i64,
    /// First pause after an answer that says that the client, and not the moment, is wrong; doubles up to an hour.
    pub cool_down: i64,
    /// Least time between two refreshes.
    pub refresh_interval: i64,
    /// How long after a lost answer the provider takes the same refresh token again; `None` if it does not say.
    pub replay_window: Option<i64>,
    /// How long a session lasts from the login, whatever is refreshed; `None` if only the provider knows.
    pub absolute_life: Option<i64>,
    /// How long a session lasts from its last refresh, where the answer does not say.
    pub refresh_life: Option<i64>,
    /// Least time between two renewals that a 401 asked for.
    pub rejection_interval: i64,
    /// How long before a session's end its people are warned, longest first.
    pub warn_before: Vec<i64>,
    /// How long an answer may take before its request counts as lost.
    pub patience: i64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            // Of five minutes a minute: less its jitter and the hard margin, that outlasts an outage of half a minute.
            ahead_percent: 20,
            ahead_min: 5 * SECOND,
            ahead_max: 300 * SECOND,
            hard: 10 * SECOND,
            jitter_percent: 5,
            default_life: None,
            pause_first: SECOND,
            pause_max: 60 * SECOND,
            cool_down: 300 * SECOND,
            refresh_interval: 5 * SECOND,
            replay_window: None,
            absolute_life: None,
            refresh_life: None,
            rejection_interval: 60 * SECOND,
            warn_before: vec![7 * DAY, DAY],
            patience: 30 * SECOND,
        }
    }
}

/// How long before a token's end what happens, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Margins {
    /// From here on it is renewed in the background, and still handed out.
    pub soft: i64,
    /// From here on it is not handed out. Never more than half the life.
    pub hard: i64,
}

/// Longest cool-down.
const COOL_DOWN_MAX: i64 = 3600 * SECOND;
/// How many pauses a token's life has room for at least.
const PAUSES_OF_A_LIFE: i64 = 50;
/// Least pause after a failure: chance alone makes no loop.
const PAUSE_MIN: i64 = 100;

impl Policy {
    /// The margins of a token of `life` milliseconds. `chance` is a number that was drawn for this token and instance.
    pub fn margins(&self, life: i64, chance: u64) -> Margins {
        let life = life.max(0);
        let half = life / 2;
        let hard = self.hard.clamp(0, half);
        let ahead =
            percent(life, self.ahead_percent).clamp(self.ahead_min.min(self.ahead_max), self.ahead_max);
        let ahead = ahead.min(half);
        // Where the life is long, its share would be more than the whole margin, and nobody would renew ahead at all.
        let room = (ahead - hard).max(0) / 2;
        let jitter = part(percent(life, self.jitter_percent).min(room), chance);
        Margins { soft: (ahead - jitter).max(hard), hard }
    }

    /// The pause after so many failures in a row (1 and up) that a later try may mend: full jitter below a limit that
    /// doubles, and never less than the provider asked for. `life` is that of the tokens, if one was seen: where they live
    /// for minutes, the margin is as short, and a minute's pause after an outage's end would waste it.
    pub fn pause(&self, failures: u32, asked: Option<i64>, life: Option<i64>, chance: u64) -> i64 {
        let most = life.map_or(i64::MAX, |life| (life / PAUSES_OF_A_LIFE).max(2 * self.pause_first));
        let limit = doubled(self.pause_first, failures, self.pause_max.min(most));
        part(limit, chance).max(PAUSE_MIN).max(asked.unwrap_or(0))
    }

    /// The pause after so many answers in a row that the same request will get again.
    pub fn cool_down(&self, failures: u32, asked: Option<i64>) -> i64 {
        doubled(self.cool_down, failures, COOL_DOWN_MAX.max(self.cool_down)).max(asked.unwrap_or(0))
    }
}

fn percent(whole: i64, percent: u8) -> i64 {
    i64::try_from(i128::from(whole) * i128::from(percent.min(100)) / 100).unwrap_or(i64::MAX)
}

/// A part of `whole`, from nothing to all of it, by chance.
fn part(whole: i64, chance: u64) -> i64 {
    i64::try_from((i128::from(whole) * i128::from(chance >> 1)) >> 63).unwrap_or(0)
}

fn doubled(first: i64, times: u32, most: i64) -> i64 {
    let factor = 1i64.checked_shl(times.saturating_sub(1).min(40)).unwrap_or(i64::MAX);
    first.saturating_mul(factor).clamp(0, most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_margins_of_the_documented_lifetimes() {
        let policy = Policy { jitter_percent: 0, ..Policy::default() };
        for (life, soft, hard) in [
            (300, 60, 10),
            (420, 84, 10),
            (600, 120, 10),
            (3600, 300, 10),
            (86_400, 300, 10),
            (60, 12, 10),
            (20, 10, 10),
            (10, 5, 5),
            (1, 0, 0),
            (0, 0, 0),
        ] {
            let margins = policy.margins(life * SECOND, 0);
            assert_eq!((margins.soft / SECOND, margins.hard / SECOND), (soft, hard), "{life} s");
        }
    }

    #[test]
    fn chance_leaves_a_long_lived_token_half_of_its_margin() {
        for life in [7200, 43_200, 86_400] {
            let margins = Policy::default().margins(life * SECOND, u64::MAX);
            assert_eq!(margins.soft / SECOND, 155, "{life} s");
        }
    }

    #[test]
    fn pauses_double_and_end_and_never_undercut_the_provider() {
        let policy = Policy::default();
        let pauses: Vec<_> = (1..9).map(|n| policy.pause(n, None, None, u64::MAX) / SECOND).collect();
        assert_eq!(pauses, [0, 1, 3, 7, 15, 31, 59, 59], "just below 1, 2, 4, ... 60 seconds");
        assert_eq!(policy.pause(1, Some(90_000), None, 0), 90_000);
        assert_eq!(policy.pause(40, None, None, 0), PAUSE_MIN);
        assert_eq!(policy.pause(40, None, Some(300_000), u64::MAX), 5999, "a fiftieth of five minutes");
        assert_eq!(policy.pause(40, None, Some(1000), u64::MAX), 1999);
        let pauses: Vec<_> = (1..7).map(|n| policy.cool_down(n, None) / SECOND).collect();
        assert_eq!(pauses, [300, 600, 1200, 2400, 3600, 3600]);
    }

    proptest! {
        /// Sign errors happened to others here: whatever the numbers, the window opens before it closes, within the life.
        #[test]
        fn the_window_is_within_the_life(
            life in any::<i64>(), chance in any::<u64>(), hard in any::<i64>(), ahead in any::<u8>(),
            least in any::<i64>(), most in any::<i64>(), jitter in any::<u8>(),
        ) {
            let policy = Policy {
                hard, ahead_percent: ahead, ahead_min: least, ahead_max: most.max(0), jitter_percent: jitter, ..Policy::default()
            };
            let Margins { soft, hard } = policy.margins(life, chance);
            prop_assert!(0 <= hard && hard <= soft && soft <= life.max(0) / 2 + i64::from(life.max(0) / 2 < hard));
        }

        #[test]
        fn a_pause_is_never_longer_than_its_limit(failures in 1u32.., chance in any::<u64>()) {
            let pause = Policy::default().pause(failures, None, None, chance);
            prop_assert!((PAUSE_MIN..=60 * SECOND).contains(&pause));
        }
    }
}

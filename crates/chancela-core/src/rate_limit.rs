//! A limit of so many requests in so many seconds, exactly as providers document it: a sliding window that remembers
//! when each counted request was made. Only authenticated clients are counted, so nobody can use up another's limit.

use crate::dialect::RateLimit;
use crate::time::Timestamp;
use std::collections::VecDeque;

/// The counted requests of one client.
#[derive(Debug, Clone, Default)]
pub struct Window(VecDeque<Timestamp>);

impl Window {
    /// Counts a request at `now`, or refuses it.
    ///
    /// # Errors
    /// Seconds after which the next request will be counted (at least 1).
    pub fn take(&mut self, limit: RateLimit, now: Timestamp) -> Result<(), u32> {
        let period = i64::from(limit.period) * 1000;
        while self.0.front().is_some_and(|first| first.millis() + period <= now.millis()) {
            self.0.pop_front();
        }
        if self.0.len() < usize::from(limit.requests) {
            self.0.push_back(now);
            return Ok(());
        }
        let free_at = self.0.front().map_or(now.millis() + period, |first| first.millis() + period);
        let wait = (free_at - now.millis()).clamp(1, period.max(1));
        Err(u32::try_from((wait + 999) / 1000).unwrap_or(limit.period))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMIT: RateLimit = RateLimit { requests: 10, period: 60 };

    #[test]
    fn the_eleventh_request_in_a_minute_waits_for_the_first_to_leave() {
        let mut window = Window::default();
        for second in 0..10 {
            assert_eq!(window.take(LIMIT, Timestamp::from_seconds(second)), Ok(()));
        }
        assert_eq!(window.take(LIMIT, Timestamp::from_seconds(30)), Err(30));
        assert_eq!(window.take(LIMIT, Timestamp::from_millis(59_999)), Err(1));
        assert_eq!(window.take(LIMIT, Timestamp::from_seconds(60)), Ok(()));
    }

    proptest! {
        #[test]
        fn no_window_of_the_period_ever_holds_more_than_the_limit(steps in proptest::collection::vec(0_i64..20_000, 1..80)) {
            let (mut window, mut now, mut counted) = (Window::default(), 0, Vec::new());
            for step in steps {
                now += step;
                if window.take(LIMIT, Timestamp::from_millis(now)).is_ok() {
                    counted.push(now);
                }
            }
            for start in &counted {
                prop_assert!(counted.iter().filter(|at| (*start..start + 60_000).contains(*at)).count() <= 10);
            }
        }
    }
}

//! How often an endpoint is called: providers publish limits (five calls a minute, ten a minute) and lock out who exceeds
//! them.

use std::collections::VecDeque;

/// A ceiling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Most calls within the window.
    pub calls: usize,
    /// The window in milliseconds.
    pub window: i64,
    /// Calls that are kept for renewals that an API's refusal asks for.
    pub reserve: usize,
}

/// What was called, by boot time.
#[derive(Debug, Clone)]
pub(crate) struct Ledger {
    budget: Budget,
    calls: VecDeque<i64>,
    /// Until when other processes have spent it all, for renewals in time and for those that an API's refusal asks for.
    shut: [i64; 2],
}

impl Ledger {
    pub(super) const fn new(budget: Budget) -> Self {
        Self { budget, calls: VecDeque::new(), shut: [i64::MIN; 2] }
    }

    /// A ledger with these calls, the oldest first.
    pub(crate) fn with(budget: Budget, calls: impl Iterator<Item = i64>) -> Self {
        Self { calls: calls.collect(), ..Self::new(budget) }
    }

    /// The calls that are remembered.
    pub(crate) fn calls(&self) -> impl Iterator<Item = i64> {
        self.calls.iter().copied()
    }

    /// Takes back a call that was not made.
    pub(super) fn take_back(&mut self, at: i64) {
        if let Some(place) = self.calls.iter().rposition(|own| *own == at) {
            self.calls.remove(place);
        }
    }

    /// Other processes have left nothing before then.
    pub(super) fn shut(&mut self, until: i64, urgent: bool) {
        self.shut[0] = self.shut[0].max(until);
        if urgent {
            self.shut[1] = self.shut[1].max(until);
        }
    }

    /// Calls that are left now.
    pub(super) fn left(&self, now: i64) -> usize {
        let recent = self.calls.iter().filter(|at| now - **at < self.budget.window).count();
        self.budget.calls.saturating_sub(recent)
    }

    /// Whether a call may be made.
    ///
    /// # Errors
    /// The boot time in milliseconds from which on it may.
    pub(crate) fn check(&self, now: i64, urgent: bool) -> Result<(), i64> {
        let shut = self.shut[usize::from(urgent)];
        if now < shut {
            return Err(shut);
        }
        let kept = if urgent { 0 } else { self.budget.reserve };
        if self.left(now) > kept {
            return Ok(());
        }
        // The call whose end of window leaves one more than what is kept; none, if nothing may ever be called.
        let open = self.budget.calls.saturating_sub(kept);
        let position = open.checked_sub(1).and_then(|before| self.calls.len().checked_sub(before + 1));
        let oldest = position.and_then(|at| self.calls.get(at));
        Err(oldest.map_or(i64::MAX, |at| at.saturating_add(self.budget.window)))
    }

    /// Notes a call.
    pub(crate) fn note(&mut self, now: i64) {
        while self.calls.len() >= self.budget.calls.max(1) {
            self.calls.pop_front();
        }
        self.calls.push_back(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FIVE: Budget = Budget { calls: 5, window: 60_000, reserve: 1 };

    #[test]
    fn one_call_of_five_is_kept_for_a_refusal() {
        let mut ledger = Ledger::new(FIVE);
        for at in 0..4 {
            assert_eq!(ledger.check(at, false), Ok(()));
            ledger.note(at);
        }
        assert_eq!(ledger.check(10, false), Err(60_000));
        assert_eq!(ledger.check(10, true), Ok(()));
        ledger.note(10);
        assert_eq!(ledger.check(11, true), Err(60_000));
        assert_eq!(ledger.check(60_000, true), Ok(()));
        assert_eq!(ledger.check(60_000, false), Err(60_001), "the reserve is filled first");
    }

    #[test]
    fn no_calls_at_all_is_never() {
        let ledger = Ledger::new(Budget { calls: 0, window: 1, reserve: 0 });
        assert_eq!(ledger.check(5, true), Err(i64::MAX));
        let ledger = Ledger::new(Budget { calls: 1, window: 1, reserve: 1 });
        assert_eq!(ledger.check(5, false), Err(i64::MAX));
    }

    proptest! {
        /// Whoever calls when it may never makes more calls than the ceiling in any window.
        #[test]
        fn no_window_has_more_calls_than_the_ceiling(
            calls in 1usize..6, reserve in 0usize..3, asks in prop::collection::vec((0i64..20, any::<bool>()), 0..200),
        ) {
            let budget = Budget { calls, window: 50, reserve };
            let (mut ledger, mut now, mut made) = (Ledger::new(budget), 0, Vec::new());
            for (pause, urgent) in asks {
                now += pause;
                match ledger.check(now, urgent) {
                    Ok(()) => {
                        ledger.note(now);
                        made.push(now);
                    }
                    Err(next) => {
                        prop_assert!(next > now);
                        prop_assert!(next == i64::MAX || ledger.check(next, urgent).is_ok());
                    }
                }
                let recent = made.iter().filter(|at| now - **at < 50).count();
                prop_assert!(recent <= calls);
            }
        }
    }
}

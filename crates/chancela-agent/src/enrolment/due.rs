//! When a certificate is renewed without anybody asking.

use super::{Enrolment, EnrolmentError, Outcome, Stage, TURN, Wish};

/// Seconds from a failed renewal to the next attempt: doubled with each in a row, to at most a quarter of a day.
const FIRST_PAUSE: i64 = 5 * 60;
const LONGEST_PAUSE: i64 = 6 * 3600;

impl Enrolment<'_> {
    /// Renews the certificate if `renew_before` says that it is time to, or goes on with a renewal that was interrupted. After
    /// a failure it waits, longer after each in a row, also after a restart. A first certificate is a person's to get.
    ///
    /// # Errors
    /// [`EnrolmentError`]: the renewal failed, or nothing can be told of it.
    pub async fn renew_if_due(&self) -> Result<Option<Outcome>, EnrolmentError> {
        if !self.is_due()? {
            return Ok(None);
        }
        let outcome = self.run(&Wish { renew: true, ..Wish::default() }).await;
        // Somebody else is at it, and knows how it goes.
        if outcome.as_ref().is_err_and(|error| !matches!(error, EnrolmentError::Busy { .. })) {
            self.failed()?;
        }
        outcome.map(Some)
    }

    fn is_due(&self) -> Result<bool, EnrolmentError> {
        let (Some(before), Some(certificate)) = (self.own.renew_before, self.installed()?) else {
            return Ok(false);
        };
        let journal = self.journal().load()?;
        let now = self.now();
        if let Some(journal) = &journal
            && journal.failed_at.is_some_and(|at| now.seconds() < at.saturating_add(pause(journal.failures)))
        {
            return Ok(false);
        }
        let stage = journal.map(|journal| journal.stage);
        let life = certificate.not_after.saturating_sub(certificate.not_before).saturating_mul(1000);
        let left = certificate.not_after.saturating_mul(1000).saturating_sub(now.millis());
        let is_interrupted = matches!(stage, Some(Stage::Certified | Stage::Registered | Stage::Proven));
        Ok(is_interrupted || is_near(left, life, before.millis()))
    }

    /// Notes that a renewal failed, for whoever tries again after a restart.
    fn failed(&self) -> Result<(), EnrolmentError> {
        let _turn = self.places.lock(TURN)?;
        let file = self.journal();
        let Some(mut journal) = file.load()? else { return Ok(()) };
        journal.failures = journal.failures.saturating_add(1);
        journal.failed_at = Some(self.now().seconds());
        file.store(&journal)
    }
}

/// Whether a certificate with `left` of its `life` is to be renewed `before` its end. Whatever is configured, not before
/// half of its life is over: a certificate that lives for less would be ordered again and again.
const fn is_near(left: i64, life: i64, before: i64) -> bool {
    left <= before && left <= life / 2
}

/// Seconds after so many failures in a row.
const fn pause(failures: u32) -> i64 {
    let doublings = if failures > 10 { 10 } else { failures.saturating_sub(1) };
    let pause = FIRST_PAUSE << doublings;
    if pause < LONGEST_PAUSE { pause } else { LONGEST_PAUSE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_life_is_no_reason_to_order_for_ever() {
        let day = 86_400_000;
        assert!(is_near(30 * day, 365 * day, 30 * day) && !is_near(31 * day, 365 * day, 30 * day));
        assert!(!is_near(10 * day, 10 * day, 30 * day) && is_near(5 * day, 10 * day, 30 * day));
        assert!(is_near(-1, 10 * day, 0));
    }

    #[test]
    fn pauses_grow_and_have_an_end() {
        let all: Vec<i64> = (0..12).map(pause).collect();
        assert_eq!(all[..4], [300, 300, 600, 1200]);
        assert!(all.windows(2).all(|two| two[0] <= two[1]));
        assert_eq!((all[11], pause(u32::MAX)), (LONGEST_PAUSE, LONGEST_PAUSE));
    }
}

//! When token endpoints were called, by all processes that share the cache: providers count the calls of a machine, and not
//! those of a program. The times are no secret and are not sealed.

use super::name::Kind;
use super::{Cache, CacheError, contents, durable};
use crate::engine::{Budget, Ledger, Moment, TokenKey};
use std::fmt::Write;
use std::io;
use std::time::Duration;

/// How long the file's lock is waited for; it is held for one small write.
const PATIENCE: Duration = Duration::from_secs(5);

impl Cache {
    /// Notes a call of an endpoint now, if the budget allows one in view of what all processes have called. `Err` within says
    /// how many milliseconds later it does.
    ///
    /// # Errors
    /// [`CacheError`]: the file cannot be locked, read or written. One that cannot be understood counts as empty.
    pub fn spend(
        &self,
        endpoint: &TokenKey,
        budget: Budget,
        now: Moment,
        urgent: bool,
    ) -> Result<Result<(), i64>, CacheError> {
        let _locked = self.lock(endpoint, PATIENCE)?;
        let path = self.path(endpoint, Kind::Calls);
        let text = match contents(&path) {
            Ok(bytes) => bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(CacheError::Read { path, error }),
        };
        let (calls, translated) = self.calls(&text, now);
        let mut ledger = Ledger::with(budget, calls.into_iter());
        let checked = ledger.check(now.boot, urgent);
        match checked {
            // What was said by another clock is said by this one from now on, or it would never grow old.
            Err(_) if translated => {}
            Err(next) => return Ok(Err(next.saturating_sub(now.boot))),
            Ok(()) => ledger.note(now.boot),
        }
        let mut text = self.boot_name().to_owned();
        for at in ledger.calls() {
            // Writing into a text does not fail.
            let _ = write!(text, "\n{at} {}", now.wall.saturating_sub(now.boot.saturating_sub(at)));
        }
        let written = durable::replace(&path, &self.path(endpoint, Kind::New), text.as_bytes());
        written.map_err(|error| CacheError::Write { path, error })?;
        Ok(checked.map_err(|next| next.saturating_sub(now.boot)))
    }

    fn boot_name(&self) -> &str {
        self.0.boot.as_ref().map_or("-", super::BootId::as_str)
    }

    /// The boot times of the calls in a file, the oldest first, and whether they are others than it says. Those of an earlier start of the machine are as old as the
    /// wall clock says. None lies in the future: a clock that was set must not shut an endpoint for good.
    fn calls(&self, text: &str, now: Moment) -> (Vec<i64>, bool) {
        let mut lines = text.lines();
        let boot = lines.next().unwrap_or_default();
        let is_this_start = boot != "-" && boot == self.boot_name();
        let mut translated = !is_this_start;
        let mut calls: Vec<i64> = lines
            .filter_map(|line| {
                let (boot, wall) = line.split_once(' ')?;
                let (boot, wall): (i64, i64) = (boot.parse().ok()?, wall.parse().ok()?);
                let at =
                    if is_this_start { boot } else { now.boot.saturating_sub(now.wall.saturating_sub(wall)) };
                translated |= at > now.boot;
                Some(at.min(now.boot))
            })
            .collect();
        calls.sort_unstable();
        (calls, translated)
    }
}

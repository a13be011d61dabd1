//! Certificates that are renewed without anybody asking, and programs that are told what ends.
//!
//! Does not own how a certificate is renewed (the [`enrolment`](crate::enrolment)'s) nor the list of what ends (the
//! [`calendar`](crate::calendar)'s). Both wait for files and programs, so they run on threads of their own.

use super::message::FORMAT_VERSION;
use super::state::State;
use crate::calendar::{Due, calendar, tell};
use crate::enrolment::{Enrolment, EnrolmentError, Outcome, Stage, Wish};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

/// How often it is looked what is due.
const LOOK: Duration = Duration::from_secs(60);
/// Seconds from a failed renewal to the next attempt: doubled with each in a row, to at most a quarter of a day.
const FIRST_PAUSE: i64 = 5 * 60;
const LONGEST_PAUSE: i64 = 6 * 3600;

/// Goes on until the task is dropped.
pub(super) async fn renewal(state: Arc<State>) {
    loop {
        let names: Vec<String> = state.agent.names().map(str::to_owned).collect();
        for name in names {
            let config = state.agent.config().provider.get(&name);
            if config.and_then(|config| config.enrollment.as_ref()?.renew_before).is_some() {
                let (state, runtime) = (Arc::clone(&state), Handle::current());
                // What it began goes on although this task ends: it holds the lock, and the journal knows how far it is.
                let _ = spawn_blocking(move || runtime.block_on(look_after(&state, &name))).await;
            }
        }
        let (looking, runtime) = (Arc::clone(&state), Handle::current());
        let _ = spawn_blocking(move || runtime.block_on(tell_of(&looking))).await;
        sleep(LOOK).await;
    }
}

/// Renews a provider's certificate if it is time to.
async fn look_after(state: &State, name: &str) {
    let _renewing = state.renewing.lock().await;
    let enrolment = match Enrolment::open(&state.agent, name) {
        Ok(enrolment) => enrolment,
        Err(error) => return tracing::warn!(provider = name, %error, "the certificate cannot be renewed"),
    };
    match is_due(state, &enrolment) {
        Ok(true) => {}
        Ok(false) => return,
        Err(error) => return tracing::warn!(provider = name, %error, "the certificate cannot be renewed"),
    }
    match enrolment.run(&Wish { renew: true, ..Wish::default() }).await {
        Ok(Outcome::Enrolled { ends_at } | Outcome::Already { ends_at }) => {
            if let Some(provider) = state.opened(name) {
                provider.reload_identity();
            }
            tracing::info!(provider = name, ends_at, "the client certificate was renewed");
            let data = json!({ "format_version": FORMAT_VERSION, "provider": name, "ends_at": ends_at });
            state.news.publish(name, "certificate_renewed", data);
        }
        Err(error) => {
            let said = error.to_string();
            tracing::warn!(provider = name, %error, "the client certificate was not renewed");
            if let Err(error) = enrolment.failed() {
                tracing::warn!(provider = name, %error, "that a renewal failed cannot be kept");
            }
            let data = json!({ "format_version": FORMAT_VERSION, "provider": name, "said": said });
            state.news.publish(name, "certificate_renewal_failed", data);
        }
    }
}

/// Whether it is time: the end is near, or a renewal is under way; and the pause after a failure is over.
fn is_due(state: &State, enrolment: &Enrolment<'_>) -> Result<bool, EnrolmentError> {
    // A first certificate is a person's to get.
    let Some(certificate) = enrolment.installed()? else { return Ok(false) };
    let now = state.agent.clock().now().wall;
    let (failures, failed_at) = enrolment.failures()?;
    if failed_at.is_some_and(|at| now.div_euclid(1000) < at.saturating_add(pause(failures))) {
        return Ok(false);
    }
    let life = certificate.not_after.saturating_sub(certificate.not_before).saturating_mul(1000);
    let left = certificate.not_after.saturating_mul(1000).saturating_sub(now);
    let is_near = enrolment.renew_before().is_some_and(|before| is_near(left, life, before));
    let stage = enrolment.stage()?;
    Ok(is_near || matches!(stage, Some(Stage::Certified | Stage::Registered | Stage::Proven)))
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

/// Tells the configured programs what is due.
async fn tell_of(state: &State) {
    let (entries, _) = calendar(&state.agent, None).await;
    let due = match tell(&state.agent, &entries) {
        Ok(due) => due,
        Err(error) => return tracing::warn!(%error, "nobody can be told what ends"),
    };
    for Due { entry, before: _, told } in due {
        let left = entry.days_left(state.agent.clock().now().wall);
        let (provider, what) = (entry.provider.as_deref().unwrap_or_default(), entry.kind.as_str());
        match told {
            Some(Ok(())) => tracing::info!(provider, what, left, "on_due was told; left is in days"),
            Some(Err(error)) => {
                tracing::warn!(provider, what, left, %error, "on_due failed; left is in days")
            }
            None => tracing::warn!(provider, what, left, "ends soon; left is in days"),
        }
    }
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

//! Certificates that are renewed without anybody asking, and programs that are told what ends.
//!
//! Does not own how a certificate is renewed (the [`enrolment`](crate::enrolment)'s) nor the list of what ends (the
//! [`calendar`](crate::calendar)'s). Both wait for files and programs, so they run on threads of their own.

use super::message::FORMAT_VERSION;
use super::state::State;
use crate::calendar::{Due, calendar, tell};
use crate::enrolment::{Enrolment, Outcome};
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

/// How often it is looked whether a certificate is due, and how often whether somebody is to be told of an end: for that,
/// passphrases may be read.
const LOOK: Duration = Duration::from_secs(60);
const TELL: Duration = Duration::from_secs(3600);

/// Goes on until the task is dropped.
pub(super) async fn renewal(state: Arc<State>) {
    let mut told = None;
    let mut said: HashMap<String, (String, Instant)> = HashMap::new();
    loop {
        let names: Vec<String> = state.agent.names().map(str::to_owned).collect();
        for name in names {
            let config = state.agent.config().provider.get(&name);
            if config.and_then(|config| config.enrollment.as_ref()?.renew_before).is_some() {
                let (looking, runtime) = (Arc::clone(&state), Handle::current());
                // What it began goes on although this task ends: it holds the lock, and the journal knows how far it is.
                let own = name.clone();
                let done = spawn_blocking(move || runtime.block_on(look_after(&looking, &own))).await;
                if let Ok(Err(why)) = done {
                    warn(&state, &mut said, (name, why));
                }
            }
        }
        if told.is_none_or(|at: Instant| at.elapsed() >= TELL) {
            told = Some(Instant::now());
            let (looking, runtime) = (Arc::clone(&state), Handle::current());
            let _ = spawn_blocking(move || runtime.block_on(tell_of(&looking))).await;
        }
        sleep(LOOK).await;
    }
}

/// Tells of the same thing once an hour.
fn warn(state: &State, said: &mut HashMap<String, (String, Instant)>, (name, why): (String, String)) {
    if said.get(&name).is_some_and(|(last, at)| *last == why && at.elapsed() < TELL) {
        return;
    }
    tracing::warn!(provider = name, error = why, "the client certificate was not renewed");
    let data = json!({ "format_version": FORMAT_VERSION, "provider": name, "said": why });
    state.news.publish(&name, "certificate_renewal_failed", data);
    said.insert(name, (why, Instant::now()));
}

/// Renews a provider's certificate if it is time to. Answers why it cannot.
async fn look_after(state: &State, name: &str) -> Result<(), String> {
    let _renewing = state.renewing.lock().await;
    let enrolment = Enrolment::open(&state.agent, name).map_err(|error| error.to_string())?;
    match enrolment.renew_if_due().await {
        Ok(None) => Ok(()),
        Ok(Some(Outcome::Enrolled { ends_at } | Outcome::Already { ends_at })) => {
            if let Some(provider) = state.opened(name) {
                provider.reload_identity();
            }
            tracing::info!(provider = name, ends_at, "the client certificate was renewed");
            let data = json!({ "format_version": FORMAT_VERSION, "provider": name, "ends_at": ends_at });
            state.news.publish(name, "certificate_renewed", data);
            Ok(())
        }
        Err(error) => Err(error.to_string()),
    }
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

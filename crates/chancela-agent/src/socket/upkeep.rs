//! What the agent does though nobody asks: it fetches the tokens that are to be there, notices changed credentials, and
//! warns before certificates end.

use super::message::FORMAT_VERSION;
use super::state::State;
use crate::provider::Request;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// How often credentials are looked at. Renewal does not wait for it: that is the engine's.
const LOOK: Duration = Duration::from_secs(60);
/// How long after an attempt at a provider that could not be opened.
const AGAIN: Duration = Duration::from_secs(5);
/// How long the first token is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked how long certificates last: nothing is read for it.
const CALENDAR: Duration = Duration::from_secs(5);
/// Seconds before a certificate's end at which is warned of it, longest first.
const WARN_BEFORE: [i64; 3] = [30 * DAY, 7 * DAY, DAY];
const DAY: i64 = 86_400;

/// Goes on until the task is dropped.
pub(super) async fn upkeep(state: Arc<State>) {
    let mut tasks = JoinSet::new();
    for name in state.prefetch.clone() {
        tasks.spawn(keep(Arc::clone(&state), name));
    }
    let mut warned = HashMap::new();
    loop {
        warn(&state, &mut warned);
        sleep(CALENDAR).await;
    }
}

/// Asks for a provider's token now, so that the engine knows it and keeps it, and then reads its credentials now and then:
/// a changed secret ends the pause after a refusal.
async fn keep(state: Arc<State>, name: String) {
    loop {
        let pause = match state.provider(&name).await {
            Ok(provider) => match provider.token(Request::default(), PATIENCE).await {
                Ok(_) => LOOK,
                Err(error) => {
                    tracing::warn!(provider = name, %error, "no token yet");
                    if error.reason().is_some() { LOOK } else { AGAIN }
                }
            },
            Err(problem) => {
                tracing::warn!(provider = name, error = problem.detail, "the provider cannot be used");
                AGAIN
            }
        };
        sleep(pause).await;
    }
}

/// Tells once of each threshold before a certificate's end.
fn warn(state: &State, warned: &mut HashMap<String, usize>) {
    let now = state.agent.clock().now().wall.div_euclid(1000);
    for (provider, ends_at) in state.certificates() {
        let left = ends_at.saturating_sub(now);
        let passed = WARN_BEFORE.iter().filter(|before| left <= **before).count();
        let news = passed > warned.get(&provider).copied().unwrap_or(0);
        if news {
            tracing::warn!(provider, left, "the client certificate ends; left is in seconds");
            let data = json!({
                "format_version": FORMAT_VERSION, "provider": provider, "ends_in": left, "ends_at": ends_at,
            });
            state.news.publish(&provider, "certificate_ends", data);
        }
        warned.insert(provider, passed);
    }
}

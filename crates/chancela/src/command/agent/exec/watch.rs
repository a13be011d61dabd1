//! Looks whether a token was renewed. Asking is what makes the engine renew, and the engine alone says when.

use super::environment::Granted;
use crate::output;
use chancela_agent::provider::{Authorized, Request};
use std::time::Duration;
use tokio::sync::mpsc::Sender;
use tokio::time::sleep;

/// Parts of a token's remaining life between two looks: the shortest margin is a tenth of it and more.
const LOOKS: u64 = 20;
const SHORTEST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// Milliseconds of life as whose part the pause after a failure counts: when the provider is asked again is the engine's.
const AFTER_FAILURE: i64 = 20_000;
/// How long a look waits for a token that is not there any more.
const PATIENCE: Duration = Duration::from_secs(30);

/// A renewed token.
pub(super) struct Renewed {
    /// Of which of the program's tokens.
    pub(super) place: usize,
    pub(super) authorized: Authorized,
}

/// Tells of each new token, until nobody hears.
pub(super) async fn watch(
    place: usize,
    granted: Granted,
    (scope, resource): (Option<String>, Option<String>),
    tell: Sender<Renewed>,
) {
    let Granted { provider, authorized: mut last, .. } = granted;
    if last.served.token.life.length == 0 {
        // Whoever asked again and again would get another one each time.
        let name = provider.name();
        output::complain(&format!("warning: a token of {name} is good for one call, and is not renewed"));
        return;
    }
    let mut complained = None;
    let mut left = last.served.left;
    loop {
        sleep(pause(left)).await;
        let request =
            Request { scope: scope.as_deref(), resource: resource.as_deref(), min_ttl: Duration::ZERO };
        match provider.token(request, PATIENCE).await {
            Ok(mut authorized) => {
                authorized.headers = authorized.call_headers();
                (left, complained) = (authorized.served.left, None);
                if is_same(&authorized, &last) {
                    continue;
                }
                last = authorized.clone();
                if tell.send(Renewed { place, authorized }).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                left = AFTER_FAILURE;
                let text = error.to_string();
                // The program keeps the token that it has: it may not need one, and a file that is away helps nobody.
                if complained.as_ref() != Some(&text) {
                    output::complain(&format!("not renewed: {text}"));
                    complained = Some(text);
                }
            }
        }
    }
}

fn pause(left: i64) -> Duration {
    let left = Duration::from_millis(u64::try_from(left).unwrap_or(0) / LOOKS);
    left.clamp(SHORTEST_PAUSE, LONGEST_PAUSE)
}

/// Whether they are the same, earlier steps' tokens included.
fn is_same(one: &Authorized, other: &Authorized) -> bool {
    let names = |authorized: &Authorized| {
        let chain = authorized.served.chain.iter().map(|token| token.fingerprint);
        chain.chain([authorized.served.token.fingerprint]).collect::<Vec<_>>()
    };
    names(one) == names(other)
}

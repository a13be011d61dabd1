//! The agent and the server, each the other's test: every dialect, sessions of people, and whole days.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod day;
mod dialects;
mod enrolment;
mod sessions;

use chancela_agent::agent::Agent;
use chancela_agent::login::{LoggedIn, LoginRequest, Pending};
use chancela_testkit::pair::{Arrived, Pair};
use std::time::Duration;

/// How long a caller waits for a token.
const PATIENCE: Duration = Duration::from_secs(5);

/// The person logs in at the pair's provider.
async fn log_in(pair: &Pair, agent: &Agent, scope: &str) -> LoggedIn {
    let request = LoginRequest { scope: Some(scope), memory: true, ..LoginRequest::default() };
    let pending = Pending::begin(agent, "p", &request).await.unwrap();
    let address = pair.person.log_in(pending.url()).await;
    let answer = pending.paste(&address).unwrap();
    pending.finish(answer).await.unwrap()
}

/// The refresh tokens that arrived.
fn spent(arrived: &[Arrived]) -> Vec<&str> {
    let all = arrived.iter().filter(|one| one.body.contains("grant_type=refresh_token"));
    all.filter_map(|one| one.body.split('&').find_map(|pair| pair.strip_prefix("refresh_token="))).collect()
}

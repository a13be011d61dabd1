//! A day of calls every few seconds, with failures of every kind in between: nobody is refused who could have been served, and
//! nobody gets a token that the provider does not take.

use super::{PATIENCE, log_in, spent};
use chancela_agent::agent::Agent;
use chancela_agent::provider::Request;
use chancela_testkit::pair::{Pair, Weather, realms};
use std::time::Duration;
use tokio::time::sleep;

const SECOND: i64 = 1000;
const HOUR: i64 = 3600 * SECOND;
/// How long a failure lasts.
const OUTAGE: i64 = 30 * SECOND;
/// From the beginning of one to that of the next: no multiple of what renewals come to, so that they fall everywhere.
const BETWEEN: i64 = 197 * SECOND;

/// The weather at a moment.
fn weather(elapsed: i64) -> Weather {
    let (number, since) = (elapsed / BETWEEN, elapsed % BETWEEN);
    match number % 3 {
        // The first token has to come from somewhere.
        _ if number == 0 || since >= OUTAGE => Weather::Fair,
        0 => Weather::Unreachable,
        1 => Weather::Unavailable,
        _ => Weather::Silent,
    }
}

struct Day<'a> {
    pair: &'a Pair,
    agent: &'a Agent,
    request: Request<'a>,
    served: usize,
    tokens: usize,
    last: String,
}

impl Day<'_> {
    /// Calls until `end`, in milliseconds since the start.
    async fn go_on(&mut self, end: i64) {
        while self.pair.clock.elapsed() < end {
            self.pair.wire.turn(weather(self.pair.clock.elapsed()));
            self.call().await;
            sleep(Duration::from_millis(6_700)).await;
        }
    }

    async fn call(&mut self) {
        let at = self.pair.clock.elapsed() / SECOND;
        let got = self.agent.provider("p").unwrap().token(self.request, PATIENCE).await;
        let got = got.unwrap_or_else(|error| panic!("after {at} s: {error}"));
        let token = got.served.token.access_token.expose();
        if *token != *self.last {
            self.tokens += 1;
            self.last = token.to_owned();
        }
        let known = self.pair.inspect(token).await;
        assert_eq!(known["active"], true, "after {at} s: {known}");
        self.served += 1;
    }
}

#[tokio::test(start_paused = true)]
async fn a_day_of_short_tokens_and_outages_fails_nobody() {
    let planned = realms().into_iter().find(|realm| realm.name() == "bs2-production").unwrap();
    let pair = Pair::open(&planned).await;
    let agent = pair.agent("demo", "");
    let request = Request::default();
    let mut day = Day { pair: &pair, agent: &agent, request, served: 0, tokens: 0, last: String::new() };
    day.go_on(6 * HOUR).await;
    // Somebody sets the clock, on and back; then the machine sleeps for an hour.
    pair.clock.set_by(HOUR);
    day.go_on(8 * HOUR).await;
    pair.clock.set_by(-2 * HOUR);
    day.go_on(10 * HOUR).await;
    pair.clock.sleep(HOUR);
    pair.wire.turn(Weather::Fair);
    day.call().await;
    day.go_on(24 * HOUR).await;
    assert!(
        day.served > 11_000 && (270..500).contains(&day.tokens),
        "{} calls, {} tokens",
        day.served,
        day.tokens
    );
}

#[tokio::test(start_paused = true)]
async fn a_day_of_lost_rotations_loses_no_session() {
    let planned = realms().into_iter().find(|realm| realm.name() == "standard").unwrap();
    let (label, scope) = planned.login().unwrap();
    let pair = Pair::open(&planned).await;
    let agent = pair.agent(label, "grant = \"authorization_code\"\n");
    log_in(&pair, &agent, &scope).await;
    pair.wire.take();
    let request = Request { scope: Some(&scope), ..Request::default() };
    let mut day = Day { pair: &pair, agent: &agent, request, served: 0, tokens: 0, last: String::new() };
    day.go_on(24 * HOUR).await;
    let arrived = pair.wire.take();
    assert!(arrived.iter().all(|one| one.status.is_success()), "something was spent twice: {arrived:?}");
    let mut spent = spent(&arrived);
    let sent = spent.len();
    spent.sort_unstable();
    spent.dedup();
    assert!(sent - spent.len() > 10, "no answer was lost, and this test says nothing: {sent} sent");
    assert!(day.served > 11_000 && day.tokens >= 270, "{} calls, {} tokens", day.served, day.tokens);
}

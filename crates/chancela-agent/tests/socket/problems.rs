//! Refusals for each thing that goes wrong behind the socket; those that need a session or a broken disk are in the
//! module's own tests.

use crate::endpoint::{Endpoint, Reply};
use crate::world::World;
use chancela_agent::socket::{Ask, ClientError, Problem};
use std::time::Duration;

async fn problem(world: &World, ask: &Ask) -> Problem {
    match world.client().await.token(ask).await.unwrap_err() {
        ClientError::Refused(problem) => *problem,
        other => panic!("{other}"),
    }
}

/// What a caller hears who does not wait, when the endpoint answers so.
async fn told(reply: Reply, ask: Ask) -> Problem {
    let endpoint = Endpoint::start().await;
    endpoint.answers(reply);
    let world = World::over(endpoint, "");
    let told = problem(&world, &ask).await;
    world.stop().await;
    told
}

fn shape(problem: &Problem) -> (u16, &str, bool) {
    (problem.status, &problem.reason, problem.retry_after.is_some())
}

#[tokio::test]
async fn a_provider_that_is_busy_is_503_with_its_own_pause() {
    let busy = Reply { retry_after: Some("40"), ..Reply::with(503, "{}") };
    let endpoint = Endpoint::start().await;
    endpoint.answers(busy);
    let world = World::over(endpoint, "");
    let answer = world.post(r#"{"provider":"one","timeout":5}"#).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    let after = answer.split_once("retry-after: ").unwrap().1.split_once("\r\n").unwrap().0;
    assert!((38..=41).contains(&after.parse::<u32>().unwrap()), "{after}");
    assert!(answer.contains("\"reason\":\"unavailable\"") && answer.contains("\"retry_after\":"), "{answer}");
    world.stop().await;
}

#[tokio::test]
async fn what_the_provider_refuses_is_no_401() {
    let credentials = told(Reply::with(401, r#"{"error":"invalid_client"}"#), Ask::of("one")).await;
    assert_eq!(shape(&credentials), (409, "credentials", true));
    assert!(credentials.login_hint.is_none() && credentials.detail.starts_with("one: "), "{credentials:?}");
    let request = told(Reply::with(400, r#"{"error":"invalid_scope"}"#), Ask::of("one")).await;
    assert_eq!((request.status, &*request.reason), (502, "request"));
}

#[tokio::test]
async fn a_login_that_is_missing_is_409_with_the_command() {
    let login = told(Reply::token(), Ask::of("person")).await;
    assert_eq!(shape(&login), (409, "login_required", false));
    assert_eq!(login.login_hint.as_deref(), Some("chancela agent login person"));
}

#[tokio::test]
async fn a_life_that_no_token_has_is_400_and_a_budget_that_is_spent_503() {
    let world = World::start("").await;
    world.client().await.token(&Ask::of("one")).await.unwrap();
    let short = problem(&world, &Ask { min_ttl: Some(86_400), ..Ask::of("one") }).await;
    assert_eq!(shape(&short), (400, "too_short", false));
    world.stop().await;

    let world = World::start("").await;
    world.client().await.token(&Ask::of("scarce")).await.unwrap();
    let other = Ask { scope: Some("write".into()), timeout: Some(1), ..Ask::of("scarce") };
    let spent = problem(&world, &other).await;
    assert_eq!(shape(&spent), (503, "budget", true));
    assert_eq!(world.endpoint.calls(), 1);
    world.stop().await;
}

#[tokio::test]
async fn a_callers_own_time_that_is_over_is_503() {
    let slow = Reply::token().after(Duration::from_secs(3));
    let late = told(slow, Ask { timeout: Some(1), ..Ask::of("one") }).await;
    assert_eq!(shape(&late), (503, "deadline", true));
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_404_and_one_that_cannot_be_used_500() {
    let unknown = told(Reply::token(), Ask::of("planted")).await;
    assert_eq!(shape(&unknown), (404, "unknown_provider", false));
    assert!(!format!("{unknown:?}").contains("planted"));
    let unreadable = told(Reply::token(), Ask::of("unreadable")).await;
    assert_eq!(shape(&unreadable), (500, "configuration", false));
    assert!(unreadable.detail.contains("NOT_SET"), "{unreadable:?}");
}

//! What operators see.

use crate::endpoint::{Endpoint, Reply};
use crate::world::{SECRET, World, until};
use chancela_agent::socket::Ask;
use std::sync::atomic::Ordering;

#[tokio::test]
async fn it_is_ready_when_each_prefetched_provider_has_a_token() {
    let endpoint = Endpoint::start().await;
    endpoint.answers(Reply { retry_after: Some("1"), ..Reply::with(503, "{}") });
    let world = World::over(endpoint, "ops = \"127.0.0.1:0\"\nprefetch = [\"one\"]");
    assert!(world.ops("/healthz").await.starts_with("HTTP/1.1 200 "));
    until("it has asked", async || world.endpoint.calls() > 0).await;
    assert!(world.ops("/readyz").await.starts_with("HTTP/1.1 503 "));
    world.endpoint.answers(Reply::token());
    until("it is ready", async || world.ops("/readyz").await.starts_with("HTTP/1.1 200 ")).await;
    let calls = world.endpoint.calls();
    world.client().await.token(&Ask::of("one")).await.unwrap();
    assert_eq!(world.endpoint.calls(), calls, "the token was there");
    world.stop().await;
}

#[tokio::test]
async fn a_prefetched_token_is_renewed_though_nobody_asks() {
    let world = World::start("prefetch = [\"one\"]").await;
    until("it has asked", async || world.endpoint.calls() == 1).await;
    world.clock.0.fetch_add(295_000, Ordering::Relaxed);
    // The engine looks at its clock at least each half minute.
    for _ in 0..400 {
        if world.endpoint.calls() == 2 {
            return world.stop().await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("it was not renewed");
}

#[tokio::test]
async fn metrics_say_what_happened_and_nothing_that_a_caller_made_up() {
    let world = World::start("ops = \"127.0.0.1:0\"").await;
    let client = world.client().await;
    let first = client.token(&Ask::of("one")).await.unwrap();
    client.token(&Ask::of("one")).await.unwrap();
    client.rejected(&Ask::of("one"), &first).await.unwrap();
    client.token(&Ask::of("person")).await.unwrap_err();
    client.token(&Ask::of("made-up")).await.unwrap_err();
    world.endpoint.answers(Reply::with(401, r#"{"error":"invalid_client"}"#));
    client.token(&Ask::of("two")).await.unwrap_err();
    // Last: its budget is the endpoint's, and so everybody's.
    world.endpoint.answers(Reply::token());
    client.token(&Ask::of("scarce")).await.unwrap();
    let text = world.ops("/metrics").await;
    for line in [
        "chancela_agent_token_requests_total{provider=\"one\",result=\"granted\"} 2",
        "chancela_agent_token_requests_total{provider=\"two\",result=\"credentials\"} 1",
        "chancela_agent_token_request_seconds_count{provider=\"one\"} 2",
        "chancela_agent_served_total{provider=\"one\",state=\"cached\"} 1",
        "chancela_agent_served_total{provider=\"one\",state=\"waited\"} 2",
        "chancela_agent_served_total{provider=\"person\",state=\"failed\"} 1",
        "chancela_agent_rejected_total{provider=\"one\"} 1",
        "chancela_agent_endpoint_budget_remaining{provider=\"scarce\"} 0",
        "chancela_agent_token_expires_timestamp_seconds{provider=\"one\"} ",
        "chancela_agent_cooldown_until_timestamp_seconds{provider=\"two\",reason=\"credentials\"} ",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
    for absent in ["made-up", SECRET, "planted", &first.fingerprint] {
        assert!(!text.contains(absent), "{absent} in\n{text}");
    }
    world.stop().await;
}

#[tokio::test]
async fn no_token_goes_there() {
    let world = World::start("ops = \"127.0.0.1:0\"").await;
    for path in ["/v1/token", "/v1/status", "/v1/events", "/"] {
        assert!(world.ops(path).await.starts_with("HTTP/1.1 404 "), "{path}");
    }
    world.stop().await;
}

/// Two names of one client for one scope have one token.
#[tokio::test]
async fn providers_that_share_a_token_are_both_ready() {
    let endpoint = Endpoint::start().await;
    let twin = format!(
        "ops = \"127.0.0.1:0\"\nprefetch = [\"one\", \"twin\"]\n[provider.twin]\ndialect = \"standard\"\n\
         address = \"http://127.0.0.1:{}\"\nclient_id = \"client\"\nclient_secret = \"env:ONE_SECRET\"\nscope = \"read\"",
        endpoint.port
    );
    let world = World::over(endpoint, &twin);
    until("both are ready", async || world.ops("/readyz").await.starts_with("HTTP/1.1 200 ")).await;
    assert_eq!(world.endpoint.calls(), 1);
    let status = world.client().await.status().await.unwrap();
    let seen = status.providers.iter().filter(|one| !one.tokens.is_empty());
    assert_eq!(seen.map(|one| &*one.provider).collect::<Vec<_>>(), ["one", "twin"]);
    world.stop().await;
}

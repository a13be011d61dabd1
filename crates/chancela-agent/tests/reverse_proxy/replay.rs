//! A 401 of the API: the token is renewed, and what may be sent twice is.

use crate::api::{Api, Seen, text, token_of};
use crate::endpoint::Reply;
use crate::world::{World, status};
use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use std::sync::Arc;

/// Takes every token but the first.
fn refuses_the_first(seen: &Seen) -> Response<Full<Bytes>> {
    match token_of(seen).ends_with("-0") {
        true => text(401, "who are you"),
        false => text(200, "fine"),
    }
}

async fn refusing(more: &str) -> World {
    let world = World::start(more).await;
    world.api.replies(refuses_the_first);
    world
}

fn tokens(api: &Api) -> Vec<String> {
    api.seen().iter().map(|seen| token_of(seen).rsplit('-').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_safe_request_is_sent_again_with_another_token() {
    let world = refusing("").await;
    let answer = world.get("/a?b").await;
    assert_eq!(status(&answer), 200, "{answer}");
    assert_eq!((tokens(&world.api), world.endpoint.calls()), (vec!["0".into(), "1".into()], 2));
    let seen = world.api.seen();
    assert_eq!((&seen[0].target, &seen[0].method), (&seen[1].target, &seen[1].method));
    let metrics = world.metrics().await;
    for line in [
        "chancela_agent_proxy_replays_total{provider=\"one\"} 1",
        "chancela_agent_proxy_unauthorized_total{provider=\"one\"} 1",
        "chancela_agent_proxy_answers_total{provider=\"one\",status=\"2xx\"} 1",
        "chancela_agent_proxy_answer_seconds_count{provider=\"one\"} 1",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
}

#[tokio::test]
async fn what_may_not_arrive_twice_is_sent_once_and_the_next_call_has_another_token() {
    for (more, head) in [
        ("", "POST /a HTTP/1.1\nIdempotency-Key: 1\nContent-Length: 1"),
        ("replay_401 = \"idempotency-key\"", "POST /a HTTP/1.1\nContent-Length: 1"),
        ("replay_401 = \"never\"", "GET /a HTTP/1.1\nContent-Length: 1"),
        ("", "DELETE /a HTTP/1.1\nContent-Length: 1"),
        ("", "PUT /a HTTP/1.1\nContent-Length: 1"),
    ] {
        let world = refusing(more).await;
        let answer = world.send(head, "x").await;
        assert!(status(&answer) == 401 && answer.ends_with("who are you"), "{head}: {answer}");
        assert_eq!((world.api.seen().len(), world.endpoint.calls()), (1, 1), "{head}");
        assert_eq!(status(&world.get("/a").await), 200);
        assert_eq!(tokens(&world.api), ["0", "1"], "{head}");
    }
}

#[tokio::test]
async fn a_keyed_request_is_sent_again_with_its_body() {
    let world = refusing("replay_401 = \"idempotency-key\"").await;
    let head = "POST /a HTTP/1.1\nIdempotency-Key: 1\nContent-Length: 7";
    assert_eq!(status(&world.send(head, "payment").await), 200);
    let seen = world.api.seen();
    assert_eq!((seen.len(), &*seen[0].body, &*seen[1].body), (2, &b"payment"[..], &b"payment"[..]));
    assert_eq!(seen[1].all("idempotency-key"), ["1"]);
}

#[tokio::test]
async fn a_body_that_is_not_kept_is_never_sent_twice() {
    let more = "replay_401 = \"idempotency-key\"\nreplay_body = 6";
    for (framing, body) in
        [("Content-Length: 7", "payment"), ("Transfer-Encoding: chunked", "3\r\npay\r\n0\r\n\r\n")]
    {
        let world = refusing(more).await;
        let head = format!("POST /a HTTP/1.1\nIdempotency-Key: 1\n{framing}");
        assert_eq!(status(&world.send(&head, body).await), 401, "{framing}");
        assert_eq!(world.api.seen().len(), 1, "{framing}");
    }
}

#[tokio::test]
async fn many_requests_with_one_rejected_token_make_one_renewal() {
    let world = Arc::new(refusing("").await);
    let ask = |_| {
        let world = Arc::clone(&world);
        tokio::spawn(async move { status(&world.get("/a").await) })
    };
    let all: Vec<_> = (0..64).map(ask).collect();
    for one in all {
        assert_eq!(one.await.unwrap(), 200);
    }
    assert_eq!(world.endpoint.calls(), 2);
}

#[tokio::test]
async fn a_second_401_is_the_answer() {
    let world = World::start("").await;
    world.api.replies(|_| text(401, "never"));
    for _ in 0..3 {
        let answer = world.get("/a").await;
        assert!(status(&answer) == 401 && answer.ends_with("never"), "{answer}");
    }
    // Renewed at most once a minute, and sent again only with another token.
    assert_eq!(
        (world.endpoint.calls(), tokens(&world.api)),
        (2, ["0", "1", "1", "1"].map(str::to_owned).to_vec())
    );
}

#[tokio::test]
async fn without_another_token_the_api_has_the_last_word() {
    let world = refusing("token_timeout = \"1s\"").await;
    // The first token is there; the endpoint gives no second one.
    world.api.replies(|_| text(200, "fine"));
    assert_eq!(status(&world.get("/a").await), 200);
    world.api.replies(|_| text(401, "who are you"));
    world.endpoint.answers(Reply::with(503, "away"));
    let answer = world.get("/a").await;
    assert!(status(&answer) == 401 && answer.ends_with("who are you"), "{answer}");
}

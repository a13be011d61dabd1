//! Requests that are none.

use crate::world::World;
use std::time::Duration;

#[tokio::test]
async fn what_cannot_be_read_is_refused_without_being_repeated() {
    let world = World::start("").await;
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    for body in [
        "",
        "{",
        "planted",
        "[]",
        "null",
        &deep,
        r#"{"provider":"one","planted":true}"#,
        r#"{"provider":"one","provider":"planted"}"#,
        r#"{"provider":{"planted":1}}"#,
        r#"{"provider":"one","min_ttl":"planted"}"#,
        r#"{"provider":"one","scope":"planted\u0007"}"#,
        r#"{"provider":"one","rejected":"planted"}"#,
        "{\"provider\":\"one\"}planted",
    ] {
        let answer = world.post(body).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{body:.40}: {answer}");
        assert!(
            answer.contains("application/problem+json") && answer.contains("urn:chancela:agent:malformed")
        );
        assert!(!answer.contains("planted"), "{answer}");
    }
    assert_eq!(world.endpoint.calls(), 0);
    world.stop().await;
}

#[tokio::test]
async fn sizes_have_limits() {
    let world = World::start("").await;
    let large = format!(r#"{{"provider":"one","scope":"{}"}}"#, "a".repeat(70_000));
    let answer = world.post(&large).await;
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("at most 64 KiB"), "{answer}");
    let chunked = format!(
        "POST /v1/token HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{large}\r\n0\r\n\r\n",
        large.len()
    );
    assert!(world.exchange(&chunked).await.starts_with("HTTP/1.1 413 "));
    let head = format!("GET /v1/status HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "a".repeat(20_000));
    assert!(world.exchange(&head).await.starts_with("HTTP/1.1 431 "));
    let many = format!("GET /v1/status HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: a\r\n".repeat(80));
    assert!(world.exchange(&many).await.starts_with("HTTP/1.1 431 "));
    assert!(world.exchange("planted\r\n\r\n").await.starts_with("HTTP/1.1 400 "));
    world.stop().await;
}

#[tokio::test]
async fn other_paths_and_methods_are_told_what_there_is() {
    let world = World::start("").await;
    for path in ["/", "/v1", "/v1/token/", "/v1/tokens", "/metrics", "/V1/status"] {
        let answer = world.get(path).await;
        assert!(answer.starts_with("HTTP/1.1 404 ") && answer.contains("GET /v1/status"), "{path}: {answer}");
    }
    let answer = world.get("/v1/token").await;
    assert!(answer.starts_with("HTTP/1.1 405 ") && answer.contains("allow: POST"), "{answer}");
    let answer = world.exchange("DELETE /v1/status HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 405 ") && answer.contains("allow: GET"), "{answer}");
    world.stop().await;
}

#[tokio::test]
async fn a_caller_that_says_nothing_or_stops_in_the_middle_is_hung_up_on() {
    let world = World::start("").await;
    let body = "POST /v1/token HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n{\"provider\"";
    let idle = world.exchange("");
    let head = world.exchange("GET /v1/status HTTP/1.1\r\nHost");
    let body = world.exchange(body);
    let all = async { tokio::join!(idle, head, body) };
    let (idle, head, body) = tokio::time::timeout(Duration::from_secs(50), all).await.unwrap();
    assert!(!idle.contains("200 OK") && !head.contains("200 OK"), "{idle} {head}");
    assert!(body.starts_with("HTTP/1.1 400 ") && body.contains("in time"), "{body}");
    world.stop().await;
}

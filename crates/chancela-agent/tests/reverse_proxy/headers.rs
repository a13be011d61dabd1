//! What the API sees of a request, and the caller of its answer.

use crate::api::{text, token_of};
use crate::world::{World, status};
use http::HeaderValue;

#[tokio::test]
async fn a_request_goes_on_with_the_agents_token_below_the_apis_path() {
    let world = World::start("").await;
    let answer = world.send("GET /pix/1?a=%2F&b HTTP/1.1\nAccept: text/plain", "").await;
    assert_eq!(status(&answer), 200, "{answer}");
    assert!(answer.ends_with("\r\n\r\nfine"), "{answer}");
    let seen = world.api.only();
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("GET", "/base/pix/1?a=%2F&b"));
    assert_eq!(token_of(&seen), "planted-access-token-0");
    assert_eq!(seen.all("host"), [format!("127.0.0.1:{}", world.api.port)]);
    let names: Vec<_> = seen.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.len(), 3, "and nothing of ours beside: {names:?}");
    assert_eq!(seen.all("accept"), ["text/plain"]);
}

#[tokio::test]
async fn no_spelling_of_an_authorization_header_is_smuggled_through() {
    let world = World::start("strip = [\"x-internal\"]").await;
    for smuggled in [
        "Authorization: Bearer theirs",
        "AUTHORIZATION: Bearer theirs",
        "aUtHoRiZaTiOn:Bearer theirs\nAuthorization:\tBasic theirs",
        "Connection: authorization\nAuthorization: Bearer theirs",
        "Proxy-Authorization: Basic theirs\nProxy_Authorization: Basic theirs",
        "Cookie: session=theirs",
        "X-Internal: theirs\nx_internal: theirs",
        "Transfer-Encoding: chunked\nTrailer: Authorization",
    ] {
        let body = if smuggled.contains("chunked") {
            "1\r\na\r\n0\r\nAuthorization: Bearer theirs\r\n\r\n"
        } else {
            ""
        };
        let answer = world.send(&format!("POST /a HTTP/1.1\n{smuggled}"), body).await;
        assert_eq!(status(&answer), 200, "{smuggled}: {answer}");
        let seen = world.api.seen().pop().unwrap();
        assert_eq!(token_of(&seen), "planted-access-token-0", "{smuggled}");
        assert!(!format!("{seen:?}").contains("theirs") && !seen.has_trailers, "{smuggled}: {seen:?}");
    }
    // What is no field name to this parser is none to the API either.
    for malformed in
        ["Authorization : Bearer theirs", "X: 1\n Authorization: Bearer theirs", "X\0: Bearer theirs"]
    {
        let before = world.api.seen().len();
        let answer = world.send(&format!("GET /a HTTP/1.1\n{malformed}"), "").await;
        assert_eq!((status(&answer), world.api.seen().len()), (400, before), "{malformed:?}: {answer}");
    }
}

#[tokio::test]
async fn two_lengths_are_one_message_with_one_length_to_the_api() {
    let world = World::start("").await;
    for lengths in
        ["Content-Length: 3\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\nContent-Length: 3"]
    {
        let head =
            format!("POST /a HTTP/1.1\r\nHost: localhost\r\n{}\r\n\r\n", lengths.replace('\n', "\r\n"));
        let smuggled = "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let answer =
            crate::world::exchange(world.connect().await, format!("{head}{smuggled}").as_bytes()).await;
        assert!(status(&answer) == 200 || status(&answer) == 400, "{answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "the connection ends behind it: {answer}");
        for seen in world.api.seen() {
            assert_ne!(seen.target, "/base/smuggled");
            assert!(
                seen.all("content-length").is_empty() || seen.all("transfer-encoding").is_empty(),
                "{seen:?}"
            );
        }
    }
    for (lengths, body) in [("Content-Length: 1\nContent-Length: 2", "ab"), ("Transfer-Encoding: gzip", "a")]
    {
        let before = world.api.seen().len();
        let answer = world.send(&format!("POST /a HTTP/1.1\n{lengths}"), body).await;
        assert_eq!((status(&answer), world.api.seen().len()), (400, before), "{answer}");
    }
}

#[tokio::test]
async fn an_answer_loses_what_is_not_the_callers_and_keeps_the_rest() {
    let world = World::start("").await;
    world.api.replies(|_| {
        let mut response = text(302, "there");
        let headers = response.headers_mut();
        for (name, value) in [
            ("location", "https://elsewhere.example/x"),
            ("set-cookie", "a=b"),
            ("keep-alive", "timeout=5"),
            ("x-hop", "1"),
            ("connection", "x-hop"),
            ("proxy-authenticate", "Basic"),
            ("x-rate-limit", "7"),
        ] {
            headers.append(name, HeaderValue::from_static(value));
        }
        response
    });
    let answer = world.get("/a").await.to_ascii_lowercase();
    assert_eq!(status(&answer), 302, "nobody follows it: {answer}");
    assert!(
        answer.contains("location: https://elsewhere.example/x\r\n") && answer.contains("x-rate-limit: 7")
    );
    for gone in ["set-cookie", "keep-alive", "x-hop", "proxy-authenticate", "proxy-status"] {
        assert!(!answer.contains(gone), "{gone}: {answer}");
    }
    assert_eq!(world.api.seen().len(), 1);
}

#[tokio::test]
async fn answers_without_a_body_keep_what_they_say_of_it() {
    let world = World::start("").await;
    world.api.replies(|_| text(200, "a body of some length"));
    let answer = world.send("HEAD /a HTTP/1.1", "").await.to_ascii_lowercase();
    assert!(answer.contains("content-length: 21\r\n") && answer.ends_with("\r\n\r\n"), "{answer}");
    world.api.replies(|_| text(204, ""));
    let answer = world.send("DELETE /a HTTP/1.1", "").await;
    assert!(status(&answer) == 204 && answer.ends_with("\r\n\r\n"), "{answer}");
    world.api.replies(|_| text(304, ""));
    assert_eq!(status(&world.get("/a").await), 304);
}

//! What gets no answer of the API: the proxy's own words, never a 401.

use crate::endpoint::{Endpoint, Reply};
use crate::world::{World, exchange, parse, provider, status};
use chancela_agent::socket::ServeError;
use std::time::Duration;
use tokio::net::TcpListener;

#[tokio::test]
async fn without_a_token_nothing_is_sent_and_the_caller_hears_when_to_come_again() {
    let world = World::start("token_timeout = \"1s\"").await;
    world.endpoint.answers(Reply { retry_after: Some("90"), ..Reply::with(503, "away") });
    let answer = world.get("/a").await;
    assert_eq!(status(&answer), 503, "{answer}");
    let after = answer.split("retry-after: ").nth(1).unwrap().split("\r\n").next().unwrap();
    assert!((80..=90).contains(&after.parse::<u32>().unwrap()), "{answer}");
    assert!(answer.contains("content-type: application/problem+json\r\n"), "{answer}");
    assert!(answer.contains("urn:chancela:agent:unavailable"), "{answer}");
    // What no time mends is no 401 either.
    let world = World::start("").await;
    world.endpoint.answers(Reply::with(401, r#"{"error":"invalid_client"}"#));
    let answer = world.get("/a").await;
    assert!(status(&answer) == 503 && answer.contains("retry-after: "), "{answer}");
    assert!(answer.contains("urn:chancela:agent:credentials"), "{answer}");
    assert!(world.api.seen().is_empty());
    assert!(
        world.metrics().await.contains("proxy_refusals_total{provider=\"one\",reason=\"credentials\"} 1")
    );
}

#[tokio::test]
async fn a_request_waits_for_its_token_and_no_longer_than_it_is_said() {
    let world = World::start("token_timeout = 1").await;
    world.endpoint.answers(Reply::token().after(Duration::from_secs(2)));
    let answer = world.get("/a").await;
    assert!(status(&answer) == 503 && answer.contains("urn:chancela:agent:deadline"), "{answer}");
    let world = World::start("token_timeout = 20").await;
    world.endpoint.answers(Reply::token().after(Duration::from_millis(500)));
    assert_eq!(status(&world.get("/a").await), 200);
}

#[tokio::test]
async fn an_api_that_is_away_is_502() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let endpoint = Endpoint::start().await;
    let proxy = format!("listen = \"127.0.0.1:0\"\nupstream = \"http://127.0.0.1:{free}\"");
    let world = World::over(endpoint, crate::api::Api::at(free), "", &proxy);
    let answer = world.get("/a").await;
    assert_eq!(status(&answer), 502, "{answer}");
    assert!(answer.contains("proxy-status: chancela; error=connection_refused\r\n"), "{answer}");
}

#[tokio::test]
async fn an_api_that_talks_no_http_is_502() {
    for nonsense in ["SSH-2.0-OpenSSH\r\n", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", ""] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let proxy = format!("listen = \"127.0.0.1:0\"\nupstream = \"http://127.0.0.1:{port}\"");
        let world = World::over(Endpoint::start().await, crate::api::Api::at(port), "", &proxy);
        let api = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            crate::world::read_until(&mut stream, "\r\n\r\n").await;
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, nonsense.as_bytes()).await;
        });
        assert_eq!(status(&world.get("/a").await), 502, "{nonsense:?}");
        api.await.unwrap();
    }
}

#[tokio::test]
async fn what_is_not_for_this_api_is_refused_and_not_sent() {
    let world = World::start("allow_paths = [\"/pix\"]").await;
    for (request, expected) in [
        ("CONNECT api.example:443 HTTP/1.1\r\nHost: api.example:443", 405),
        ("TRACE /pix HTTP/1.1\r\nHost: localhost", 405),
        ("GET /pix HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: websocket", 501),
        ("GET http://elsewhere.example/pix HTTP/1.1\r\nHost: localhost", 421),
        ("GET /pix HTTP/1.1\r\nHost: elsewhere.example", 421),
        ("GET /pix HTTP/1.1\r\nHost: localhost\r\nHost: elsewhere.example", 400),
        ("GET /pix HTTP/1.1", 400),
        ("POST /pix HTTP/1.1\r\nHost: localhost\r\nOrigin: https://elsewhere.example", 403),
        ("GET /pix/../cob HTTP/1.1\r\nHost: localhost", 400),
        ("GET //elsewhere.example/pix HTTP/1.1\r\nHost: localhost", 400),
        ("GET /cob HTTP/1.1\r\nHost: localhost", 403),
        ("OPTIONS * HTTP/1.1\r\nHost: localhost", 400),
        ("GET /pix HTTP/0.9", 400),
        ("GET /pix HTTP/2.0\r\nHost: localhost", 400),
        ("nonsense", 400),
    ] {
        let text = format!("{request}\r\nContent-Length: 0\r\n\r\n");
        let mut stream = world.connect().await;
        tokio::io::AsyncWriteExt::write_all(&mut stream, text.as_bytes()).await.unwrap();
        let answer = crate::world::read_until(&mut stream, "\r\n\r\n").await;
        assert_eq!(status(&answer), expected, "{request}: {answer}");
    }
    assert!(world.api.seen().is_empty() && world.endpoint.calls() == 0);
    let long = format!("GET /pix HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(200_000));
    assert_eq!(status(&exchange(world.connect().await, long.as_bytes()).await), 431);
    let absolute = exchange(
        world.connect().await,
        b"GET http://localhost/pix/1 HTTP/1.1\r\nHost: elsewhere.example\r\nConnection: close\r\n\r\n",
    );
    assert_eq!((status(&absolute.await), world.api.only().target.as_str()), (200, "/base/pix/1"));
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_said_at_the_start() {
    let text =
        "[[reverse_proxy]]\nlisten = \"127.0.0.1:0\"\nupstream = \"https://a.example\"\nprovider = \"two\"\n";
    let text = format!("{text}{}", provider(1));
    let folder = tempfile::tempdir().unwrap();
    let made = World::made(Endpoint::start().await, crate::api::Api::at(1), folder, &text);
    let error = made.err().unwrap().to_string();
    assert!(
        error.contains("reverse_proxy.provider") && error.contains("\"two\"") && error.contains("one"),
        "{error}"
    );
}

#[tokio::test]
async fn an_address_that_is_taken_is_said_at_the_start() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let text = format!(
        "[[reverse_proxy]]\nlisten = \"{address}\"\nupstream = \"https://a.example\"\nprovider = \"one\"\n{}",
        provider(1)
    );
    let error = chancela_agent::reverse_proxy::Listening::bind(&parse(&text).reverse_proxy, &[]).unwrap_err();
    assert!(matches!(error, ServeError::Tcp { .. }), "{error}");
    assert!(error.to_string().contains("reverse_proxy.listen"), "{error}");
}

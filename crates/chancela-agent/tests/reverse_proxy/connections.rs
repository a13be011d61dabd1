//! Connections to the API: used again, and not used when they are no good any more.

use crate::api::text;
use crate::endpoint::Endpoint;
use crate::world::{World, read_until, status};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::time::sleep;

#[tokio::test]
async fn callers_one_after_another_share_one_connection() {
    let world = World::start("").await;
    world.api.replies(|seen| match seen.target.as_str() {
        "/base/empty" => text(204, ""),
        _ => text(200, &"x".repeat(100_000)),
    });
    for path in ["/a", "/empty", "/a", "/empty", "/a"] {
        world.get(path).await;
        world.send(&format!("HEAD {path} HTTP/1.1"), "").await;
        world.send(&format!("POST {path} HTTP/1.1\nContent-Length: 4"), "body").await;
    }
    assert_eq!((world.api.connections(), world.api.seen().len()), (1, 15));
}

#[tokio::test]
async fn unused_connections_end_after_their_time() {
    let world = World::start("idle_timeout = 1").await;
    world.get("/a").await;
    sleep(Duration::from_millis(1600)).await;
    world.get("/a").await;
    assert_eq!(world.api.connections(), 2);
}

#[tokio::test]
async fn a_connection_that_the_api_has_closed_is_not_used_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let proxy = format!("listen = \"127.0.0.1:0\"\nupstream = \"http://127.0.0.1:{port}\"");
    let world = World::over(Endpoint::start().await, crate::api::Api::at(port), "", &proxy);
    let api = tokio::spawn(async move {
        // Each connection answers once and is closed, and does not say that it will be.
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_until(&mut stream, "\r\n\r\n").await;
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        }
    });
    for _ in 0..5 {
        assert_eq!(status(&world.send("POST /a HTTP/1.1", "").await), 200);
        sleep(Duration::from_millis(50)).await;
    }
    api.abort();
}

#[tokio::test]
async fn a_safe_request_that_an_old_connection_lost_goes_again_and_another_does_not() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let proxy = format!("listen = \"127.0.0.1:0\"\nupstream = \"http://127.0.0.1:{port}\"");
    let world = World::over(Endpoint::start().await, crate::api::Api::at(port), "", &proxy);
    let api = tokio::spawn(async move {
        // Each connection answers once, reads one request more and ends without a word.
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                read_until(&mut stream, "\r\n\r\n").await;
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
                read_until(&mut stream, "\r\n\r\n").await;
            });
        }
    });
    assert_eq!(status(&world.get("/a").await), 200);
    assert_eq!(status(&world.get("/a").await), 200, "on a second connection");
    let answer = world.send("POST /a HTTP/1.1", "").await;
    assert_eq!(status(&answer), 502, "{answer}");
    assert!(answer.contains("it may have acted") || answer.contains("may have acted"), "{answer}");
    api.abort();
}

#[tokio::test]
async fn no_more_callers_than_the_configuration_says_are_served_at_once() {
    let world = World::start("max_connections = 1").await;
    let mut first = world.connect().await;
    first.write_all(b"GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    read_until(&mut first, "fine").await;
    let second = world.get("/b");
    tokio::pin!(second);
    assert!(tokio::time::timeout(Duration::from_millis(300), &mut second).await.is_err());
    drop(first);
    assert_eq!(status(&second.await), 200);
}

#[tokio::test]
async fn several_threads_serve_one_address() {
    let world = World::start("threads = 3").await;
    for _ in 0..12 {
        assert_eq!(status(&world.get("/a").await), 200);
    }
    assert!(world.api.connections() <= 3, "each thread has its own");
    world.running.stop().await;
}

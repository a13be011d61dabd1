//! Bodies go through as they come, and whoever leaves ends what was done for it.

use crate::api::Api;
use crate::endpoint::Endpoint;
use crate::world::{PATIENCE, World, read_until, status, until};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

/// A proxy in front of whatever listens.
async fn before(listener: &TcpListener, more: &str) -> World {
    let port = listener.local_addr().unwrap().port();
    let proxy = format!("listen = \"127.0.0.1:0\"\nupstream = \"http://127.0.0.1:{port}\"\n{more}");
    World::over(Endpoint::start().await, Api::at(port), "", &proxy)
}

async fn request(world: &World, text: &str) -> TcpStream {
    let mut caller = world.connect().await;
    caller.write_all(text.as_bytes()).await.unwrap();
    caller
}

const GET: &str = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n";

#[tokio::test]
async fn an_answers_parts_arrive_when_the_api_sends_them() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let world = before(&listener, "").await;
    let mut caller = request(&world, GET).await;
    let (mut api, _) = listener.accept().await.unwrap();
    read_until(&mut api, "\r\n\r\n").await;
    api.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await.unwrap();
    read_until(&mut caller, "\r\n\r\n").await;
    for part in ["one", "two"] {
        api.write_all(format!("3\r\n{part}\r\n").as_bytes()).await.unwrap();
        assert_eq!(read_until(&mut caller, "\r\n").await, "3\r\n");
        assert_eq!(read_until(&mut caller, "\r\n").await, format!("{part}\r\n"));
    }
    api.write_all(b"0\r\nAuthorization: trailer\r\n\r\n").await.unwrap();
    assert_eq!(read_until(&mut caller, "0\r\n\r\n").await, "0\r\n\r\n", "and no trailer fields");
    // Both connections go on.
    caller.write_all(GET.as_bytes()).await.unwrap();
    read_until(&mut api, "\r\n\r\n").await;
}

#[tokio::test]
async fn a_requests_parts_arrive_when_the_caller_sends_them() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let world = before(&listener, "").await;
    let head = "POST /a HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 6\r\n\r\n";
    let mut caller = request(&world, head).await;
    let (mut api, _) = listener.accept().await.unwrap();
    let head = read_until(&mut api, "\r\n\r\n").await.to_ascii_lowercase();
    assert!(head.contains("content-length: 6\r\n") && !head.contains("expect"), "{head}");
    assert_eq!(read_until(&mut caller, "\r\n\r\n").await, "HTTP/1.1 100 Continue\r\n\r\n");
    for part in ["one", "two"] {
        caller.write_all(part.as_bytes()).await.unwrap();
        assert_eq!(read_until(&mut api, part).await, part);
    }
    api.write_all(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(status(&read_until(&mut caller, "\r\n\r\n").await), 201);
}

#[tokio::test]
async fn large_bodies_go_through_whole_in_both_directions_at_once() {
    const LENGTH: usize = 24 * 1024 * 1024;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let world = before(&listener, "").await;
    let head = format!("POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: {LENGTH}\r\n\r\n");
    let caller = request(&world, &head).await;
    let (mut api, _) = listener.accept().await.unwrap();
    let echo = tokio::spawn(async move {
        read_until(&mut api, "\r\n\r\n").await;
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {LENGTH}\r\n\r\n");
        api.write_all(head.as_bytes()).await.unwrap();
        let (mut from, mut to) = api.split();
        tokio::io::copy(&mut from, &mut to).await
    });
    let (mut from, mut to) = caller.into_split();
    let byte = |at: usize| (at * 7 + at / 4096) as u8;
    let sending = tokio::spawn(async move {
        let whole: Vec<u8> = (0..LENGTH).map(byte).collect();
        to.write_all(&whole).await.unwrap();
        to
    });
    read_until(&mut from, "\r\n\r\n").await;
    let mut whole = vec![0; LENGTH];
    timeout(PATIENCE, from.read_exact(&mut whole)).await.unwrap().unwrap();
    assert!(whole.iter().enumerate().all(|(at, own)| *own == byte(at)));
    drop(sending.await.unwrap());
    drop(world);
    echo.abort();
}

#[tokio::test]
async fn a_caller_who_leaves_ends_the_request_at_the_api() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let world = before(&listener, "").await;
    for answered in [false, true] {
        let mut caller = request(&world, GET).await;
        let (mut api, _) = listener.accept().await.unwrap();
        read_until(&mut api, "\r\n\r\n").await;
        if answered {
            api.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome").await.unwrap();
            read_until(&mut caller, "some").await;
        }
        drop(caller);
        let mut rest = Vec::new();
        let ended = timeout(PATIENCE, api.read_to_end(&mut rest)).await;
        assert!(ended.is_ok() && rest.is_empty(), "answered: {answered}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_not_made_whole() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let world = before(&listener, "").await;
    for head in ["Content-Length: 100\r\n\r\nsome", "Transfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n"] {
        let mut caller = request(&world, GET).await;
        let (mut api, _) = listener.accept().await.unwrap();
        read_until(&mut api, "\r\n\r\n").await;
        api.write_all(format!("HTTP/1.1 200 OK\r\n{head}").as_bytes()).await.unwrap();
        read_until(&mut caller, "some").await;
        drop(api);
        let mut rest = Vec::new();
        let _ = timeout(PATIENCE, caller.read_to_end(&mut rest)).await.unwrap();
        assert!(!rest.ends_with(b"0\r\n\r\n"), "{rest:?}");
    }
}

#[tokio::test]
async fn silence_ends_in_each_direction() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let world = before(&listener, "idle_timeout = 1\nresponse_timeout = 1").await;
    // The API never begins.
    let mut caller = request(&world, GET).await;
    let (api, _) = listener.accept().await.unwrap();
    let answer = read_until(&mut caller, "\r\n\r\n").await;
    assert!(status(&answer) == 504 && answer.contains("proxy-status: chancela; error=http_response_timeout"));
    drop(api);
    // It stops in the middle.
    let mut caller = request(&world, GET).await;
    let (mut api, _) = listener.accept().await.unwrap();
    read_until(&mut api, "\r\n\r\n").await;
    api.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome").await.unwrap();
    let mut rest = Vec::new();
    let _ = timeout(PATIENCE, caller.read_to_end(&mut rest)).await.unwrap();
    assert!(rest.ends_with(b"some"));
    // The caller does.
    let mut caller =
        request(&world, "POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nsome").await;
    let answer = read_until(&mut caller, "\r\n\r\n").await;
    assert_eq!(status(&answer), 408, "{answer}");
}

#[tokio::test]
async fn a_caller_who_asks_nothing_or_does_not_read_is_not_waited_for_long() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let world = before(&listener, "idle_timeout = 1").await;
    for beginning in ["", "GET /a HTTP/1.1\r\nHost: loc"] {
        let mut caller = request(&world, beginning).await;
        let begin = Instant::now();
        let mut rest = Vec::new();
        let _ = timeout(PATIENCE, caller.read_to_end(&mut rest)).await.unwrap();
        assert!(rest.is_empty() && begin.elapsed() > Duration::from_millis(900), "{beginning:?}");
    }
    let caller = request(&world, GET).await;
    let (mut api, _) = listener.accept().await.unwrap();
    read_until(&mut api, "\r\n\r\n").await;
    api.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n").await.unwrap();
    // More than all buffers between here and there take.
    let writing = async { while api.write_all(&[0; 65_536]).await.is_ok() {} };
    timeout(PATIENCE, writing).await.expect("the proxy hangs up on both");
    drop(caller);
}

#[tokio::test]
async fn a_long_request_does_not_count_as_a_slow_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let world = before(&listener, "response_timeout = 1").await;
    let mut caller =
        request(&world, "POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8\r\n\r\n").await;
    let (mut api, _) = listener.accept().await.unwrap();
    let begin = Instant::now();
    for _ in 0..8 {
        sleep(Duration::from_millis(250)).await;
        caller.write_all(b"x").await.unwrap();
    }
    read_until(&mut api, "xxxxxxxx").await;
    assert!(begin.elapsed() > Duration::from_millis(1900));
    api.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    assert_eq!(status(&read_until(&mut caller, "\r\n\r\n").await), 200);
}

#[tokio::test]
async fn at_the_end_requests_that_are_under_way_are_answered() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let world = before(&listener, "").await;
    let mut caller = request(&world, GET).await;
    let (mut api, _) = listener.accept().await.unwrap();
    read_until(&mut api, "\r\n\r\n").await;
    let address = world.address.unwrap();
    let ended = Arc::new(AtomicBool::new(false));
    let stopping = tokio::spawn({
        let ended = Arc::clone(&ended);
        async move {
            world.running.stop().await;
            ended.store(true, Ordering::Relaxed);
        }
    });
    for _ in 0..200 {
        if TcpStream::connect(address).await.is_err() {
            break;
        }
        sleep(Duration::from_millis(10)).await;
    }
    assert!(TcpStream::connect(address).await.is_err(), "nobody else comes in");
    assert!(!ended.load(Ordering::Relaxed));
    api.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate").await.unwrap();
    read_until(&mut caller, "late").await;
    until("its end", || ended.load(Ordering::Relaxed)).await;
    stopping.await.unwrap();
}

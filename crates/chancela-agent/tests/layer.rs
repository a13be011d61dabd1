//! A tower client with tokens of a real provider: a token endpoint on a socket, and an API that refuses what it likes.

#![cfg(feature = "tower")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bytes::Bytes;
use chancela_agent::agent::{Agent, Parts};
use chancela_agent::clock::SystemClock;
use chancela_agent::config::AgentConfig;
use chancela_agent::entropy::SystemEntropy;
use chancela_agent::layer::{AuthorizeError, AuthorizeLayer, Replay, TryCloneBody};
use chancela_agent::provider::Provider;
use chancela_agent::source::Surroundings;
use chancela_core::dialect::Library;
use http::{Method, Request, Response};
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tower::{Layer, ServiceExt, service_fn};

/// A token endpoint that counts its tokens, and its count.
async fn endpoint(status: &'static str) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, calls) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&calls);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await.unwrap();
            let number = counted.fetch_add(1, Ordering::Relaxed);
            let body = format!(r#"{{"access_token":"token-{number}","expires_in":3600}}"#);
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            stream.write_all(head.as_bytes()).await.unwrap();
        }
    });
    (format!("http://{address}"), calls)
}

fn provider(address: &str) -> (Agent, Provider) {
    let config = format!(
        "[provider.standard]\naddress = \"{address}\"\nclient_id = \"a\"\nclient_secret = \"env:SECRET\"\n"
    );
    let parts = Parts {
        library: Library::builtin(),
        around: Arc::new(Surroundings::new(|_| Some("s3cr3t".into()), std::io::empty())),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        observer: Arc::new(()),
        state: PathBuf::new(),
        boot: None,
        memory: true,
        carrier: None,
    };
    let agent = Agent::open(AgentConfig::parse(Path::new("agent.toml"), &config).unwrap(), parts).unwrap();
    let provider = agent.provider("standard").unwrap();
    (agent, provider)
}

/// What an API saw of a request.
type Seen = Arc<Mutex<Vec<(Method, String)>>>;

/// Sends a request to an API that takes only tokens from `good` on. The answer's status, and what the API saw.
async fn send<B>(
    provider: &Provider,
    replay: Replay,
    request: Request<B>,
    good: usize,
) -> (u16, Vec<(Method, String)>)
where
    B: TryCloneBody + Send + 'static,
{
    let seen = Seen::default();
    let noted = Arc::clone(&seen);
    let api = service_fn(move |request: Request<B>| {
        let noted = Arc::clone(&noted);
        async move {
            let token = request.headers()["authorization"].to_str().unwrap().to_owned();
            let number: usize = token.strip_prefix("Bearer token-").unwrap().parse().unwrap();
            noted.lock().unwrap().push((request.method().clone(), token));
            let status = if number >= good { 200 } else { 401 };
            Ok::<_, Infallible>(Response::builder().status(status).body(()).unwrap())
        }
    });
    let client = AuthorizeLayer::new(provider.clone()).replay(replay).layer(api);
    let answer = client.oneshot(request).await.unwrap();
    let seen = seen.lock().unwrap().clone();
    (answer.status().as_u16(), seen)
}

fn get() -> Request<()> {
    // A caller's own header does not win over the token.
    Request::get("/").header("authorization", "Basic eDp5").body(()).unwrap()
}

fn post(key: bool) -> Request<Bytes> {
    let request = Request::post("/").header("x", "y");
    let request = if key { request.header("idempotency-key", "1") } else { request };
    request.body(Bytes::from_static(b"body")).unwrap()
}

#[tokio::test]
async fn a_safe_request_is_sent_again_with_another_token_after_a_401() {
    let (address, calls) = endpoint("200 OK").await;
    let (_agent, provider) = provider(&address);
    let (status, seen) = send(&provider, Replay::SafeMethods, get(), 1).await;
    let tokens: Vec<_> = seen.iter().map(|(_, token)| token.as_str()).collect();
    assert_eq!((status, tokens), (200, vec!["Bearer token-0", "Bearer token-1"]));
    // The second API refuses whatever comes: its 401 is the answer, and no token is asked for in vain within a minute.
    let (status, seen) = send(&provider, Replay::SafeMethods, get(), 99).await;
    assert_eq!((status, seen.len(), calls.load(Ordering::Relaxed)), (401, 1, 2));
}

#[tokio::test]
async fn what_changes_something_is_sent_again_only_if_the_caller_said_so() {
    let (address, _) = endpoint("200 OK").await;
    for (replay, key, sent) in [
        (Replay::Never, true, 1),
        (Replay::SafeMethods, true, 1),
        (Replay::SafeOrIdempotencyKey, false, 1),
        (Replay::SafeOrIdempotencyKey, true, 2),
    ] {
        let (_agent, provider) = provider(&address);
        let (_, first) = send(&provider, Replay::Never, get(), 0).await;
        let good = first[0].1.rsplit('-').next().unwrap().parse::<usize>().unwrap() + 1;
        let (status, seen) = send(&provider, replay, post(key), good).await;
        assert_eq!((seen.len(), status), (sent, if sent == 2 { 200 } else { 401 }), "{replay:?} {key}");
        // The refusal was told all the same.
        let (status, _) = send(&provider, replay, get(), good).await;
        assert_eq!(status, 200, "{replay:?} {key}");
    }
}

#[tokio::test]
async fn a_stream_is_not_sent_again() {
    struct Stream;
    impl TryCloneBody for Stream {
        fn try_clone(&self) -> Option<Self> {
            None
        }
    }
    let (address, _) = endpoint("200 OK").await;
    let (_agent, provider) = provider(&address);
    let request = Request::get("/").body(Stream).unwrap();
    let (status, seen) = send(&provider, Replay::SafeOrIdempotencyKey, request, 1).await;
    assert_eq!((status, seen.len()), (401, 1));
}

#[tokio::test]
async fn nothing_is_sent_without_a_token() {
    let (address, _) = endpoint("400 Bad Request").await;
    let (_agent, provider) = provider(&address);
    let api =
        service_fn(|_: Request<()>| async { panic!("it was sent") as Result<Response<()>, Infallible> });
    let refused = AuthorizeLayer::new(provider).layer(api).oneshot(get()).await.unwrap_err();
    assert!(matches!(refused, AuthorizeError::Token(_)), "{refused}");
}

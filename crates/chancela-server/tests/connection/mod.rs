//! Raw bytes on a real socket: what HTTP itself must refuse, and a server that goes on serving.

mod intermediary;

use crate::support::{Ask, ClientFacts, RealmPlan, World, new_client};
use chancela_server::extension::Intermediary;
use chancela_server::router::Router;
use chancela_server::transport::listener::{Bound, Listener, Workers};
use chancela_server::transport::peer::Peer;
use chancela_store::MemoryStore;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

struct Running {
    address: SocketAddr,
    client: ClientFacts,
    workers: Option<Workers>,
    world: World<MemoryStore>,
}

impl Running {
    fn start() -> Self {
        Self::through(None)
    }

    fn through(intermediary: Option<Arc<dyn Intermediary>>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let world = runtime.block_on(World::open(vec![RealmPlan::opaque()]));
        let mut router = Router::for_issuers(&world.server.realms);
        if let Some(intermediary) = intermediary {
            router.set_intermediary(intermediary);
        }
        let client = runtime.block_on(world.client("opaque", new_client("read")));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let bound = [Bound { listener: Listener::Plain(listener), router: Arc::new(router) }];
        let workers = Some(Workers::start(&world.server, &bound, 2).unwrap());
        Self { address, client, workers, world }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        stream
    }

    /// Everything that comes back until the server closes, or two seconds have passed without more.
    fn say(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        // The server may refuse before it has read all.
        let _ = stream.write_all(bytes);
        read(&mut stream)
    }

    /// Token answers so far.
    fn issued(&self) -> u64 {
        self.world.server.realms[0].metrics.issued.get()
    }

    fn good(&self) -> String {
        let body = "grant_type=client_credentials";
        format!(
            "POST /opaque/oauth/token HTTP/1.1\r\nHost: id.example\r\nAuthorization: {}\r\nContent-Type: \
             application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            self.client.basic(),
            body.len()
        )
    }

    fn serves(&self) {
        let good = self.good().replacen("Host:", "Connection: close\r\nHost:", 1);
        assert!(self.say(good.as_bytes()).starts_with("HTTP/1.1 200"), "it serves no more");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(workers) = self.workers.take() {
            workers.stop();
        }
    }
}

fn read(stream: &mut TcpStream) -> String {
    let mut out = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = stream.read(&mut buffer) {
        out.extend_from_slice(&buffer[..length]);
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn statuses(answer: &str) -> Vec<&str> {
    answer.split("HTTP/1.1 ").skip(1).filter_map(|part| part.get(..3)).collect()
}

/// HS-01 to HS-03, HS-05, DO-10: a request that two parsers could read in two ways has one answer at most and ends the
/// connection; what stood behind it is never read as a request of its own. (hyper drops `Content-Length` beside
/// `Transfer-Encoding`, as RFC 9112 section 6.3 allows, answers, and closes.)
#[test]
fn a_request_that_can_be_read_in_two_ways_is_refused_and_the_connection_ends() {
    let running = Running::start();
    let head = "POST /opaque/oauth/token HTTP/1.1\r\nHost: id.example\r\n";
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let hidden = "GET /opaque/.well-known/jwks.json HTTP/1.1\r\nHost: id.example\r\n\r\n";
    let many: String = (0..100).map(|n| format!("X-{n}: 1\r\n")).collect();
    let cases: Vec<(&str, String, &[&str])> = vec![
        (
            "length and chunks",
            format!("{head}{form}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}"),
            &["400", "401"],
        ),
        (
            "two lengths",
            format!("{head}{form}Content-Length: 0\r\nContent-Length: {}\r\n\r\n{hidden}", hidden.len()),
            &["400"],
        ),
        ("a list of lengths", format!("{head}{form}Content-Length: 5, 6\r\n\r\nabcde{hidden}"), &["400"]),
        ("a length with a sign", format!("{head}{form}Content-Length: +5\r\n\r\nabcde{hidden}"), &["400"]),
        (
            "a length in hexadecimal",
            format!("{head}{form}Content-Length: 0x5\r\n\r\nabcde{hidden}"),
            &["400"],
        ),
        ("a negative length", format!("{head}{form}Content-Length: -1\r\n\r\n{hidden}"), &["400"]),
        ("an unknown coding", format!("{head}{form}Transfer-Encoding: gzip\r\n\r\n{hidden}"), &["400"]),
        (
            "chunks not last",
            format!("{head}{form}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{hidden}"),
            &["400"],
        ),
        (
            "a coding before the chunks",
            format!("{head}{form}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n{hidden}"),
            &["400"],
        ),
        (
            "chunks twice",
            format!(
                "{head}{form}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}"
            ),
            &["400"],
        ),
        ("no host", format!("GET /opaque/.well-known/jwks.json HTTP/1.1\r\n\r\n{hidden}"), &["400"]),
        (
            "two hosts before another request",
            format!("GET /opaque/.well-known/jwks.json HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n{hidden}"),
            &["400"],
        ),
        (
            "a space before the colon",
            format!("{head}{form}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n{hidden}"),
            &["400"],
        ),
        (
            "a folded header",
            format!("{head}X-A: a\r\n b\r\n{form}Content-Length: 0\r\n\r\n{hidden}"),
            &["400"],
        ),
        ("NUL in a header", format!("{head}X-A: a\0b\r\n\r\n"), &["400"]),
        ("CR in a header", format!("{head}X-A: a\rb\r\n\r\n"), &["400"]),
        (
            "a chunk's size beyond any number",
            format!("{head}{form}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{hidden}"),
            &["400"],
        ),
        (
            "a chunk's size that is no number",
            format!("{head}{form}Transfer-Encoding: chunked\r\n\r\nzz\r\n{hidden}"),
            &["400"],
        ),
        ("no version", "GET /\r\n\r\n".into(), &["400"]),
        ("another version", format!("GET / HTTP/3.0\r\n\r\n{hidden}"), &["400"]),
        ("HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(), &["400"]),
        ("binary", "\x16\x03\x01\x02\x00\x01\x00".into(), &["400"]),
        ("100 headers", format!("{head}{many}\r\n"), &["431"]),
        ("a header of 64 KiB", format!("{head}X-A: {}\r\n\r\n", "a".repeat(65_536)), &["431"]),
        ("a target of 64 KiB", format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(65_536)), &["414", "431"]),
        ("a space in the target", format!("GET /a b HTTP/1.1\r\nHost: x\r\n\r\n{hidden}"), &["400"]),
    ];
    for (title, bytes, expected) in cases {
        let answer = running.say(bytes.as_bytes());
        let statuses = statuses(&answer);
        assert!(
            statuses.is_empty() || (statuses.len() == 1 && expected.contains(&statuses[0])),
            "{title}: {answer}"
        );
        assert!(!answer.contains("\"keys\""), "{title}: the hidden request was answered");
    }
    running.serves();
}

/// HS-05, HF-05: methods and targets that are for proxies.
#[test]
fn proxy_methods_and_targets_lead_nowhere_new() {
    let running = Running::start();
    for (title, bytes, expected) in [
        (
            "CONNECT",
            "CONNECT id.example:443 HTTP/1.1\r\nHost: id.example\r\nConnection: close\r\n\r\n",
            "404",
        ),
        (
            "TRACE",
            "TRACE /opaque/oauth/token HTTP/1.1\r\nHost: x\r\nX-A: m4rk3r\r\nConnection: close\r\n\r\n",
            "405",
        ),
        ("OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "404"),
        ("HEAD", "HEAD /opaque/oauth/token HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "405"),
        (
            "GET with a body",
            "GET /opaque/oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc",
            "405",
        ),
        (
            "absolute form",
            "GET http://evil.test/opaque/.well-known/jwks.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            "200",
        ),
        (
            "two hosts",
            "GET /opaque/.well-known/jwks.json HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
            "400",
        ),
        (
            "upgrade",
            "GET /opaque/oauth/token HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade, close\r\n\r\n",
            "405",
        ),
        (
            "expect",
            "POST /opaque/oauth/token HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 70000\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n",
            "413",
        ),
        ("HTTP/1.0", "GET /opaque/.well-known/jwks.json HTTP/1.0\r\n\r\n", "200"),
    ] {
        let answer = running.say(bytes.as_bytes());
        let status = answer.split(' ').nth(1).unwrap_or_default();
        assert_eq!(status, expected, "{title}: {answer}");
        assert!(!answer.contains("m4rk3r") && !answer.contains("evil"), "{title}: {answer}");
    }
    running.serves();
}

/// HF-04: only the request line says what is asked for.
#[test]
fn headers_do_not_change_target_or_method() {
    let running = Running::start();
    let jwks = "/opaque/.well-known/jwks.json";
    for name in ["X-Forwarded-Uri", "X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Prefix"] {
        let bytes =
            format!("GET /nowhere HTTP/1.1\r\nHost: x\r\n{name}: {jwks}\r\nConnection: close\r\n\r\n");
        assert_eq!(statuses(&running.say(bytes.as_bytes())), ["404"], "{name}");
    }
    for name in ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Forwarded-Method"] {
        for (method, path, meant) in [("POST", jwks, "GET"), ("GET", "/opaque/oauth/token", "POST")] {
            let rest =
                format!("Host: x\r\n{name}: {meant}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let answer = running.say(format!("{method} {path} HTTP/1.1\r\n{rest}").as_bytes());
            assert_eq!(statuses(&answer), ["405"], "{name} {path}");
        }
    }
}

/// A token is one answer to one request, in order, however they arrive.
#[test]
fn pipelined_requests_are_answered_in_order_and_chunks_are_put_together() {
    let running = Running::start();
    let jwks = "GET /opaque/.well-known/jwks.json HTTP/1.1\r\nHost: x\r\n\r\n";
    let last = "GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answer = running.say(format!("{}{jwks}{}{last}", running.good(), running.good()).as_bytes());
    assert_eq!(statuses(&answer), ["200", "200", "200", "404"], "{answer}");
    let chunked = running
        .good()
        .replace("Content-Length: 29\r\n", "Transfer-Encoding: chunked\r\nConnection: close\r\n");
    let chunked = chunked.replace(
        "grant_type=client_credentials",
        "5;x=y\r\ngrant\r\n18\r\n_type=client_credentials\r\n0\r\nX-Trailer: 1\r\n\r\n",
    );
    assert_eq!(statuses(&running.say(chunked.as_bytes())), ["200"]);
    let mut stream = running.connect();
    for byte in running.good().replacen("Host:", "Connection: close\r\nHost:", 1).bytes() {
        stream.write_all(&[byte]).unwrap();
    }
    assert_eq!(statuses(&read(&mut stream)), ["200"], "one byte at a time");
}

/// DO-08, DO-12: many that begin and never end hold up nobody, and closing them costs nothing.
#[test]
fn requests_that_never_end_hold_up_nobody() {
    let running = Running::start();
    let head =
        "POST /opaque/oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let beginnings = [
        String::new(),
        "P".into(),
        head.into(),
        format!("{head}Content-Length: 1000\r\n\r\na"),
        format!("{head}Transfer-Encoding: chunked\r\n\r\n5\r\nab"),
        format!("{head}Transfer-Encoding: chunked\r\n\r\n"),
    ];
    let mut open = Vec::new();
    for _ in 0..40 {
        for beginning in &beginnings {
            let mut stream = running.connect();
            stream.write_all(beginning.as_bytes()).unwrap();
            open.push(stream);
        }
    }
    for _ in 0..20 {
        running.serves();
    }
    // A body without end is cut at its limit.
    let mut stream = running.connect();
    stream.write_all(format!("{head}Transfer-Encoding: chunked\r\n\r\n").as_bytes()).unwrap();
    let chunk = format!("1000\r\n{}\r\n", "a".repeat(0x1000));
    for _ in 0..64 {
        if stream.write_all(chunk.as_bytes()).is_err() {
            break;
        }
    }
    let answer = read(&mut stream);
    assert!(statuses(&answer).first().is_none_or(|status| *status == "413"), "{answer}");
    drop(open);
    running.serves();
}

/// DO-08: a body that stops arriving is answered after its time, not kept. The clock of the runtime is moved on by
/// itself, so this takes no time.
#[tokio::test(start_paused = true)]
async fn a_body_that_stops_arriving_is_answered_with_408() {
    use bytes::Bytes;
    use hyper::body::{Body, Frame};
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    struct Never;
    impl Body for Never {
        type Data = Bytes;
        type Error = Infallible;
        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Pending
        }
    }

    let world = World::open(vec![RealmPlan::opaque()]).await;
    let request = Ask::form("/opaque/oauth/token", &[]).request().map(|_| Never);
    let peer = Peer::plain(crate::support::PEER);
    let start = tokio::time::Instant::now();
    let answer = chancela_server::endpoint::respond(&world.server, &world.router, &peer, request).await;
    assert_eq!(answer.status(), 408);
    assert_eq!(start.elapsed().as_secs(), 10);
}

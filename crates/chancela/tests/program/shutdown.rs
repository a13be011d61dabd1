//! How a server ends: requests in flight finish, nobody new is let in, and a second signal is obeyed at once. What it
//! tells of itself meanwhile.

use crate::support::http::{Connection, Request, get};
use crate::support::process::run;
use crate::support::server::{Server, Site};
use crate::support::{await_some, text};
use rustix::process::Signal;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::time::Instant;

fn token_request(server: &Server, client: &Value) -> Request {
    let fields = [("grant_type", "client_credentials"), ("scope", "read")];
    Request::form(server.url("/main/oauth/token"), &fields)
        .basic(text(client, "client_id"), text(client, "client_secret"))
}

fn client(site: &Site) -> Value {
    site.done(&["client", "create", "--realm", "main", "--scope", "read"])
}

/// Sends all of a request but the last bytes of its body; answers the connection and those bytes.
fn half_sent(server: &Server, request: &Request) -> (Connection, Vec<u8>) {
    let mut bytes = request.bytes(server.address());
    let rest = bytes.split_off(bytes.len() - 10);
    let mut connection = Connection::open(server.address()).unwrap();
    connection.write(&bytes).unwrap();
    // One more request on another connection: both threads have surely seen the first one after it.
    await_some("the connection", || {
        let metrics = get(&server.management("/metrics")).text();
        (metric(&metrics, "chancela_connections") >= 1.0).then_some(())
    });
    (connection, rest)
}

fn metric(metrics: &str, name: &str) -> f64 {
    samples(metrics).get(name).copied().unwrap_or_else(|| panic!("no {name} in {metrics}"))
}

/// The samples of a Prometheus text; every line must be one, or a comment.
fn samples(metrics: &str) -> BTreeMap<String, f64> {
    let mut out = BTreeMap::new();
    for line in metrics.lines() {
        if let Some(comment) = line.strip_prefix('#') {
            let word = comment.split_whitespace().next();
            assert!(matches!(word, Some("HELP" | "TYPE" | "UNIT" | "EOF")), "{line}");
            continue;
        }
        let (name, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("not a sample: {line}"));
        let bare = name.split('{').next().unwrap();
        assert!(bare.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':'), "{line}");
        assert!(!name.contains('{') || name.ends_with('}'), "{line}");
        out.insert(name.to_owned(), value.parse().unwrap_or_else(|_| panic!("not a number: {line}")));
    }
    out
}

#[test]
fn a_request_in_flight_finishes_while_the_server_drains() {
    let site = Site::new();
    let mut server = site.serve();
    let client = client(&site);
    let (mut slow, rest) = half_sent(&server, &token_request(&server, &client));
    server.process.signal(Signal::TERM);
    await_some("not ready", || (get(&server.management("/readyz")).status == 503).then_some(()));
    assert_eq!(get(&server.management("/livez")).status, 200);
    await_some("refused connections", || TcpStream::connect(server.address()).err());
    assert!(server.process.is_running());
    slow.write(&rest).unwrap();
    let answer = slow.read().unwrap();
    answer.token();
    assert_eq!(server.process.wait().code(), Some(0));
    assert!(!site.data().join("control.sock").exists(), "the control socket is gone");
}

#[test]
fn it_is_not_ready_at_once_but_serves_until_balancers_have_noticed() {
    let site = Site::new();
    let config = std::fs::read_to_string(site.config()).unwrap();
    std::fs::write(site.config(), config.replace("threads = 2", "threads = 2\ndrain_seconds = 2")).unwrap();
    let mut server = site.serve();
    let client = client(&site);
    assert_eq!(get(&server.management("/readyz")).status, 200);
    server.process.signal(Signal::TERM);
    await_some("not ready", || (get(&server.management("/readyz")).status == 503).then_some(()));
    token_request(&server, &client).send().token();
    assert_eq!(server.process.wait().code(), Some(0));
}

#[test]
fn an_idle_connection_does_not_hold_the_server_up() {
    let site = Site::new();
    let mut server = site.serve();
    let client = client(&site);
    let mut idle = Connection::open(server.address()).unwrap();
    idle.send(&token_request(&server, &client)).unwrap().token();
    let start = Instant::now();
    assert_eq!(server.process.stop(), Some(0));
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}

#[test]
fn a_second_signal_ends_the_server_at_once() {
    let site = Site::new();
    let mut server = site.serve();
    let client = client(&site);
    let (_slow, _rest) = half_sent(&server, &token_request(&server, &client));
    server.process.signal(Signal::TERM);
    await_some("not ready", || (get(&server.management("/readyz")).status == 503).then_some(()));
    let start = Instant::now();
    server.process.signal(Signal::TERM);
    server.process.wait();
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
}

#[test]
fn metrics_are_prometheus_text_and_count() {
    let site = Site::new();
    let server = site.serve();
    let client = client(&site);
    for _ in 0..3 {
        token_request(&server, &client).send().token();
    }
    let wrong = Request::form(server.url("/main/oauth/token"), &[("grant_type", "client_credentials")]);
    assert_eq!(wrong.basic("nobody", "wrong").send().status, 401);
    let answer = get(&server.management("/metrics"));
    assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/plain"));
    let metrics = answer.text();
    assert_eq!(metric(&metrics, "chancela_tokens_issued_total{realm=\"main\"}"), 3.0);
    assert_eq!(metric(&metrics, "chancela_tokens_issued_total{realm=\"bank\"}"), 0.0);
    let refused = samples(&metrics)
        .into_iter()
        .filter(|(name, _)| name.starts_with("chancela_requests_refused_total{realm=\"main\""));
    assert_eq!(refused.map(|(_, value)| value).sum::<f64>(), 1.0);
    for (path, status) in [("/livez", 200), ("/readyz", 200), ("/", 404), ("/main/oauth/token", 404)] {
        assert_eq!(get(&server.management(path)).status, status, "{path}");
    }
    for path in ["/metrics", "/livez", "/readyz"] {
        assert_eq!(get(&server.url(path)).status, 404, "{path} is for operators only");
    }
}

#[test]
fn what_a_killed_server_left_behind_is_no_obstacle() {
    let site = Site::new();
    let mut server = site.serve();
    let client = client(&site);
    server.process.kill();
    assert!(site.data().join("control.sock").exists());
    assert_eq!(site.done(&["client", "list", "--realm", "main"])[0]["client_id"], client["client_id"]);
    let server = site.serve();
    token_request(&server, &client).send().token();
    assert_eq!(site.done(&["client", "list", "--realm", "main"])[0]["client_id"], client["client_id"]);
}

#[test]
fn a_lost_key_encryption_key_is_said_and_not_replaced() {
    let site = Site::new();
    let mut server = site.serve();
    let client = client(&site);
    assert_eq!(server.process.stop(), Some(0));
    let kek = site.data().join("kek");
    let mode = std::fs::metadata(&kek).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o400);
    let elsewhere = site.write("elsewhere", "");
    std::fs::rename(&kek, &elsewhere).unwrap();
    let config = site.config();
    let config = config.to_str().unwrap();
    let outcome = run(&["serve", "--config", config]);
    assert_eq!(outcome.code, 1, "{outcome:?}");
    assert!(outcome.stderr.contains("kek"), "{outcome:?}");
    assert!(!kek.exists(), "a new one would open nothing");
    let listed = site.done(&["client", "list", "--realm", "main", "--kek-file", elsewhere.to_str().unwrap()]);
    assert_eq!(listed[0]["client_id"], client["client_id"]);
}

//! The fetcher against servers that mean ill (attack group SF).

use crate::support::{Authority, Conduct, Names, Outside, open_fetcher};
use bytes::Bytes;
use chancela_server::config::Outbound;
use chancela_server::fetch::{Call, FetchError, Fetcher, Limits};
use http::Response;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

const RP: &str = "rp.example";
const QUICK: Limits = Limits {
    connect: Duration::from_millis(500),
    total: Duration::from_millis(1200),
    head: 32 * 1024,
    body: 256 * 1024,
    at_once: 32,
};

/// A server that the fetcher may reach under the name `rp.example`.
struct Peer {
    outside: Outside,
    fetcher: Fetcher,
    names: Names,
}

impl Peer {
    async fn new(conduct: Conduct) -> Self {
        let authority = Authority::new();
        let outside = Outside::tls(&authority, RP, conduct).await;
        let names = Names::of(&[(RP, outside.address)]);
        let fetcher = open_fetcher(&authority, &names, QUICK);
        Self { outside, fetcher, names }
    }

    async fn get(&self) -> Result<Response<Bytes>, FetchError> {
        let url = format!("https://{RP}:{}/document?a=b", self.outside.port());
        self.fetcher.fetch(Call::get(&url, "application/json")).await
    }

    async fn reason(&self) -> &'static str {
        self.get().await.unwrap_err().reason()
    }
}

/// Why fetches from servers of these conducts fail.
async fn reasons(conducts: Vec<Conduct>) -> Vec<&'static str> {
    let tasks =
        conducts.into_iter().map(|conduct| tokio::spawn(async { Peer::new(conduct).await.reason().await }));
    let mut reasons = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        reasons.push(task.await.unwrap());
    }
    reasons
}

/// Why fetches of these URLs fail.
async fn refusals(fetcher: Fetcher, urls: &[String]) -> Vec<&'static str> {
    let fetcher = Arc::new(fetcher);
    let tasks = urls.iter().cloned().map(|url| {
        let fetcher = Arc::clone(&fetcher);
        tokio::spawn(async move { fetcher.fetch(Call::get(&url, "*/*")).await.unwrap_err().reason() })
    });
    let mut reasons = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        reasons.push(task.await.unwrap());
    }
    reasons
}

fn raw(head: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n").into_bytes()
}

#[tokio::test]
async fn an_answer_comes_whole() {
    let peer = Peer::new(Conduct::ok("{\"keys\":[]}")).await;
    let answer = peer.get().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.body().as_ref()), (200, b"{\"keys\":[]}".as_slice()));
    let request = peer.outside.requests().remove(0);
    assert!(request.starts_with("GET /document?a=b HTTP/1.1\r\n"), "{request}");
    assert!(request.contains(&format!("host: {RP}:{}\r\n", peer.outside.port())), "{request}");
    for absent in ["accept-encoding", "authorization", "cookie", "referer", "x-forwarded"] {
        assert!(!request.to_ascii_lowercase().contains(absent), "{request}");
    }
}

#[tokio::test]
async fn a_form_arrives_as_it_was_sent_and_a_refusal_is_an_answer() {
    let peer = Peer::new(Conduct::status("400 Bad Request")).await;
    let url = format!("https://{RP}:{}/logout", peer.outside.port());
    let answer = peer.fetcher.fetch(Call::post_form(&url, "logout_token=a.b.c")).await.unwrap();
    assert_eq!(answer.status().as_u16(), 400);
    let request = peer.outside.requests().remove(0);
    assert!(request.starts_with("POST /logout HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("content-type: application/x-www-form-urlencoded\r\n"), "{request}");
    assert!(request.ends_with("\r\n\r\nlogout_token=a.b.c"), "{request}");
}

/// A-04.
#[tokio::test]
async fn a_certificate_for_another_host_ends_the_call() {
    let authority = Authority::new();
    let outside = Outside::tls(&authority, "other.example", Conduct::ok("secret")).await;
    let fetcher = open_fetcher(&authority, &Names::of(&[(RP, outside.address)]), QUICK);
    let url = format!("https://{RP}:{}/", outside.port());
    assert_eq!(fetcher.fetch(Call::get(&url, "*/*")).await.unwrap_err().reason(), "tls");
    assert!(outside.requests().is_empty());
}

/// A-04.
#[tokio::test]
async fn a_certificate_of_an_unknown_authority_ends_the_call() {
    let outside = Outside::tls(&Authority::new(), RP, Conduct::ok("secret")).await;
    let fetcher = open_fetcher(&Authority::new(), &Names::of(&[(RP, outside.address)]), QUICK);
    let url = format!("https://{RP}:{}/", outside.port());
    assert_eq!(fetcher.fetch(Call::get(&url, "*/*")).await.unwrap_err().reason(), "tls");
    assert!(outside.requests().is_empty());
}

/// A-04. What is not TLS is not spoken to.
#[tokio::test]
async fn a_server_without_tls_gets_no_request() {
    let authority = Authority::new();
    let outside = Outside::plain(Conduct::ok("secret")).await;
    let fetcher = open_fetcher(&authority, &Names::of(&[(RP, outside.address)]), QUICK);
    let url = format!("https://{RP}:{}/", outside.port());
    assert!(fetcher.fetch(Call::get(&url, "*/*")).await.is_err());
    assert!(outside.requests().iter().all(|request| !request.contains("GET")));
}

/// SF-01, SF-08. A name that leads to this machine is refused before anything is connected.
#[tokio::test]
async fn a_name_of_loopback_is_refused_and_the_canary_sees_nothing() {
    let canary = Outside::plain(Conduct::ok("canary")).await;
    let config = Outbound { ports: vec![canary.port()], danger_allow_http: true, ..Outbound::default() };
    let public: SocketAddr = "8.8.8.8:443".parse().unwrap();
    let names = Names::of(&[
        ("localtest.example", canary.address),
        ("mixed.example", public),
        ("mixed.example", canary.address),
        ("metadata.example", "169.254.169.254:80".parse().unwrap()),
        ("mapped.example", "[::ffff:127.0.0.1]:80".parse().unwrap()),
    ]);
    let fetcher = Fetcher::with(&config, QUICK, Box::new(names)).unwrap();
    let port = canary.port();
    let url = |host: &str| format!("http://{host}:{port}/");
    let named = ["localtest.example", "mixed.example", "metadata.example", "mapped.example"].map(url);
    let written = ["127.0.0.1", "[::1]", "2130706433", "0177.0.0.1", "[::ffff:127.0.0.1]"].map(url);
    assert!(named.iter().all(|url| fetcher.admits(url)) && !written.iter().any(|url| fetcher.admits(url)));
    let all: Vec<String> = named.into_iter().chain(written).collect();
    let reasons = refusals(fetcher, &all).await;
    assert_eq!(reasons[..4], ["address"; 4]);
    assert_eq!(reasons[4..], ["address_literal"; 5]);
    assert_eq!(canary.connections(), 0);
}

/// SF-01. The machine's own resolver too.
#[tokio::test]
async fn the_systems_name_of_loopback_is_refused() {
    let canary = Outside::plain(Conduct::ok("canary")).await;
    let config = Outbound { ports: vec![canary.port()], danger_allow_http: true, ..Outbound::default() };
    let fetcher = Fetcher::with(&config, QUICK, Box::new(chancela_server::fetch::SystemResolver::default()));
    let url = format!("http://localhost:{}/", canary.port());
    let error = fetcher.unwrap().fetch(Call::get(&url, "*/*")).await.unwrap_err();
    assert!(["address", "unresolved"].contains(&error.reason()), "{}", error.reason());
    assert_eq!(canary.connections(), 0);
}

/// SF-01. Even where private addresses are allowed, machines' metadata is not.
#[tokio::test]
async fn metadata_is_out_of_reach_where_private_networks_are_not() {
    let names = Names::of(&[("metadata.example", "169.254.169.254:443".parse().unwrap())]);
    let fetcher = open_fetcher(&Authority::new(), &names, QUICK);
    let urls = ["https://metadata.example/", "https://169.254.169.254/", "https://[fd00:ec2::254]/"];
    assert_eq!(refusals(fetcher, &urls.map(str::to_owned)).await, ["address"; 3]);
}

/// SF-02. One look-up: an answer that changes afterwards changes nothing.
#[tokio::test]
async fn a_host_is_looked_up_once() {
    let peer = Peer::new(Conduct::ok("{}")).await;
    peer.get().await.unwrap();
    assert_eq!((peer.names.lookups(), peer.outside.connections()), (1, 1));
}

/// SF-03.
#[tokio::test]
async fn a_redirect_is_not_followed() {
    let canary = Outside::plain(Conduct::ok("canary")).await;
    let conduct =
        |code: &str| Conduct::status(&format!("{code} Elsewhere\r\nlocation: http://{}/", canary.address));
    assert_eq!(reasons(["301", "302", "303", "307", "308"].map(conduct).into()).await, ["redirect"; 5]);
    assert_eq!(canary.connections(), 0);
}

/// SF-06.
#[tokio::test]
async fn slow_and_silent_servers_are_left() {
    let second = Duration::from_millis(50);
    let slow_head = Peer::new(Conduct::Drip(b"HTTP/1.1 200 OK\r\nx: ".to_vec(), second)).await;
    let slow_body = Peer::new(Conduct::Drip(raw("content-length: 9000"), second)).await;
    let silent = Peer::new(Conduct::Silence).await;
    let started = Instant::now();
    let reasons = tokio::join!(slow_head.reason(), slow_body.reason(), silent.reason());
    assert_eq!(reasons, ("timeout", "timeout", "timeout"));
    assert!(started.elapsed() < QUICK.total * 2, "{:?}", started.elapsed());
}

/// SF-06.
#[tokio::test]
async fn large_answers_are_left_at_their_limit() {
    let block = [b"ffff\r\n".as_slice(), &[b'a'; 0xffff], b"\r\n"].concat();
    let conducts = vec![
        Conduct::Answer(raw("content-length: 1073741824")),
        Conduct::Flood(raw("transfer-encoding: chunked"), block),
        Conduct::Flood(raw("x: y"), vec![b'a'; 8192]),
    ];
    assert_eq!(reasons(conducts).await, ["body_too_large"; 3]);
    let exactly = "a".repeat(QUICK.body);
    assert_eq!(Peer::new(Conduct::ok(&exactly)).await.get().await.unwrap().body().len(), QUICK.body);
    assert_eq!(Peer::new(Conduct::ok(&(exactly + "a"))).await.reason().await, "body_too_large");
}

/// SF-06.
#[tokio::test]
async fn large_heads_are_left_at_their_limit() {
    let endless = Conduct::Flood(b"HTTP/1.1 200 OK\r\nx: ".to_vec(), vec![b'a'; 4096]);
    let mut many = String::from("content-length: 0");
    for number in 0..200 {
        write!(many, "\r\nx-{number}: a").unwrap();
    }
    assert_eq!(reasons(vec![endless, Conduct::Answer(raw(&many))]).await, ["malformed_answer"; 2]);
}

/// SF-06. A body that would have to be unpacked is not.
#[tokio::test]
async fn compressed_answers_are_refused() {
    let conduct = |coding: &str| {
        let head = format!("content-length: 4\r\ncontent-encoding: {coding}");
        Conduct::Answer([raw(&head), b"\x1f\x8b\x08\x00".to_vec()].concat())
    };
    let codings = ["gzip", "br", "deflate", "zstd", "identity, gzip"];
    assert_eq!(reasons(codings.map(conduct).into()).await, ["encoded"; 5]);
}

#[tokio::test]
async fn what_is_not_http_is_no_answer() {
    let texts = ["", "SSH-2.0-OpenSSH\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort", "{}"];
    let conducts = texts.map(|text| Conduct::Answer(text.as_bytes().to_vec()));
    assert_eq!(reasons(conducts.into()).await, ["malformed_answer"; 4]);
}

async fn timed(name: &str, fetch: impl Future<Output = Result<Response<Bytes>, FetchError>>) {
    let started = Instant::now();
    let error = fetch.await.unwrap_err();
    let took = started.elapsed();
    assert_eq!(error.to_string(), "the URL could not be fetched");
    let slack = Duration::from_millis(700);
    assert!(took >= QUICK.total && took < QUICK.total + slack, "{name}: {took:?}");
}

/// SF-09, L-05. Whatever stands behind a URL, a failure says the same and takes the same time.
#[tokio::test]
async fn a_failure_does_not_say_what_was_there() {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let content = Peer::new(Conduct::Answer(b"no http".to_vec())).await;
    let silent = Peer::new(Conduct::Silence).await;
    let refuse = |url: String| async move {
        let authority = Authority::new();
        let fetcher = open_fetcher(&authority, &Names::of(&[("closed.example", closed)]), QUICK);
        fetcher.fetch(Call::get(&url, "*/*")).await
    };
    let closed_url = format!("https://closed.example:{}/", closed.port());
    tokio::join!(
        timed("policy", refuse("ftp://rp.example/".into())),
        timed("address", refuse("https://169.254.169.254/".into())),
        timed("unresolved", refuse("https://nowhere.example/".into())),
        timed("closed", refuse(closed_url)),
        timed("content", content.get()),
        timed("silent", silent.get()),
    );
}

/// SF-06. Those that hang hold up others for no longer than their own time.
#[tokio::test]
async fn a_fetch_waits_for_its_turn() {
    let authority = Authority::new();
    let silent = Outside::tls(&authority, "slow.example", Conduct::Silence).await;
    let good = Outside::tls(&authority, RP, Conduct::ok("{}")).await;
    let names = Names::of(&[("slow.example", silent.address), (RP, good.address)]);
    let limits = Limits { total: Duration::from_millis(800), at_once: 1, ..QUICK };
    let fetcher = open_fetcher(&authority, &names, limits);
    let (slow, quick) =
        (format!("https://slow.example:{}/", silent.port()), format!("https://{RP}:{}/", good.port()));
    let hanging = fetcher.fetch(Call::get(&slow, "*/*"));
    let waiting = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        fetcher.fetch(Call::get(&quick, "*/*")).await
    };
    let (hanging, waiting) = tokio::join!(hanging, waiting);
    assert_eq!(hanging.unwrap_err().reason(), "timeout");
    assert!(waiting.is_ok());
}

#[test]
fn a_file_without_roots_is_refused_at_start() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let config = Outbound { ca_file: Some(file.path().to_owned()), ..Outbound::default() };
    let error = Fetcher::new(&config).unwrap_err().to_string();
    assert!(error.contains("outbound.ca_file") && error.contains("has no certificate"), "{error}");
    let config = Outbound { ca_file: Some("/nowhere/roots.pem".into()), ..Outbound::default() };
    assert!(Fetcher::new(&config).is_err());
}

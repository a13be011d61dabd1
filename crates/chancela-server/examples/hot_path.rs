//! The token endpoint without a socket: time and allocations of one request, by token format. For profilers, and for the
//! table in docs/performance.md.
//!
//!     cargo run --release -p chancela-server --example hot_path [ROUNDS]

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measuring program for developers")]

use bytes::Bytes;
use chancela_core::dialect::Library;
use chancela_server::clock::SystemClock;
use chancela_server::config::Config;
use chancela_server::control::{self, Command, Request as Control};
use chancela_server::endpoint;
use chancela_server::entropy::SystemEntropy;
use chancela_server::key_ring::kek::Kek;
use chancela_server::router::Router;
use chancela_server::server::Server;
use chancela_server::transport::peer::Peer;
use chancela_store::MemoryStore;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Instant;

/// Where requests come from.
const PEER: Peer = Peer::plain(IpAddr::V4(Ipv4Addr::LOCALHOST));

const CONFIG: &str = r#"
data = "unused"
[realm.rs256]
issuer = "http://localhost/rs256"
dialect = "standard"
signing_algorithm = "RS256"
[realm.es256]
issuer = "http://localhost/es256"
dialect = "standard"
[realm.eddsa]
issuer = "http://localhost/eddsa"
dialect = "standard"
signing_algorithm = "EdDSA"
[realm.opaque]
issuer = "http://localhost/opaque"
dialect = "standard"
access_token_format = "opaque"
[realm.uuid]
issuer = "http://localhost/uuid"
dialect = "standard"
access_token_format = "uuid"
"#;

fn main() {
    let rounds: u32 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(20_000);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let config = Config::parse("hot_path", CONFIG).unwrap();
    let server = runtime.block_on(async {
        let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
        let kek = Kek::ephemeral(&SystemEntropy).unwrap();
        let library = Library::builtin();
        let server = Server::open(&config, &library, MemoryStore::new(), kek, clock, entropy).await.unwrap();
        for realm in config.realm.keys() {
            let metadata = serde_json::json!({
                "client_id": "bench", "client_secret": "bench-secret-0123456789abcdef", "scope": "cob.read pix.read",
            });
            let command = Command::ClientImport(metadata);
            control::execute(&server, Control { realm: realm.clone(), command }).await.unwrap();
        }
        Arc::new(server)
    });
    let router = Router::for_issuers(&server.realms);
    check_secret(&server, rounds);
    println!("{:<22} {:>10} {:>12} {:>10}", "request", "us", "allocations", "bytes");
    for realm in config.realm.keys() {
        let token = || {
            request(&format!("/{realm}/oauth/token"), "grant_type=client_credentials&scope=cob.read+pix.read")
        };
        let answered = measure(&format!("{realm} token"), rounds, || {
            runtime.block_on(endpoint::respond(&server, &router, &PEER, token()))
        });
        let body = runtime.block_on(answered.into_body().collect()).unwrap().to_bytes();
        let issued: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let ask = format!("token={}", issued["access_token"].as_str().unwrap());
        measure(&format!("{realm} introspection"), rounds, || {
            runtime.block_on(endpoint::respond(
                &server,
                &router,
                &PEER,
                request(&format!("/{realm}/oauth/introspect"), &ask),
            ))
        });
    }
}

/// The check of one client secret: the digest and its comparison.
fn check_secret(server: &Server<MemoryStore>, rounds: u32) {
    let pepper = &server.realms[0].pepper;
    let stored = pepper.client_secret("bench-secret-0123456789abcdef");
    let started = Instant::now();
    let good =
        (0..rounds).filter(|_| pepper.client_secret(black_box("bench-secret-0123456789abcdef")) == stored);
    assert_eq!(good.count(), rounds as usize);
    println!("secret check: {:.2} us", started.elapsed().as_secs_f64() * 1e6 / f64::from(rounds));
}

fn measure(
    name: &str,
    rounds: u32,
    mut once: impl FnMut() -> Response<Full<Bytes>>,
) -> Response<Full<Bytes>> {
    let first = once();
    assert_eq!(first.status(), 200, "{name}");
    let allocated = allocation_counter::measure(|| drop(once()));
    let started = Instant::now();
    for _ in 0..rounds {
        drop(once());
    }
    let micros = started.elapsed().as_secs_f64() * 1e6 / f64::from(rounds);
    println!("{name:<22} {micros:>10.2} {:>12} {:>10}", allocated.count_total, allocated.bytes_total);
    first
}

fn request(path: &str, body: &str) -> Request<Full<Bytes>> {
    // base64 of bench:bench-secret-0123456789abcdef
    Request::post(path)
        .header("host", "localhost")
        .header("authorization", "Basic YmVuY2g6YmVuY2gtc2VjcmV0LTAxMjM0NTY3ODlhYmNkZWY=")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Full::new(Bytes::copy_from_slice(body.as_bytes())))
        .unwrap()
}

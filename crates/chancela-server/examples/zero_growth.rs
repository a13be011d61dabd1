//! Issues self-contained access tokens through the token endpoint over the real SQLite store and shows what the store's
//! files weigh before and after. Sealed tokens by default, because a signature costs more than everything else; one in
//! a hundred is a JWT.
//!
//!     cargo run --release -p chancela-server --example zero_growth [TOKENS]

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program for developers"
)]

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
use chancela_store_sqlite::{Options, SqliteStore};
use http::Request;
use http_body_util::{BodyExt, Full};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

const CONFIG: &str = r#"
data = "unused"
[realm.sealed]
issuer = "http://localhost/sealed"
dialect = "standard"
access_token_format = "sealed"
[realm.jwt]
issuer = "http://localhost/jwt"
dialect = "standard"
"#;

/// Where the requests come from.
const PEER: Peer = Peer::plain(IpAddr::V4(Ipv4Addr::LOCALHOST));

/// Of so many tokens, one is a JWT.
const JWT_EACH: u64 = 100;

fn main() {
    let tokens: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(5_000_000);
    let directory = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let store = SqliteStore::open(directory.path(), Options::default()).unwrap();
    let server = Arc::new(runtime.block_on(open(store)));
    let router = Router::for_issuers(&server.realms);
    let before = size(directory.path());
    println!("before: {before} bytes in the store");
    let started = Instant::now();
    let mut last = String::new();
    for n in 0..tokens {
        let realm = realm_of(n);
        let body = "grant_type=client_credentials&scope=read";
        let answered =
            runtime.block_on(endpoint::respond(&server, &router, &PEER, request(realm, "token", body)));
        assert_eq!(answered.status(), 200);
        if n + 1 == tokens || n % 500_000 == 0 {
            let body = runtime.block_on(answered.into_body().collect()).unwrap().to_bytes();
            let issued: serde_json::Value = serde_json::from_slice(&body).unwrap();
            issued["access_token"].as_str().unwrap().clone_into(&mut last);
            println!("{n:>10} tokens: {} bytes", size(directory.path()));
            assert!(is_active(&runtime, &server, &router, realm, &last), "it introspects without a row");
        }
    }
    let realm = realm_of(tokens - 1);
    let body = format!("token={last}");
    let revoked =
        runtime.block_on(endpoint::respond(&server, &router, &PEER, request(realm, "revoke", &body)));
    assert_eq!(revoked.status(), 200);
    assert!(!is_active(&runtime, &server, &router, realm, &last), "and it is revoked without one");
    let rate = tokens as f64 / started.elapsed().as_secs_f64();
    let after = size(directory.path());
    println!("{tokens:>10} tokens and one revocation: {after} bytes, {rate:.0} tokens/s on one thread");
    println!("{:.4} bytes per token", (after - before) as f64 / tokens as f64);
}

/// The realm of token `n`.
const fn realm_of(n: u64) -> &'static str {
    if n.is_multiple_of(JWT_EACH) { "jwt" } else { "sealed" }
}

async fn open(store: SqliteStore) -> Server<SqliteStore> {
    let config = Config::parse("zero_growth", CONFIG).unwrap();
    let kek = Kek::ephemeral(&SystemEntropy).unwrap();
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let server = Server::open(&config, &Library::builtin(), store, kek, clock, entropy).await.unwrap();
    for realm in config.realm.keys() {
        let metadata = serde_json::json!({
            "client_id": "bench", "client_secret": "bench-secret-0123456789abcdef", "scope": "read",
        });
        let command = Command::ClientImport(metadata);
        control::execute(&server, Control { realm: realm.clone(), command }).await.unwrap();
    }
    server
}

fn is_active(
    runtime: &tokio::runtime::Runtime,
    server: &Arc<Server<SqliteStore>>,
    router: &Router,
    realm: &str,
    token: &str,
) -> bool {
    let ask = request(realm, "introspect", &format!("token={token}"));
    let answered = runtime.block_on(endpoint::respond(server, router, &PEER, ask));
    let body = runtime.block_on(answered.into_body().collect()).unwrap().to_bytes();
    body.starts_with(b"{\"active\":true")
}

/// Bytes of all files in a folder.
fn size(folder: &Path) -> u64 {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
}

fn request(realm: &str, endpoint: &str, body: &str) -> Request<Full<Bytes>> {
    // base64 of bench:bench-secret-0123456789abcdef
    Request::post(format!("/{realm}/oauth/{endpoint}"))
        .header("host", "localhost")
        .header("authorization", "Basic YmVuY2g6YmVuY2gtc2VjcmV0LTAxMjM0NTY3ODlhYmNkZWY=")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Full::new(Bytes::copy_from_slice(body.as_bytes())))
        .unwrap()
}

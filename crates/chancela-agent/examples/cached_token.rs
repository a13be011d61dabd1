//! What a token that is there costs a program, by three ways: the engine, the engine with tokio, a provider with its
//! headers. `cargo run --release -p chancela-agent --example cached_token`

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement")]

use chancela_agent::agent::{Agent, Parts};
use chancela_agent::clock::{Clock, SystemClock};
use chancela_agent::config::AgentConfig;
use chancela_agent::engine::{Attempt, Failure, Granted, Plan, Policy, TokenKey, Want};
use chancela_agent::entropy::SystemEntropy;
use chancela_agent::provider::Request;
use chancela_agent::source::Surroundings;
use chancela_agent::tokens::{BoxFuture, Issuer, MemoryStore, Tokens};
use chancela_core::dialect::Library;
use chancela_core::secret::Secret;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

struct Once;

impl Issuer for Once {
    fn issue<'a>(&'a self, _: &'a Attempt) -> BoxFuture<'a, Result<Granted, Failure>> {
        Box::pin(async {
            Ok(Granted {
                access_token: Secret::new("0123456789abcdef0123456789abcdef"),
                token_type: None,
                expires_in: Some(3600),
                expires_at: None,
                scope: None,
                refresh_token: None,
                refresh_expires_in: None,
                refresh_not_before: None,
            })
        })
    }
}

const ROUNDS: u32 = 1_000_000;

fn report(what: &str, begin: Instant) {
    println!("{what}: {:.0} ns", begin.elapsed().as_secs_f64() * 1e9 / f64::from(ROUNDS));
}

/// A token endpoint that knows one answer.
async fn endpoint() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await.unwrap();
            let body = r#"{"access_token":"0123456789abcdef0123456789abcdef","token_type":"Bearer","expires_in":3600}"#;
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            stream.write_all(head.as_bytes()).await.unwrap();
        }
    });
    format!("http://{address}")
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let key = TokenKey::of(&["key"]);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let tokens = Tokens::new(1, Arc::new(MemoryStore::default()), Arc::clone(&clock), Arc::new(()));
    let policy = Policy::default();
    let plan =
        Plan { policy, endpoint: key, budget: None, chain: None, repeatable: true, keep: false, stamp: 0 };
    tokens.register(key, plan, Arc::new(Once)).unwrap();
    tokens.token(key, Want::default(), Duration::from_secs(1)).await.unwrap();

    let begin = Instant::now();
    for _ in 0..ROUNDS {
        black_box(clock.now());
    }
    report("both clocks", begin);

    let begin = Instant::now();
    for _ in 0..ROUNDS {
        black_box(tokens.token(key, Want::default(), Duration::from_secs(1)).await.unwrap());
    }
    report("tokens", begin);

    let config = format!(
        "[provider.standard]\naddress = \"{}\"\nclient_id = \"a\"\nclient_secret = \"env:SECRET\"\n",
        endpoint().await
    );
    let agent = Agent::open(
        AgentConfig::parse(Path::new("agent.toml"), &config).unwrap(),
        Parts {
            library: Library::builtin(),
            around: Arc::new(Surroundings::new(|_| Some("s3cr3t".into()), std::io::empty())),
            clock,
            entropy: Arc::new(SystemEntropy),
            observer: Arc::new(()),
            state: PathBuf::new(),
            boot: None,
            memory: true,
            carrier: None,
        },
    );
    let provider = agent.unwrap().provider("standard").unwrap();
    let ask = async || provider.token(Request::default(), Duration::from_secs(1)).await.unwrap();
    ask().await;
    let begin = Instant::now();
    for _ in 0..ROUNDS {
        black_box(ask().await);
    }
    report("provider with headers", begin);
}

//! How long a token that is there takes through the socket: p50, p99 and the longest of 20,000, one caller and then ten.
//! `cargo run --release -p chancela-agent --example socket_latency`

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing)]

use chancela_agent::agent::{Agent, Parts};
use chancela_agent::clock::SystemClock;
use chancela_agent::config::AgentConfig;
use chancela_agent::entropy::SystemEntropy;
use chancela_agent::socket::{Ask, Client, Listening, News, Settings};
use chancela_agent::source::Surroundings;
use chancela_core::dialect::Library;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const CALLS: usize = 20_000;

/// Answers every request with the same token.
async fn endpoint() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await.unwrap();
            let body = r#"{"access_token":"a-token","token_type":"Bearer","expires_in":3600}"#;
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
            let answer = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    port
}

async fn measure(socket: &Path, callers: usize) -> Vec<Duration> {
    let callers: Vec<_> = (0..callers)
        .map(|_| {
            let socket = socket.to_owned();
            tokio::spawn(async move {
                let client = Client::connect(socket).await.unwrap();
                let mut took = Vec::with_capacity(CALLS / callers);
                for _ in 0..CALLS / callers {
                    let began = Instant::now();
                    client.token(&Ask::of("one")).await.unwrap();
                    took.push(began.elapsed());
                }
                took
            })
        })
        .collect();
    let mut all = Vec::new();
    for caller in callers {
        all.extend(caller.await.unwrap());
    }
    all.sort_unstable();
    all
}

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "[agent]\nsocket = \"{}/agent.sock\"\n[provider.one]\ndialect = \"standard\"\n\
         address = \"http://127.0.0.1:{}\"\nclient_id = \"client\"\nclient_secret = \"env:SECRET\"\n",
        folder.path().display(),
        endpoint().await
    );
    let config = AgentConfig::parse(Path::new("agent.toml"), &text).unwrap();
    let around = Arc::new(Surroundings::new(|_| Some("a-secret".into()), std::io::empty()));
    let news = Arc::new(News::default());
    let settings =
        Settings { passed: None, ..Settings::new(&config.agent, &around, Arc::clone(&news)).unwrap() };
    let parts = Parts {
        library: Library::builtin(),
        around,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        observer: news,
        state: PathBuf::new(),
        boot: None,
        memory: true,
        carrier: None,
    };
    let agent = Arc::new(Agent::open(config, parts).unwrap());
    let listening = Listening::bind(settings).unwrap();
    let socket = listening.socket().unwrap();
    let serving = tokio::spawn(listening.serve(agent, std::future::pending()));
    measure(&socket, 1).await;
    for callers in [1, 10] {
        let took = measure(&socket, callers).await;
        let at = |share: usize| took[took.len() * share / 1000];
        println!(
            "{callers} callers: p50 {:?}, p99 {:?}, p99.9 {:?}, longest {:?}",
            at(500),
            at(990),
            at(999),
            took[took.len() - 1]
        );
    }
    serving.abort();
}

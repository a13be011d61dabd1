//! News over the socket.

use crate::endpoint::Reply;
use crate::world::{World, until};
use chancela_agent::engine::{Notice, TokenKey};
use chancela_agent::socket::{Ask, News};
use chancela_agent::tokens::{KeyName, Observer};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::UnixStream;
use tokio::time::timeout;

struct Reader(Lines<BufReader<UnixStream>>);

impl Reader {
    async fn open(world: &World) -> Self {
        let mut stream = UnixStream::connect(&world.socket).await.unwrap();
        stream.write_all(b"GET /v1/events HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        let mut own = Self(BufReader::new(stream).lines());
        own.next(": listening").await;
        own
    }

    /// The next line that begins so.
    async fn next(&mut self, begins: &str) -> Option<String> {
        let looking = async {
            loop {
                let line = self.0.next_line().await.ok()??;
                if line.starts_with(begins) {
                    return Some(line);
                }
            }
        };
        timeout(Duration::from_secs(10), looking).await.expect(begins)
    }

    async fn event(&mut self) -> (String, serde_json::Value) {
        let event = self.next("event: ").await.unwrap();
        let data = self.next("data: ").await.unwrap();
        (event["event: ".len()..].to_owned(), serde_json::from_str(&data["data: ".len()..]).unwrap())
    }
}

fn name() -> KeyName {
    let (provider, step) = ("one".to_owned(), "token".to_owned());
    KeyName { provider, step, scope: None, resource: None, is_last: true, is_usual: true }
}

/// News of a provider, as often as that.
fn tell(news: &News, times: usize) {
    let key = TokenKey::of(&["planted key"]);
    news.named(key, &name());
    for _ in 0..times {
        news.notice(key, &Notice::SessionEnds { left: 86_400_000 });
    }
}

#[tokio::test]
async fn renewals_failures_and_logins_are_told() {
    let world = World::start("").await;
    let mut reader = Reader::open(&world).await;
    let client = world.client().await;
    let token = client.token(&Ask::of("one")).await.unwrap();
    let (event, data) = reader.event().await;
    assert_eq!((&*event, &data["provider"], &data["scope"]), ("renewed", &"one".into(), &"read".into()));
    assert_eq!((&data["fingerprint"], &data["expires_in"]), (&token.fingerprint.into(), &300.into()));

    world.endpoint.answers(Reply::with(401, r#"{"error":"invalid_client"}"#));
    client.token(&Ask::of("two")).await.unwrap_err();
    let (event, data) = reader.event().await;
    assert_eq!(
        (&*event, &data["provider"], &data["reason"]),
        ("failed", &"two".into(), &"credentials".into())
    );

    tell(&world.news, 1);
    let (event, data) = reader.event().await;
    assert_eq!((&*event, &data["ends_in"]), ("session_ends", &86_400.into()));
    assert_eq!(data["login_hint"], "chancela agent login one");
    world.news.notice(TokenKey::of(&["planted key"]), &Notice::LoginRequired);
    assert_eq!(reader.event().await.0, "login_required");
    world.stop().await;
    assert!(reader.next("event: ").await.is_none(), "the end of the agent is the end of the news");
}

#[tokio::test]
async fn a_slow_reader_is_dropped_and_the_others_are_not() {
    let world = World::start("ops = \"127.0.0.1:0\"").await;
    let mut slow = UnixStream::connect(&world.socket).await.unwrap();
    slow.write_all(b"GET /v1/events HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut quick = Reader::open(&world).await;
    until("the slow one is gone", async || {
        tell(&world.news, 20);
        // The quick one reads what there is.
        for _ in 0..20 {
            quick.event().await;
        }
        world.ops("/metrics").await.contains("chancela_agent_slow_readers_total 1")
    })
    .await;
    tell(&world.news, 1);
    assert_eq!(quick.event().await.0, "session_ends");
    // Its connection is closed and no place is taken by it.
    let mut rest = Vec::new();
    timeout(Duration::from_secs(10), slow.read_to_end(&mut rest)).await.unwrap().unwrap();
    until("one connection is left", async || {
        world.ops("/metrics").await.contains("chancela_agent_connections 1\n")
    })
    .await;
    world.stop().await;
}

#[tokio::test]
async fn only_so_many_may_listen() {
    let world = World::start("").await;
    let mut readers = Vec::new();
    for _ in 0..32 {
        readers.push(Reader::open(&world).await);
    }
    let answer = world.get("/v1/events").await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after: 30"), "{answer}");
    readers.pop();
    until("a place is free", async || {
        // A reader that is gone is noticed when there is something to say.
        tell(&world.news, 1);
        let mut stream = UnixStream::connect(&world.socket).await.unwrap();
        stream.write_all(b"GET /v1/events HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).await.unwrap();
        &status == b"HTTP/1.1 200"
    })
    .await;
    world.stop().await;
}

#[tokio::test]
async fn nobody_hears_of_providers_that_are_none_of_its_business() {
    let own = rustix::process::geteuid().as_raw();
    let rules = format!(
        "[[agent.allow]]\nuid = {own}\nproviders = [\"two\"]\n[[agent.allow]]\nuid = {own}\noperations = [\"token\"]"
    );
    let world = World::start(&rules).await;
    let mut reader = Reader::open(&world).await;
    let client = world.client().await;
    client.token(&Ask::of("one")).await.unwrap();
    client.token(&Ask::of("two")).await.unwrap();
    assert_eq!(reader.event().await.1["provider"], "two");
    let seen = client.status().await.unwrap();
    assert_eq!(seen.providers.iter().map(|one| &*one.provider).collect::<Vec<_>>(), ["two"]);
    world.stop().await;
}

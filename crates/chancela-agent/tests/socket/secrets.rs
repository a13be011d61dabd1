//! What must be nowhere: planted secrets, searched for in everything that comes out.

use crate::endpoint::{Reply, token};
use crate::world::{REFRESH, SECRET, World};
use chancela_agent::socket::Ask;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// One thread, so that everything that is logged is logged here.
#[tokio::test]
async fn secrets_are_in_no_answer_and_no_log_and_every_grant_is_in_the_log() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone());
    let _guard = tracing::subscriber::set_default(subscriber.with_ansi(false).finish());
    let world = World::start("ops = \"127.0.0.1:0\"\nprefetch = [\"one\"]").await;
    let mut events = UnixStream::connect(&world.socket).await.unwrap();
    events.write_all(b"GET /v1/events HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let body = format!(
        r#"{{"access_token":"TOKEN","token_type":"Bearer","expires_in":300,"refresh_token":"{REFRESH}"}}"#
    );
    world.endpoint.answers(Reply::with(200, &body));
    let client = world.client().await;
    let got = client.token(&Ask { scope: Some("pix.read".into()), ..Ask::of("one") }).await.unwrap();
    let answer = world.post(r#"{"provider":"one","scope":"pix.read"}"#).await;
    assert!(answer.contains(got.access_token.expose()));
    // Some providers repeat in their errors what they were sent.
    let echo =
        format!(r#"{{"error":"invalid_client","error_description":"no client has the secret {SECRET}"}}"#);
    world.endpoint.answers(Reply::with(401, &echo));
    let mut everything = vec![("answer", answer.replace(got.access_token.expose(), ""))];
    let refused = world.post(r#"{"provider":"two"}"#).await;
    assert!(refused.contains("no client has the secret ***"), "{refused}");
    everything.push(("refusal", refused));
    everything.push(("malformed", world.post(&format!(r#"{{"provider":"{SECRET}"}}"#)).await));
    everything.push(("status", world.get("/v1/status").await));
    everything.push(("metrics", world.ops("/metrics").await));
    everything.push(("debug", format!("{got:?} {client:?} {:?}", world.news)));
    let fingerprint = got.fingerprint.clone();
    world.stop().await;
    let mut heard = String::new();
    events.read_to_string(&mut heard).await.unwrap();
    assert!(heard.contains("event: renewed") && heard.contains("event: failed"), "{heard}");
    everything.push(("events", heard));
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for part in ["audit", "token handed out", &*fingerprint, "uid=", "pid=", "token refused", "credentials"] {
        assert!(log.contains(part), "{part} in {log}");
    }
    everything.push(("log", log));
    let tokens = (0..4).map(token);
    let planted: Vec<_> = tokens.chain([SECRET, REFRESH].map(str::to_owned)).collect();
    for (what, text) in everything {
        assert!(text.len() > 20, "{what}");
        for secret in &planted {
            assert!(!text.contains(secret), "{secret} in the {what}: {text}");
        }
    }
}

//! Who may call through a Unix socket, and what stands in the audit log.

use crate::api::{Api, token_of};
use crate::endpoint::Endpoint;
use crate::world::{World, exchange, status};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tokio::net::UnixStream;

const REQUEST: &[u8] = b"GET /a HTTP/1.1\r\nHost: bank.local\r\nOrigin: a\r\nConnection: close\r\n\r\n";

/// A proxy on a Unix socket, with these rules.
async fn start(rules: &str) -> (World, PathBuf) {
    let api = Api::start().await;
    let proxy =
        format!("listen = \"unix:FOLDER/run/bank.sock\"\nupstream = \"http://127.0.0.1:{}\"", api.port);
    let world = World::over(Endpoint::start().await, api, rules, &proxy);
    let path = world.folder.path().join("run/bank.sock");
    (world, path)
}

async fn call(path: &PathBuf) -> String {
    exchange(UnixStream::connect(path).await.unwrap(), REQUEST).await
}

fn own() -> u32 {
    rustix::process::geteuid().as_raw()
}

#[tokio::test]
async fn without_a_rule_the_own_user_alone_may_call() {
    let (world, path) = start("").await;
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(path.parent().unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(status(&call(&path).await), 200);
    assert_eq!(token_of(&world.api.only()), "planted-access-token-0");
    world.running.stop().await;
    assert!(!path.exists(), "the file goes with the proxy");
}

#[tokio::test]
async fn a_rule_for_calls_is_none_for_tokens_and_the_other_way_round() {
    for (operations, expected) in
        [("[\"call\"]", 200), ("[\"token\", \"status\", \"events\"]", 403), ("[]", 403)]
    {
        let (world, path) =
            start(&format!("[[agent.allow]]\nuid = {}\noperations = {operations}", own())).await;
        let answer = call(&path).await;
        assert_eq!(status(&answer), expected, "{operations}: {answer}");
        assert_eq!(world.api.seen().len(), usize::from(expected == 200));
    }
    let (world, path) = start(&format!("[[agent.allow]]\nuid = {}\nproviders = [\"two\"]", own())).await;
    assert_eq!(status(&call(&path).await), 403, "of another provider");
    let (other, path_of_other) = start(&format!("[[agent.allow]]\nuid = {}", own() + 1)).await;
    assert_eq!(status(&call(&path_of_other).await), 403, "of another user");
    assert_eq!(path_of_other.metadata().unwrap().permissions().mode() & 0o777, 0o660);
    assert!(world.api.seen().is_empty() && other.api.seen().is_empty() && path.exists());
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_has_who_called_and_neither_token_nor_path() {
    let log = Log::default();
    let to = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || to.clone());
    // Threads of the proxy are others than the test's.
    tracing::subscriber::set_global_default(subscriber.finish()).unwrap();
    let (world, path) = start("").await;
    call(&path).await;
    let all = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<_> =
        all.lines().filter(|line| line.contains("token used for a caller's requests")).collect();
    assert!(!lines.is_empty(), "{all}");
    let line = lines.iter().find(|line| line.contains(&format!("pid={}", std::process::id()))).unwrap();
    assert!(line.contains("audit") && line.contains(&format!("uid={}", own())), "{line}");
    assert!(line.contains("fingerprint=") && !all.contains("planted"), "{all}");
    drop(world);
}

//! The agent as a library, as a partner's program has it: a reqwest client whose requests carry tokens, at each dialect's API.

use crate::support::http::{Request, get};
use crate::support::process::command;
use crate::support::sandbox::Sandbox;
use crate::support::text;
use chancela_agent::agent::{Agent, Parts};
use chancela_agent::clock::SystemClock;
use chancela_agent::config::AgentConfig;
use chancela_agent::entropy::SystemEntropy;
use chancela_agent::layer::Replay;
use chancela_agent::middleware::AuthorizeMiddleware;
use chancela_agent::source::Surroundings;
use chancela_core::dialect::Library;
use reqwest::redirect::Policy;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use serde_json::Value;
use std::sync::Arc;
use tempfile::TempDir;

/// A sandbox, and the agent that `agent init` configures for it.
fn open(options: &[&str]) -> (Sandbox, TempDir, Agent) {
    let sandbox = Sandbox::with(options);
    let folder = TempDir::new().unwrap();
    let origin = text(sandbox.realm("standard"), "base_url").replace("/standard", "");
    let written = command()
        .args(["agent", "init", "--sandbox", &origin, "--folder"])
        .arg(folder.path().join("agent"))
        .output()
        .unwrap();
    assert!(written.status.success(), "{written:?}");
    let path = folder.path().join("agent/agent.toml");
    let config = AgentConfig::parse(&path, &std::fs::read_to_string(&path).unwrap()).unwrap();
    let parts = Parts {
        library: Library::builtin(),
        around: Arc::new(Surroundings::new(|_| None, std::io::empty())),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        observer: Arc::new(()),
        state: folder.path().join("state"),
        boot: None,
        memory: false,
        carrier: None,
    };
    let agent = Agent::open(config, parts).unwrap();
    (sandbox, folder, agent)
}

fn client(agent: &Agent, provider: &str) -> ClientWithMiddleware {
    let provider = AuthorizeMiddleware::new(agent.provider(provider).unwrap());
    let client = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
    ClientBuilder::new(client).with(provider.replay(Replay::SafeOrIdempotencyKey)).build()
}

/// The realm's protected resource.
fn resource(sandbox: &Sandbox, realm: &str) -> String {
    format!("{}/resource", text(sandbox.realm(realm), "base_url"))
}

fn requests(sandbox: &Sandbox, realm: &str) -> usize {
    let origin = text(sandbox.realm("standard"), "base_url").replace("/standard", "");
    let list = get(&format!("{origin}/_sandbox/requests")).json();
    let all = list["requests"].as_array().unwrap().iter();
    all.filter(|one| one["realm"] == realm && one["endpoint"] == "token").count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_apis_of_the_dialects_take_what_a_reqwest_client_sends() {
    let (sandbox, _folder, agent) = open(&["--all", "--danger-fault-control"]);
    // The others bind their tokens to a certificate, which an API sees over TLS alone.
    for realm in ["bs2", "celcash", "vantage", "banco-do-brasil", "btg", "celcoin", "cora", "standard"] {
        let client = client(&agent, realm);
        for _ in 0..2 {
            let answer = client.get(resource(&sandbox, realm)).send().await.unwrap();
            let status = answer.status();
            let body = answer.text().await.unwrap();
            assert_eq!(status, 200, "{realm}: {body}");
            let claims: Value = serde_json::from_str(&body).unwrap();
            assert!(claims["client_id"].is_string(), "{realm}: {claims}");
        }
        assert_eq!(requests(&sandbox, realm), 1, "{realm}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_401_renews_the_token_and_repeats_what_may_be_repeated() {
    let (sandbox, _folder, agent) = open(&["--danger-fault-control"]);
    let client = client(&agent, "bs2");
    let resource = resource(&sandbox, "bs2");
    assert_eq!(client.get(&resource).send().await.unwrap().status(), 200);
    let revoke = async || {
        let record = agent.provider("bs2").unwrap();
        let token = record.token(Default::default(), std::time::Duration::from_secs(5)).await.unwrap();
        let token = token.served.token.access_token.expose().to_owned();
        let realm = sandbox.realm("bs2");
        let demo = crate::support::sandbox::client(realm, "demo");
        let fields = [
            ("token", token.as_str()),
            ("client_id", text(demo, "client_id")),
            ("client_secret", text(demo, "client_secret")),
        ];
        assert_eq!(Request::form(text(&realm["endpoints"], "revocation"), &fields).send().status, 200);
    };
    revoke().await;
    let answer = client.get(&resource).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), requests(&sandbox, "bs2")), (200, 2), "renewed, and sent again");
    // A second refusal within the minute is the answer.
    revoke().await;
    assert_eq!(client.get(&resource).send().await.unwrap().status(), 401);
    assert_eq!(requests(&sandbox, "bs2"), 2);
}

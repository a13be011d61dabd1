//! Logins at a provider that answers as no good one does: what is refused is dropped, and what is less is told.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use chancela_agent::agent::{Agent, Parts};
use chancela_agent::clock::SystemClock;
use chancela_agent::config::AgentConfig;
use chancela_agent::engine::{Reason, Record};
use chancela_agent::entropy::SystemEntropy;
use chancela_agent::login::{LoggedIn, LoginError, LoginRequest, Pending, Revocation, logout};
use chancela_agent::provider::Request;
use chancela_agent::source::Surroundings;
use chancela_core::dialect::Library;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A provider that says what the test wrote down, and remembers what it was asked.
struct Provider {
    address: String,
    /// Status and body; nothing at all for a status of 0.
    answers: Mutex<VecDeque<(u16, String)>>,
    asked: Mutex<Vec<String>>,
}

impl Provider {
    async fn start() -> Arc<Self> {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap().to_string();
        let own = Arc::new(Self { address, answers: Mutex::default(), asked: Mutex::default() });
        let provider = Arc::clone(&own);
        tokio::spawn(async move {
            while let Ok((stream, _)) = socket.accept().await {
                provider.talk(stream).await;
            }
        });
        own
    }

    async fn talk(&self, mut stream: TcpStream) {
        let mut text = String::new();
        let mut buffer = [0; 4096];
        loop {
            let read = stream.read(&mut buffer).await.unwrap();
            text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head
                .lines()
                .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if read == 0 || body.len() >= length.unwrap_or(0) {
                break;
            }
        }
        self.asked.lock().unwrap().push(text);
        let (status, body) = self.answers.lock().unwrap().pop_front().expect("one question too many");
        if status > 0 {
            let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    }

    fn will_say(&self, status: u16, body: impl Into<String>) {
        self.answers.lock().unwrap().push_back((status, body.into()));
    }

    /// Paths and bodies of what was asked since the last time.
    fn asked(&self) -> Vec<(String, String)> {
        let all = std::mem::take(&mut *self.asked.lock().unwrap());
        all.iter()
            .map(|text| {
                let (head, body) = text.split_once("\r\n\r\n").unwrap();
                (head.split(' ').nth(1).unwrap().to_owned(), body.to_owned())
            })
            .collect()
    }

    fn agent(&self, more: &str) -> Agent {
        self.agent_with("login.redirect = \"https://app.example/done\"", more)
    }

    fn agent_with(&self, redirect: &str, more: &str) -> Agent {
        let config = format!(
            "[provider.p]\ndialect = \"standard\"\naddress = \"http://{}\"\nclient_id = \"app\"\nmethod = \"none\"\n\
             grant = \"authorization_code\"\nscope = \"openid a b\"\n{redirect}\n{more}",
            self.address
        );
        let parts = Parts {
            library: Library::builtin(),
            around: Arc::new(Surroundings::new(|_| None, std::io::empty())),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            observer: Arc::new(()),
            state: std::env::temp_dir(),
            boot: None,
            memory: true,
            carrier: None,
        };
        Agent::open(AgentConfig::parse(Path::new("agent.toml"), &config).unwrap(), parts).unwrap()
    }
}

async fn begin(agent: &Agent) -> Pending {
    Pending::begin(agent, "p", &LoginRequest { memory: true, ..LoginRequest::default() }).await.unwrap()
}

async fn log_in(agent: &Agent) -> Result<LoggedIn, LoginError> {
    let pending = begin(agent).await;
    let answer = pending.paste("CODE").unwrap();
    pending.finish(answer).await
}

async fn kept(agent: &Agent) -> Record {
    agent.record(agent.provider("p").unwrap().key(Request::default()).await.unwrap()).unwrap()
}

fn id_token(claims: &str) -> String {
    ["e30", &BASE64URL.encode(claims), "c2ln"].join(".")
}

#[tokio::test]
async fn an_id_token_of_another_login_drops_what_came_with_it() {
    let provider = Provider::start().await;
    let agent = provider.agent("");
    let id_token = id_token("{\"nonce\":\"another\"}");
    provider.will_say(
        200,
        format!("{{\"access_token\":\"A\",\"refresh_token\":\"R\",\"id_token\":\"{id_token}\"}}"),
    );
    provider.will_say(200, "");
    let error = log_in(&agent).await.unwrap_err();
    assert!(matches!(error, LoginError::Nonce { .. }), "{error}");
    assert_eq!(kept(&agent).await, Record::default());
    let asked = provider.asked();
    assert_eq!((asked[1].0.as_str(), asked[1].1.as_str()), ("/oauth/revoke", "token=R&client_id=app"));
}

#[tokio::test]
async fn a_code_is_sent_once_even_if_its_answer_is_lost_or_refused() {
    let provider = Provider::start().await;
    let agent = provider.agent("");
    for (status, body) in [(0, ""), (503, ""), (200, "<html>"), (400, "{\"error\":\"invalid_grant\"}")] {
        provider.will_say(status, body);
        let error = log_in(&agent).await.unwrap_err();
        assert!(matches!(error, LoginError::Transport { .. } | LoginError::Refused { .. }), "{error}");
        let asked = provider.asked();
        assert!(asked.len() == 1 && asked[0].1.contains("code=CODE"), "{asked:?}");
        assert_eq!(kept(&agent).await, Record::default());
    }
}

#[tokio::test]
async fn a_failed_login_leaves_the_session_before_it() {
    let provider = Provider::start().await;
    let agent = provider.agent("");
    provider.will_say(200, "{\"access_token\":\"A\",\"refresh_token\":\"R\",\"expires_in\":300}");
    log_in(&agent).await.unwrap();
    let before = kept(&agent).await;
    assert_eq!(before.session.as_ref().unwrap().refresh_token.expose(), "R");
    provider.will_say(400, "{\"error\":\"invalid_grant\"}");
    log_in(&agent).await.unwrap_err();
    assert_eq!(kept(&agent).await, before);
    provider.will_say(200, "{\"access_token\":\"B\",\"refresh_token\":\"S\",\"expires_in\":300}");
    log_in(&agent).await.unwrap();
    let after = kept(&agent).await;
    assert_eq!(
        (after.generation, after.session.unwrap().refresh_token.expose()),
        (before.generation + 1, "S")
    );
}

/// RFC 6749 section 5.1.
#[tokio::test]
async fn less_than_was_asked_for_is_told() {
    let provider = Provider::start().await;
    let agent = provider.agent("");
    provider.will_say(200, "{\"access_token\":\"A\",\"scope\":\"openid a\",\"expires_in\":300}");
    let login = log_in(&agent).await.unwrap();
    assert_eq!((login.scope.as_deref(), login.withheld), (Some("openid a"), vec!["b".to_owned()]));
    assert_eq!((login.renewable, login.session_ends_at), (false, None), "no refresh token came");
    assert!((1..=300_000).contains(&login.token_left));
    let token = agent.provider("p").unwrap().token(Request::default(), Duration::from_secs(5)).await.unwrap();
    assert_eq!(token.served.token.access_token.expose(), "A");
    provider.asked();
    provider.will_say(400, "{\"error\":\"unsupported_token_type\"}");
    let ended = logout(&agent, "p", None, None).await.unwrap();
    assert!(ended.was_logged_in && matches!(ended.revocation, Revocation::Failed(_)), "{ended:?}");
    assert!(provider.asked()[0].1.starts_with("token=A"), "without a refresh token, the access token");
    let gone = agent.provider("p").unwrap().token(Request::default(), Duration::from_secs(5)).await;
    assert_eq!(gone.unwrap_err().reason(), Some(Reason::LoginRequired));
}

#[tokio::test]
async fn an_answer_that_comes_elsewhere_is_pasted_and_not_waited_for() {
    let provider = Provider::start().await;
    let agent = provider.agent("");
    let mut pending = begin(&agent).await;
    assert_eq!(
        (pending.port(), pending.tunnel("x"), pending.redirect_uri()),
        (None, None, "https://app.example/done")
    );
    let error = pending.answer(Duration::from_secs(60)).await.unwrap_err();
    assert!(matches!(error, LoginError::PasteOnly), "{error}");
}

#[tokio::test]
async fn what_a_login_cannot_do_is_said_before_anybody_logs_in() {
    let provider = Provider::start().await;
    let refused = |agent: Agent| async move {
        Pending::begin(&agent, "p", &LoginRequest { memory: true, ..LoginRequest::default() })
            .await
            .unwrap_err()
            .to_string()
    };
    for (more, said) in [
        ("login.parameters = { state = \"x\" }", "the parameter state is set by the login itself"),
        ("login.parameters = { response_mode = \"form_post\" }", "the parameter response_mode is set by"),
        (
            "login.parameters = { prompt = \"none\" }\nlogin.prompt = \"login\"",
            "the parameter prompt is set by",
        ),
    ] {
        let error = refused(provider.agent(more)).await;
        assert!(error.starts_with("p: ") && error.contains(said), "{error}");
    }
    let error = refused(provider.agent_with("", "")).await;
    assert!(error.contains("login.redirect is missing; give the redirect URI"), "{error}");
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let redirect = format!("login.redirect = \"http://{}/callback\"", taken.local_addr().unwrap());
    let error = refused(provider.agent_with(&redirect, "")).await;
    assert!(error.contains("cannot be listened on") && error.contains("port 0 takes any"), "{error}");
    let error = Pending::begin(&provider.agent(""), "q", &LoginRequest::default()).await.unwrap_err();
    assert!(error.to_string().ends_with("it has: p"), "{error}");
    assert!(provider.asked().is_empty());
}

//! Logins of the agent against the sandbox: a real browser's requests, real ports, a cache on disk, and a clock that both
//! sides share.

use crate::support::browser::{Browser, Wish};
use crate::support::http::{Request, get};
use crate::support::sandbox::{Sandbox, client};
use crate::support::text;
use chancela_agent::agent::{Agent, Parts};
use chancela_agent::cache::create_key;
use chancela_agent::clock::{Clock, SystemClock};
use chancela_agent::config::AgentConfig;
use chancela_agent::engine::{Fingerprint, Moment, Reason};
use chancela_agent::entropy::SystemEntropy;
use chancela_agent::login::{LoggedIn, LoginError, LoginRequest, Pending, Revocation, logout};
use chancela_agent::provider;
use chancela_agent::source::Surroundings;
use chancela_core::dialect::Library;
use chancela_core::message::authorization_response::AuthorizationAnswerError;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const DAY: i64 = 86_400;
const SECONDS: Duration = Duration::from_secs(20);

/// The machine's clock, and how much the test has added to it.
#[derive(Default)]
struct Ahead(AtomicI64);

impl Clock for Ahead {
    fn now(&self) -> Moment {
        let (now, more) = (SystemClock.now(), self.0.load(Ordering::Relaxed));
        Moment { wall: now.wall + more, boot: now.boot + more }
    }
}

struct World {
    sandbox: Sandbox,
    realm: &'static str,
    folder: TempDir,
    clock: Arc<Ahead>,
}

impl World {
    fn new(realm: &'static str) -> Self {
        let folder = TempDir::new().unwrap();
        create_key(&folder.path().join("key"), &SystemEntropy).unwrap();
        let sandbox = Sandbox::with(&["--danger-clock-control"]);
        let secret = text(client(sandbox.realm(realm), "demo"), "client_secret").to_owned();
        std::fs::write(folder.path().join("secret"), secret).unwrap();
        Self { sandbox, realm, folder, clock: Arc::default() }
    }

    /// An agent with this scope, as another process would be: it shares nothing with the others but the cache.
    fn agent(&self, scope: &str, cache: bool) -> Agent {
        let (realm, folder) = (self.sandbox.realm(self.realm), self.folder.path().display());
        let cache = if cache {
            format!("[cache]\nkey = \"file:{folder}/key\"\nfolder = \"{folder}/state\"\n")
        } else {
            String::new()
        };
        let config = format!(
            "{cache}[provider.{0}]\naddress = \"{1}\"\nclient_id = \"{2}\"\nclient_secret = \"file:{folder}/secret\"\n\
             environment = \"{3}\"\ngrant = \"authorization_code\"\nscope = \"{scope}\"\n\
             login.redirect = \"http://127.0.0.1:0/callback\"\n",
            self.realm,
            text(realm, "base_url"),
            text(client(realm, "demo"), "client_id"),
            text(realm, "environment"),
        );
        let parts = Parts {
            library: Library::builtin(),
            around: Arc::new(Surroundings::new(|_| None, std::io::empty())),
            clock: Arc::<Ahead>::clone(&self.clock),
            entropy: Arc::new(SystemEntropy),
            observer: Arc::new(()),
            state: self.folder.path().join("state"),
            boot: None,
            carrier: None,
            memory: false,
        };
        Agent::open(AgentConfig::parse(Path::new("agent.toml"), &config).unwrap(), parts).unwrap()
    }

    /// Lets time pass for the sandbox and for every agent.
    fn pass(&self, seconds: i64) {
        let base = text(self.sandbox.realm(self.realm), "base_url");
        let base = base.strip_suffix(self.realm).unwrap();
        let answer =
            Request::json(format!("{base}_sandbox/clock"), &json!({ "advance_seconds": seconds })).send();
        assert_eq!(answer.status, 200);
        self.clock.0.fetch_add(seconds * 1000, Ordering::Relaxed);
    }

    /// Where the browser goes after a person logged in at this address.
    async fn visit(&self, url: &str, wish: Wish) -> String {
        let user = &self.sandbox.realm(self.realm)["users"][0];
        let (name, password) = (text(user, "username").to_owned(), text(user, "password").to_owned());
        let url = url.to_owned();
        tokio::task::spawn_blocking(move || Browser::log_in(&url, &name, &password, wish)).await.unwrap()
    }

    async fn log_in(&self, agent: &Agent) -> LoggedIn {
        let mut pending = self.begin(agent).await;
        let location = self.visit(pending.url(), Wish::Allow).await;
        let page = bring(&location).await;
        assert_eq!(page.0, 200, "{}", page.1);
        let answer = pending.answer(SECONDS).await.unwrap();
        pending.finish(answer).await.unwrap()
    }

    async fn begin(&self, agent: &Agent) -> Pending {
        let request = LoginRequest { memory: !agent.keeps(), ..LoginRequest::default() };
        Pending::begin(agent, self.realm, &request).await.unwrap()
    }

    async fn token(&self, agent: &Agent) -> Result<Fingerprint, Reason> {
        let provider = agent.provider(self.realm).unwrap();
        match provider.token(provider::Request::default(), SECONDS).await {
            Ok(authorized) => Ok(authorized.served.token.fingerprint),
            Err(error) => Err(error.reason().unwrap_or_else(|| panic!("{error}"))),
        }
    }

    async fn refresh_token(&self, agent: &Agent) -> String {
        let key = agent.provider(self.realm).unwrap().key(provider::Request::default()).await.unwrap();
        agent.record(key).unwrap().session.unwrap().refresh_token.expose().to_owned()
    }

    /// What the token endpoint answers to this, with the client's credentials.
    fn exchange(&self, fields: &[(&str, &str)]) -> (u16, serde_json::Value) {
        let realm = self.sandbox.realm(self.realm);
        let own = client(realm, "demo");
        let credentials =
            [("client_id", text(own, "client_id")), ("client_secret", text(own, "client_secret"))];
        let fields = [fields, &credentials].concat();
        let answer = Request::form(text(&realm["endpoints"], "token"), &fields).send();
        (answer.status, answer.json()["error"].clone())
    }
}

/// Follows a redirect to the agent.
async fn bring(location: &str) -> (u16, String) {
    let location = location.to_owned();
    tokio::task::spawn_blocking(move || get(&location))
        .await
        .map(|answer| (answer.status, answer.text()))
        .unwrap()
}

const VANTAGE: &str = "openid permissions global.wildcard offline_access";

fn query<'a>(url: &'a str, name: &str) -> &'a str {
    let found = url.split(['?', '&', '#']).find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    found.unwrap_or_else(|| panic!("no {name}: {url}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_is_renewed_for_thirty_days_and_not_a_day_longer() {
    let world = World::new("vantage");
    let agent = world.agent(VANTAGE, true);
    assert_eq!(world.token(&agent).await, Err(Reason::LoginRequired));
    let begun = world.clock.now().wall / 1000;
    let login = world.log_in(&agent).await;
    let ends_at = login.session_ends_at.unwrap();
    assert!(login.renewable && login.withheld.is_empty(), "{login:?}");
    assert!((30 * DAY..30 * DAY + 60).contains(&(ends_at - begun)), "{login:?}");
    let first = world.token(&agent).await.unwrap();
    let other = world.agent(VANTAGE, true);
    assert_eq!(world.token(&other).await, Ok(first), "another process serves it from the cache");
    let mut seen = vec![first];
    for days in [2, 10, 10, 7] {
        world.pass(days * DAY);
        let token = world.token(&agent).await.unwrap();
        assert!(!seen.contains(&token));
        assert_eq!(world.token(&other).await, Ok(token), "and what the first one has renewed");
        seen.push(token);
        let status = agent.tokens().status();
        let status = status.iter().find(|status| status.has_session).unwrap();
        assert_eq!(status.session_ends_at, Some(ends_at), "a renewal does not prolong it");
    }
    world.pass(DAY + 60);
    assert_eq!(world.token(&agent).await, Err(Reason::LoginRequired));
    world.log_in(&agent).await;
    assert!(!seen.contains(&world.token(&agent).await.unwrap()));
}

/// RFC 7009.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_logout_ends_the_session_here_and_at_the_provider() {
    let world = World::new("vantage");
    let agent = world.agent(VANTAGE, true);
    world.log_in(&agent).await;
    world.token(&agent).await.unwrap();
    let running = world.agent(VANTAGE, true);
    world.token(&running).await.unwrap();
    let refresh = world.refresh_token(&agent).await;
    let ended = logout(&agent, "vantage", None, None).await.unwrap();
    assert!(ended.was_logged_in && matches!(ended.revocation, Revocation::Done), "{ended:?}");
    for agent in [&agent, &world.agent(VANTAGE, true)] {
        assert_eq!(world.token(agent).await, Err(Reason::LoginRequired));
    }
    let spent = world.exchange(&[("grant_type", "refresh_token"), ("refresh_token", &refresh)]);
    assert_eq!(spent, (400, json!("invalid_grant")));
    // A process that serves the session's token hears of its end within seconds, and not when the token ends.
    world.pass(10);
    let start = Instant::now();
    while world.token(&running).await.is_ok() {
        assert!(start.elapsed() < SECONDS, "the token of a session that is over is served");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let again = logout(&agent, "vantage", None, None).await.unwrap();
    assert!(!again.was_logged_in && matches!(again.revocation, Revocation::Nothing), "{again:?}");
    world.log_in(&agent).await;
    world.token(&agent).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_logout_ends_the_session_here_though_the_provider_is_not_there() {
    let mut world = World::new("vantage");
    let agent = world.agent(VANTAGE, true);
    world.log_in(&agent).await;
    world.sandbox.process.kill();
    let ended = logout(&agent, "vantage", None, None).await.unwrap();
    let Revocation::Failed(error) = ended.revocation else { panic!("{ended:?}") };
    assert!(error.to_string().ends_with("end it on the provider's own pages"), "{error}");
    assert_eq!(world.token(&agent).await, Err(Reason::LoginRequired));
}

/// RFC 7636: a code is worth nothing without its verifier, neither to a thief nor to another login of the same client.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stolen_code_opens_nothing() {
    let world = World::new("vantage");
    let agent = world.agent(VANTAGE, true);
    let (victim, thief) = (world.begin(&agent).await, world.begin(&agent).await);
    let location = world.visit(victim.url(), Wish::Allow).await;
    let code = query(&location, "code");
    for verifier in [None, Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")] {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", victim.redirect_uri()),
        ];
        fields.extend(verifier.map(|verifier| ("code_verifier", verifier)));
        assert_eq!(world.exchange(&fields).0, 400);
    }
    let pasted = thief.paste(&location).unwrap_err();
    assert!(matches!(pasted, LoginError::Pasted { .. }), "another port: {pasted}");
    let answer = thief.paste(code).unwrap();
    let error = thief.finish(answer).await.unwrap_err();
    assert!(matches!(error, LoginError::Refused { .. }), "{error}");
    assert!(!error.to_string().contains(code));
    assert_eq!(world.token(&agent).await, Err(Reason::LoginRequired));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_send_to_the_port_ends_no_login_and_the_answer_counts_once() {
    let world = World::new("vantage");
    let agent = world.agent(VANTAGE, true);
    let mut pending = world.begin(&agent).await;
    let shown = format!("{pending:?}");
    for name in ["state", "nonce", "code_challenge"] {
        assert!(!shown.contains(query(pending.url(), name)));
    }
    let wrong = format!("{}?code=C&state=another", pending.redirect_uri());
    assert_eq!(bring(&wrong).await.0, 400);
    let location = world.visit(pending.url(), Wish::Allow).await;
    assert_eq!(bring(&location).await.0, 200);
    assert_eq!(bring(&location).await.0, 409);
    let answer = pending.answer(SECONDS).await.unwrap();
    let later = pending.answer(Duration::from_millis(10)).await.unwrap_err();
    assert!(matches!(later, LoginError::TimedOut), "{later}");
    pending.finish(answer).await.unwrap();
    world.token(&agent).await.unwrap();
}

/// RFC 6749 section 4.1.2.1.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_who_refuses_is_heard() {
    let world = World::new("vantage");
    let agent = world.agent(VANTAGE, true);
    let mut pending = world.begin(&agent).await;
    let location = world.visit(pending.url(), Wish::Refuse).await;
    let (status, page) = bring(&location).await;
    assert!(status == 200 && page.contains("refused the login"), "{page}");
    let error = pending.answer(SECONDS).await.unwrap_err();
    let LoginError::Answer(AuthorizationAnswerError::Refused { error: said, .. }) = &error else {
        panic!("{error}")
    };
    assert_eq!(said.as_str(), "access_denied");
    assert!(error.to_string().ends_with("begin the login anew"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_address_that_the_browser_shows_can_be_pasted_and_so_can_the_code() {
    let world = World::new("vantage");
    let agent = world.agent(VANTAGE, true);
    for whole in [true, false] {
        let pending = world.begin(&agent).await;
        let location = world.visit(pending.url(), Wish::Allow).await;
        let text = if whole { location.as_str() } else { query(&location, "code") };
        let answer = pending.paste(text).unwrap();
        pending.finish(answer).await.unwrap();
    }
    world.token(&agent).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_that_nothing_keeps_is_refused_unless_that_is_wanted() {
    let world = World::new("bs2");
    let agent = world.agent("cob.read pix.read", false);
    let error = Pending::begin(&agent, "bs2", &LoginRequest::default()).await.unwrap_err();
    assert!(error.to_string().contains("give the configuration a [cache] with a key"), "{error}");
    let login = world.log_in(&agent).await;
    assert!(login.renewable);
    let first = world.token(&agent).await.unwrap();
    let kept = world.agent("cob.read pix.read", true);
    assert_eq!(world.token(&kept).await, Err(Reason::LoginRequired));
    world.pass(415);
    let second = world.token(&agent).await.unwrap();
    assert_ne!(first, second);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_that_cannot_begin_says_what_to_do() {
    let world = World::new("vantage");
    let agent = world.agent("openid", true);
    let error = Pending::begin(&agent, "vantage", &LoginRequest::default()).await.unwrap_err();
    assert!(error.to_string().contains("ask for exactly: openid permissions global.wildcard"), "{error}");
    let prompt = LoginRequest { scope: Some(VANTAGE), prompt: Some("login"), ..LoginRequest::default() };
    let pending = Pending::begin(&agent, "vantage", &prompt).await.unwrap();
    assert_eq!(query(pending.url(), "prompt"), "login");
    assert_eq!(query(pending.url(), "code_challenge_method"), "S256");
    let port = pending.port().unwrap();
    assert_eq!(pending.tunnel("dev.example"), Some(format!("ssh -L {port}:127.0.0.1:{port} dev.example")));
    assert!(!pending.open_browser(), "there is no screen");
}

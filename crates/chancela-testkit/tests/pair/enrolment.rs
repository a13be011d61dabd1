//! Enrolment against the real server, whichever request fails and however: the law of its journal. And weeks of renewals that
//! nobody asks for, with outages.

use chancela_agent::agent::{Agent, Parts};
use chancela_agent::config::AgentConfig;
use chancela_agent::enrolment::{Enrolment, EnrolmentError, Outcome, Wish};
use chancela_agent::identity::ClientIdentity;
use chancela_agent::provider::Request;
use chancela_agent::source::Surroundings;
use chancela_agent::tokens::BoxFuture;
use chancela_agent::transport::{Carrier, Target, TransportError};
use chancela_core::dialect::Library;
use chancela_core::entropy::Seeded;
use chancela_core::x509::Certificate;
use chancela_server::control::{Command, NewClient};
use chancela_testkit::pair::{MTLS, Pair, Weather, Wire, realms};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tempfile::TempDir;

const DAY: i64 = 86_400_000;
/// How long a caller waits for a token.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most requests that an enrolment has.
const REQUESTS: usize = 4;

/// A wire on which one request has other weather.
#[derive(Debug)]
struct Nth {
    wire: Arc<Wire>,
    at: usize,
    how: Weather,
    sent: AtomicUsize,
}

impl Carrier for Nth {
    fn carry<'a>(
        &'a self,
        target: &'a Target,
        identity: Option<&'a ClientIdentity>,
        request: http::Request<bytes::Bytes>,
    ) -> BoxFuture<'a, Result<http::Response<bytes::Bytes>, TransportError>> {
        Box::pin(async move {
            let is_struck = self.sent.fetch_add(1, Ordering::SeqCst) == self.at;
            self.wire.turn(if is_struck { self.how } else { Weather::Fair });
            let answer = self.wire.carry(target, identity, request).await;
            self.wire.turn(Weather::Fair);
            answer
        })
    }
}

/// A partner with a folder of its own, and nothing else yet.
struct Partner<'a> {
    pair: &'a Pair,
    folder: TempDir,
    client_id: String,
    config: String,
}

impl<'a> Partner<'a> {
    async fn new(pair: &'a Pair, more: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let registers = !pair.dialect().registration.token_endpoint.is_empty();
        let gives_secret = pair.dialect().certificate_issuance.is_text();
        let first = if registers { "token" } else { "sandbox" };
        let new = NewClient {
            scope: Some(pair.dialect().scopes.keys().cloned().collect::<Vec<_>>().join(" ")),
            organization: registers.then(|| format!("org-{}", folder.path().display()).replace('/', "_")),
            token_endpoint: registers.then(|| first.to_owned()),
            ..NewClient::default()
        };
        let organization = new.organization.clone().unwrap_or_default();
        let shown = pair.control(Command::ClientCreate(Box::new(new))).await;
        let text = |member: &str| shown[member].as_str().unwrap().to_owned();
        let place = |name: &str| format!("\"file:{}\"", folder.path().join(name).display());
        let secret = folder.path().join("partner.secret");
        std::fs::write(&secret, text("client_secret")).unwrap();
        let own = format!("\"{}\"", text("client_id"));
        let id = if registers { place("own.id") } else { own.clone() };
        let mut config = format!(
            "[provider.p]\ndialect = \"{}\"\nenvironment = \"{}\"\naddress = \"{MTLS}\"\nclient_id = {id}\ncertificate = {}\n",
            pair.dialect().name,
            pair.realm().environment,
            place("own.pem"),
        );
        if registers {
            config.push_str("scope = \"boleto.read\"\n");
        }
        if gives_secret {
            config.push_str(&format!("client_secret = {}\n", place("own.secret")));
        }
        config.push_str(&format!(
            "[provider.p.enrollment]\nendpoint = \"{first}\"\nclient_secret = {}\n{more}",
            place("partner.secret")
        ));
        if registers {
            config.push_str(&format!("client_id = {own}\norganization = \"{organization}\"\n"));
        }
        Self { pair, folder, client_id: text("client_id"), config }
    }

    /// One process of the partner's.
    fn agent(&self, carrier: Arc<dyn Carrier>) -> Agent {
        let config = AgentConfig::parse(Path::new("agent.toml"), &self.config).unwrap();
        let parts = Parts {
            library: Library::builtin(),
            around: Arc::new(Surroundings::new(|_| None, std::io::empty())),
            clock: Arc::new(self.pair.clock.clone()),
            entropy: Arc::new(Seeded::new(self.pair.clock.elapsed().unsigned_abs() + 1)),
            observer: Arc::new(()),
            state: self.folder.path().join("state"),
            boot: None,
            memory: true,
            carrier: Some(carrier),
        };
        Agent::open(config, parts).unwrap()
    }

    fn place(&self) -> PathBuf {
        self.folder.path().join("own.pem")
    }

    fn certificate(&self) -> Option<Certificate> {
        let text = std::fs::read_to_string(self.place()).ok()?;
        Some(Certificate::parse_pem_chain(&text).unwrap().remove(0))
    }

    /// Whether the files in their places give a token to a process that was just started.
    async fn has_token(&self) -> bool {
        let agent = self.agent(Arc::clone(&self.pair.wire) as _);
        let Ok(provider) = agent.provider("p") else { return false };
        provider.token(Request::default(), PATIENCE).await.is_ok()
    }

    /// Runs with one request struck, then as a person would until it is done. Returns whether an order's outcome was unknown.
    async fn go(&self, renew: bool, at: usize, how: Weather) -> bool {
        let struck = Nth { wire: Arc::clone(&self.pair.wire), at, how, sent: AtomicUsize::new(0) };
        let agent = self.agent(Arc::new(struck));
        let wish = Wish { renew, ..Wish::default() };
        let mut last = Enrolment::open(&agent, "p").unwrap().run(&wish).await;
        let (mut uncertain, mut rounds) = (false, 0);
        while let Err(error) = last {
            assert!(rounds < 3, "{at} {how:?}: {error}");
            rounds += 1;
            // Whatever went wrong: what is in its place works, and is the old one if there was one.
            assert_eq!(self.place().exists(), renew, "{at} {how:?}: {error}");
            assert!(!renew || self.has_token().await, "{at} {how:?}: {error}");
            let again = matches!(error, EnrolmentError::Uncertain { .. });
            uncertain |= again;
            if again && self.pair.dialect().certificate_issuance.is_text() {
                self.mail_again().await;
            }
            let agent = self.agent(Arc::clone(&self.pair.wire) as _);
            last = Enrolment::open(&agent, "p").unwrap().run(&Wish { again, ..wish.clone() }).await;
        }
        assert!(matches!(last, Ok(Outcome::Enrolled { .. })));
        uncertain
    }

    /// With the answer that was lost went the client's secret; its owner asks the provider for the next one.
    async fn mail_again(&self) {
        let command = Command::ClientRotateSecret { client_id: self.client_id.clone(), overlap: 0 };
        let shown = self.pair.control(command).await;
        let secret = shown["client_secret"].as_str().unwrap();
        std::fs::write(self.folder.path().join("partner.secret"), secret).unwrap();
    }

    /// Orders that the server has fulfilled since the last time.
    fn orders(&self) -> usize {
        let issuance = &self.pair.dialect().certificate_issuance;
        let (before, _) = issuance.path.split_once('{').unwrap_or((&issuance.path, ""));
        let renewal = issuance.renewal_path.as_deref().unwrap_or(before);
        let arrived = self.pair.wire.take();
        let told = arrived.iter().filter(|one| one.path.starts_with(before) || one.path == renewal);
        told.filter(|one| one.status.is_success()).count()
    }
}

/// Realms whose providers give certificates in one of the two ways.
async fn pairs() -> Vec<Pair> {
    let mut out = Vec::new();
    for realm in realms().into_iter().filter(|realm| ["bankly", "itau"].contains(&realm.name())) {
        out.push(Pair::open(&realm).await);
    }
    out
}

#[tokio::test(start_paused = true)]
async fn whichever_request_fails_nothing_is_ordered_twice_and_nothing_in_use_is_lost() {
    for pair in pairs().await {
        for how in [Weather::Unreachable, Weather::Unavailable, Weather::Silent] {
            for at in 0..REQUESTS {
                let partner = Partner::new(&pair, "").await;
                pair.wire.take();
                let uncertain = partner.go(false, at, how).await;
                let case = format!("{} {at} {how:?}", pair.dialect().name);
                assert!(partner.has_token().await, "{case}");
                let orders = partner.orders();
                assert_eq!(orders, 1 + usize::from(uncertain), "{case}");
                assert!(!uncertain || how == Weather::Silent, "{case}");
                let first = partner.certificate().unwrap();
                // One that was lost counts at the provider, and leaves no room for the next.
                if !uncertain {
                    let room_for_one = how == Weather::Silent;
                    if room_for_one && at < 2 {
                        continue;
                    }
                    let uncertain = partner.go(true, at, how).await;
                    assert!(!uncertain, "{case}");
                    assert_ne!(partner.certificate().unwrap().sha256, first.sha256, "{case}");
                    assert!(partner.has_token().await, "{case}");
                    assert_eq!(partner.orders(), 1, "{case}");
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_keeps_its_certificate_through_weeks_and_outages() {
    let pair = pairs().await.remove(0);
    let partner = Partner::new(&pair, "lifetime = \"4d\"\nrenew_before = \"2d\"\n").await;
    let agent = partner.agent(Arc::clone(&pair.wire) as _);
    let enrolment = Enrolment::open(&agent, "p").unwrap();
    assert_eq!(enrolment.renew_if_due().await.unwrap(), None, "the first one is a person's to get");
    enrolment.run(&Wish::default()).await.unwrap();
    let provider = agent.provider("p").unwrap();
    let (mut renewals, mut failures) = (0, 0);
    partner.orders();
    for hour in 0..21 * 24 {
        // Each third day the provider is away for half of one.
        let is_away = hour % 72 > 60;
        pair.wire.turn(if is_away { Weather::Unreachable } else { Weather::Fair });
        pair.clock.sleep(DAY / 24);
        match enrolment.renew_if_due().await {
            Ok(None) => {}
            Ok(Some(_)) => {
                renewals += 1;
                assert!(provider.reload_identity());
            }
            Err(_) => failures += 1,
        }
        pair.wire.turn(Weather::Fair);
        let left = partner.certificate().unwrap().not_after * 1000 - agent.clock().now().wall;
        assert!(left > DAY, "it is renewed in time: {hour}");
        // The process that renewed goes on with the new pair, as one that is started now does.
        if hour % 6 == 0 {
            provider.token(Request::default(), PATIENCE).await.unwrap();
            assert!(partner.has_token().await, "{hour}");
        }
    }
    assert!((9..=11).contains(&renewals), "one each two days: {renewals}");
    assert!((1..40).contains(&failures), "outages are met, and not hammered on: {failures}");
    assert_eq!(partner.orders(), renewals);
}

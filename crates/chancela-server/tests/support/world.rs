//! The server under test.

use chancela_core::dialect::{Library, TokenFormat};
use chancela_core::jose::JwsAlgorithm;
use chancela_core::security_profile::SecurityProfile;
use chancela_core::time::Timestamp;
use chancela_server::clock::Clock;
use chancela_server::config::{Config, Listen, ListenMutualTls, Outbound, RealmConfig};
use chancela_server::control::{self, Command, ControlError, NewClient, NewUser, Request};
use chancela_server::key_ring::kek::Kek;
use chancela_server::logout::backchannel;
use chancela_server::router::Router;
use chancela_server::server::Server;
use chancela_store::{MemoryStore, Store};
use chancela_testkit::{FakeClock, Seeded};
use serde_json::Value;
use std::sync::Arc;

/// The host of every issuer, unless a test says otherwise.
pub const HOST: &str = "https://id.example";

struct TestClock(FakeClock);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

/// What a realm is to be.
pub struct RealmPlan {
    pub name: &'static str,
    pub config: RealmConfig,
}

impl RealmPlan {
    /// A realm of a dialect at `https://id.example/<name>`.
    pub fn new(name: &'static str, dialect: &str, environment: &str) -> Self {
        let config = RealmConfig {
            issuer: format!("{HOST}/{name}"),
            dialect: dialect.into(),
            environment: Some(environment.into()),
            security_profile: SecurityProfile::Legacy,
            audience: None,
            access_token_lifetime: None,
            refresh_token_lifetime: None,
            access_token_format: None,
            signing_algorithm: None,
            scopes: Vec::new(),
            tenants: Vec::new(),
            title: None,
            resources: Vec::new(),
            session_lifetime: 12 * 3600,
            rate_limit: false,
            mtls: None,
            certificate_authority: None,
            danger_http_issuer: false,
        };
        Self { name, config }
    }

    pub fn bankly() -> Self {
        Self::new("bankly", "bankly", "sandbox")
    }

    pub fn bs2() -> Self {
        Self::new("bs2", "bs2", "homologation")
    }

    pub fn bs2_production() -> Self {
        Self::new("bs2-production", "bs2", "production")
    }

    pub fn bs2_limited() -> Self {
        let mut plan = Self::new("bs2-limited", "bs2", "homologation");
        plan.config.rate_limit = true;
        plan
    }

    pub fn semear() -> Self {
        Self::new("semear", "semear", "homologation")
    }

    pub fn celcash() -> Self {
        Self::new("celcash", "celcash", "sandbox")
    }

    pub fn vantage() -> Self {
        let mut plan = Self::new("vantage", "vantage", "us");
        plan.config.tenants = vec!["acme".into(), "globex".into()];
        plan
    }

    pub fn standard() -> Self {
        Self::new("standard", "standard", "default")
    }

    pub fn opaque() -> Self {
        let mut plan = Self::new("opaque", "standard", "default");
        plan.config.access_token_format = Some(TokenFormat::Opaque);
        plan
    }

    pub fn signed(name: &'static str, algorithm: JwsAlgorithm) -> Self {
        let mut plan = Self::new(name, "standard", "default");
        plan.config.signing_algorithm = Some(algorithm);
        plan
    }
}

/// A client as its owner knows it.
#[derive(Debug, Clone)]
pub struct ClientFacts {
    pub id: String,
    pub secret: String,
}

impl ClientFacts {
    pub fn basic(&self) -> String {
        super::basic(format!("{}:{}", self.id, self.secret))
    }
}

/// A server, its routes and its clock.
pub struct World<S = MemoryStore> {
    pub server: Arc<Server<S>>,
    pub router: Arc<Router>,
    pub clock: FakeClock,
}

impl World {
    /// In memory.
    pub async fn open(realms: Vec<RealmPlan>) -> Self {
        Self::over(MemoryStore::new(), realms).await
    }

    /// In memory, connecting to others as `outbound` says, and telling applications of logouts.
    pub async fn reaching(outbound: Outbound, realms: Vec<RealmPlan>) -> Self {
        let around = Around { outbound, ..Around::default() };
        let world = Self::configured(&Library::builtin(), MemoryStore::new(), realms, around).await;
        tokio::spawn(backchannel::run(Arc::clone(&world.server)));
        world
    }

    /// Behind these proxies.
    pub async fn behind(proxies: &[&str], realms: Vec<RealmPlan>) -> Self {
        let trusted_proxies = proxies.iter().map(|&text| text.to_owned()).collect();
        Self::listening(Listen { trusted_proxies, ..Listen::default() }, realms).await
    }

    /// With listeners of this configuration, none of which is opened.
    pub async fn listening(listen: Listen, realms: Vec<RealmPlan>) -> Self {
        let around = Around { listen, ..Around::default() };
        Self::configured(&Library::builtin(), MemoryStore::new(), realms, around).await
    }
}

/// What of the configuration is not about realms.
#[derive(Default)]
struct Around {
    listen: Listen,
    outbound: Outbound,
}

impl<S: Store> World<S> {
    /// Over any store.
    pub async fn over(store: S, realms: Vec<RealmPlan>) -> Self {
        Self::with(&Library::builtin(), store, realms).await
    }

    /// With dialects of its own.
    pub async fn with(library: &Library, store: S, realms: Vec<RealmPlan>) -> Self {
        Self::configured(library, store, realms, Around::default()).await
    }

    async fn configured(library: &Library, store: S, realms: Vec<RealmPlan>, around: Around) -> Self {
        let Around { mut listen, outbound } = around;
        // Somebody has to ask for certificates; which socket does so is of no interest here.
        if listen.client_certificate_header.is_none() {
            let address = "127.0.0.1:0".parse().unwrap();
            let (certificate, key) = (Some("unused".into()), Some("unused".into()));
            listen.mtls = listen.mtls.or(Some(ListenMutualTls { address, certificate, key }));
        }
        let config = Config {
            data: "unused".into(),
            kek_file: None,
            dialects: None,
            listen,
            store: Default::default(),
            log: Default::default(),
            outbound,
            realm: realms.into_iter().map(|plan| (plan.name.to_owned(), plan.config)).collect(),
        };
        config.check(library).unwrap();
        let clock = FakeClock::default();
        let entropy = Arc::new(Seeded::new(7));
        let kek = Kek::ephemeral(&*entropy).unwrap();
        let own = Arc::new(TestClock(clock.clone()));
        let opening = Server::open(&config, library, store, kek, own, entropy);
        let server = Box::pin(opening).await.unwrap();
        let router = Arc::new(Router::for_issuers(&server.realms));
        Self { server: Arc::new(server), router, clock }
    }

    pub async fn try_control(&self, realm: &str, command: Command) -> Result<Value, ControlError> {
        control::execute(&self.server, Request { realm: realm.into(), command }).await
    }

    pub async fn control(&self, realm: &str, command: Command) -> Value {
        self.try_control(realm, command).await.unwrap()
    }

    pub async fn client(&self, realm: &str, new: NewClient) -> ClientFacts {
        let shown = self.control(realm, Command::ClientCreate(Box::new(new))).await;
        let text = |member: &str| shown[member].as_str().unwrap().to_owned();
        ClientFacts { id: text("client_id"), secret: text("client_secret") }
    }

    pub async fn user(&self, realm: &str, username: &str, password: &str, tenant: Option<&str>) {
        let new = NewUser {
            username: username.into(),
            password: Some(password.into()),
            tenant: tenant.map(str::to_owned),
            ..NewUser::default()
        };
        self.control(realm, Command::UserCreate(Box::new(new))).await;
    }

    pub async fn enable(&self, realm: &str, client: &ClientFacts, enabled: bool) {
        self.control(realm, Command::ClientSetEnabled { client_id: client.id.clone(), enabled }).await;
    }
}

/// A client with this scope.
pub fn new_client(scope: &str) -> NewClient {
    NewClient { scope: Some(scope.into()), ..NewClient::default() }
}

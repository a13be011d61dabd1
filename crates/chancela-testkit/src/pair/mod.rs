//! The agent and the server in one process, with one clock, a store in memory, and a [`Wire`] between them that fails when it
//! is told to. Both ends are the real ones: whatever the agent writes, the server reads, and the other way round.
//!
//! A day takes seconds in a runtime whose time is paused. What needs sockets, TLS, files or other programs is tested where
//! those are.

#![expect(clippy::expect_used, clippy::panic, reason = "what fails here fails the test that called it")]

mod clock;
mod person;
mod plan;
mod wire;

pub use clock::PairClock;
pub use person::Person;
pub use plan::{PlannedClient, PlannedRealm, realms};
pub use wire::{Arrived, Weather, Wire};

use chancela_agent::agent::{Agent, Parts};
use chancela_agent::config::AgentConfig;
use chancela_agent::source::Surroundings;
use chancela_core::dialect::{Dialect, Library, TokenEndpoint, WhenScopeAbsent};
use chancela_core::effect::Effect;
use chancela_core::entropy::Seeded;
use chancela_core::record::{Client, RegisteredCertificate};
use chancela_core::x509::Certificate;
use chancela_server::config::Config;
use chancela_server::control::{self, Command, NewUser, Request};
use chancela_server::key_ring::kek::Kek;
use chancela_server::realm::Realm;
use chancela_server::server::Server;
use chancela_store::{CommitOutcome, MemoryStore, Store};
use serde_json::Value;
use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

const ISSUER: &str = "https://provider.example";
/// Where clients show certificates.
pub const MTLS: &str = "https://mtls.provider.example";
const MTLS_HOST: &str = "mtls.provider.example";
/// Where logins end; the person carries the answer to the agent.
const REDIRECT: &str = "https://app.example/done";
/// The person's name and password.
const USERNAME: &str = "maria";
const PASSWORD: &str = "correct horse battery";

/// A provider with one realm, and who may be asked there for tokens.
pub struct Pair {
    /// The provider.
    pub server: Arc<Server<MemoryStore>>,
    /// What is between it and agents.
    pub wire: Arc<Wire>,
    /// The time at both ends.
    pub clock: PairClock,
    /// The person at the provider.
    pub person: Person,
    planned: PlannedRealm,
    dialect: Arc<Dialect>,
    clients: Vec<Registered>,
}

/// A client, as its owner knows it.
#[derive(Clone)]
struct Registered {
    planned: PlannedClient,
    id: String,
    secret: Option<String>,
    /// Certificate, those above it, and key, in PEM.
    pem: Option<String>,
}

impl Pair {
    /// A provider with a realm of the sandbox and its clients.
    pub async fn open(planned: &PlannedRealm) -> Self {
        let library = Library::builtin();
        let config = Config::parse("pair.toml", &server_configuration(planned)).expect("a configuration");
        config.check(&library).expect("a configuration");
        let entropy = Arc::new(Seeded::new(7));
        let clock = PairClock::start();
        let kek = Kek::ephemeral(&*entropy).expect("a key");
        let opening =
            Server::open(&config, &library, MemoryStore::new(), kek, Arc::new(clock.clone()), entropy);
        let server = Arc::new(Box::pin(opening).await.expect("a server"));
        let wire = Arc::new(Wire::new(Arc::clone(&server), MTLS_HOST));
        let dialect = library.load(planned.dialect()).expect("a dialect");
        let person = Person::new(Arc::clone(&wire), ISSUER, (USERNAME, PASSWORD));
        let mut pair =
            Self { server, wire, clock, person, planned: planned.clone(), dialect, clients: Vec::new() };
        for client in planned.clients() {
            let registered = pair.register(client).await;
            pair.clients.push(registered);
        }
        pair.add_person().await;
        pair
    }

    /// The realm.
    pub fn realm(&self) -> &Realm {
        self.server.realms.first().expect("one realm")
    }

    /// The dialect.
    pub fn dialect(&self) -> &Dialect {
        &self.dialect
    }

    /// Runs an operator's command.
    pub async fn control(&self, command: Command) -> Value {
        let request = Request { realm: self.planned.name().to_owned(), command };
        control::execute(&self.server, request).await.expect("a command")
    }

    /// What the server knows of a token.
    pub async fn inspect(&self, token: &str) -> Value {
        self.control(Command::TokenInspect { token: token.to_owned() }).await
    }

    /// An agent for the client with this label, which is its provider `p`, with more lines for that table. It keeps nothing
    /// on disk; another agent is another process.
    pub fn agent(&self, label: &str, more: &str) -> Agent {
        let client = self.client(label);
        let text = self.configuration(client, more);
        let config = AgentConfig::parse(Path::new("agent.toml"), &text).expect("a configuration");
        let secrets: Vec<_> =
            self.clients.iter().map(|own| (own.planned.label().to_owned(), own.clone())).collect();
        let variable = move |name: &str| {
            let (kind, label) = name.split_once('_')?;
            let (_, own) = secrets.iter().find(|(own, _)| own == label)?;
            let value = if kind == "SECRET" { own.secret.as_ref() } else { own.pem.as_ref() };
            value.map(OsString::from)
        };
        let parts = Parts {
            library: Library::builtin(),
            around: Arc::new(Surroundings::new(variable, std::io::empty())),
            clock: Arc::new(self.clock.clone()),
            entropy: Arc::new(Seeded::new(u64::from(label.len() as u32))),
            observer: Arc::new(()),
            state: std::env::temp_dir(),
            boot: None,
            memory: true,
            carrier: Some(Arc::clone(&self.wire) as _),
        };
        Agent::open(config, parts).expect("an agent")
    }

    fn client(&self, label: &str) -> &Registered {
        let found = self.clients.iter().find(|own| own.planned.label() == label);
        found.unwrap_or_else(|| panic!("{} has no client {label}", self.planned.name()))
    }

    /// The agent's configuration, as a partner would write it.
    fn configuration(&self, client: &Registered, more: &str) -> String {
        let endpoint = self.endpoint(client);
        let in_header = endpoint.requires.danger_client_certificate.is_some();
        let address = if client.pem.is_some() && !in_header { MTLS } else { ISSUER };
        let mut out = format!(
            "[provider.p]\ndialect = \"{}\"\nenvironment = \"{}\"\naddress = \"{address}\"\nendpoint = \"{}\"\nmethod = \"{}\"\n",
            self.planned.dialect(),
            self.planned.environment(),
            endpoint.name,
            client.planned.method(),
        );
        out.push_str(&credentials(client));
        if let Some(scope) = self.scope(client, endpoint) {
            out.push_str(&format!("scope = \"{scope}\"\n"));
        }
        if client.pem.is_some() {
            out.push_str(&format!("certificate = \"env:PEM_{}\"\n", client.planned.label()));
        }
        for parameter in endpoint.api.headers.iter().chain(&endpoint.api.query) {
            if let Some(name) = &parameter.credential {
                out.push_str(&format!("credential.{name} = \"given\"\n"));
            }
        }
        if let Some(tenant) = self.planned.tenant() {
            out.push_str(&format!("tenant = \"{tenant}\"\n"));
        }
        if client.planned.has_grant("authorization_code") {
            out.push_str(&format!("login.redirect = \"{REDIRECT}\"\n"));
        }
        out.push_str(more);
        if let Some(first) = client.planned.chained_to().map(|label| self.client(label)) {
            out.push_str(&format!("[provider.p.step.{}]\n{}", self.endpoint(first).name, credentials(first)));
        }
        out
    }

    /// The endpoint that the client belongs to, else the first one that knows its method.
    fn endpoint(&self, client: &Registered) -> &TokenEndpoint {
        let all = &self.dialect.token_endpoints;
        let method = client.planned.method();
        let named = client.planned.token_endpoint();
        let named = named.and_then(|name| all.iter().find(|one| one.name == name));
        let fits =
            |one: &&TokenEndpoint| one.client_authentication.methods.iter().any(|own| own.as_str() == method);
        named.or_else(|| all.iter().find(fits)).expect("an endpoint for every client")
    }

    /// What has to be asked for, where an endpoint wants a scope to be named.
    fn scope(&self, client: &Registered, endpoint: &TokenEndpoint) -> Option<String> {
        let named = endpoint.exact_scope.is_none() && endpoint.scope.when_absent == WhenScopeAbsent::Reject;
        let most = usize::from(endpoint.scope.max.unwrap_or(u16::MAX));
        let all = client.planned.scope(&self.everything());
        let some: Vec<&str> = all.split(' ').filter(|one| *one != "offline_access").take(most).collect();
        named.then(|| some.join(" "))
    }

    fn everything(&self) -> String {
        self.dialect.scopes.keys().cloned().collect::<Vec<_>>().join(" ")
    }

    async fn register(&self, planned: PlannedClient) -> Registered {
        let first = planned.chained_to().map(|label| self.client(label).id.clone());
        let new = planned.registration(first, planned.scope(&self.everything()), REDIRECT);
        let shown = self.control(Command::ClientCreate(Box::new(new))).await;
        let text = |member: &str| shown[member].as_str().map(str::to_owned);
        let id = text("client_id").expect("an id");
        let pem = if planned.has_certificate() { Some(self.certify(&id).await) } else { None };
        Registered { planned, id, secret: text("client_secret"), pem }
    }

    /// A certificate of the realm's authority; a dialect that reads certificates in a header knows them by their digest.
    async fn certify(&self, client_id: &str) -> String {
        let key = rcgen::KeyPair::generate().expect("a key");
        let request = rcgen::CertificateParams::new(Vec::new()).and_then(|own| own.serialize_request(&key));
        let csr = request.and_then(|request| request.pem()).expect("a request");
        let command = Command::CertificateIssue { client_id: client_id.to_owned(), csr, days: None };
        let shown = self.control(command).await;
        let text = |member: &str| shown[member].as_str().unwrap_or_default().to_owned();
        let certificate = text("certificate");
        let der = Certificate::parse_header(&certificate).expect("a certificate");
        let old = self.realm().directory.client(client_id).expect("a client");
        let registered = RegisteredCertificate { sha256: chancela_core::secret::hex(&der.sha256).into() };
        let client = Client { certificate: Some(registered), version: old.version + 1, ..(*old).clone() };
        let effect = Effect::PutClient { client: client.clone(), expected_version: Some(old.version) };
        let outcome = self.server.store.commit(vec![effect]).await.expect("a commit");
        assert_eq!(outcome, CommitOutcome::Committed);
        self.realm().directory.put(client);
        format!("{certificate}{}{}", text("certificate_chain"), key.serialize_pem())
    }

    async fn add_person(&self) {
        let new = NewUser {
            username: USERNAME.into(),
            password: Some(PASSWORD.into()),
            tenant: self.planned.tenant().map(str::to_owned),
            ..NewUser::default()
        };
        self.control(Command::UserCreate(Box::new(new))).await;
    }
}

fn credentials(client: &Registered) -> String {
    let secret = client
        .secret
        .as_ref()
        .map(|_| format!("client_secret = \"env:SECRET_{}\"\n", client.planned.label()));
    format!("client_id = \"{}\"\n{}", client.id, secret.unwrap_or_default())
}

fn server_configuration(planned: &PlannedRealm) -> String {
    let name = planned.name();
    let tenants: Vec<_> = planned.tenant().into_iter().collect();
    format!(
        "data = \"unused\"\n[listen]\nmtls = {{ address = \"127.0.0.1:0\", certificate = \"unused\", key = \"unused\" }}\n\
         [realm.{name}]\nissuer = \"{ISSUER}\"\ndialect = \"{}\"\nenvironment = \"{}\"\nsecurity_profile = \"legacy\"\n\
         rate_limit = false\ntenants = {tenants:?}\nmtls = {{ url = \"{MTLS}\", registration = {} }}\ncertificate_authority = {{}}\n",
        planned.dialect(),
        planned.environment(),
        planned.lets_register(),
    )
}

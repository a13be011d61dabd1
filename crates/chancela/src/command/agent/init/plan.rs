//! From what a sandbox says of itself to a configuration and the files beside it. Writes nothing.
//!
//! The sandbox is not believed, because whoever answers at its address could be another program: its names become names of
//! files and tables only if they are plain, its texts become values and never TOML, and none of them names a place from
//! which the agent would read a secret or start a program.

use super::files::File;
use super::{CONFIG, KEY};
use crate::failure::{AgentFailure, Failure};
use crate::language::{Said, said};
use chancela_agent::config::AgentConfig;
use chancela_agent::source::{Source, SourceSyntaxError};
use chancela_agent::transport::Target;
use chancela_core::dialect::{Dialect, Library, TokenEndpoint, WhenScopeAbsent};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use toml::Table;
use zeroize::Zeroizing;

const LONGEST_NAME: usize = 64;
/// Where a native application's logins end, as a sandbox registers it, and as the agent asks for it (RFC 8252 section 7.3).
const REDIRECT: &str = "http://127.0.0.1/callback";
const ANY_PORT: &str = "http://127.0.0.1:0/callback";

/// What will be written.
pub(super) struct Plan<'a> {
    /// Where the files will be: an absolute path.
    folder: &'a str,
    http: Table,
    providers: Table,
    /// The files beside the configuration.
    beside: BTreeMap<String, Zeroizing<String>>,
    cache: Table,
}

impl<'a> Plan<'a> {
    /// For all realms whose dialect is known.
    pub(super) fn read(folder: &'a str, description: &Value) -> Result<Self, Failure> {
        let beside = BTreeMap::new();
        let folder = folder.trim_end_matches('/');
        let mut cache = Table::new();
        insert(&mut cache, "key", &format!("file:{folder}/{KEY}"));
        let mut plan = Self { folder, http: Table::new(), providers: Table::new(), beside, cache };
        if let Some(pem) = description["ca_certificate_pem"].as_str() {
            let path = plan.file("sandbox-ca.pem".to_owned(), pem)?;
            insert(&mut plan.http, "ca", &path);
        }
        let library = Library::builtin();
        for (name, realm) in description["realms"].as_object().into_iter().flatten() {
            is_name(name)?;
            let Ok(dialect) = library.load(text(realm, "dialect")) else { continue };
            plan.realm(name, realm, &dialect)?;
        }
        Ok(plan)
    }

    /// The providers' names.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.providers.keys().map(String::as_str)
    }

    /// Puts other providers in place of these, and the cache beside the configuration: tokens of stand-ins do not belong
    /// among real ones.
    pub(super) fn replace(
        &mut self,
        choose: impl FnOnce(&Table) -> Result<Table, Failure>,
    ) -> Result<(), Failure> {
        self.providers = choose(&self.providers)?;
        insert(&mut self.cache, "folder", &format!("{}/state", self.folder));
        Ok(())
    }

    /// All files, the configuration last.
    pub(super) fn files(&self) -> Result<Vec<File>, Failure> {
        let tables = [("cache", &self.cache), ("http", &self.http), ("provider", &self.providers)];
        let tables = tables.into_iter().map(|(name, table)| (name.to_owned(), table.clone().into()));
        let config = toml::to_string(&Table::from_iter(tables)).map_err(AgentFailure::configuration)?;
        // Nothing is written that would not be read.
        AgentConfig::parse(Path::new(CONFIG), &config).map_err(AgentFailure::because)?;
        let head =
            "# Written by `chancela agent init` for a sandbox; its secrets are files beside this one.\n\n";
        let beside = self.beside.iter().map(|(name, contents)| (name.clone(), contents.clone()));
        let config = (CONFIG.to_owned(), Zeroizing::new(format!("{head}{config}")));
        Ok(beside.chain([config]).collect())
    }

    /// Adds a realm's providers: its first client, the one that has a certificate instead of a secret, and the one with which
    /// people log in.
    fn realm(&mut self, name: &str, realm: &Value, dialect: &Dialect) -> Result<(), Failure> {
        let clients = realm["clients"].as_array().map(Vec::as_slice).unwrap_or_default();
        let labelled = |label: &str| clients.iter().find(|client| client["label"] == label);
        let last = dialect.token_endpoints.iter().find(|one| one.requires.access_token.is_some());
        let main = last
            .and_then(|one| labelled(&one.name))
            .or_else(|| labelled("demo"))
            .or_else(|| labelled("basic"));
        if let Some(main) = main {
            let mut provider = self.provider(name, realm, (main, dialect))?;
            let mut steps = Table::new();
            for step in dialect.token_endpoints.iter().filter(|one| dialect.is_earlier_step(&one.name)) {
                let Some(client) = labelled(&step.name) else { continue };
                is_name(&step.name)?;
                let own = self.credentials(&format!("{name}-{}", step.name), client)?;
                steps.insert(step.name.clone(), own.into());
            }
            if !steps.is_empty() {
                provider.insert("step".to_owned(), steps.into());
            }
            self.add(name.to_owned(), provider)?;
        }
        let certified = |client: &&Value| client["token_endpoint_auth_method"] == "tls_client_auth";
        if let Some(client) = clients.iter().find(certified).filter(|client| main != Some(*client)) {
            let name = format!("{name}-mtls");
            let provider = self.provider(&name, realm, (client, dialect))?;
            self.add(name, provider)?;
        }
        let holder = clients.iter().find(|client| organization(client, dialect).is_some());
        if let Some(client) = holder.filter(|_| !self.providers.contains_key(&format!("{name}-mtls"))) {
            let provider = self.enrolment(name, realm, (client, dialect))?;
            self.add(format!("{name}-mtls"), provider)?;
        }
        let native = |client: &&Value| {
            let has = |member: &str, value: &str| {
                client[member].as_array().is_some_and(|all| all.iter().any(|one| one == value))
            };
            has("grant_types", "authorization_code") && has("redirect_uris", REDIRECT)
        };
        if let Some(client) = clients.iter().find(native) {
            let name = format!("{name}-login");
            let mut provider = self.provider(&name, realm, (client, dialect))?;
            insert(&mut provider, "grant", "authorization_code");
            let rules = &dialect.authorization;
            let optional = rules.scope_optional.as_deref().unwrap_or_default();
            let exactly = rules.scope_exactly.as_ref().map(|exactly| format!("{exactly} {optional}"));
            let scope = exactly.as_deref().map_or_else(|| text(client, "scope"), str::trim_end);
            insert(&mut provider, "scope", scope);
            let mut login = Table::new();
            insert(&mut login, "redirect", ANY_PORT);
            provider.insert("login".to_owned(), login.into());
            self.add(name, provider)?;
        }
        Ok(())
    }

    /// The client that `chancela agent enroll` registers with the certificate that it gets for this one.
    fn enrolment(
        &mut self,
        realm_name: &str,
        realm: &Value,
        (client, dialect): (&Value, &Dialect),
    ) -> Result<Table, Failure> {
        let address = text(realm, "mtls_base_url");
        Target::parse(address).map_err(|error| {
            let Said { english, portuguese } = Said::of(&error);
            refused(&said!("has a wrong address: {english}", "tem um endereço errado: {portuguese}"))
        })?;
        let place = |end: &str| format!("file:{}/{realm_name}-mtls.{end}", self.folder);
        let (id, certificate) = (place("id"), place("pem"));
        let ordering = &dialect.certificate_issuance.scope;
        let endpoint = dialect.token_endpoint(&dialect.registration.token_endpoint);
        let most = endpoint.and_then(|own| own.scope.max).unwrap_or(u16::MAX);
        let scope = text(client, "scope").split(' ').filter(|scope| scope != ordering).take(most.into());
        let scope = scope.collect::<Vec<_>>().join(" ");
        let mut before = self.credentials(&format!("{realm_name}-mtls"), client)?;
        let organization = organization(client, dialect).unwrap_or_default();
        if organization.parse::<Source>() != Err(SourceSyntaxError::Literal) {
            return Err(refused(&said!(
                "has an organization that the agent would read as the place of one",
                "tem uma organização que o agente leria como o lugar onde há uma",
            )));
        }
        insert(&mut before, "organization", organization);
        insert(&mut before, "renew_before", "30d");
        let mut out = Table::new();
        for (key, value) in [
            ("dialect", text(realm, "dialect")),
            ("environment", text(realm, "environment")),
            ("address", address),
            ("scope", &scope),
            ("client_id", &id),
            ("certificate", &certificate),
        ] {
            insert(&mut out, key, value);
        }
        out.insert("enrollment".to_owned(), before.into());
        Ok(out)
    }

    fn add(&mut self, name: String, provider: Table) -> Result<(), Failure> {
        if self.providers.contains_key(&name) {
            return Err(refused(&said!("would be two providers {name}", "daria dois provedores {name}")));
        }
        self.providers.insert(name, provider.into());
        Ok(())
    }

    fn provider(
        &mut self,
        name: &str,
        realm: &Value,
        (client, dialect): (&Value, &Dialect),
    ) -> Result<Table, Failure> {
        let mut out = self.credentials(name, client)?;
        let method = text(client, "token_endpoint_auth_method");
        // Two endpoints of one dialect may differ by what comes before a certificate and what after.
        let has_certificate = client["certificate_pem"].is_string();
        let fitting = dialect.token_endpoints.iter().filter(|one| {
            !dialect.is_earlier_step(&one.name)
                && one.client_authentication.methods.iter().any(|own| own.as_str() == method)
        });
        let endpoint =
            fitting.min_by_key(|one| (one.requires.mutual_tls != has_certificate, one.name != "token"));
        // Whoever has a certificate shows it, but for a provider that wants it in a header.
        let in_header = endpoint.is_some_and(|one| one.requires.danger_client_certificate.is_some());
        let shows = has_certificate && !in_header;
        let address = text(realm, if shows { "mtls_base_url" } else { "base_url" });
        Target::parse(address).map_err(|error| {
            let Said { english, portuguese } = Said::of(&error);
            refused(&said!("has a wrong address: {english}", "tem um endereço errado: {portuguese}"))
        })?;
        for (key, value) in [
            ("dialect", text(realm, "dialect")),
            ("environment", text(realm, "environment")),
            ("address", address),
            ("method", method),
        ] {
            insert(&mut out, key, value);
        }
        if let Some(endpoint) = endpoint {
            insert(&mut out, "endpoint", &endpoint.name);
            if let Some(scope) = scope(endpoint, text(client, "scope")) {
                insert(&mut out, "scope", &scope);
            }
            // What the provider would have given; the sandbox's resource takes anything.
            let wanted = endpoint.api.headers.iter().chain(&endpoint.api.query);
            let wanted = wanted.filter_map(|parameter| parameter.credential.as_ref());
            let given: Table = wanted.map(|name| (name.clone(), "sandbox".into())).collect();
            if !given.is_empty() {
                out.insert("credential".to_owned(), given.into());
            }
        }
        if let (Some(pem), Some(key)) =
            (client["certificate_pem"].as_str(), client["private_key_pem"].as_str())
        {
            let chain = text(client, "certificate_chain_pem");
            let certificate = self.file(format!("{name}.pem"), &format!("{pem}\n{chain}"))?;
            insert(&mut out, "certificate", &format!("file:{certificate}"));
            let key = self.file(format!("{name}.key"), key)?;
            insert(&mut out, "certificate_key", &format!("file:{key}"));
        }
        Ok(out)
    }

    /// `client_id`, and `client_secret` in a file of this name.
    fn credentials(&mut self, name: &str, client: &Value) -> Result<Table, Failure> {
        let mut out = Table::new();
        let id = text(client, "client_id");
        if id.parse::<Source>() != Err(SourceSyntaxError::Literal) {
            return Err(refused(&said!(
                "has a client_id that the agent would read as the place of one",
                "tem um client_id que o agente leria como o lugar onde há um",
            )));
        }
        insert(&mut out, "client_id", id);
        if let Some(secret) = client["client_secret"].as_str() {
            let path = self.file(format!("{name}.secret"), secret)?;
            insert(&mut out, "client_secret", &format!("file:{path}"));
        }
        Ok(out)
    }

    /// The path of a file that will be there.
    fn file(&mut self, name: String, contents: &str) -> Result<String, Failure> {
        let path = format!("{}/{name}", self.folder);
        if name == KEY || self.beside.contains_key(&name) {
            return Err(refused(&said!("would need two files {name}", "precisaria de dois arquivos {name}")));
        }
        self.beside.insert(name, Zeroizing::new(contents.to_owned()));
        Ok(path)
    }
}

/// The organization of a client that orders a certificate and registers another client with it, where the dialect has both.
fn organization<'a>(client: &'a Value, dialect: &Dialect) -> Option<&'a str> {
    let rules = &dialect.registration;
    let registers = !rules.token_endpoint.is_empty() && client["client_secret"].is_string();
    client[rules.organization_member.as_str()].as_str().filter(|_| registers)
}

/// The scope to ask for, where an endpoint wants one to be named.
fn scope(endpoint: &TokenEndpoint, all: &str) -> Option<String> {
    let named = endpoint.exact_scope.is_none() && endpoint.scope.when_absent == WhenScopeAbsent::Reject;
    let most = usize::from(endpoint.scope.max.unwrap_or(u16::MAX));
    let given = all.split(' ').filter(|scope| *scope != "offline_access").take(most);
    named.then(|| given.collect::<Vec<_>>().join(" "))
}

fn text<'a>(object: &'a Value, member: &str) -> &'a str {
    object[member].as_str().unwrap_or_default()
}

fn insert(table: &mut Table, key: &str, text: &str) {
    table.insert(key.to_owned(), text.into());
}

/// Whether a name may become that of a table and of files.
fn is_name(name: &str) -> Result<(), Failure> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(plain) {
        return Ok(());
    }
    Err(refused(&said!(
        "has a name that is not of a-z, 0-9 and - (64 at most)",
        "tem um nome que não é de a-z, 0-9 e - (64 no máximo)",
    )))
}

fn refused(what: &Said) -> Failure {
    let Said { english, portuguese } = what;
    let said = said!(
        "what the sandbox says of itself {english}; check that `chancela sandbox` answers there",
        "o que o sandbox diz de si {portuguese}; verifique se é `chancela sandbox` que responde ali",
    );
    AgentFailure::said(said).into()
}

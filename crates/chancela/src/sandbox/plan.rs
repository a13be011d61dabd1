//! What the sandbox starts, as data: `dialects/sandbox/realms.toml`.

use crate::failure::Failure;
use chancela_core::client_auth::Method;
use chancela_core::grant::GrantType;
use chancela_core::record::ApplicationType;
use chancela_core::security_profile::SecurityProfile;
use chancela_server::config::{AuthorityConfig, MutualTlsConfig, RealmConfig};
use serde::Deserialize;
use serde_json::{Map, Value};

const FILE: &str = include_str!("../../../../dialects/sandbox/realms.toml");

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plan {
    /// Realms in the order of their ports.
    #[serde(rename = "realm")]
    pub(super) realms: Vec<PlannedRealm>,
}

/// A realm.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlannedRealm {
    pub(super) name: String,
    dialect: String,
    environment: String,
    /// Whether it is left out unless it is asked for.
    #[serde(default)]
    on_request: bool,
    /// The realm's name for people; the dialect's title if absent.
    title: Option<String>,
    #[serde(default)]
    tenants: Vec<String>,
    /// Whether clients may register themselves with a certificate.
    #[serde(default)]
    registration: bool,
    /// Whether certificates that no authority issued are of use.
    #[serde(default)]
    self_signed: bool,
    pub(super) clients: Vec<PlannedClient>,
    #[serde(default)]
    pub(super) users: Vec<PlannedUser>,
    /// The request of the provider's page, with placeholders.
    pub(super) curl: String,
    /// Where people log in: what is printed for it, and what the demo shows.
    pub(super) demo: Option<PlannedDemo>,
}

/// How the code flow is shown.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlannedDemo {
    /// Label of the client that asks.
    pub(super) client: String,
    /// The scope that it asks for.
    pub(super) scope: String,
    /// Scope that it asks for only when it redeems the code, beside the other.
    #[serde(default)]
    pub(super) scope_at_redemption: String,
    /// What there is to see.
    pub(super) summary: Words,
}

/// A sentence in each language.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    #[serde(rename = "pt-BR")]
    pub(super) pt_br: String,
    pub(super) en: String,
}

/// A client.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlannedClient {
    pub(super) label: String,
    /// Name for people, on the consent page.
    pub(super) name: Option<String>,
    /// The method that the provider's page shows.
    pub(super) method: Method,
    /// Whether the dialect's other methods work for it too.
    #[serde(default)]
    pub(super) any_method: bool,
    pub(super) grant_types: Vec<GrantType>,
    /// All scopes of the dialect if absent.
    pub(super) scope: Option<String>,
    pub(super) token_endpoint: Option<String>,
    /// Label of the client of the earlier step.
    pub(super) chained_to: Option<String>,
    pub(super) tenant: Option<String>,
    /// With `{origin}` for the sandbox's own.
    #[serde(default)]
    pub(super) redirect_uris: Vec<String>,
    /// With `{origin}` for the sandbox's own.
    #[serde(default)]
    pub(super) post_logout_redirect_uris: Vec<String>,
    #[serde(default)]
    pub(super) application_type: ApplicationType,
    /// Whether it has a certificate of the realm's authority from the start.
    #[serde(default)]
    pub(super) certificate: bool,
    /// Whether it belongs to an organization, whose name is generated.
    #[serde(default)]
    pub(super) organization: bool,
    #[serde(default)]
    pub(super) partner: bool,
    #[serde(default)]
    pub(super) may_introspect_any: bool,
}

/// A user; the password is generated.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlannedUser {
    pub(super) username: String,
    pub(super) tenant: Option<String>,
    /// What is known of the user (OpenID Connect Core §5.1).
    #[serde(default)]
    pub(super) claims: Map<String, Value>,
}

impl Plan {
    /// Reads the file that is built in: the realms of `dialects`, of `all`, or else those that nobody need ask for.
    ///
    /// # Errors
    /// [`Failure::Usage`] for a dialect without a realm.
    pub(super) fn read(dialects: &[String], all: bool) -> Result<Self, Failure> {
        let mut plan: Self = toml::from_str(FILE)
            .map_err(|error| Failure::Other(format!("dialects/sandbox/realms.toml: {error}")))?;
        let known = |name: &&String| plan.realms.iter().any(|realm| realm.dialect == **name);
        if let Some(unknown) = dialects.iter().find(|name| !known(name)) {
            let mut names: Vec<&str> = plan.realms.iter().map(|realm| realm.dialect.as_str()).collect();
            names.sort_unstable();
            names.dedup();
            return Err(Failure::Usage(format!(
                "--dialect {unknown}: the sandbox has no realm of it; choose among {}",
                names.join(", ")
            )));
        }
        plan.realms.retain(|realm| match dialects {
            [] => all || !realm.on_request,
            chosen => chosen.contains(&realm.dialect),
        });
        Ok(plan)
    }
}

impl PlannedClient {
    /// Its redirect URIs at the sandbox's origin.
    pub(super) fn redirect_uris(&self, origin: &str) -> Vec<String> {
        self.redirect_uris.iter().map(|uri| uri.replace("{origin}", origin)).collect()
    }

    /// Where it sends users after a logout, at the sandbox's origin.
    pub(super) fn post_logout_redirect_uris(&self, origin: &str) -> Vec<String> {
        self.post_logout_redirect_uris.iter().map(|uri| uri.replace("{origin}", origin)).collect()
    }
}

impl PlannedRealm {
    /// The realm's configuration at an issuer, and at a URL where clients show certificates.
    pub(super) fn configuration(&self, issuer: String, mtls_url: String, rate_limit: bool) -> RealmConfig {
        RealmConfig {
            issuer,
            dialect: self.dialect.clone(),
            environment: Some(self.environment.clone()),
            security_profile: SecurityProfile::Legacy,
            audience: None,
            access_token_lifetime: None,
            refresh_token_lifetime: None,
            access_token_format: None,
            signing_algorithm: None,
            scopes: Vec::new(),
            tenants: self.tenants.clone(),
            title: self.title.clone(),
            resources: Vec::new(),
            session_lifetime: 12 * 3600,
            mtls: Some(MutualTlsConfig {
                url: mtls_url,
                trust: Vec::new(),
                crls: Vec::new(),
                self_signed: self.self_signed,
                bound_scopes: Vec::new(),
                registration: self.registration,
            }),
            certificate_authority: Some(AuthorityConfig {
                organization: Some("Chancela sandbox".into()),
                max_per_hour: 100,
                ..AuthorityConfig::default()
            }),
            rate_limit,
            // The sandbox listens on loopback unless its user says otherwise.
            danger_http_issuer: true,
        }
    }
}

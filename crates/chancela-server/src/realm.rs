//! A realm at run time: one issuer with its dialect as configured, its keys, clients and counters.

mod plan;

pub use plan::RealmPlan;

use crate::browser::cookies::Cookies;
use crate::certificate_authority::CertificateAuthority;
use crate::config::{Issuer, RealmConfig};
use crate::directory::Directory;
use crate::key_ring::schedule;
use crate::key_ring::{self, KeySet};
use crate::metrics::RealmMetrics;
use crate::router::Place;
use crate::trust::Trust;
use arc_swap::ArcSwap;
use chancela_core::authentication::webauthn::RelyingParty;
use chancela_core::client_auth::{self, AuthenticatedClient, Credentials, Method};
use chancela_core::dialect::{ClientAuthentication, Dialect, TokenEndpoint, TokenFormat};
use chancela_core::grant::GrantType;
use chancela_core::id::ClientKey;
use chancela_core::jose::{JwsAlgorithm, SigningKey};
use chancela_core::pepper::Pepper;
use chancela_core::rate_limit::Window;
use chancela_core::record::Client;
use chancela_core::rejection::Rejection;
use chancela_core::time::Timestamp;
use chancela_core::token::reference;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// One issuer.
#[derive(Debug)]
pub struct Realm {
    /// Its name.
    pub name: String,
    /// Its dialect as written.
    pub dialect: Arc<Dialect>,
    /// Its environment.
    pub environment: String,
    /// The issuer URL.
    pub issuer: String,
    /// The issuer URL's parts.
    pub location: Issuer,
    /// `aud` of JWT access tokens.
    pub audience: String,
    /// Tenants.
    pub tenants: Vec<String>,
    /// Token endpoints with the realm's own choices applied.
    pub endpoints: Vec<RealmEndpoint>,
    /// How clients authenticate at introspection.
    pub client_authentication: ClientAuthentication,
    /// The same for revocation, where public clients end their own tokens too (RFC 7009 §2.1).
    pub revocation_authentication: ClientAuthentication,
    /// Its name for people.
    pub title: String,
    /// Resource servers that a request may name (RFC 8707).
    pub resources: Vec<String>,
    /// Seconds for which a browser stays logged in.
    pub session_lifetime: u32,
    /// Names and attributes of its cookies.
    pub cookies: Cookies,
    /// Whom passkeys are for; none where no browser has passkeys for the issuer's host.
    pub relying_party: Option<RelyingParty>,
    /// Where it asks for client certificates, in parts; none where it does not.
    pub mtls_location: Option<Issuer>,
    /// What it thinks of client certificates.
    pub trust: Trust,
    /// Its own certificate authority.
    pub certificate_authority: Option<CertificateAuthority>,
    /// Digest keys.
    pub pepper: Pepper,
    /// Signing keys as of now.
    pub keys: ArcSwap<KeySet>,
    /// Clients and scopes.
    pub directory: Directory,
    /// Counters.
    pub metrics: RealmMetrics,
}

/// A token endpoint of a realm.
#[derive(Debug)]
pub struct RealmEndpoint {
    /// Its place among the realm's endpoints, by which its signing key is found.
    pub index: usize,
    /// The dialect's endpoint with the realm's format and algorithm.
    pub dialect: TokenEndpoint,
    /// Lifetime of access tokens in seconds.
    pub access_token_lifetime: u32,
    /// Lifetime of refresh tokens in seconds.
    pub refresh_token_lifetime: u32,
    /// Counted requests by client; none where the realm does not enforce the dialect's limit.
    pub windows: Option<Mutex<HashMap<ClientKey, Window>>>,
}

impl RealmEndpoint {
    fn new(
        dialect: &Dialect,
        (index, endpoint): (usize, &TokenEndpoint),
        environment: &str,
        config: &RealmConfig,
    ) -> Self {
        let mut endpoint = endpoint.clone();
        // A step that others build on keeps the form that the dialect gives it; the realm's choices are for the last one.
        let first_step = dialect.is_earlier_step(&endpoint.name);
        if !first_step {
            endpoint.token.format = config.access_token_format.unwrap_or(endpoint.token.format);
            endpoint.token.jwt.algorithm = config.signing_algorithm.unwrap_or(endpoint.token.jwt.algorithm);
        }
        // Without a listener that asks for certificates, nobody can show one; without leave, not one of their own making.
        let mtls = config.mtls.as_ref();
        endpoint.client_authentication.methods.retain(|method| match method {
            Method::TlsClientAuth => mtls.is_some(),
            Method::SelfSignedTlsClientAuth => mtls.is_some_and(|mtls| mtls.self_signed),
            _ => true,
        });
        let access = dialect.access_token_lifetime(&endpoint, environment);
        let refresh = dialect.refresh_token_lifetime(&endpoint, environment);
        Self {
            index,
            access_token_lifetime: config.access_token_lifetime.filter(|_| !first_step).unwrap_or(access),
            refresh_token_lifetime: config.refresh_token_lifetime.unwrap_or(refresh),
            windows: (config.rate_limit && endpoint.rate_limit.is_some()).then(Mutex::default),
            dialect: endpoint,
        }
    }

    /// What the endpoint's `grant_type` values mean.
    pub fn grants(&self) -> impl Iterator<Item = GrantType> {
        let request = &self.dialect.request;
        request.grants.values().chain(&request.default_grant).map(|grant| grant.grant_type())
    }

    /// Whether authorization codes are redeemed here.
    pub fn has_users(&self) -> bool {
        self.grants().any(|grant| grant == GrantType::AuthorizationCode)
    }

    /// Lifetime in seconds of an access token of `client`. A client's own value may exceed what the format carries
    /// only if it was stored before the realm changed its format; then the longest that it carries is used.
    pub fn lifetime_for(&self, client: &Client) -> u32 {
        let own = client.access_token_lifetime.unwrap_or(self.access_token_lifetime);
        match reference::check_lifetime(self.dialect.token.format, own) {
            Ok(()) => own,
            Err(limit) => own.clamp(1, limit),
        }
    }
}

impl Realm {
    /// How long keys live in this realm: its longest token's life counts, whether the realm or a client sets it.
    pub fn key_policy(&self) -> schedule::Policy {
        schedule::Policy::for_longest_token(
            longest_lifetime(&self.endpoints).max(self.directory.longest_access_token()),
        )
    }

    /// Believes a client's credentials or not, by the realm's registry.
    ///
    /// # Errors
    /// Why they are not believed.
    pub fn authenticate(
        &self,
        credentials: &Credentials<'_>,
        policy: &ClientAuthentication,
        now: Timestamp,
    ) -> Result<AuthenticatedClient, Rejection> {
        client_auth::verify(credentials, policy, &|id| self.directory.client(id), &self.pepper, now)
    }

    /// The token endpoint that redeems codes.
    pub fn authorization_endpoint(&self) -> Option<&RealmEndpoint> {
        self.endpoints.iter().find(|endpoint| endpoint.has_users())
    }

    /// Where a page or form is, below the realm's prefix.
    pub fn place(&self, place: Place) -> String {
        let paths = &self.dialect.endpoints;
        let below = |name: &str| format!("{}/{name}", paths.authorization);
        match place {
            Place::Authorization => paths.authorization.clone(),
            Place::Login => below("login"),
            Place::Factor => below("factor"),
            Place::Selection => below("selection"),
            Place::Consent => below("consent"),
            Place::Account => paths.account.clone(),
            Place::EndSession => paths.end_session.clone(),
            Place::Logout => format!("{}/confirm", paths.end_session),
        }
    }

    /// An absolute URL below the issuer.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    /// An absolute URL where it asks for client certificates.
    pub fn mtls_url(&self, path: &str) -> Option<String> {
        self.trust.config().map(|config| format!("{}{path}", config.url))
    }

    /// Whether clients may register themselves.
    pub fn registers(&self) -> bool {
        let allowed = self.trust.config().is_some_and(|config| config.registration);
        allowed && self.certificate_authority.is_some()
    }

    /// Headers in which the dialect's clients send certificates themselves: they prove nothing, and are no forgery.
    pub fn certificate_headers(&self) -> Vec<&str> {
        let endpoints = self.endpoints.iter();
        endpoints
            .filter_map(|endpoint| {
                Some(endpoint.dialect.requires.danger_client_certificate.as_ref()?.header.as_str())
            })
            .collect()
    }

    /// Whether users log in here: whether the dialect has the authorization code.
    pub fn has_users(&self) -> bool {
        self.endpoints.iter().any(RealmEndpoint::has_users)
    }

    /// Whether it has this tenant.
    pub fn has_tenant(&self, name: &str) -> bool {
        self.tenants.iter().any(|own| own == name)
    }

    /// Whether access tokens of this format are issued here.
    pub fn has_format(&self, format: TokenFormat) -> bool {
        self.endpoints.iter().any(|endpoint| endpoint.dialect.token.format == format)
    }

    /// Algorithms that must have a key.
    pub fn algorithms(&self) -> Vec<JwsAlgorithm> {
        key_ring::algorithms(&self.endpoints, self.directory.algorithms())
    }

    /// Algorithms of ID tokens, UserInfo answers and logout tokens.
    pub fn openid_algorithms(&self) -> Vec<JwsAlgorithm> {
        key_ring::openid_algorithms(&self.endpoints, self.directory.algorithms())
    }

    /// The key in use of an algorithm.
    pub fn signing_key(&self, algorithm: JwsAlgorithm) -> Option<Arc<SigningKey>> {
        self.keys.load().signing_key(algorithm).cloned()
    }

    /// The key in use for ID tokens and logout tokens of `client`.
    pub fn id_token_key(&self, client: &Client) -> Option<Arc<SigningKey>> {
        let own = client.id_token_signed_response_alg;
        let endpoint = self.endpoints.iter().find(|endpoint| endpoint.has_users())?;
        self.signing_key(own.unwrap_or(endpoint.dialect.token.id_token.algorithm))
    }

    /// Seconds that an access token may live here, by what is configured and by what some client has, or had while a key
    /// was in use that is still published: such a token may be alive. Where codes live longer than tokens, as long as a
    /// code: what ends tokens ends it too, and has to be remembered until then.
    pub fn longest_access_token(&self) -> u32 {
        let configured = longest_lifetime(&self.endpoints).max(self.directory.longest_access_token());
        configured.max(self.keys.load().longest_token).max(self.dialect.authorization.code_lifetime)
    }
}

fn longest_lifetime(endpoints: &[RealmEndpoint]) -> u32 {
    endpoints.iter().map(|endpoint| endpoint.access_token_lifetime).max().unwrap_or(0)
}

/// The methods of all the dialect's token endpoints together, in standard form: resource servers introspect with
/// whichever of them they are used to. Where none of them takes a method without a certificate, nothing else does either.
fn client_authentication(endpoints: &[RealmEndpoint], public: bool) -> ClientAuthentication {
    let requires = |own: &RealmEndpoint| own.dialect.client_authentication.require_client_certificate;
    let mut policy = ClientAuthentication {
        methods: Vec::new(),
        require_client_certificate: !endpoints.is_empty() && endpoints.iter().all(requires),
        ..ClientAuthentication::default()
    };
    for endpoint in endpoints {
        let own = &endpoint.dialect.client_authentication;
        policy.trailing_newline = own.trailing_newline;
        for method in own.methods.iter().filter(|method| public || **method != Method::None) {
            if !policy.methods.contains(method) {
                policy.methods.push(*method);
            }
        }
    }
    policy
}

//! From the configuration to a provider: what the dialect decides, what the configuration adds, and what is missing.

use super::{Inner, Provider, ProviderError};
use crate::clock::Clock;
use crate::config::{GrantConfig, Http, ProviderConfig};
use crate::engine::duration;
use crate::identity::{ClientIdentity, IdentityFiles};
use crate::source::{Source, Surroundings};
use crate::tokens::{Store, Tokens};
use crate::transport::{Carrier, Proxies, Route, Target, Tls};
use chancela_core::dialect::{Dialect, Grant, Library, TokenEndpoint};
use chancela_core::entropy::Entropy;
use chancela_core::time::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What all providers share.
#[derive(Clone)]
pub struct Context {
    /// Tokens.
    pub tokens: Tokens,
    /// Clocks.
    pub clock: Arc<dyn Clock>,
    /// Environment and standard input.
    pub around: Arc<Surroundings>,
    /// Random numbers.
    pub entropy: Arc<dyn Entropy>,
    /// By which credentials are told apart without telling them: secret, and the same for all who share the cache.
    pub pepper: [u8; 32],
    /// What carries requests in the place of the network.
    pub carrier: Option<Arc<dyn Carrier>>,
}

/// A [`Context`] without its tokens: they own those who ask for them, who must not own them too.
pub(super) struct Shared {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) around: Arc<Surroundings>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) pepper: [u8; 32],
    /// Where the key rests that tokens are bound to.
    pub(super) store: Arc<dyn Store>,
}

/// How often a certificate's files are looked at.
const LOOK: Duration = Duration::from_secs(30);
/// Most steps that are followed.
const MOST_STEPS: usize = 8;

impl Provider {
    /// A provider of this configuration. Reads its certificate.
    ///
    /// # Errors
    /// [`ProviderError`]: what is missing or does not fit.
    pub fn open(
        name: &str,
        config: ProviderConfig,
        http: &Http,
        library: &Library,
        context: Context,
    ) -> Result<Self, ProviderError> {
        let provider = name.to_owned();
        let dialect = Self::dialect_of(name, &config, library)?;
        let environment = environment(&provider, &dialect, &config)?;
        let steps = steps(&provider, &dialect, &config)?;
        let targets = targets(&provider, &dialect, &config, (&environment, &steps))?;
        check_steps(&provider, &dialect, &config, &steps)?;
        let grant = grant(&dialect, &config, &steps);
        let identity = identity(&provider, &config, &context)?;
        let route = route(http, &context.around, context.carrier.clone(), identity.clone())?;
        let http = http.clone();
        let lines = Mutex::default();
        let Context { tokens, clock, around, entropy, pepper, carrier: _ } = context;
        let context = Shared { clock, around, entropy, pepper, store: tokens.store() };
        let inner = Inner {
            name: provider,
            dialect,
            environment,
            config,
            steps,
            grant,
            targets,
            identity,
            route,
            http,
            context,
            heard: Arc::default(),
            prover: Mutex::default(),
            lines,
        };
        Ok(Self(Arc::new(inner), tokens))
    }
}

impl Provider {
    /// The dialect that a configuration names.
    pub(crate) fn dialect_of(
        name: &str,
        config: &ProviderConfig,
        library: &Library,
    ) -> Result<Arc<Dialect>, ProviderError> {
        let dialect = library.load(config.dialect.as_deref().unwrap_or(name));
        dialect.map_err(|error| ProviderError::Dialect { provider: name.to_owned(), error })
    }
}

/// How servers are reached, by `carrier` if there is one, and with this client's certificate if there is one.
///
/// # Errors
/// [`ProviderError`]: the certificate authorities or the proxy.
pub fn route(
    http: &Http,
    around: &Surroundings,
    carrier: Option<Arc<dyn Carrier>>,
    identity: Option<Arc<ClientIdentity>>,
) -> Result<Route, ProviderError> {
    let own = http.ca.as_deref().map(authorities).transpose()?.unwrap_or_default();
    Ok(Route {
        tls: Arc::new(Tls::new(own, identity)),
        proxies: proxies(http, around)?,
        connect: duration(http.connect_timeout.millis()),
        carrier,
    })
}

/// Where each step's endpoint is.
fn targets(
    provider: &str,
    dialect: &Dialect,
    config: &ProviderConfig,
    (environment, steps): (&str, &[usize]),
) -> Result<Vec<Target>, ProviderError> {
    let endpoints = steps.iter().filter_map(|at| dialect.token_endpoints.get(*at));
    let target = |endpoint| {
        let address = config.address.as_deref().or_else(|| dialect.base_url(endpoint, environment));
        let address = address.ok_or_else(|| ProviderError::NoAddress { provider: provider.to_owned() })?;
        Target::parse(address)
            .map_err(|error| ProviderError::Address { provider: provider.to_owned(), error })
    };
    endpoints.map(target).collect()
}

/// The environment that is meant.
pub(crate) fn environment(
    provider: &str,
    dialect: &Dialect,
    config: &ProviderConfig,
) -> Result<String, ProviderError> {
    let mut names = dialect.environments.keys();
    let named = config.environment.clone().filter(|name| dialect.environments.contains_key(name));
    let mut only = || match (names.next(), names.next()) {
        (Some(only), None) => Some(only.clone()),
        (None, _) => Some(String::new()),
        _ => None,
    };
    let chosen = if config.environment.is_some() { named } else { only() };
    chosen.ok_or_else(|| ProviderError::Environment {
        provider: provider.to_owned(),
        known: dialect.environments.keys().cloned().collect::<Vec<_>>().join(", "),
    })
}

/// Positions of the endpoints that a token needs, first step first.
fn steps(provider: &str, dialect: &Dialect, config: &ProviderConfig) -> Result<Vec<usize>, ProviderError> {
    let all = &dialect.token_endpoints;
    let place = |name: &str| all.iter().position(|endpoint| endpoint.name == name);
    let unclear = || ProviderError::Endpoint {
        provider: provider.to_owned(),
        known: all.iter().map(|endpoint| endpoint.name.as_str()).collect::<Vec<_>>().join(", "),
    };
    let mut step = match &config.endpoint {
        Some(name) => place(name),
        None => {
            // A certificate is given for the endpoint that demands one.
            let secured = config.certificate.is_some() && all.iter().any(|one| one.requires.mutual_tls);
            let fits = |one: &&TokenEndpoint| {
                !dialect.is_earlier_step(&one.name) && one.requires.mutual_tls == secured
            };
            let mut fitting = all.iter().filter(fits);
            match (fitting.next(), fitting.next()) {
                (Some(only), None) => place(&only.name),
                _ => None,
            }
        }
    };
    let mut out = Vec::new();
    while let Some(at) = step {
        if out.contains(&at) || out.len() == MOST_STEPS {
            return Err(unclear());
        }
        out.push(at);
        let earlier = all.get(at).and_then(|endpoint| endpoint.requires.access_token.as_ref());
        step = earlier.and_then(|chained| place(&chained.from));
    }
    out.reverse();
    if out.is_empty() { Err(unclear()) } else { Ok(out) }
}

fn check_steps(
    provider: &str,
    dialect: &Dialect,
    config: &ProviderConfig,
    steps: &[usize],
) -> Result<(), ProviderError> {
    let names: Vec<&str> =
        steps.iter().filter_map(|at| Some(dialect.token_endpoints.get(*at)?.name.as_str())).collect();
    match config.step.keys().find(|step| !names.contains(&step.as_str())) {
        None => Ok(()),
        Some(step) => Err(ProviderError::Step {
            provider: provider.to_owned(),
            step: step.clone(),
            known: names.join(", "),
        }),
    }
}

/// What the configuration says, else what the endpoint has.
fn grant(dialect: &Dialect, config: &ProviderConfig, steps: &[usize]) -> GrantConfig {
    let endpoint = steps.last().and_then(|at| dialect.token_endpoints.get(*at));
    let request = endpoint.map(|endpoint| &endpoint.request);
    let offered = |grant: Grant| {
        request.is_some_and(|request| {
            request.grants.values().any(|own| *own == grant) || request.default_grant == Some(grant)
        })
    };
    config.grant.unwrap_or_else(|| {
        if offered(Grant::ClientCredentials) {
            GrantConfig::ClientCredentials
        } else if offered(Grant::AuthorizationCode) {
            GrantConfig::AuthorizationCode
        } else if dialect.device_authorization.is_some() {
            GrantConfig::DeviceCode
        } else {
            GrantConfig::ClientCredentials
        }
    })
}

/// The client certificate that is configured.
pub(crate) fn identity(
    provider: &str,
    config: &ProviderConfig,
    context: &Context,
) -> Result<Option<Arc<ClientIdentity>>, ProviderError> {
    let Some(certificate) = &config.certificate else { return Ok(None) };
    if let Source::File(path) = &certificate.0
        && config.enrollment.is_some()
        && !path.exists()
    {
        return Err(ProviderError::NotEnrolled { provider: provider.to_owned() });
    }
    let files = IdentityFiles {
        certificate: certificate.0.clone(),
        key: config.certificate_key.as_ref().map(|place| place.0.clone()),
        passphrase: config.certificate_passphrase.as_ref().map(|place| place.0.clone()),
    };
    let now = Timestamp::from_millis(context.clock.now().wall);
    let identity = ClientIdentity::load(files, LOOK, &context.around, now);
    let identity = identity
        .map_err(|error| ProviderError::Identity { provider: provider.to_owned(), error: Box::new(error) })?;
    Ok(Some(Arc::new(identity)))
}

/// The certificates of a file with authorities.
pub(crate) fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, ProviderError> {
    let wrong = |error| ProviderError::Authorities { path: path.to_owned(), error };
    let text = std::fs::read(path).map_err(wrong)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let found = found.map_err(|error| wrong(std::io::Error::other(error.to_string())))?;
    if found.is_empty() {
        return Err(wrong(std::io::Error::other("has no certificate")));
    }
    Ok(found)
}

fn proxies(http: &Http, around: &Surroundings) -> Result<Proxies, ProviderError> {
    let variable = |names: [&str; 2]| {
        let found = names.iter().find_map(|name| around.variable(name));
        found.map(|value| value.to_string_lossy().into_owned()).unwrap_or_default()
    };
    let direct = variable(["NO_PROXY", "no_proxy"]);
    Ok(match http.proxy.as_str() {
        "none" => Proxies::default(),
        "env" => Proxies::parse(&variable(["HTTPS_PROXY", "https_proxy"]), &direct)?,
        address => Proxies::parse(address, &direct)?,
    })
}

//! A provider as its configuration and its dialect have it: which steps a token needs, who we are at each, and what an API
//! call carries then.
//!
//! Owns the way from names in a file to keys, plans and requests. Does not own when they are used (the engine's) nor how
//! they travel (the transport's).

mod assertion;
mod authorized;
mod binding;
mod error;
mod exchange;
mod explain;
mod issuer;
mod line;
mod login;
mod open;
mod per_call;
mod rendered;
mod sight;
mod times;

pub use authorized::Authorized;
pub(crate) use binding::UNBOUND;
pub use error::ProviderError;
#[cfg(feature = "portuguese")]
pub(crate) use error::span;
pub use explain::{Explained, Timetable};
pub(crate) use issuer::fresh;
pub(crate) use login::{Opening, Redeemed, Unredeemed};
pub use open::{Context, route};
pub(crate) use open::{authorities, environment, identity};
pub use times::Step;

use crate::config::{GrantConfig, Http, ProviderConfig};
use crate::engine::{Fingerprint, Moment, Reason, Refusal, Served, TokenKey, Want};
use crate::identity::{ClientIdentity, Look};
use crate::proof::{Heard, Prover};
use crate::source::Surroundings;
use crate::tokens::{TokenError, Tokens};
use crate::transport::{Route, Target};
use chancela_core::dialect::{Dialect, TokenEndpoint};
use chancela_core::time::Timestamp;
use line::Line;
use open::Shared;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Most scopes and audiences that are kept apart for one provider: callers may ask for any, and nothing forgets them.
const MOST_LINES: usize = 64;

/// A provider that gives us tokens. Cheap to clone.
#[derive(Clone)]
pub struct Provider(Arc<Inner>, Tokens);

/// What a caller wants beside the configured.
#[derive(Debug, Clone, Copy, Default)]
pub struct Request<'a> {
    /// Another scope than the configured one.
    pub scope: Option<&'a str>,
    /// Another resource server than the configured one (RFC 8707).
    pub resource: Option<&'a str>,
    /// Least life.
    pub min_ttl: Duration,
}

struct Inner {
    name: String,
    dialect: Arc<Dialect>,
    environment: String,
    config: ProviderConfig,
    /// Positions of the dialect's token endpoints, first step first; never empty.
    steps: Vec<usize>,
    grant: GrantConfig,
    /// Where each step's endpoint is.
    targets: Vec<Target>,
    identity: Option<Arc<ClientIdentity>>,
    route: Route,
    http: Http,
    context: Shared,
    /// What servers said of nonces and clocks.
    heard: Arc<Heard>,
    /// The key that tokens are bound to now, once it was read.
    prover: Mutex<Option<Arc<Prover>>>,
    lines: Mutex<BTreeMap<Wanted, Entry>>,
}

/// What was read for one kind of token.
struct Entry {
    line: Arc<Line>,
    /// Whether it is being read anew. What was read before serves meanwhile, and if that fails.
    reading: bool,
}

/// A look at who we are that is under way. However it ends, also if its runtime ended before it began, another may follow.
struct Reading(Arc<Inner>, Wanted);

impl Drop for Reading {
    fn drop(&mut self) {
        if let Some(entry) = self.0.lines().get_mut(&self.1) {
            entry.reading = false;
        }
    }
}

/// By what the tokens of one provider differ.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Wanted {
    scope: Option<String>,
    resource: Option<String>,
}

impl Provider {
    /// Its name in the configuration.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Its dialect.
    pub fn dialect(&self) -> &Dialect {
        &self.0.dialect
    }

    /// The environment.
    pub fn environment(&self) -> &str {
        &self.0.environment
    }

    /// Whether its tokens need a person who logs in.
    pub fn needs_login(&self) -> bool {
        self.0.needs_login()
    }

    /// Whether that person does so at another device, and with no browser here.
    pub fn needs_device(&self) -> bool {
        self.0.grant == GrantConfig::DeviceCode
    }

    /// A token and what a call carries with it, waited for until `patience` is over.
    ///
    /// # Errors
    /// [`ProviderError`]: why there is none, and what to do.
    pub async fn token(&self, request: Request<'_>, patience: Duration) -> Result<Authorized, ProviderError> {
        let late = || ProviderError::Deadline { provider: self.0.name.clone() };
        let line = timeout(patience, self.line(request)).await.map_err(|_| late())??;
        let min_ttl = i64::try_from(request.min_ttl.as_millis()).unwrap_or(i64::MAX);
        let served = self.1.token(line.key(), Want { min_ttl }, patience).await;
        match served {
            Ok(served) => {
                let prover = line.prover.clone().filter(|_| binding::is_bound(&served.token));
                let headers = self.0.headers(&line, &served, prover.is_some())?;
                Ok(Authorized::new(headers, served, prover, line.per_call.clone()))
            }
            Err(TokenError::Refused(refusal)) => Err(self.refused(refusal)),
            Err(TokenError::Deadline) => Err(late()),
        }
    }

    /// An API has refused a token. Returns whether another one comes before it is handed out again.
    pub async fn rejected(&self, request: Request<'_>, served: &Served) -> bool {
        let Ok(line) = self.line(request).await else { return false };
        self.1.rejected(line.key(), served.token.fingerprint)
    }

    /// The same, by whoever knows no more of the token than its name.
    ///
    /// # Errors
    /// [`ProviderError`]: the credentials cannot be read.
    pub async fn doubt(&self, request: Request<'_>, seen: Fingerprint) -> Result<bool, ProviderError> {
        Ok(self.1.rejected(self.line(request).await?.key(), seen))
    }

    /// The client certificate, if there is one.
    pub fn identity(&self) -> Option<&ClientIdentity> {
        self.0.identity.as_deref()
    }

    /// Takes another certificate from its files now, if there is one. Returns whether there was.
    pub fn reload_identity(&self) -> bool {
        let now = Timestamp::from_millis(self.0.context.clock.now().wall);
        let reloaded = |identity: &Arc<ClientIdentity>| identity.reload(self.0.around(), now);
        self.0.identity.as_ref().is_some_and(|identity| matches!(reloaded(identity), Look::Replaced))
    }

    /// The key of what `request` asks for.
    ///
    /// # Errors
    /// [`ProviderError`]: the credentials cannot be read.
    pub async fn key(&self, request: Request<'_>) -> Result<TokenKey, ProviderError> {
        Ok(self.line(request).await?.key())
    }

    /// Keys, plans and issuers of what is wanted. They change when the credentials do, which is looked for here: a token that
    /// is there is not kept from anybody by a secret that cannot be read now, and one look serves all who ask.
    async fn line(&self, request: Request<'_>) -> Result<Arc<Line>, ProviderError> {
        let wanted = self.wanted(request);
        let now = self.0.context.clock.now();
        let known = self.0.lines().get_mut(&wanted).map(|entry| {
            let look = !entry.line.is_recent(now) && !std::mem::replace(&mut entry.reading, true);
            (Arc::clone(&entry.line), look)
        });
        match known {
            Some((line, false)) => Ok(line),
            Some((line, true)) => {
                drop(self.read(wanted, now));
                Ok(line)
            }
            None => self.read(wanted, now).await.unwrap_or(Err(ProviderError::Interrupted)),
        }
    }

    /// Reads who we are, for one kind of token. It goes on although nobody waits for it.
    fn read(&self, wanted: Wanted, now: Moment) -> JoinHandle<Result<Arc<Line>, ProviderError>> {
        let (inner, tokens) = (Arc::clone(&self.0), self.1.clone());
        let reading = Reading(Arc::clone(&inner), wanted.clone());
        tokio::task::spawn_blocking(move || {
            let _reading = reading;
            if inner.lines().len() >= MOST_LINES && !inner.lines().contains_key(&wanted) {
                return Err(ProviderError::TooManyScopes { provider: inner.name.clone() });
            }
            let line = Line::read(&inner, &wanted, now).map(Arc::new);
            let line = line.and_then(|line| line.register(&inner, &tokens).map(|()| line));
            let mut lines = inner.lines();
            match (&line, lines.get_mut(&wanted)) {
                (Ok(line), _) => {
                    let old = lines.insert(wanted, Entry { line: Arc::clone(line), reading: false });
                    let old = old.iter().flat_map(|entry| entry.line.keys());
                    for key in old.filter(|key| !lines.values().any(|entry| entry.line.keys().contains(key)))
                    {
                        tokens.retire(*key);
                    }
                }
                // Looked at again with the next second; what the request itself needs is read for it, and missed there.
                (Err(_), Some(entry)) => {
                    *entry = Entry { line: Arc::new(entry.line.looked_at(now)), reading: false };
                }
                (Err(_), None) => {}
            }
            line
        })
    }

    fn wanted(&self, request: Request<'_>) -> Wanted {
        Wanted {
            scope: request.scope.map(str::to_owned).or_else(|| self.0.scope()),
            resource: request.resource.or(self.0.config.resource.as_deref()).map(str::to_owned),
        }
    }

    fn refused(&self, refusal: Refusal) -> ProviderError {
        let provider = self.0.name.clone();
        match refusal.reason {
            Reason::LoginRequired => ProviderError::LoginRequired { provider },
            _ => ProviderError::Refused { provider, refusal },
        }
    }
}

impl Inner {
    fn needs_login(&self) -> bool {
        matches!(self.grant, GrantConfig::AuthorizationCode | GrantConfig::DeviceCode)
    }

    /// The endpoints of the steps, first step first.
    fn endpoints(&self) -> impl Iterator<Item = &TokenEndpoint> {
        self.steps.iter().filter_map(|at| self.dialect.token_endpoints.get(*at))
    }

    /// Where a step's endpoint is.
    fn target(&self, place: usize) -> Result<&Target, ProviderError> {
        self.targets.get(place).ok_or(ProviderError::Interrupted)
    }

    /// The configured scope, or the only one that there is.
    fn scope(&self) -> Option<String> {
        let exact = || self.endpoints().last()?.exact_scope.as_ref().map(|scope| scope.as_str().to_owned());
        self.config.scope.clone().or_else(exact)
    }

    fn lines(&self) -> std::sync::MutexGuard<'_, BTreeMap<Wanted, Entry>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn around(&self) -> &Surroundings {
        &self.context.around
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Provider({})", self.0.name)
    }
}

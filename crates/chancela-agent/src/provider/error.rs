//! Why a provider gives no token: which provider, what happened, what to do.

use crate::engine::{PlanError, Reason, Refusal};
use crate::identity::IdentityError;
use crate::proof::ProveError;
use crate::source::SourceError;
use crate::transport::{ProxyError, TargetError};
use chancela_core::dialect::DialectError;
use chancela_core::jose::PrivateKeyError;
use chancela_core::message::token_request::EncodeError;

/// Why a provider gives no token.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "`provider` is its name in the configuration, everywhere")]
pub enum ProviderError {
    /// The dialect.
    #[error("{provider}: {error}; name one with `dialect`, see `chancela dialect list`")]
    Dialect { provider: String, error: DialectError },
    /// The environment.
    #[error("{provider}: the dialect has the environments {known}; name one with `environment`")]
    Environment { provider: String, known: String },
    /// The address.
    #[error("{provider}: the dialect does not know the provider's address; give it with `address`")]
    NoAddress { provider: String },
    /// The address.
    #[error("{provider}: {error}")]
    Address { provider: String, error: TargetError },
    /// Which endpoint.
    #[error("{provider}: the dialect has the token endpoints {known}; name one with `endpoint`")]
    Endpoint { provider: String, known: String },
    /// A step that the dialect has not.
    #[error("{provider}: there is no step {step:?}; the dialect has: {known}")]
    Step { provider: String, step: String, known: String },
    /// The certificate.
    #[error("{provider}: {error}")]
    Identity { provider: String, error: Box<IdentityError> },
    /// The certificate that an enrolment is going to make.
    #[error("{provider}: there is no certificate yet; run `chancela agent enroll {provider}`")]
    NotEnrolled { provider: String },
    /// The certificate authorities.
    #[error("{path}: {error}; `ca` names a PEM file with at least one certificate")]
    Authorities { path: std::path::PathBuf, error: std::io::Error },
    /// A proxy.
    #[error("http.proxy: {0}")]
    Proxy(#[from] ProxyError),
    /// A secret cannot be read.
    #[error("{provider}: {error}")]
    Source { provider: String, error: SourceError },
    /// A signing key.
    #[error("{provider}: {key}: {error}")]
    Key { provider: String, key: &'static str, error: PrivateKeyError },
    /// The key that the cache keeps.
    #[error("{provider}: the key that its tokens are bound to: {error}")]
    KeptKey { provider: String, error: std::io::Error },
    /// A request cannot be signed.
    #[error("{provider}: {error}")]
    Proof { provider: String, error: ProveError },
    /// A value is missing.
    #[error("{provider}: {key} is missing; {why}")]
    Missing { provider: String, key: &'static str, why: String },
    /// The request cannot be made.
    #[error("{provider}: {error}")]
    Request { provider: String, error: EncodeError },
    /// Something does not fit into a header.
    #[error("{provider}: what belongs into the header {header} cannot stand in one; check the configuration")]
    Header { provider: String, header: String },
    /// The steps.
    #[error("{provider}: {error}")]
    Plan { provider: String, error: PlanError },
    /// Too many different scopes.
    #[error("{provider}: tokens for 64 different scopes are kept already; ask for one of them")]
    TooManyScopes { provider: String },
    /// A call's address.
    #[error("the call's address would be too long with the parameters that the provider wants; shorten it")]
    CallAddress,
    /// The caller's time was over.
    #[error(
        "{provider}: there was no token in time; wait longer with --timeout, or see `chancela agent status`"
    )]
    Deadline { provider: String },
    /// Nobody is logged in.
    #[error("{provider}: nobody is logged in; run `chancela agent login {provider}`")]
    LoginRequired { provider: String },
    /// There is none.
    #[error("{provider}: {}", sentence(.refusal))]
    Refused { provider: String, refusal: Refusal },
    /// The program ends.
    #[error("the program is being stopped")]
    Interrupted,
}

/// What happened and what to do, in one sentence.
fn sentence(refusal: &Refusal) -> String {
    let what = match refusal.reason {
        Reason::LoginRequired => "nobody is logged in",
        Reason::Unavailable => "the provider is not available",
        Reason::Budget => "the token endpoint was called as often as it may be",
        Reason::TooEarly => "the session may not be renewed yet",
        Reason::Credentials => "the provider does not accept our credentials",
        Reason::Request => "the provider does not accept the request",
        Reason::Configuration => "the request cannot be made",
        Reason::TooShort => "the provider's tokens never live that long; ask for less with --min-ttl",
        Reason::LifeUnknown => "nobody says how long a token lives; the dialect needs a lifetime",
        Reason::Cache => "the cache cannot be used",
        Reason::Unregistered => "there is no such token",
    };
    let mut out = what.to_owned();
    if let Some(said) = &refusal.said {
        out = format!("{out}: {said}");
    }
    match refusal.after {
        Some(after) if after > 0 => format!("{out} (next attempt in {})", span(after)),
        _ => out,
    }
}

/// Milliseconds for people.
pub(crate) fn span(millis: i64) -> String {
    match millis.saturating_add(999) / 1000 {
        seconds @ ..120 => format!("{seconds} s"),
        seconds @ ..7200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}

impl ProviderError {
    /// Why there is no token, if it is the engine that refuses.
    pub const fn reason(&self) -> Option<Reason> {
        match self {
            Self::LoginRequired { .. } => Some(Reason::LoginRequired),
            Self::Refused { refusal, .. } => Some(refusal.reason),
            _ => None,
        }
    }

    /// Milliseconds until the next attempt, if time helps.
    pub const fn retry_after(&self) -> Option<i64> {
        match self {
            Self::Refused { refusal, .. } => refusal.after,
            _ => None,
        }
    }
}

//! Whether a token's signature is good: keys that a server publishes (RFC 7517), and what they say.

use crate::transport::{Route, Target, TransportError};
use bytes::Bytes;
use chancela_core::jose::{JwkSetError, JwsAlgorithm, UnverifiedJwt, VerifyingKey};
use chancela_core::secret::Secret;
use http::{Request, StatusCode};
use std::time::Duration;

/// What a token's signature is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verification {
    /// One of the keys has made it.
    Good,
    /// None of the keys that it may be of has made it.
    Bad,
    /// No key has its id and algorithm.
    UnknownKey,
    /// Its algorithm is none that is verified here.
    Unsupported,
    /// It is no signed JWT.
    NotSigned,
}

/// Why there are no keys. The text ends with what to do.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The server is not reached.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// It publishes none there.
    #[error("{url} answered {status}; name the address of the keys with --jwks")]
    Status {
        /// The address.
        url: String,
        /// The answer's status.
        status: StatusCode,
    },
    /// What it publishes cannot be used.
    #[error("{url}: {error}; name the address of the keys with --jwks, or ask the provider")]
    Set {
        /// The address.
        url: String,
        /// Why.
        error: JwkSetError,
    },
    /// The path is none.
    #[error("{0:?} cannot be asked for; name the address of the keys with --jwks")]
    Path(String),
}

/// The keys at `path` below `target`.
///
/// # Errors
/// [`KeysError`].
pub async fn fetch_keys(
    route: &Route,
    target: &Target,
    path: &str,
    patience: Duration,
) -> Result<Vec<VerifyingKey>, KeysError> {
    let url = target.url(path);
    let whole = target.join(path);
    let whole = if whole.is_empty() { "/" } else { &whole };
    let request = Request::get(whole).body(Bytes::new()).map_err(|_| KeysError::Path(url.clone()))?;
    let answer = route.send(target, request, patience).await?;
    if answer.status() != StatusCode::OK {
        return Err(KeysError::Status { url, status: answer.status() });
    }
    VerifyingKey::read_jwk_set(answer.body()).map_err(|error| KeysError::Set { url, error })
}

/// What a token's signature is worth by these keys.
pub fn verify(token: &Secret, keys: &[VerifyingKey]) -> Verification {
    let Some(jwt) = UnverifiedJwt::parse(token.expose()) else { return Verification::NotSigned };
    match () {
        () if JwsAlgorithm::parse(jwt.alg()).is_none() => Verification::Unsupported,
        () if !keys.iter().any(|key| jwt.may_be_of(key)) => Verification::UnknownKey,
        () if jwt.verify(keys).is_some() => Verification::Good,
        () => Verification::Bad,
    }
}

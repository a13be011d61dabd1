//! Asking the authorization server about a token (RFC 7662): its answer, and who carries the question.

use crate::claims::{Claims, Source};
use crate::{Refusal, Settings, Timestamp, VerifiedToken};
use chancela_core::strict_json;
use serde_json::Value;
use std::future::Future;
use std::sync::Arc;

/// Most bytes of an answer that are read.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// Carries a token to the introspection endpoint, with the caller's own HTTP client, credentials and time limit.
pub trait Introspect: Send + Sync + 'static {
    /// Sends `token` in a form (RFC 7662 §2.1) and reads the body of a 200 with [`Introspection::parse`].
    ///
    /// # Errors
    /// [`IntrospectError`] for every other outcome. An endpoint that cannot be reached says nothing about the token.
    fn introspect(&self, token: &str) -> impl Future<Output = Result<Introspection, IntrospectError>> + Send;
}

/// Why the authorization server's answer is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IntrospectError {
    /// No connection, or no answer in time.
    #[error("the introspection endpoint cannot be reached")]
    Unreachable,
    /// Another status than 200; a 401 means that our own credentials are wrong (RFC 7662 §2.3).
    #[error("the introspection endpoint answered with status {0}")]
    Status(u16),
    /// The body is no introspection response.
    #[error("the introspection endpoint answered with no introspection response")]
    Malformed,
}

/// An introspection response (RFC 7662 §2.2). Cheap to clone.
#[derive(Debug, Clone, PartialEq)]
pub struct Introspection {
    claims: Option<Arc<Claims>>,
}

impl Introspection {
    /// Reads the body of a 200.
    ///
    /// # Errors
    /// [`IntrospectError::Malformed`] if it is no JSON object with a boolean `active`, has a member twice or one of a
    /// wrong type, or is longer than 64 KiB.
    pub fn parse(body: &[u8]) -> Result<Self, IntrospectError> {
        if body.len() > MAX_BODY_BYTES {
            return Err(IntrospectError::Malformed);
        }
        let object = strict_json::object(body).ok_or(IntrospectError::Malformed)?;
        match object.get("active").and_then(Value::as_bool) {
            Some(true) => {
                let claims = Claims::read(object).map_err(|_| IntrospectError::Malformed)?;
                Ok(Self { claims: Some(Arc::new(claims)) })
            }
            Some(false) => Ok(Self { claims: None }),
            None => Err(IntrospectError::Malformed),
        }
    }

    /// Whether the token was active when the answer was given.
    pub const fn is_active(&self) -> bool {
        self.claims.is_some()
    }

    /// `exp`, seconds since the epoch.
    pub(crate) fn expires_at(&self) -> Option<i64> {
        self.claims.as_ref()?.expires_at()
    }

    /// The checks that a JWT has too. Of the claims that an answer may leave out, `aud` alone is missed: without it, any
    /// resource server's token would be good here.
    ///
    /// # Errors
    /// [`Refusal::Inactive`], or the first rule that is broken.
    pub fn verify(
        &self,
        settings: &Settings,
        presented: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<VerifiedToken, Refusal> {
        self.verify_beside(None, settings, presented, now)
    }

    /// The same for a JWT that was verified with this `aud`, which an answer need not repeat.
    pub(crate) fn verify_beside(
        &self,
        audience: Option<&[Box<str>]>,
        settings: &Settings,
        presented: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<VerifiedToken, Refusal> {
        let claims = self.claims.as_ref().ok_or(Refusal::Inactive)?;
        if !claims.is_bearer() {
            return Err(Refusal::Kind);
        }
        claims.verify(Source::Introspection(audience), settings, presented, now)
    }
}

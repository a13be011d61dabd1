//! A token that passed every check: the proof that a request may go on.

use crate::Refusal;
use chancela_core::scope::Scope;
use serde_json::{Map, Value};
use std::sync::Arc;

/// What a good token says. It can be made by a verification alone.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct VerifiedToken {
    /// `sub`: the user, or the client where it acts for itself.
    pub subject: Option<Box<str>>,
    /// `client_id` of who asked for it.
    pub client_id: Option<Box<str>>,
    /// `jti`.
    pub token_id: Option<Box<str>>,
    /// `aud`.
    pub audience: Vec<Box<str>>,
    /// `scope`.
    pub scope: Scope,
    /// `iat`, seconds since the epoch.
    pub issued_at: Option<i64>,
    /// `exp`, seconds since the epoch. A JWT has one.
    pub expires_at: Option<i64>,
    /// SHA-256 of the certificate that it is bound to, which is the connection's.
    pub certificate: Option<[u8; 32]>,
    /// Every claim.
    pub claims: Arc<Map<String, Value>>,
}

impl VerifiedToken {
    /// That the token has every one of these scope-tokens.
    ///
    /// # Errors
    /// [`Refusal::InsufficientScope`] with all of `required`, as RFC 6750 §3 has it.
    pub fn require_scope(&self, required: &[&str]) -> Result<(), Refusal> {
        if required.iter().all(|token| self.scope.contains(token)) {
            return Ok(());
        }
        Err(Refusal::InsufficientScope(required.iter().copied().collect()))
    }
}

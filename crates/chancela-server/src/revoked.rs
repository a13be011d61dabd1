//! Self-contained tokens that were revoked, until they would have died: a small set that every check asks.

use chancela_core::id::TokenId;
use chancela_core::record::RevokedToken;
use chancela_core::time::Timestamp;
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

/// The set.
#[derive(Debug, Default)]
pub struct RevokedTokens(RwLock<HashMap<TokenId, i64>>);

impl RevokedTokens {
    /// From what the store kept.
    pub fn new(tokens: Vec<RevokedToken>) -> Self {
        Self(RwLock::new(tokens.into_iter().map(|token| (token.id, token.expires_at)).collect()))
    }

    /// Whether a token was revoked.
    pub fn contains(&self, id: TokenId) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains_key(&id)
    }

    /// Adds a token, after its revocation is durable.
    pub fn insert(&self, token: RevokedToken) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(token.id, token.expires_at);
    }

    /// Forgets tokens that are dead anyway.
    pub fn expire(&self, now: Timestamp) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|_, expires_at| now.seconds() < *expires_at);
    }
}

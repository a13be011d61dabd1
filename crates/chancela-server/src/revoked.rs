//! What was revoked before its time, as long as a self-contained token could still be shown: a small set that every
//! check asks.

use chancela_core::record::{Revocation, Revoked};
use chancela_core::time::Timestamp;
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

/// The set.
#[derive(Debug, Default)]
pub struct RevocationSet(RwLock<HashMap<Revoked, i64>>);

impl RevocationSet {
    /// From what the store kept.
    pub fn new(revocations: Vec<Revocation>) -> Self {
        let set = Self::default();
        for revocation in revocations {
            set.insert(revocation);
        }
        set
    }

    /// Whether exactly this was revoked.
    pub fn contains(&self, what: &Revoked) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains_key(what)
    }

    /// Adds a revocation, after it is durable.
    pub fn insert(&self, Revocation { what, expires_at }: Revocation) {
        let mut set = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let end = set.entry(what).or_insert(expires_at);
        *end = expires_at.max(*end);
    }

    /// Forgets what is dead anyway.
    pub fn expire(&self, now: Timestamp) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|_, expires_at| now.seconds() < *expires_at);
    }
}

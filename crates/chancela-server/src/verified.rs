//! A bounded cache of verified JWTs, so that introspecting one again costs a hash instead of a signature.
//!
//! What is cached is the signature check alone: expiry, revocation and the client's state are asked each time. Two
//! generations of maps bound it: when the young one is full it becomes the old one, and the old one is dropped.

use chancela_core::token::jwt::VerifiedJwt;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

const SHARDS: usize = 16;
/// Entries of one generation of one shard; in all at most 16 × 2 × this, about 5 MB.
const GENERATION: usize = 256;

#[derive(Debug, Default)]
struct Shard {
    young: HashMap<[u8; 32], Arc<VerifiedJwt>>,
    old: HashMap<[u8; 32], Arc<VerifiedJwt>>,
}

/// The cache; keyed by SHA-256 of the whole token.
#[derive(Debug)]
pub struct VerifiedTokens {
    shards: Vec<Mutex<Shard>>,
    hasher: RandomState,
}

impl Default for VerifiedTokens {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect(), hasher: RandomState::new() }
    }
}

impl VerifiedTokens {
    /// What was verified under this digest.
    pub fn get(&self, digest: &[u8; 32]) -> Option<Arc<VerifiedJwt>> {
        let mut shard = self.shard(digest);
        if let Some(found) = shard.young.get(digest) {
            return Some(Arc::clone(found));
        }
        let found = shard.old.remove(digest)?;
        shard.put(*digest, Arc::clone(&found));
        Some(found)
    }

    /// Remembers a verified token.
    pub fn put(&self, digest: [u8; 32], token: Arc<VerifiedJwt>) {
        self.shard(&digest).put(digest, token);
    }

    fn shard(&self, digest: &[u8; 32]) -> std::sync::MutexGuard<'_, Shard> {
        let index = usize::try_from(self.hasher.hash_one(digest) % SHARDS as u64).unwrap_or(0);
        self.shards[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shard {
    fn put(&mut self, digest: [u8; 32], token: Arc<VerifiedJwt>) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(digest, token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chancela_core::id::TokenId;

    fn token() -> Arc<VerifiedJwt> {
        Arc::new(VerifiedJwt {
            id: TokenId([0; 16]),
            client_id: "c".into(),
            subject: None,
            tenant: None,
            grant: None,
            token_id: None,
            audience: None,
            scope: Arc::from(""),
            issued_at: 0,
            expires_at: 0,
            certificate: None,
        })
    }

    #[test]
    fn it_never_holds_more_than_its_bound_and_keeps_what_is_asked_for() {
        let cache = VerifiedTokens::default();
        let key = |n: u32| {
            let mut key = [0; 32];
            key[..4].copy_from_slice(&n.to_be_bytes());
            key
        };
        cache.put(key(0), token());
        for n in 1..20_000 {
            cache.put(key(n), token());
            assert!(cache.get(&key(0)).is_some(), "a token asked for all the time stays ({n})");
        }
        let held: usize = (0..20_000).filter(|n| cache.get(&key(*n)).is_some()).count();
        assert!(held <= SHARDS * 2 * GENERATION, "{held}");
    }
}

//! The memory store: the reference that every backend is compared with, and the store of the sandbox and of tests.
//!
//! Owns: access tokens in [`tokens`] (sharded, in expiry buckets that are dropped whole), everything else in
//! [`cold`] (one lock, every change undoable). Does not own durability: a process that ends takes all with it.
//!
//! Locks are `std` mutexes: no critical section waits for anything, and none is held across an await.

mod certificates;
mod cold;
mod people;
mod tokens;

use crate::{CommitOutcome, Expired, Store, StoreError};
use chancela_core::effect::Effect;
use chancela_core::id::{AccessTokenKey, ClientKey, CodeId, GrantId, SessionId};
use chancela_core::record::{
    AccessToken, AuthorizationCode, Client, ClientCertificate, Consent, Crl, Grant, KeyRecord, Revocation,
    ScopeRecord, Session, User,
};
use chancela_core::time::Timestamp;
use cold::Cold;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokens::Tokens;

/// The reference store.
#[derive(Debug, Default)]
pub struct MemoryStore {
    tokens: Tokens,
    cold: Mutex<Cold>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Also after a panic elsewhere: every change to `Cold` is complete or undone when its lock is released.
    fn cold(&self) -> MutexGuard<'_, Cold> {
        self.cold.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Effects on tokens carry no guard, so they wait until every guard of the list has held.
    fn commit_list(&self, effects: Vec<Effect>) -> CommitOutcome {
        let mut cold = self.cold();
        let mut undo = Vec::new();
        let mut hot = Vec::new();
        for effect in effects {
            match effect {
                Effect::InsertAccessToken(_) | Effect::DeleteAccessToken(_) => hot.push(effect),
                other => {
                    if !cold.apply(other, &mut undo) {
                        cold.undo(undo);
                        return CommitOutcome::Conflict;
                    }
                }
            }
        }
        for effect in hot {
            match effect {
                Effect::InsertAccessToken(token) => self.tokens.insert(token),
                Effect::DeleteAccessToken(key) => self.tokens.remove(&key),
                _ => {}
            }
        }
        CommitOutcome::Committed
    }
}

impl Store for MemoryStore {
    async fn access_token(&self, key: AccessTokenKey) -> Result<Option<AccessToken>, StoreError> {
        Ok(self.tokens.get(&key))
    }

    async fn grant(&self, id: GrantId) -> Result<Option<Grant>, StoreError> {
        Ok(self.cold().grant(id))
    }

    async fn user(&self, realm: &str, tenant: &str, username: &str) -> Result<Option<User>, StoreError> {
        Ok(self.cold().people.user(realm, tenant, username))
    }

    async fn users_named(&self, realm: &str, username: &str) -> Result<Vec<User>, StoreError> {
        Ok(self.cold().people.users_named(realm, username))
    }

    async fn user_of(&self, realm: &str, subject: &str) -> Result<Option<User>, StoreError> {
        Ok(self.cold().people.user_of(realm, subject))
    }

    async fn users(
        &self,
        realm: &str,
        after: Option<(&str, &str)>,
        limit: u32,
    ) -> Result<Vec<User>, StoreError> {
        Ok(self.cold().people.users(realm, after, limit))
    }

    async fn authorization_code(&self, id: CodeId) -> Result<Option<AuthorizationCode>, StoreError> {
        Ok(self.cold().code(id))
    }

    async fn session(&self, realm: &str, id: SessionId) -> Result<Option<Session>, StoreError> {
        Ok(self.cold().people.session(realm, id))
    }

    async fn sessions_of(&self, realm: &str, subject: &str) -> Result<Vec<Session>, StoreError> {
        Ok(self.cold().people.sessions_of(realm, subject))
    }

    async fn consent(
        &self,
        realm: &str,
        subject: &str,
        client: ClientKey,
    ) -> Result<Option<Consent>, StoreError> {
        Ok(self.cold().people.consent(realm, subject, client))
    }

    async fn consents_of(&self, realm: &str, subject: &str) -> Result<Vec<Consent>, StoreError> {
        Ok(self.cold().people.consents_of(realm, subject))
    }

    async fn grants_of(&self, subject: &str) -> Result<Vec<Grant>, StoreError> {
        Ok(self.cold().grants_of(subject))
    }

    async fn clients(&self) -> Result<Vec<Client>, StoreError> {
        Ok(self.cold().clients())
    }

    async fn scopes(&self) -> Result<Vec<ScopeRecord>, StoreError> {
        Ok(self.cold().scopes())
    }

    async fn keys(&self) -> Result<Vec<KeyRecord>, StoreError> {
        Ok(self.cold().keys())
    }

    async fn certificates(&self, now: Timestamp) -> Result<Vec<ClientCertificate>, StoreError> {
        Ok(self.cold().certificates.alive(now))
    }

    async fn crls(&self) -> Result<Vec<Crl>, StoreError> {
        Ok(self.cold().certificates.crls())
    }

    async fn revocations(&self, now: Timestamp) -> Result<Vec<Revocation>, StoreError> {
        Ok(self.cold().revocations(now))
    }

    async fn commit(&self, mut effects: Vec<Effect>) -> Result<CommitOutcome, StoreError> {
        // The hot path: one token, one shard's lock, nothing allocated but the entry.
        if let [Effect::InsertAccessToken(_)] = effects.as_slice()
            && let Some(Effect::InsertAccessToken(token)) = effects.pop()
        {
            self.tokens.insert(token);
            return Ok(CommitOutcome::Committed);
        }
        Ok(self.commit_list(effects))
    }

    async fn expire(&self, now: Timestamp) -> Result<Expired, StoreError> {
        let tokens = self.tokens.expire(now);
        let cold = self.cold().expire(now);
        Ok(Expired { rows: tokens.rows + cold.rows, more: tokens.more || cold.more })
    }

    async fn probe(&self) -> Result<(), StoreError> {
        drop(self.cold());
        Ok(())
    }
}

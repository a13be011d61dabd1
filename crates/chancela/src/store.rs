//! The stores that a configuration can name, behind one type.

use chancela_core::effect::Effect;
use chancela_core::id::{AccessTokenKey, GrantId};
use chancela_core::record::{AccessToken, Client, Grant, KeyRecord, RevokedToken, ScopeRecord, User};
use chancela_core::time::Timestamp;
use chancela_store::{CommitOutcome, Expired, MemoryStore, Store, StoreError};
use chancela_store_sqlite::SqliteStore;

/// One of the stores.
pub(crate) enum AnyStore {
    /// In memory.
    Memory(Box<MemoryStore>),
    /// SQLite.
    Sqlite(Box<SqliteStore>),
}

/// Calls the same method of whichever store it is.
macro_rules! each {
    ($self:ident, $store:ident => $call:expr) => {
        match $self {
            AnyStore::Memory($store) => $call.await,
            AnyStore::Sqlite($store) => $call.await,
        }
    };
}

impl Store for AnyStore {
    async fn access_token(&self, key: AccessTokenKey) -> Result<Option<AccessToken>, StoreError> {
        each!(self, store => store.access_token(key))
    }

    async fn grant(&self, id: GrantId) -> Result<Option<Grant>, StoreError> {
        each!(self, store => store.grant(id))
    }

    async fn user(&self, realm: &str, tenant: &str, username: &str) -> Result<Option<User>, StoreError> {
        each!(self, store => store.user(realm, tenant, username))
    }

    async fn users_named(&self, realm: &str, username: &str) -> Result<Vec<User>, StoreError> {
        each!(self, store => store.users_named(realm, username))
    }

    async fn clients(&self) -> Result<Vec<Client>, StoreError> {
        each!(self, store => store.clients())
    }

    async fn scopes(&self) -> Result<Vec<ScopeRecord>, StoreError> {
        each!(self, store => store.scopes())
    }

    async fn keys(&self) -> Result<Vec<KeyRecord>, StoreError> {
        each!(self, store => store.keys())
    }

    async fn revoked_tokens(&self, now: Timestamp) -> Result<Vec<RevokedToken>, StoreError> {
        each!(self, store => store.revoked_tokens(now))
    }

    async fn commit(&self, effects: Vec<Effect>) -> Result<CommitOutcome, StoreError> {
        each!(self, store => store.commit(effects))
    }

    async fn expire(&self, now: Timestamp) -> Result<Expired, StoreError> {
        each!(self, store => store.expire(now))
    }

    async fn probe(&self) -> Result<(), StoreError> {
        each!(self, store => store.probe())
    }
}

impl AnyStore {
    /// Why the store failed for good, if it did.
    pub(crate) fn failure(&self) -> Option<String> {
        match self {
            Self::Memory(_) => None,
            Self::Sqlite(store) => store.failure().map(str::to_owned),
        }
    }
}

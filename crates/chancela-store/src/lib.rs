//! Storage: facts are loaded, effects are committed.
//!
//! Owns the [`Store`] trait, the memory store (the reference that every backend is compared with) and, behind the
//! feature `conformance`, the suite that every backend must pass. Does not own what effects mean: that is
//! `chancela-core`.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod memory;

#[cfg(feature = "conformance")]
pub mod conformance;

pub use memory::MemoryStore;

use chancela_core::effect::Effect;
use chancela_core::id::{AccessTokenKey, ClientKey, CodeId, GrantId, SessionId};
use chancela_core::record::{
    AccessToken, AuthorizationCode, Client, ClientCertificate, Consent, Crl, Grant, KeyRecord, Revocation,
    ScopeRecord, Session, User,
};
use chancela_core::time::Timestamp;
use std::future::Future;

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum CommitOutcome {
    /// All effects are applied and durable (as durable as the store promises).
    Committed,
    /// A guard no longer held; nothing was applied. Load again and decide again.
    Conflict,
}

/// Why a store could not answer. Becomes `server_error` or `temporarily_unavailable` on the wire.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The queue of writes is full: answer 503 with `Retry-After`.
    #[error("the store's write queue is full")]
    Overloaded,
    /// The engine failed; nothing of the commit may be believed.
    #[error("the store failed: {0}")]
    Engine(String),
}

/// What an expiry run removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expired {
    /// Rows (an estimate where whole buckets are dropped).
    pub rows: u64,
    /// Whether more is waiting: call again soon.
    pub more: bool,
}

/// A durable place for records. Reads answer with facts (`None` is a fact, not an error); a record whose time has
/// passed may or may not still be answered, so readers compare `expires_at` with the clock themselves.
///
/// Futures may be dropped at any time; a commit whose future was dropped may or may not be applied, as a whole.
pub trait Store: Send + Sync + 'static {
    /// The row of a reference token.
    fn access_token(
        &self,
        key: AccessTokenKey,
    ) -> impl Future<Output = Result<Option<AccessToken>, StoreError>> + Send;

    /// A grant.
    fn grant(&self, id: GrantId) -> impl Future<Output = Result<Option<Grant>, StoreError>> + Send;

    /// A user. `tenant` is empty in realms without tenants.
    fn user(
        &self,
        realm: &str,
        tenant: &str,
        username: &str,
    ) -> impl Future<Output = Result<Option<User>, StoreError>> + Send;

    /// All users of a realm that have this name, whatever their tenant; at most two are answered (one is the user, two
    /// mean that the name alone does not say who).
    fn users_named(
        &self,
        realm: &str,
        username: &str,
    ) -> impl Future<Output = Result<Vec<User>, StoreError>> + Send;

    /// The user of this subject, whatever the name.
    fn user_of(
        &self,
        realm: &str,
        subject: &str,
    ) -> impl Future<Output = Result<Option<User>, StoreError>> + Send;

    /// Users of a realm in the order of (name, tenant), by code points: those after `after`, at most `limit`. Nobody
    /// needs to have the name `after`, so a page can be turned although its last user was deleted.
    fn users(
        &self,
        realm: &str,
        after: Option<(&str, &str)>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<User>, StoreError>> + Send;

    /// An authorization code, spent or not.
    fn authorization_code(
        &self,
        id: CodeId,
    ) -> impl Future<Output = Result<Option<AuthorizationCode>, StoreError>> + Send;

    /// A session.
    fn session(
        &self,
        realm: &str,
        id: SessionId,
    ) -> impl Future<Output = Result<Option<Session>, StoreError>> + Send;

    /// All sessions of a user, newest first; at most 256.
    fn sessions_of(
        &self,
        realm: &str,
        subject: &str,
    ) -> impl Future<Output = Result<Vec<Session>, StoreError>> + Send;

    /// What a user allowed a client.
    fn consent(
        &self,
        realm: &str,
        subject: &str,
        client: ClientKey,
    ) -> impl Future<Output = Result<Option<Consent>, StoreError>> + Send;

    /// All consents of a user.
    fn consents_of(
        &self,
        realm: &str,
        subject: &str,
    ) -> impl Future<Output = Result<Vec<Consent>, StoreError>> + Send;

    /// All grants of a user that are not revoked; subjects are unique among all realms.
    fn grants_of(&self, subject: &str) -> impl Future<Output = Result<Vec<Grant>, StoreError>> + Send;

    /// All clients of all realms (read once at start).
    fn clients(&self) -> impl Future<Output = Result<Vec<Client>, StoreError>> + Send;

    /// All scopes that operators added, of all realms.
    fn scopes(&self) -> impl Future<Output = Result<Vec<ScopeRecord>, StoreError>> + Send;

    /// All keys of all realms.
    fn keys(&self) -> impl Future<Output = Result<Vec<KeyRecord>, StoreError>> + Send;

    /// All client certificates of all realms whose records have not expired by `now` (read once at start), in the order of
    /// (realm, serial number).
    fn certificates(
        &self,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<ClientCertificate>, StoreError>> + Send;

    /// The revocation lists of all issuers of all realms (read once at start).
    fn crls(&self) -> impl Future<Output = Result<Vec<Crl>, StoreError>> + Send;

    /// Revocations that have not expired by `now` (read once at start). The same may be listed with several ends; the
    /// last one counts.
    fn revocations(&self, now: Timestamp)
    -> impl Future<Output = Result<Vec<Revocation>, StoreError>> + Send;

    /// Applies `effects` as one atomic unit, durable before the answer.
    ///
    /// # Errors
    /// `Overloaded` before anything was tried, `Engine` when the engine failed.
    fn commit(&self, effects: Vec<Effect>) -> impl Future<Output = Result<CommitOutcome, StoreError>> + Send;

    /// Drops what expired before `now`, in a slice small enough not to hold up commits.
    fn expire(&self, now: Timestamp) -> impl Future<Output = Result<Expired, StoreError>> + Send;

    /// Proves by a real write that commits are possible (readiness).
    fn probe(&self) -> impl Future<Output = Result<(), StoreError>> + Send;
}

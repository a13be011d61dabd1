//! A store that holds a commit back until a test lets it go: races that happen every time.

use chancela_core::effect::Effect;
use chancela_core::id::{AccessTokenKey, ClientKey, CodeId, GrantId, SessionId};
use chancela_core::record::{
    AccessToken, AuthorizationCode, Client, ClientCertificate, Consent, Crl, Grant, KeyRecord, Revocation,
    ScopeRecord, Session, User,
};
use chancela_core::time::Timestamp;
use chancela_store::{CommitOutcome, Expired, MemoryStore, Store, StoreError};
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

/// Which commit waits.
type Mark = fn(&Effect) -> bool;

/// A memory store with a gate before its commits.
#[derive(Debug, Default)]
pub struct Gate {
    store: MemoryStore,
    closed: Mutex<Option<(Mark, Arc<Held>)>>,
}

/// A commit that waits.
#[derive(Debug, Default)]
pub struct Held {
    reached: Notify,
    go: Notify,
}

impl Held {
    /// Waits until the commit is about to be made.
    pub async fn reached(&self) {
        self.reached.notified().await;
    }

    pub fn release(&self) {
        self.go.notify_one();
    }
}

impl Gate {
    /// Holds the next commit with such an effect.
    pub fn close(&self, mark: Mark) -> Arc<Held> {
        let held = Arc::new(Held::default());
        *self.closed.lock().unwrap() = Some((mark, Arc::clone(&held)));
        held
    }

    fn held(&self, effects: &[Effect]) -> Option<Arc<Held>> {
        let mut closed = self.closed.lock().unwrap();
        let meant = closed.as_ref().is_some_and(|(mark, _)| effects.iter().any(mark));
        if meant { closed.take().map(|(_, held)| held) } else { None }
    }
}

impl Store for Gate {
    async fn access_token(&self, key: AccessTokenKey) -> Result<Option<AccessToken>, StoreError> {
        self.store.access_token(key).await
    }

    async fn grant(&self, id: GrantId) -> Result<Option<Grant>, StoreError> {
        self.store.grant(id).await
    }

    async fn user(&self, realm: &str, tenant: &str, username: &str) -> Result<Option<User>, StoreError> {
        self.store.user(realm, tenant, username).await
    }

    async fn users_named(&self, realm: &str, username: &str) -> Result<Vec<User>, StoreError> {
        self.store.users_named(realm, username).await
    }

    async fn user_of(&self, realm: &str, subject: &str) -> Result<Option<User>, StoreError> {
        self.store.user_of(realm, subject).await
    }

    async fn users(
        &self,
        realm: &str,
        after: Option<(&str, &str)>,
        limit: u32,
    ) -> Result<Vec<User>, StoreError> {
        self.store.users(realm, after, limit).await
    }

    async fn authorization_code(&self, id: CodeId) -> Result<Option<AuthorizationCode>, StoreError> {
        self.store.authorization_code(id).await
    }

    async fn session(&self, realm: &str, id: SessionId) -> Result<Option<Session>, StoreError> {
        self.store.session(realm, id).await
    }

    async fn sessions_of(&self, realm: &str, subject: &str) -> Result<Vec<Session>, StoreError> {
        self.store.sessions_of(realm, subject).await
    }

    async fn consent(
        &self,
        realm: &str,
        subject: &str,
        client: ClientKey,
    ) -> Result<Option<Consent>, StoreError> {
        self.store.consent(realm, subject, client).await
    }

    async fn consents_of(&self, realm: &str, subject: &str) -> Result<Vec<Consent>, StoreError> {
        self.store.consents_of(realm, subject).await
    }

    async fn grants_of(&self, subject: &str) -> Result<Vec<Grant>, StoreError> {
        self.store.grants_of(subject).await
    }

    async fn clients(&self) -> Result<Vec<Client>, StoreError> {
        self.store.clients().await
    }

    async fn scopes(&self) -> Result<Vec<ScopeRecord>, StoreError> {
        self.store.scopes().await
    }

    async fn keys(&self) -> Result<Vec<KeyRecord>, StoreError> {
        self.store.keys().await
    }

    async fn certificates(&self, now: Timestamp) -> Result<Vec<ClientCertificate>, StoreError> {
        self.store.certificates(now).await
    }

    async fn crls(&self) -> Result<Vec<Crl>, StoreError> {
        self.store.crls().await
    }

    async fn revocations(&self, now: Timestamp) -> Result<Vec<Revocation>, StoreError> {
        self.store.revocations(now).await
    }

    async fn commit(&self, effects: Vec<Effect>) -> Result<CommitOutcome, StoreError> {
        if let Some(held) = self.held(&effects) {
            held.reached.notify_one();
            held.go.notified().await;
        }
        self.store.commit(effects).await
    }

    async fn expire(&self, now: Timestamp) -> Result<Expired, StoreError> {
        self.store.expire(now).await
    }

    async fn probe(&self) -> Result<(), StoreError> {
        self.store.probe().await
    }
}

//! The store that a configuration names: SQLite, with the rows of reference tokens beside it in memory if it says so.

use chancela_core::effect::Effect;
use chancela_core::id::{AccessTokenKey, ClientKey, CodeId, GrantId, SessionId};
use chancela_core::record::{
    AccessToken, AuthorizationCode, Client, ClientCertificate, Consent, Crl, Grant, KeyRecord, Revocation,
    ScopeRecord, Session, User,
};
use chancela_core::time::Timestamp;
use chancela_server::config::AccessTokens;
use chancela_store::{CommitOutcome, Expired, MemoryStore, Store, StoreError};
use chancela_store_sqlite::SqliteStore;

/// SQLite, and memory for reference tokens where they need not survive the process.
pub(crate) struct ConfiguredStore {
    durable: SqliteStore,
    access_tokens: Option<MemoryStore>,
}

impl ConfiguredStore {
    /// Puts the two together.
    pub(crate) fn new(durable: SqliteStore, access_tokens: AccessTokens) -> Self {
        let access_tokens = (access_tokens == AccessTokens::DangerMemory).then(MemoryStore::new);
        Self { durable, access_tokens }
    }

    /// Why the store failed for good, if it did.
    pub(crate) fn failure(&self) -> Option<&str> {
        self.durable.failure()
    }
}

const fn is_access_token(effect: &Effect) -> bool {
    matches!(effect, Effect::InsertAccessToken(_) | Effect::DeleteAccessToken(_))
}

impl Store for ConfiguredStore {
    async fn access_token(&self, key: AccessTokenKey) -> Result<Option<AccessToken>, StoreError> {
        match &self.access_tokens {
            Some(memory) => memory.access_token(key).await,
            None => self.durable.access_token(key).await,
        }
    }

    async fn grant(&self, id: GrantId) -> Result<Option<Grant>, StoreError> {
        self.durable.grant(id).await
    }

    async fn user(&self, realm: &str, tenant: &str, username: &str) -> Result<Option<User>, StoreError> {
        self.durable.user(realm, tenant, username).await
    }

    async fn users_named(&self, realm: &str, username: &str) -> Result<Vec<User>, StoreError> {
        self.durable.users_named(realm, username).await
    }

    async fn user_of(&self, realm: &str, subject: &str) -> Result<Option<User>, StoreError> {
        self.durable.user_of(realm, subject).await
    }

    async fn users(
        &self,
        realm: &str,
        after: Option<(&str, &str)>,
        limit: u32,
    ) -> Result<Vec<User>, StoreError> {
        self.durable.users(realm, after, limit).await
    }

    async fn authorization_code(&self, id: CodeId) -> Result<Option<AuthorizationCode>, StoreError> {
        self.durable.authorization_code(id).await
    }

    async fn session(&self, realm: &str, id: SessionId) -> Result<Option<Session>, StoreError> {
        self.durable.session(realm, id).await
    }

    async fn sessions_of(&self, realm: &str, subject: &str) -> Result<Vec<Session>, StoreError> {
        self.durable.sessions_of(realm, subject).await
    }

    async fn consent(
        &self,
        realm: &str,
        subject: &str,
        client: ClientKey,
    ) -> Result<Option<Consent>, StoreError> {
        self.durable.consent(realm, subject, client).await
    }

    async fn consents_of(&self, realm: &str, subject: &str) -> Result<Vec<Consent>, StoreError> {
        self.durable.consents_of(realm, subject).await
    }

    async fn grants_of(&self, subject: &str) -> Result<Vec<Grant>, StoreError> {
        self.durable.grants_of(subject).await
    }

    async fn clients(&self) -> Result<Vec<Client>, StoreError> {
        self.durable.clients().await
    }

    async fn scopes(&self) -> Result<Vec<ScopeRecord>, StoreError> {
        self.durable.scopes().await
    }

    async fn keys(&self) -> Result<Vec<KeyRecord>, StoreError> {
        self.durable.keys().await
    }

    async fn certificates(&self, now: Timestamp) -> Result<Vec<ClientCertificate>, StoreError> {
        self.durable.certificates(now).await
    }

    async fn crls(&self) -> Result<Vec<Crl>, StoreError> {
        self.durable.crls().await
    }

    async fn revocations(&self, now: Timestamp) -> Result<Vec<Revocation>, StoreError> {
        self.durable.revocations(now).await
    }

    /// Guards stand on durable records only, so those are committed first; a token's row never outlives a conflict.
    async fn commit(&self, effects: Vec<Effect>) -> Result<CommitOutcome, StoreError> {
        let Some(memory) = &self.access_tokens else {
            return self.durable.commit(effects).await;
        };
        if effects.iter().all(is_access_token) {
            return memory.commit(effects).await;
        }
        let (tokens, rest): (Vec<_>, Vec<_>) = effects.into_iter().partition(is_access_token);
        match self.durable.commit(rest).await? {
            CommitOutcome::Committed if !tokens.is_empty() => memory.commit(tokens).await,
            outcome => Ok(outcome),
        }
    }

    async fn expire(&self, now: Timestamp) -> Result<Expired, StoreError> {
        let durable = self.durable.expire(now).await?;
        let memory = match &self.access_tokens {
            Some(memory) => memory.expire(now).await?,
            None => Expired::default(),
        };
        Ok(Expired { rows: durable.rows + memory.rows, more: durable.more || memory.more })
    }

    async fn probe(&self) -> Result<(), StoreError> {
        self.durable.probe().await
    }
}

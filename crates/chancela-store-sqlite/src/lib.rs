//! The SQLite store: one writer that commits concurrent requests as a group.
//!
//! Owns [`SqliteStore`]: a directory with one database file, one thread that writes and two that read. Does not own
//! what effects mean (`chancela-core`) nor what a store promises (`chancela-store`, whose suite this crate passes).
//!
//! Why one writer: SQLite has one anyway, and one fsync for all that waited costs a tenth of one fsync each. Why rings
//! of tables for access tokens: see `ring`.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod apply;
mod backup;
mod connection;
mod directory;
mod error;
mod expiry;
mod health;
mod put;
mod queue;
mod reader;
mod ring;
mod row;
mod schema;
mod statements;
mod writer;

pub use error::OpenError;
pub use ring::MAX_LIFETIME;

use chancela_core::effect::Effect;
use chancela_core::id::{AccessTokenKey, ClientKey, CodeId, GrantId, SessionId};
use chancela_core::record::{
    AccessToken, AuthorizationCode, Client, ClientCertificate, Consent, Crl, Grant, KeyRecord, Revocation,
    ScopeRecord, Session, User,
};
use chancela_core::time::Timestamp;
use chancela_store::{CommitOutcome, Expired, Store, StoreError};
use directory::Directory;
use health::Health;
use queue::Queue;
use reader::{Question, Reader};
use ring::Laps;
use statements::Statements;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use tokio::sync::oneshot;
use writer::{Job, Pending, Writer};

/// Readers: enough to keep two cores busy with look-ups; more would only take turns.
const READERS: usize = 2;

/// Settings.
#[derive(Debug, Clone)]
pub struct Options {
    /// Commits that may wait for the writer, and reads that may wait for a reader; beyond it callers hear
    /// `Overloaded`.
    pub queue_limit: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { queue_limit: 4096 }
    }
}

/// A store in a directory of its own. Dropping it finishes what waits, folds the log into the file and releases the
/// directory; it blocks for as long as that takes.
pub struct SqliteStore {
    writes: Arc<Queue<Job>>,
    reads: Arc<Queue<Question>>,
    health: Arc<Health>,
    database: PathBuf,
    readers: Vec<JoinHandle<()>>,
    writer: Option<JoinHandle<()>>,
    /// Released last.
    _directory: Directory,
}

impl SqliteStore {
    /// Opens the store in `directory`, making both if they are missing. Blocks: after an unclean stop it reads the
    /// whole file to look for damage (about a second per gigabyte).
    ///
    /// # Errors
    /// [`OpenError`], whose text says what to do.
    pub fn open(directory: &Path, options: Options) -> Result<Self, OpenError> {
        let directory = Directory::hold(directory)?;
        let health = Arc::new(Health::default());
        let laps = Arc::new(Laps::new());
        let connection = connection::writer(&directory)?;
        let writer = Writer::new(connection, Arc::clone(&laps), Arc::clone(&health))?;
        let mut store = Self {
            writes: Arc::new(Queue::new(options.queue_limit)),
            reads: Arc::new(Queue::new(options.queue_limit)),
            health,
            database: directory.database.clone(),
            readers: Vec::with_capacity(READERS),
            writer: None,
            _directory: directory,
        };
        store.start(writer, &laps)?;
        Ok(store)
    }

    /// The error after which this store answers nothing but errors, if there was one: a write or fsync failed, or the
    /// file is damaged. The process should end; a new one finds out what the disk really holds.
    pub fn failure(&self) -> Option<&str> {
        self.health.failure()
    }

    /// Copies the store to the new file `to` while it is in use; the copy is a database to be opened under the name
    /// `chancela.db` in a directory of its own. It is durable and checked when this returns.
    ///
    /// # Errors
    /// `Engine`, also when `to` exists.
    pub async fn backup(&self, to: &Path) -> Result<(), StoreError> {
        let (database, to) = (self.database.clone(), to.to_owned());
        let (answer, result) = oneshot::channel();
        let copy = move || drop(answer.send(backup::copy(&database, &to)));
        let thread = Builder::new().name("store-backup".to_owned()).spawn(copy);
        drop(thread.map_err(|error| StoreError::Engine(error.to_string()))?);
        result.await.map_err(|_| stopped())?.map_err(|error| StoreError::Engine(error.to_string()))
    }

    fn start(&mut self, writer: Writer, laps: &Arc<Laps>) -> Result<(), OpenError> {
        let io = |source| OpenError::Io { path: self.database.clone(), source };
        let statements = Arc::new(Statements::new());
        for _ in 0..READERS {
            let reader = Reader {
                connection: connection::reader(&self.database)?,
                laps: Arc::clone(laps),
                health: Arc::clone(&self.health),
                statements: Arc::clone(&statements),
            };
            let queue = Arc::clone(&self.reads);
            let thread = Builder::new().name("store-reader".to_owned()).spawn(move || reader.serve(&queue));
            self.readers.push(thread.map_err(io)?);
        }
        let queue = Arc::clone(&self.writes);
        let thread = Builder::new().name("store-writer".to_owned()).spawn(move || writer.serve(&queue));
        self.writer = Some(thread.map_err(io)?);
        Ok(())
    }

    async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Reader) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.health.check()?;
        let (answer, result) = oneshot::channel();
        self.reads.push(Box::new(move |reader| {
            let found = query(reader).map_err(|error| reader.health.report(&error));
            drop(answer.send(found)); // nobody waits: the request was given up
        }))?;
        result.await.map_err(|_| stopped())?
    }

    async fn chore<T: Send + 'static>(
        &self,
        chore: impl FnOnce(&Writer) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.health.check()?;
        let (answer, result) = oneshot::channel();
        self.writes.push(Job::Chore(Box::new(move |writer| drop(answer.send(chore(writer))))))?;
        result.await.map_err(|_| stopped())?
    }
}

impl Store for SqliteStore {
    async fn access_token(&self, key: AccessTokenKey) -> Result<Option<AccessToken>, StoreError> {
        self.read(move |reader| reader.access_token(key)).await
    }

    async fn grant(&self, id: GrantId) -> Result<Option<Grant>, StoreError> {
        self.read(move |reader| reader.grant(id)).await
    }

    async fn user(&self, realm: &str, tenant: &str, username: &str) -> Result<Option<User>, StoreError> {
        let [realm, tenant, username] = [realm, tenant, username].map(str::to_owned);
        self.read(move |reader| reader.user(&realm, &tenant, &username)).await
    }

    async fn users_named(&self, realm: &str, username: &str) -> Result<Vec<User>, StoreError> {
        let [realm, username] = [realm, username].map(str::to_owned);
        self.read(move |reader| reader.users_named(&realm, &username)).await
    }

    async fn user_of(&self, realm: &str, subject: &str) -> Result<Option<User>, StoreError> {
        let [realm, subject] = [realm, subject].map(str::to_owned);
        self.read(move |reader| reader.user_of(&realm, &subject)).await
    }

    async fn users(
        &self,
        realm: &str,
        after: Option<(&str, &str)>,
        limit: u32,
    ) -> Result<Vec<User>, StoreError> {
        let realm = realm.to_owned();
        let after = after.map(|(username, tenant)| [username, tenant].map(str::to_owned));
        self.read(move |reader| reader.users(&realm, after.as_ref(), limit)).await
    }

    async fn authorization_code(&self, id: CodeId) -> Result<Option<AuthorizationCode>, StoreError> {
        self.read(move |reader| reader.authorization_code(id)).await
    }

    async fn session(&self, realm: &str, id: SessionId) -> Result<Option<Session>, StoreError> {
        let realm = realm.to_owned();
        self.read(move |reader| reader.session(&realm, id)).await
    }

    async fn sessions_of(&self, realm: &str, subject: &str) -> Result<Vec<Session>, StoreError> {
        let [realm, subject] = [realm, subject].map(str::to_owned);
        self.read(move |reader| reader.sessions_of(&realm, &subject)).await
    }

    async fn consent(
        &self,
        realm: &str,
        subject: &str,
        client: ClientKey,
    ) -> Result<Option<Consent>, StoreError> {
        let [realm, subject] = [realm, subject].map(str::to_owned);
        self.read(move |reader| reader.consent(&realm, &subject, client)).await
    }

    async fn consents_of(&self, realm: &str, subject: &str) -> Result<Vec<Consent>, StoreError> {
        let [realm, subject] = [realm, subject].map(str::to_owned);
        self.read(move |reader| reader.consents_of(&realm, &subject)).await
    }

    async fn grants_of(&self, subject: &str) -> Result<Vec<Grant>, StoreError> {
        let subject = subject.to_owned();
        self.read(move |reader| reader.grants_of(&subject)).await
    }

    async fn clients(&self) -> Result<Vec<Client>, StoreError> {
        self.read(Reader::clients).await
    }

    async fn scopes(&self) -> Result<Vec<ScopeRecord>, StoreError> {
        self.read(Reader::scopes).await
    }

    async fn keys(&self) -> Result<Vec<KeyRecord>, StoreError> {
        self.read(Reader::keys).await
    }

    async fn certificates(&self, now: Timestamp) -> Result<Vec<ClientCertificate>, StoreError> {
        self.read(move |reader| reader.certificates(now)).await
    }

    async fn crls(&self) -> Result<Vec<Crl>, StoreError> {
        self.read(Reader::crls).await
    }

    async fn revocations(&self, now: Timestamp) -> Result<Vec<Revocation>, StoreError> {
        self.read(move |reader| reader.revocations(now)).await
    }

    /// Beyond the trait's errors: `Engine` for a token that lives longer than [`MAX_LIFETIME`]; nothing was tried.
    async fn commit(&self, effects: Vec<Effect>) -> Result<CommitOutcome, StoreError> {
        self.health.check()?;
        if effects.iter().any(lives_too_long) {
            return Err(StoreError::Engine(format!(
                "access tokens live at most {MAX_LIFETIME} s in this store"
            )));
        }
        let (answer, result) = oneshot::channel();
        self.writes.push(Job::Commit(Pending { effects, answer }))?;
        result.await.map_err(|_| stopped())?
    }

    async fn expire(&self, now: Timestamp) -> Result<Expired, StoreError> {
        self.chore(move |writer| expiry::expire(writer, now)).await
    }

    async fn probe(&self) -> Result<(), StoreError> {
        self.chore(|writer| {
            let sql = "UPDATE probe SET count = count + 1 WHERE id = 1";
            writer.transaction(|writer| writer.connection.prepare_cached(sql)?.execute([]))?;
            Ok(())
        })
        .await
    }
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { database, health, .. } = self;
        f.debug_struct("SqliteStore")
            .field("database", database)
            .field("health", health)
            .finish_non_exhaustive()
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.reads.close();
        for thread in self.readers.drain(..) {
            let _ = thread.join(); // a panic has been seen by those who waited
        }
        self.writes.close();
        if let Some(thread) = self.writer.take() {
            let _ = thread.join();
        }
    }
}

fn lives_too_long(effect: &Effect) -> bool {
    matches!(effect, Effect::InsertAccessToken(token) if ring::lifetime(token) > MAX_LIFETIME)
}

fn stopped() -> StoreError {
    StoreError::Engine("the store's thread has stopped".to_owned())
}

//! Passwords of users: argon2id in a bounded pool, because each hash takes tens of milliseconds and 19 MiB.
//!
//! The permit moves into the closure, so a client that goes away does not free the place while the hash still runs.

pub mod rules;
pub mod stored;

use argon2::{Argon2, PasswordHasher};
use chancela_core::secret::Secret;
use std::sync::Arc;
use stored::Stored;
use tokio::sync::Semaphore;

/// Longest password in bytes, when it is set and when it is tried (requirement O-02).
pub const MAX_PASSWORD_BYTES: usize = 256;

/// Requests that may wait for a place before the next is turned away.
const QUEUE: usize = 32;

/// Why no answer can be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too many wait.
    #[error("too many passwords are being checked")]
    Busy,
    /// The hash function failed.
    #[error("hashing failed")]
    Failed,
}

/// The pool.
#[derive(Debug)]
pub struct PasswordPool {
    places: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Whether the password was right.
    pub matches: bool,
    /// A new hash to keep instead, where the password was right and the old one is of another system or too weak
    /// (requirement O-01).
    pub rehash: Option<String>,
}

/// A hash that no password has: checking against it takes the time of a real one.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$Y2hhbmNlbGEgbm9ib2R5IQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

impl PasswordPool {
    /// A pool with a place for each of `cores`.
    pub fn new(cores: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(cores.max(1))),
            waiting: Arc::new(Semaphore::new(cores.max(1) + QUEUE)),
        }
    }

    /// Whether `password` is the one of `stored`. Without `stored` it takes the same time and says no. `salt` is random,
    /// for a new hash.
    ///
    /// # Errors
    /// [`PasswordError::Busy`] at once if too many wait.
    pub async fn check(
        &self,
        stored: Option<&str>,
        password: Secret,
        salt: [u8; 16],
    ) -> Result<Checked, PasswordError> {
        // Before anything is hashed, and whoever's it is.
        if password.expose().len() > MAX_PASSWORD_BYTES {
            return Ok(Checked { matches: false, rehash: None });
        }
        let known = stored.is_some();
        let stored = stored.unwrap_or(NOBODY).to_owned();
        self.run(move || {
            let stored = Stored::parse(&stored).map_err(|_| PasswordError::Failed)?;
            let matches = stored.matches(password.expose()) && known;
            let outdated = matches && !stored.is_current();
            let rehash = outdated.then(|| hash(password.expose(), &salt)).transpose()?;
            Ok(Checked { matches, rehash })
        })
        .await
    }

    /// A hash of a new password, made in turn with those that are checked.
    ///
    /// # Errors
    /// [`PasswordError::Busy`] at once if too many wait.
    pub async fn hash(&self, password: Secret, salt: [u8; 16]) -> Result<String, PasswordError> {
        self.run(move || hash(password.expose(), &salt)).await
    }

    /// Other slow work for the processor, in turn with the hashes; `None` if too many wait.
    pub async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        self.run(move || Ok(work())).await.ok()
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let waiting = Arc::clone(&self.waiting).try_acquire_owned().map_err(|_| PasswordError::Busy)?;
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| PasswordError::Failed)?;
        let done = tokio::task::spawn_blocking(move || {
            let _permits = (waiting, place);
            work()
        });
        done.await.map_err(|_| PasswordError::Failed)?
    }
}

/// A hash of `password` with 16 random bytes: argon2id, 19 MiB, two passes (the crate's defaults, and OWASP's floor).
///
/// # Errors
/// [`PasswordError::Failed`].
pub fn hash(password: &str, salt: &[u8; 16]) -> Result<String, PasswordError> {
    let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), salt);
    hash.map(|hash| hash.to_string()).map_err(|_| PasswordError::Failed)
}

//! Passwords of users: argon2id in a bounded pool, because each hash takes tens of milliseconds and 19 MiB.
//!
//! The permit moves into the closure, so a client that goes away does not free the place while the hash still runs.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use chancela_core::secret::Secret;
use std::sync::Arc;
use tokio::sync::Semaphore;

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

    /// Whether `password` is the one of `stored` (PHC format). Without `stored` it takes the same time and says no.
    ///
    /// # Errors
    /// [`PasswordError::Busy`] at once if too many wait.
    pub async fn matches(&self, stored: Option<&str>, password: Secret) -> Result<bool, PasswordError> {
        let _waiting = Arc::clone(&self.waiting).try_acquire_owned().map_err(|_| PasswordError::Busy)?;
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| PasswordError::Failed)?;
        let known = stored.is_some();
        let stored = stored.unwrap_or(NOBODY).to_owned();
        let checked = tokio::task::spawn_blocking(move || {
            let _place = place;
            let hash = PasswordHash::new(&stored).ok()?;
            Some(Argon2::default().verify_password(password.expose().as_bytes(), &hash).is_ok())
        });
        let matched = checked.await.ok().flatten().ok_or(PasswordError::Failed)?;
        Ok(matched && known)
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

//! A key whose record a login or a logout replaces, under the same lock as every renewal.

use super::perform::LOCK_PATIENCE;
use super::{Lock, Tokens};
use crate::engine::{Record, TokenKey};
use std::io;
use std::sync::Arc;
use tokio::task::spawn_blocking;

/// A key that nobody renews as long as this lives.
pub(crate) struct Held {
    tokens: Tokens,
    key: TokenKey,
    lock: Box<dyn Lock>,
    record: Record,
}

impl Tokens {
    /// A record as it is kept now.
    pub(crate) async fn record(&self, key: TokenKey) -> io::Result<Record> {
        let store = Arc::clone(&self.shared.store);
        ended(spawn_blocking(move || store.read(key)).await)
    }

    /// Takes a key's lock, waiting for a renewal that is under way.
    pub(crate) async fn hold(&self, key: TokenKey) -> io::Result<Held> {
        let store = Arc::clone(&self.shared.store);
        let taken = spawn_blocking(move || {
            let lock = store.lock(key, LOCK_PATIENCE)?;
            Ok((lock, store.read(key)?))
        });
        let (lock, record) = ended(taken.await)?;
        Ok(Held { tokens: self.clone(), key, lock, record })
    }
}

impl Held {
    /// What is kept.
    pub(crate) const fn record(&self) -> &Record {
        &self.record
    }

    /// Keeps another record. When it returns, the record is durable, and whoever asks for a token hears of it.
    pub(crate) async fn replace(self, record: Record) -> io::Result<()> {
        let Self { tokens, key, lock, .. } = self;
        let store = Arc::clone(&tokens.shared.store);
        ended(spawn_blocking(move || store.write(key, &record)).await)?;
        drop(lock);
        tokens.forget(key);
        tokens.reset(key);
        Ok(())
    }
}

fn ended<T>(outcome: Result<io::Result<T>, tokio::task::JoinError>) -> io::Result<T> {
    outcome.unwrap_or_else(|error| Err(io::Error::other(error)))
}

//! The store, which may block, asked from tasks that may not.

use super::{Lock, Shared};
use crate::engine::{Record, TokenKey};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::spawn_blocking;

impl Shared {
    /// A record as it is kept now.
    pub(super) async fn read(&self, key: TokenKey) -> io::Result<Record> {
        let store = Arc::clone(&self.store);
        ended(spawn_blocking(move || store.read(key)).await)
    }

    /// Takes a key's lock, and then its record as it is kept.
    pub(super) async fn lock(
        &self,
        key: TokenKey,
        patience: Duration,
    ) -> io::Result<(Box<dyn Lock>, Record)> {
        let store = Arc::clone(&self.store);
        let taken = spawn_blocking(move || {
            let lock = store.lock(key, patience)?;
            Ok((lock, store.read(key)?))
        });
        ended(taken.await)
    }

    /// Makes a record durable.
    pub(super) async fn write(&self, key: TokenKey, record: Record) -> io::Result<()> {
        let store = Arc::clone(&self.store);
        ended(spawn_blocking(move || store.write(key, &record)).await)
    }
}

fn ended<T>(outcome: Result<io::Result<T>, tokio::task::JoinError>) -> io::Result<T> {
    outcome.unwrap_or_else(|error| Err(io::Error::other(error)))
}

//! A key whose record a login or a logout replaces, under the same lock as every renewal.

use super::{Lock, Tokens};
use crate::engine::{Record, TokenKey};
use std::io;
use std::time::Duration;

/// A key that nobody renews as long as this lives.
pub(crate) struct Held {
    tokens: Tokens,
    key: TokenKey,
    lock: Box<dyn Lock>,
    record: Record,
}

/// How long another process may keep a key's lock: longer than one token request takes.
const LOCK_PATIENCE: Duration = Duration::from_secs(40);

impl Tokens {
    /// A record as it is kept now.
    pub(crate) async fn record(&self, key: TokenKey) -> io::Result<Record> {
        self.shared.read(key).await
    }

    /// Takes a key's lock, waiting for a renewal that is under way.
    pub(crate) async fn hold(&self, key: TokenKey) -> io::Result<Held> {
        let (lock, record) = self.shared.lock(key, LOCK_PATIENCE).await?;
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
        tokens.shared.write(key, record).await?;
        drop(lock);
        tokens.forget(key);
        tokens.reset(key);
        Ok(())
    }
}

//! Where records rest.

use crate::engine::{Budget, Moment, Record, TokenKey};
use chancela_core::secret::Secret;
use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A lock that is held as long as it lives.
pub trait Lock: Send {}

impl Lock for std::fs::File {}

/// Where records rest, and who may change them. All of it may block; it is called where that is allowed.
pub trait Store: Send + Sync + 'static {
    /// Says that what is kept under a key can be had again without a person, and is nothing to keep if it cannot be read.
    fn expendable(&self, _key: TokenKey) {}

    /// Notes a call of an endpoint, if the budget allows one in view of what all who share the store have called. `Err` says
    /// how many milliseconds later it does.
    ///
    /// # Errors
    /// What was called cannot be read or written.
    fn spend(&self, _: TokenKey, _: Budget, _: Moment, _urgent: bool) -> io::Result<Result<(), i64>> {
        Ok(Ok(()))
    }

    /// A secret that belongs to what is kept under other keys and outlives it, such as a key that tokens are bound to. If
    /// there is none under this key, `make` makes it once for everybody who shares the store. It is never replaced; one that
    /// cannot be read is set aside if the key is [`expendable`](Self::expendable).
    ///
    /// # Errors
    /// It cannot be read, made or kept.
    fn secret(&self, key: TokenKey, make: &dyn Fn() -> io::Result<Secret>) -> io::Result<Secret>;

    /// A record; an empty one if there is none.
    ///
    /// # Errors
    /// It cannot be read.
    fn read(&self, key: TokenKey) -> io::Result<Record>;

    /// Takes a key's lock against everybody who shares the store.
    ///
    /// # Errors
    /// `TimedOut` if somebody else keeps it longer than `patience`, or it cannot be taken at all.
    fn lock(&self, key: TokenKey, patience: Duration) -> io::Result<Box<dyn Lock>>;

    /// Makes a record durable.
    ///
    /// # Errors
    /// It is not; the one before it is as it was.
    fn write(&self, key: TokenKey, record: &Record) -> io::Result<()>;
}

/// Records that end with the process.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    records: HashMap<TokenKey, Record>,
    locked: Vec<TokenKey>,
    secrets: HashMap<TokenKey, Secret>,
}

struct Held {
    store: MemoryStore,
    key: TokenKey,
}

impl MemoryStore {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn secret(&self, key: TokenKey, make: &dyn Fn() -> io::Result<Secret>) -> io::Result<Secret> {
        let mut state = self.state();
        if let Some(kept) = state.secrets.get(&key) {
            return Ok(kept.clone());
        }
        let made = make()?;
        state.secrets.insert(key, made.clone());
        Ok(made)
    }

    fn read(&self, key: TokenKey) -> io::Result<Record> {
        Ok(self.state().records.get(&key).cloned().unwrap_or_default())
    }

    fn lock(&self, key: TokenKey, patience: Duration) -> io::Result<Box<dyn Lock>> {
        let taken = |state: &mut State| state.locked.contains(&key);
        let waited = self.0.freed.wait_timeout_while(self.state(), patience, taken);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if taken(&mut state) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        state.locked.push(key);
        Ok(Box::new(Held { store: self.clone(), key }))
    }

    fn write(&self, key: TokenKey, record: &Record) -> io::Result<()> {
        self.state().records.insert(key, record.clone());
        Ok(())
    }
}

impl Lock for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        self.store.state().locked.retain(|key| *key != self.key);
        self.store.0.freed.notify_all();
    }
}

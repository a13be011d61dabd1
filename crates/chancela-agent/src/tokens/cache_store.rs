//! Records in the cache on disk.

use super::{Lock, Store};
use crate::cache::{Cache, CacheError, Locked, Persist};
use crate::engine::{Budget, Moment, Record, TokenKey};
use chancela_core::secret::Secret;
use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The cache, as tokens use it. Clones are the same one.
#[derive(Debug, Clone)]
pub struct CacheStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    cache: Cache,
    persist: Persist,
    locked: Mutex<HashMap<TokenKey, Arc<Locked>>>,
    expendable: Mutex<HashSet<TokenKey>>,
}

/// How long another process may take to make a secret.
const SECRET_PATIENCE: Duration = Duration::from_secs(10);

struct Held {
    store: CacheStore,
    key: TokenKey,
}

impl CacheStore {
    /// A store that keeps `persist` of each record.
    pub fn new(cache: Cache, persist: Persist) -> Self {
        Self(Arc::new(Inner { cache, persist, locked: Mutex::default(), expendable: Mutex::default() }))
    }

    /// The cache.
    pub fn cache(&self) -> &Cache {
        &self.0.cache
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<TokenKey, Arc<Locked>>> {
        self.0.locked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn expendables(&self) -> MutexGuard<'_, HashSet<TokenKey>> {
        self.0.expendable.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for CacheStore {
    fn expendable(&self, key: TokenKey) {
        self.expendables().insert(key);
    }

    fn spend(
        &self,
        endpoint: TokenKey,
        budget: Budget,
        now: Moment,
        urgent: bool,
    ) -> io::Result<Result<(), i64>> {
        self.0.cache.spend(&endpoint, budget, now, urgent).map_err(other)
    }

    fn secret(&self, key: TokenKey, make: &dyn Fn() -> io::Result<Secret>) -> io::Result<Secret> {
        if let Ok(Some(kept)) = self.0.cache.load_secret(&key) {
            return Ok(kept);
        }
        // Another process may be making it.
        let locked = self.0.cache.lock(&key, SECRET_PATIENCE).map_err(other)?;
        match self.0.cache.load_secret(&key) {
            Ok(Some(kept)) => return Ok(kept),
            Ok(None) => {}
            Err(CacheError::Unreadable { .. }) if self.expendables().contains(&key) => {
                locked.set_secret_aside().map_err(other)?;
            }
            Err(error) => return Err(other(error)),
        }
        let made = make()?;
        locked.store_secret(&made).map_err(other)?;
        Ok(made)
    }

    fn read(&self, key: TokenKey) -> io::Result<Record> {
        Ok(self.0.cache.load(&key).map_err(other)?.unwrap_or_default())
    }

    fn lock(&self, key: TokenKey, patience: Duration) -> io::Result<Box<dyn Lock>> {
        let locked = self.0.cache.lock(&key, patience).map_err(other)?;
        // What can be asked for again is not worth a person's time; the file stays beside, for whoever wonders.
        if let Err(CacheError::Unreadable { .. }) = locked.load()
            && self.expendables().contains(&key)
        {
            locked.set_aside().map_err(other)?;
        }
        self.locked().insert(key, Arc::new(locked));
        Ok(Box::new(Held { store: self.clone(), key }))
    }

    fn write(&self, key: TokenKey, record: &Record) -> io::Result<()> {
        // Taken out first: making a file durable takes long, and other keys have locks too.
        let held = self.locked().get(&key).map(Arc::clone);
        if let Some(locked) = held {
            return locked.store(record, self.0.persist).map_err(other);
        }
        // A flight that did not wait for another process's lock; that process's answer is as good.
        match self.0.cache.try_lock(&key).map_err(other)? {
            Some(locked) => locked.store(record, self.0.persist).map_err(other),
            None => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

impl Lock for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        let locked = self.store.locked().remove(&self.key);
        drop(locked);
    }
}

fn other(error: CacheError) -> io::Error {
    io::Error::other(error.to_string())
}

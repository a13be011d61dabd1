//! The clients of a realm and its scope catalogue, in memory: the hot path asks no database who a client is, and a known
//! client costs the same as an unknown one. Every change passes through this process (the store belongs to it alone), so
//! the copy is exact; it changes after the commit and before the answer.

use chancela_core::dialect::ScopeMeaning;
use chancela_core::id::ClientKey;
use chancela_core::jose::JwsAlgorithm;
use chancela_core::record::Client;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

const SHARDS: usize = 16;

/// Clients by id and by key, and scopes by name.
#[derive(Debug)]
pub struct Directory {
    by_id: Vec<RwLock<HashMap<Box<str>, Arc<Client>>>>,
    by_key: RwLock<HashMap<ClientKey, Arc<Client>>>,
    algorithms: AtomicU8,
    longest_lifetime: AtomicU32,
    scopes: RwLock<BTreeMap<Box<str>, ScopeMeaning>>,
    hasher: RandomState,
}

impl Default for Directory {
    fn default() -> Self {
        let by_id = (0..SHARDS).map(|_| RwLock::default()).collect();
        Self {
            by_id,
            by_key: RwLock::default(),
            algorithms: AtomicU8::default(),
            longest_lifetime: AtomicU32::default(),
            scopes: RwLock::default(),
            hasher: RandomState::new(),
        }
    }
}

impl Directory {
    /// The client of this id.
    pub fn client(&self, client_id: &str) -> Option<Arc<Client>> {
        read(self.shard(client_id)).get(client_id).cloned()
    }

    /// The client of this key.
    pub fn client_of(&self, key: ClientKey) -> Option<Arc<Client>> {
        read(&self.by_key).get(&key).cloned()
    }

    /// All clients in the order of their ids.
    pub fn clients(&self) -> Vec<Arc<Client>> {
        let mut all: Vec<_> = read(&self.by_key).values().cloned().collect();
        all.sort_by(|a, b| a.client_id.cmp(&b.client_id));
        all
    }

    /// The clients that registered themselves with the certificate of `owner`.
    pub fn registered_by(&self, owner: ClientKey) -> Vec<Arc<Client>> {
        let own = |client: &&Arc<Client>| client.registration.as_ref().is_some_and(|by| by.owner == owner);
        read(&self.by_key).values().filter(own).cloned().collect()
    }

    /// Algorithms that some client is registered with, or was since the start.
    pub fn algorithms(&self) -> impl Iterator<Item = JwsAlgorithm> {
        let seen = self.algorithms.load(Ordering::Relaxed);
        JwsAlgorithm::ALL
            .into_iter()
            .enumerate()
            .filter(move |(at, _)| seen & (1 << at) != 0)
            .map(|(_, own)| own)
    }

    /// Longest lifetime of access tokens in seconds that some client has of its own, or had since the start.
    pub fn longest_access_token(&self) -> u32 {
        self.longest_lifetime.load(Ordering::Relaxed)
    }

    /// Adds or replaces a client.
    pub fn put(&self, client: Client) {
        for (at, algorithm) in JwsAlgorithm::ALL.into_iter().enumerate() {
            if client.algorithms().any(|own| own == algorithm) {
                self.algorithms.fetch_or(1 << at, Ordering::Relaxed);
            }
        }
        self.longest_lifetime.fetch_max(client.access_token_lifetime.unwrap_or(0), Ordering::Relaxed);
        let client = Arc::new(client);
        write(&self.by_key).insert(client.key, Arc::clone(&client));
        write(self.shard(&client.client_id)).insert(client.client_id.clone(), client);
    }

    /// Removes a client.
    pub fn remove(&self, client: &Client) {
        write(&self.by_key).remove(&client.key);
        // Another client may have taken the id since the commit; it stays.
        let mut shard = write(self.shard(&client.client_id));
        if shard.get(&client.client_id).is_some_and(|own| own.key == client.key) {
            shard.remove(&client.client_id);
        }
    }

    /// Whether the realm knows this scope.
    pub fn has_scope(&self, name: &str) -> bool {
        read(&self.scopes).contains_key(name)
    }

    /// Name and meaning of every scope.
    pub fn scopes(&self) -> Vec<(Box<str>, ScopeMeaning)> {
        read(&self.scopes).iter().map(|(name, meaning)| (name.clone(), meaning.clone())).collect()
    }

    /// What a scope means.
    pub fn meaning(&self, name: &str) -> Option<ScopeMeaning> {
        read(&self.scopes).get(name).cloned()
    }

    /// Adds or replaces a scope.
    pub fn put_scope(&self, name: &str, meaning: ScopeMeaning) {
        write(&self.scopes).insert(name.into(), meaning);
    }

    /// Removes a scope.
    pub fn remove_scope(&self, name: &str) {
        write(&self.scopes).remove(name);
    }

    fn shard(&self, client_id: &str) -> &RwLock<HashMap<Box<str>, Arc<Client>>> {
        let hash = self.hasher.hash_one(client_id);
        &self.by_id[usize::try_from(hash % SHARDS as u64).unwrap_or(0)]
    }
}

/// No code panics while it holds one of these locks; a poisoned one still holds whole entries.
fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

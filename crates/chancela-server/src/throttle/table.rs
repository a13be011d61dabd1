//! A bounded map: what was not used for longest goes when it is full. Two generations in each shard; an entry that is
//! used moves to the young one, and when that is full it becomes the old one, and the old one is dropped.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

const SHARDS: usize = 16;
/// Entries of one generation of one shard: with all of them full, a table has 131,072 entries and some megabytes.
pub(super) const GENERATION: usize = 4096;

/// Values by key. Keys are keyed hashes already (SipHash with random keys), so nobody can choose two that collide.
#[derive(Debug)]
pub(super) struct Table<T> {
    shards: [Mutex<Shard<T>>; SHARDS],
}

#[derive(Debug)]
struct Shard<T> {
    young: HashMap<u64, T>,
    old: HashMap<u64, T>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::new(Shard { young: HashMap::new(), old: HashMap::new() })),
        }
    }
}

impl<T: Copy + Default> Table<T> {
    /// Lets `change` see and change the value of `key`: the default if there is none.
    pub(super) fn with<R>(&self, key: u64, change: impl FnOnce(&mut T) -> R) -> R {
        let mut shard = self.shard(key);
        let Shard { young, old } = &mut *shard;
        if young.len() >= GENERATION && !young.contains_key(&key) {
            *old = std::mem::take(young);
        }
        change(young.entry(key).or_insert_with(|| old.remove(&key).unwrap_or_default()))
    }

    /// The value of `key`, without keeping one.
    pub(super) fn get(&self, key: u64) -> Option<T> {
        let shard = self.shard(key);
        shard.young.get(&key).or_else(|| shard.old.get(&key)).copied()
    }

    fn shard(&self, key: u64) -> MutexGuard<'_, Shard<T>> {
        let at = usize::try_from(key % SHARDS as u64).unwrap_or(0);
        // No code panics while it holds the lock; a poisoned one still holds whole entries.
        self.shards[at].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Entries of all shards.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let lengths = self.shards.iter().map(|shard| shard.lock().unwrap());
        lengths.map(|shard| shard.young.len() + shard.old.len()).sum()
    }
}

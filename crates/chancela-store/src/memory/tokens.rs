//! Access tokens in memory: shards by tag, and in each shard buckets by expiry.
//!
//! A bucket is unlinked under its shard's lock and freed after the lock, so that dropping a hundred thousand tokens
//! never holds up the issuing of one.

use crate::Expired;
use chancela_core::id::{AccessTokenKey, ClientKey, GrantId};
use chancela_core::record::AccessToken;
use chancela_core::time::Timestamp;
use std::borrow::Borrow;
use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Enough that two cores rarely meet; a power of two.
const SHARDS: usize = 64;
/// A bucket is 2^7 ticks of 1/64 s: 2 s. Shards and buckets together keep each map so small (a few thousand rows at a
/// hundred thousand tokens a second) that its growing, which moves all its rows, takes a fraction of a millisecond.
const BUCKET_BITS: u32 = 7;
/// Rows that one expiry run frees before it lets others run; freeing one costs about 50 ns.
const SLICE: u64 = 20_000;

#[derive(Debug)]
pub(super) struct Tokens {
    shards: Box<[Shard]>,
}

/// Its own cache lines, so that shards do not slow each other down.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard(Mutex<BTreeMap<i64, Bucket>>);

type Bucket = HashSet<Row, BuildHasherDefault<TagHasher>>;

/// A token that is found by its key, which it already contains. What few tokens have lies elsewhere: the size of this is
/// what a million tokens cost.
#[derive(Debug)]
struct Row {
    key: AccessTokenKey,
    client: ClientKey,
    issued_at: i64,
    expires_at: i64,
    scope: Arc<str>,
    rest: Option<Box<Rest>>,
}

#[derive(Debug, Clone)]
struct Rest {
    subject: Option<Box<str>>,
    certificate: Option<[u8; 32]>,
    grant: Option<GrantId>,
}

impl Row {
    fn new(token: AccessToken) -> Self {
        let AccessToken { key, client, issued_at, expires_at, scope, subject, certificate, grant } = token;
        let plain = subject.is_none() && certificate.is_none() && grant.is_none();
        let rest = (!plain).then(|| Box::new(Rest { subject, certificate, grant }));
        Self { key, client, issued_at, expires_at, scope, rest }
    }

    fn token(&self) -> AccessToken {
        let Self { key, client, issued_at, expires_at, ref scope, ref rest } = *self;
        let rest = rest.as_deref().cloned();
        let Rest { subject, certificate, grant } =
            rest.unwrap_or(Rest { subject: None, certificate: None, grant: None });
        AccessToken {
            key,
            client,
            issued_at,
            expires_at,
            scope: Arc::clone(scope),
            subject,
            certificate,
            grant,
        }
    }
}

impl Default for Tokens {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| Shard::default()).collect() }
    }
}

impl Tokens {
    /// The same key again changes nothing (`HashSet::insert` keeps the old row).
    pub(super) fn insert(&self, token: AccessToken) {
        let bucket = bucket_of(&token.key);
        let mut buckets = self.shard(&token.key);
        if let Some(rows) = buckets.get_mut(&bucket) {
            rows.insert(Row::new(token));
            return;
        }
        // As much room as the bucket before needed: under even load no map grows, and growing would move all its rows.
        let room = buckets.range(..bucket).next_back().map_or(0, |(_, rows)| rows.len());
        let mut rows = Bucket::with_capacity_and_hasher(room, BuildHasherDefault::default());
        rows.insert(Row::new(token));
        buckets.insert(bucket, rows);
    }

    pub(super) fn get(&self, key: &AccessTokenKey) -> Option<AccessToken> {
        self.shard(key).get(&bucket_of(key))?.get(key).map(Row::token)
    }

    pub(super) fn remove(&self, key: &AccessTokenKey) {
        if let Some(bucket) = self.shard(key).get_mut(&bucket_of(key)) {
            bucket.remove(key);
        }
    }

    /// Drops buckets that lie wholly in the past.
    pub(super) fn expire(&self, now: Timestamp) -> Expired {
        let current = ticks(now) >> BUCKET_BITS;
        let mut expired = Expired::default();
        for shard in &*self.shards {
            loop {
                if expired.rows >= SLICE {
                    return Expired { more: true, ..expired };
                }
                let Some(bucket) = pop_before(&mut lock(shard), current) else { break };
                expired.rows += bucket.len() as u64; // freed here, after the lock
            }
        }
        expired
    }

    fn shard(&self, key: &AccessTokenKey) -> MutexGuard<'_, BTreeMap<i64, Bucket>> {
        lock(&self.shards[usize::from(key.tag[15]) % SHARDS])
    }
}

fn pop_before(buckets: &mut BTreeMap<i64, Bucket>, current: i64) -> Option<Bucket> {
    let first = buckets.first_entry()?;
    (*first.key() < current).then(|| first.remove())
}

/// Also after a panic elsewhere: every change under the lock is one call of a standard collection.
fn lock(shard: &Shard) -> MutexGuard<'_, BTreeMap<i64, Bucket>> {
    shard.0.lock().unwrap_or_else(PoisonError::into_inner)
}

fn bucket_of(key: &AccessTokenKey) -> i64 {
    key.tick >> BUCKET_BITS
}

/// `now` in ticks, rounded down.
fn ticks(now: Timestamp) -> i64 {
    now.millis().saturating_mul(64).div_euclid(1000)
}

impl Borrow<AccessTokenKey> for Row {
    fn borrow(&self) -> &AccessTokenKey {
        &self.key
    }
}
impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}
impl Eq for Row {}
impl Hash for Row {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

/// The tag is a keyed digest that no client can choose, so it needs no second hashing against collisions; folding
/// and one multiplication spread the small tags that tests use.
#[derive(Debug, Default)]
struct TagHasher(u64);

impl Hasher for TagHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u64(&mut self, word: u64) {
        let wide = u128::from(self.0 ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        self.0 = (wide ^ (wide >> 64)) as u64;
    }

    fn write_i64(&mut self, word: i64) {
        self.write_u64(word.cast_unsigned());
    }

    /// The length of an array is the same for every key.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

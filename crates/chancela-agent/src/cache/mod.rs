//! The cache of tokens on disk: one sealed file for each [`TokenKey`], a lock among all processes for each, and writes that
//! are durable before they return.
//!
//! Owns files and locks, and knows nothing of renewal. The order that keeps a rotated refresh token safe is the engine's:
//! lock, load, store the journal, send, store the answer, give the lock up. [`Locked`] is the proof of its first step, so
//! nothing is stored without. What the cache does not see: somebody who may write its folder can put back an older file
//! under the same key, and the provider then decides about the older refresh token.

mod calls;
pub(crate) mod durable;
mod error;
mod key;
mod lock;
mod name;
mod payload;
mod seal;

pub use error::{CacheError, CacheKeyError, Unreadable};
pub use key::{CacheKey, KeyId, create_key};
pub use lock::Locked;
pub use payload::{BootId, Persist};
pub use seal::CacheKeys;

use crate::engine::{Record, TokenKey};
use chancela_core::secret::Secret;
use name::{Kind, kind};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// Largest record, in bytes: a thousand times what providers send.
const MAX_BYTES: u64 = 1024 * 1024;
/// How often a lock that another holds is tried: a token request takes at least twice as long.
const PAUSE: Duration = Duration::from_millis(20);

/// Tokens on disk. Clones are the same cache.
#[derive(Debug, Clone)]
pub struct Cache(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    directory: PathBuf,
    keys: CacheKeys,
    boot: Option<BootId>,
}

/// What is in a cache.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Keys with a record, in their order. Whether it can be read shows when it is.
    pub records: Vec<TokenKey>,
    /// Files that were set aside.
    pub set_aside: Vec<PathBuf>,
}

impl Cache {
    /// A cache in `directory`, which is made if it is not there. `boot` names this start of the machine; without it every
    /// token counts as one of an earlier start.
    ///
    /// # Errors
    /// [`CacheError`]: the folder cannot be made, is another user's, or is open to others.
    pub fn open(directory: &Path, keys: CacheKeys, boot: Option<BootId>) -> Result<Self, CacheError> {
        let at = |error| CacheError::Directory { path: directory.to_owned(), error };
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(at)?;
        let metadata = fs::metadata(directory).map_err(at)?;
        if metadata.uid() != rustix::process::geteuid().as_raw() {
            return Err(CacheError::Foreign { path: directory.to_owned(), owner: metadata.uid() });
        }
        let mode = metadata.mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(CacheError::OpenToOthers { path: directory.to_owned(), mode });
        }
        Ok(Self(Arc::new(Inner { directory: directory.to_owned(), keys, boot })))
    }

    /// The record under a key, as it is on disk now; whoever wants to change it takes the lock and loads it again.
    ///
    /// # Errors
    /// [`CacheError::Read`], or [`CacheError::Unreadable`] for a file that is damaged, of a newer program or of another
    /// key. The file stays: see [`Locked::set_aside`].
    pub fn load(&self, key: &TokenKey) -> Result<Option<Record>, CacheError> {
        let path = self.path(key, Kind::Record);
        let bytes = match contents(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(CacheError::Read { path, error }),
        };
        let record = bytes.ok_or(Unreadable::Damaged);
        let record = record.and_then(|bytes| open_record(&bytes, key, &self.0.keys, self.0.boot.as_ref()));
        record.map(Some).map_err(|reason| CacheError::Unreadable { path, reason })
    }

    /// The secret under a key, which never changes once it is there.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_secret(&self, key: &TokenKey) -> Result<Option<Secret>, CacheError> {
        let path = self.path(key, Kind::Secret);
        let bytes = match contents(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(CacheError::Read { path, error }),
        };
        let plain = bytes.ok_or(Unreadable::Damaged).and_then(|bytes| self.0.keys.open(key, &bytes));
        let text = plain.and_then(|plain| {
            std::str::from_utf8(&plain).map(Secret::new).map_err(|_| Unreadable::OtherContents)
        });
        text.map(Some).map_err(|reason| CacheError::Unreadable { path, reason })
    }

    /// Takes a key's lock if nobody holds it, in this process or another. A process that ends gives its locks up.
    ///
    /// # Errors
    /// [`CacheError::Lock`].
    pub fn try_lock(&self, key: &TokenKey) -> Result<Option<Locked>, CacheError> {
        let path = self.path(key, Kind::Lock);
        let at = |error| CacheError::Lock { path: path.clone(), error };
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path).map_err(at)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Locked::new(self.clone(), *key, file))),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(at(error)),
        }
    }

    /// Takes a key's lock, and waits up to `patience` for it.
    ///
    /// # Errors
    /// [`CacheError::Lock`], or [`CacheError::Busy`] if somebody held it all the time.
    pub fn lock(&self, key: &TokenKey, patience: Duration) -> Result<Locked, CacheError> {
        let begin = Instant::now();
        loop {
            if let Some(locked) = self.try_lock(key)? {
                return Ok(locked);
            }
            let left = patience.saturating_sub(begin.elapsed());
            if left.is_zero() {
                return Err(CacheError::Busy { key: *key, patience });
            }
            thread::sleep(PAUSE.min(left));
        }
    }

    /// What is in the cache.
    ///
    /// # Errors
    /// [`CacheError::Directory`].
    pub fn list(&self) -> Result<Listing, CacheError> {
        let at = |error| CacheError::Directory { path: self.0.directory.clone(), error };
        let mut listing = Listing::default();
        for entry in fs::read_dir(&self.0.directory).map_err(at)? {
            let path = entry.map_err(at)?.path();
            match path.file_name().and_then(|name| kind(name.to_str()?)) {
                Some((key, Kind::Record)) => listing.records.push(key),
                Some((_, Kind::SetAside(_))) => listing.set_aside.push(path),
                Some((_, Kind::Lock | Kind::New | Kind::Calls | Kind::Secret)) | None => {}
            }
        }
        listing.records.sort_unstable();
        listing.set_aside.sort_unstable();
        Ok(listing)
    }

    /// What seals its records.
    pub(crate) fn keys(&self) -> &CacheKeys {
        &self.0.keys
    }

    fn path(&self, key: &TokenKey, kind: Kind) -> PathBuf {
        self.0.directory.join(name::of(key, kind))
    }
}

/// The record in a file's bytes, which lay under `key`. `boot` names this start of the machine.
///
/// # Errors
/// [`Unreadable`].
pub fn open_record(
    file: &[u8],
    key: &TokenKey,
    keys: &CacheKeys,
    boot: Option<&BootId>,
) -> Result<Record, Unreadable> {
    payload::decode(&keys.open(key, file)?, boot)
}

/// A file's bytes; `None` if they are more than [`MAX_BYTES`].
fn contents(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = File::open(path)?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= MAX_BYTES).then_some(bytes))
}

//! A key's lock, and what only its holder may do.

use super::name::Kind;
use super::{Cache, CacheError, MAX_BYTES, Persist, durable, payload};
use crate::engine::{Record, TokenKey};
use chancela_core::secret::Secret;
use std::fs::File;
use std::io;
use std::path::PathBuf;

/// Most files of one key that are set aside.
const MAX_SET_ASIDE: u32 = 100;

/// A key's lock, held until it is dropped or the process ends. Nobody else stores a record under the key meanwhile.
#[derive(Debug)]
pub struct Locked {
    cache: Cache,
    key: TokenKey,
    file: File,
}

impl Locked {
    pub(super) const fn new(cache: Cache, key: TokenKey, file: File) -> Self {
        Self { cache, key, file }
    }

    /// The key.
    pub const fn key(&self) -> &TokenKey {
        &self.key
    }

    /// The record under the key: what others stored before the lock was taken.
    ///
    /// # Errors
    /// As [`Cache::load`].
    pub fn load(&self) -> Result<Option<Record>, CacheError> {
        self.cache.load(&self.key)
    }

    /// Stores what of the record may be kept. When it returns, the record is durable.
    ///
    /// # Errors
    /// [`CacheError::Newer`] if what is there is of the same generation or a later one; what [`Cache::load`] says of a file
    /// that cannot be read, which is not overwritten; [`CacheError::Write`]. In all of them what was there stays.
    pub fn store(&self, record: &Record, persist: Persist) -> Result<(), CacheError> {
        if let Some(old) = self.load()?
            && old.generation >= record.generation
        {
            return Err(CacheError::Newer {
                key: self.key,
                on_disk: old.generation,
                ours: record.generation,
            });
        }
        let inner = &self.cache.0;
        let plain = payload::encode(record, persist, inner.boot.as_ref()).ok_or(CacheError::Seal)?;
        let sealed = inner.keys.seal(&self.key, &plain)?;
        if sealed.len() as u64 > MAX_BYTES {
            return Err(CacheError::TooLarge(self.key));
        }
        let path = self.path(Kind::Record);
        let written = durable::replace(&path, &self.path(Kind::New), &sealed);
        written.map_err(|error| CacheError::Write { path, error })
    }

    /// Keeps a secret. When it returns, the secret is durable.
    ///
    /// # Errors
    /// [`CacheError::Write`], also if there is one already: none is ever replaced.
    pub fn store_secret(&self, secret: &Secret) -> Result<(), CacheError> {
        let path = self.path(Kind::Secret);
        let sealed = self.cache.0.keys.seal(&self.key, secret.expose().as_bytes())?;
        let there = path.exists().then(|| io::Error::from(io::ErrorKind::AlreadyExists));
        let written = there.map_or_else(|| durable::replace(&path, &self.path(Kind::New), &sealed), Err);
        written.map_err(|error| CacheError::Write { path, error })
    }

    /// Removes the record, readable or not. The lock's file stays, because others may wait for it.
    ///
    /// # Errors
    /// [`CacheError::Write`].
    pub fn remove(&self) -> Result<(), CacheError> {
        let path = self.path(Kind::Record);
        durable::remove(&path).map_err(|error| CacheError::Write { path, error })
    }

    /// Renames a record that cannot be read to `.bad`, beside those before it, so that another can be stored. Its new
    /// place.
    ///
    /// # Errors
    /// [`CacheError::Write`]: the file is not there, cannot be renamed, or a hundred others were before it.
    pub fn set_aside(&self) -> Result<PathBuf, CacheError> {
        self.move_aside(Kind::Record)
    }

    /// The same for a secret that cannot be read.
    ///
    /// # Errors
    /// As [`set_aside`](Self::set_aside).
    pub fn set_secret_aside(&self) -> Result<PathBuf, CacheError> {
        self.move_aside(Kind::Secret)
    }

    fn move_aside(&self, kind: Kind) -> Result<PathBuf, CacheError> {
        let path = self.path(kind);
        let places = (0..MAX_SET_ASIDE).map(|number| self.path(Kind::SetAside(number)));
        let free = places.into_iter().find(|place| !place.exists());
        let renamed = free.ok_or_else(|| io::Error::from(io::ErrorKind::AlreadyExists));
        let renamed = renamed.and_then(|place| durable::rename(&path, &place).map(|()| place));
        renamed.map_err(|error| CacheError::Write { path, error })
    }

    fn path(&self, kind: Kind) -> PathBuf {
        self.cache.path(&self.key, kind)
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        // Closing the file would do, but for a program that is being started at this moment and has the file open, too.
        let _ = self.file.unlock();
    }
}

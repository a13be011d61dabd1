//! Why the cache cannot be used, and what to do about it.

use super::key::KeyId;
use crate::engine::TokenKey;
use crate::source::SourceError;
use chancela_core::entropy::EntropyError;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why something is not in the cache or does not come out of it. The text ends with what to do.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The folder.
    #[error("folder of the cache {path}: {error}; name a folder that this user may make and write")]
    Directory {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The folder is another user's, who could replace what is in it.
    #[error("folder of the cache {path} belongs to user {owner}; run as that user, or name another folder")]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// Its owner.
        owner: u32,
    },
    /// Others may look into the folder.
    #[error("folder of the cache {path} is open to others (mode {mode:o}); run: chmod 0700 {path}")]
    OpenToOthers {
        /// The folder.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// A file cannot be read.
    #[error("{path}: {error}; check that this user may read it")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A file cannot be written. The record before it is as it was.
    #[error(
        "{path} cannot be written: {error}; what was there before stays; see that the disk has room and is not read-only"
    )]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The lock cannot be taken, whoever holds it.
    #[error(
        "{path} cannot be locked: {error}; the cache must be in a folder that this user may write, on a file system with locks"
    )]
    Lock {
        /// The lock's file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Another process holds the lock.
    #[error(
        "another process has been renewing token {key} for {patience:?}; try again, and if it stays so, end that process"
    )]
    Busy {
        /// The key.
        key: TokenKey,
        /// How long was waited.
        patience: Duration,
    },
    /// There is a file, and nobody can read it.
    #[error("{path}: {reason}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: Unreadable,
    },
    /// Another process knows more: whoever stores loads again and decides anew.
    #[error(
        "the cache has change {on_disk} of token {key}, and this is change {ours}; load it and try again"
    )]
    Newer {
        /// The key.
        key: TokenKey,
        /// Generation on disk.
        on_disk: u64,
        /// Generation of what was to be stored.
        ours: u64,
    },
    /// The record is larger than any that would be read again.
    #[error(
        "the record of token {0} is larger than 1 MiB; the provider's tokens cannot be kept, so use --memory"
    )]
    TooLarge(TokenKey),
    /// The primitive failed.
    #[error("sealing a record failed; nothing was written; try again")]
    Seal,
}

/// Why a file of the cache cannot be read. A refresh token may be in it, so nothing overwrites it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not one bit may differ.
    #[error(
        "damaged, or moved here from another place; restore it from a backup, or set it aside and log in again"
    )]
    Damaged,
    /// The key is none of ours.
    #[error(
        "sealed under key {0}, which is not configured; add that key to the old keys, or set the file aside and log in again"
    )]
    UnknownKey(KeyId),
    /// Written by a newer program.
    #[error(
        "of format {0}, which a newer version of this program writes; use that version, or set the file aside and log in again"
    )]
    NewerFormat(u8),
    /// Its seal is good, and what is in it is not what this version writes.
    #[error(
        "sealed by another version of this program, which kept other things; use that version, or set the file aside and log in again"
    )]
    OtherContents,
}

/// Why there is no key of the cache. The text ends with what to do.
#[derive(Debug, thiserror::Error)]
pub enum CacheKeyError {
    /// Nobody named one, and nothing is written in clear.
    #[error(
        "the cache has no key, and tokens are never written in clear; make one with `(umask 077; openssl rand -hex 32 > FILE)` and name it as file:FILE, keyring:NAME or systemd-cred:NAME, or keep tokens in memory alone with --memory"
    )]
    Missing,
    /// The source.
    #[error("key of the cache: {0}")]
    Source(#[from] SourceError),
    /// Too short to be one.
    #[error("the key of the cache has less than 32 bytes; make one with `openssl rand -hex 32`")]
    Short,
    /// The primitive failed.
    #[error("a key cannot be derived; try again")]
    Derivation,
    /// A new key's file. One that is there is never replaced: what it sealed would be lost.
    #[error(
        "new key {path}: {error}; name a file that is not there yet, in a folder that this user may write"
    )]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// No random numbers.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

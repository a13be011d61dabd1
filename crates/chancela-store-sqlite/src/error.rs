//! Why a store could not be opened, each with what to do next; and which of SQLite's errors end a store's life.

use chancela_store::StoreError;
use rusqlite::ErrorCode;
use std::path::PathBuf;

/// Why the store in a directory was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has the directory open.
    #[error(
        "{} is in use by another process; stop that process first (`fuser` on the file `chancela.lock` names it), or \
         give this server another directory",
        .0.display()
    )]
    LockedByAnotherProcess(PathBuf),
    /// The directory lies on a filesystem on which SQLite's locks and shared memory cannot be trusted.
    #[error(
        "{} is on the network filesystem `{kind}`, on which a crash can corrupt the store; use a directory on a local disk",
        .path.display()
    )]
    NetworkFilesystem {
        /// The directory.
        path: PathBuf,
        /// The filesystem's type.
        kind: String,
    },
    /// The file was written by a newer program.
    #[error(
        "the store has schema {found}, and this program knows schemas up to {known}; start the newer program that wrote \
         it, or restore the backup made before the upgrade"
    )]
    SchemaTooNew {
        /// The file's schema.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// A migration that was applied is not the one in this program.
    #[error(
        "migration {0} of this store differs from the one in this program; start the program that wrote the store, and \
         report this"
    )]
    MigrationChanged(i64),
    /// The file is damaged.
    #[error("the store is damaged ({0}); keep a copy of the directory and restore a backup")]
    Corrupt(String),
    /// The file is a database of something else.
    #[error("{} is a database, but not of Chancela; give this server a directory of its own", .0.display())]
    NotAStore(PathBuf),
    /// The system refused a file or directory.
    #[error("{}: {source}; check that the directory exists, that this user may write to it and that the disk has room", .path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// SQLite failed otherwise.
    #[error("the store could not be opened: {0}")]
    Engine(String),
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt(error.to_string()),
            _ => Self::Engine(error.to_string()),
        }
    }
}

/// An engine's error in the store's words.
pub(crate) fn engine(error: &rusqlite::Error) -> StoreError {
    StoreError::Engine(error.to_string())
}

/// Whether nothing that this process believes about the file can be trusted after `error`: a failed write or fsync
/// must not be retried (the kernel may have dropped the pages), and damage must not be written over. A full disk is
/// no such error: SQLite reports it before anything is acknowledged, and it passes.
pub(crate) fn is_fatal(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::SystemIoFailure
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied
                | ErrorCode::FileLockingProtocolFailed
        )
    )
}

//! A copy of the store while it is in use, by SQLite's backup interface.

use crate::connection;
use crate::error::OpenError;
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

/// Pages (4 KiB) between two pauses.
const STEP: i32 = 1024;
const PAUSE: Duration = Duration::from_millis(5);

/// Copies `database` to the new file `to` (mode 0600), checked and durable when this returns; blocks meanwhile.
pub(crate) fn copy(database: &Path, to: &Path) -> Result<(), OpenError> {
    let io = |source| OpenError::Io { path: to.to_owned(), source };
    drop(OpenOptions::new().write(true).create_new(true).mode(0o600).open(to).map_err(io)?);
    let done = copy_into(database, to)
        .and_then(|()| File::open(to).and_then(|file| file.sync_all()).map_err(io))
        .and_then(|()| sync_directory(to).map_err(io));
    if done.is_err() {
        let _ = std::fs::remove_file(to); // ours, and of no use to anybody
    }
    done
}

fn copy_into(database: &Path, to: &Path) -> Result<(), OpenError> {
    let source = connection::reader(database)?;
    // One snapshot for the whole copy: without it every commit would make the copy start again.
    source.execute_batch("BEGIN; SELECT count(*) FROM migration;")?;
    let mut target = Connection::open(to)?;
    let backup = Backup::new(&source, &mut target)?;
    while backup.step(STEP)? != StepResult::Done {
        std::thread::sleep(PAUSE);
    }
    drop(backup);
    target.execute_batch("PRAGMA journal_mode = DELETE;")?; // one file, with nothing beside it
    connection::quick_check(&target)
}

fn sync_directory(of: &Path) -> std::io::Result<()> {
    match of.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

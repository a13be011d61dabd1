//! Opening connections: what every one of them is told, and the checks after an unclean stop.
//!
//! One connection writes and checkpoints; the others only read. Page caches are small, because each commit
//! invalidates the readers' and the operating system's cache serves anyway; memory-mapping is off, because it doubles
//! the cost of a read beside a writer.

use crate::directory::Directory;
use crate::error::OpenError;
use crate::schema;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::Duration;

/// How long to wait for a person who holds the file locked with another tool.
const BUSY: Duration = Duration::from_secs(5);

/// For every connection.
const COMMON: &str = "PRAGMA mmap_size = 0;
    PRAGMA cell_size_check = ON;
    PRAGMA trusted_schema = OFF;
    PRAGMA temp_store = MEMORY;";

/// For the writer: the log is cut to 32 MB when it has grown beyond (a long read holds it up).
const WRITER: &str = "PRAGMA journal_mode = WAL;
    PRAGMA journal_size_limit = 33554432;
    PRAGMA cache_size = -2048;";

/// How the writer commits what is acknowledged: durable before it is answered. The log is folded into the file every
/// 1000 pages (4 MB). Commits wait meanwhile: beside expiry, where it costs most, 11 ms at worst; with 4000 pages it
/// was 40 ms, and no fewer bytes were written.
pub(crate) const EAGER: &str = "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 1000;";

/// How it commits what may be taken back: durable with the next commit. Expiry touches each page once, so folding a
/// given number of pages costs more than usual.
pub(crate) const LAZY: &str = "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 250;";

const READER: &str = "PRAGMA query_only = ON;
    PRAGMA cache_size = -512;";

/// The one connection that writes, with the schema brought up to date.
pub(crate) fn writer(directory: &Directory) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(&directory.database, flags)?;
    prepare(&connection)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.execute_batch(WRITER)?;
    connection.execute_batch(EAGER)?;
    if directory.unclean {
        quick_check(&connection)?;
    }
    schema::migrate(&mut connection, &directory.database)?;
    Ok(connection)
}

/// A connection that cannot write.
pub(crate) fn reader(database: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(database, flags)?;
    prepare(&connection)?;
    connection.execute_batch(READER)?;
    Ok(connection)
}

/// Looks for damage.
pub(crate) fn quick_check(connection: &Connection) -> Result<(), OpenError> {
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" { Ok(()) } else { Err(OpenError::Corrupt(verdict)) }
}

fn prepare(connection: &Connection) -> Result<(), OpenError> {
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.execute_batch(COMMON)?;
    Ok(())
}

//! The schema: numbered migrations, each applied once, in one transaction, and remembered by its checksum.
//!
//! Owns what tables there are. A store that a newer program wrote is refused, because this one does not know what its
//! rows mean; going back means restoring the backup made before the upgrade.

use crate::error::OpenError;
use crate::ring::{Table, long_slots, short_slots};
use chancela_core::secret::{hex, sha256};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use std::fmt::Write as _;
use std::path::Path;

/// `Chan` in ASCII: tells this file from other programs' databases (`PRAGMA application_id`).
const APPLICATION_ID: i32 = 0x4368_616e;

/// The migrations in order; the first has number 1. A line is added, never changed.
fn migrations() -> [String; 2] {
    [initial(), include_str!("../migrations/0002_people.sql").to_owned()]
}

/// Tables that a person would write, and the rings' tables, which a loop writes better.
fn initial() -> String {
    let mut sql = include_str!("../migrations/0001_initial.sql").to_owned();
    let short = short_slots().map(Table::Short);
    for table in short.chain(long_slots().map(Table::Long)).chain([Table::Other]) {
        // Writing to a String cannot fail.
        let _ = writeln!(
            sql,
            "CREATE TABLE {} (tick INTEGER NOT NULL, tag BLOB NOT NULL, client INTEGER NOT NULL, \
             issued_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, scope TEXT NOT NULL, subject TEXT, \
             certificate BLOB, grant_id BLOB, PRIMARY KEY (tick, tag)) WITHOUT ROWID;",
            table.name()
        );
    }
    sql
}

/// Brings the database to this program's schema.
pub(crate) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let migrations = migrations();
    let known = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    refuse_strangers(connection, path, known)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(&format!(
        "PRAGMA application_id = {APPLICATION_ID};
         CREATE TABLE IF NOT EXISTS migration (
             number INTEGER PRIMARY KEY, checksum TEXT NOT NULL, applied_at TEXT NOT NULL
         ) STRICT;"
    ))?;
    for (number, sql) in (1i64..).zip(&migrations) {
        let checksum = hex(&sha256(sql.as_bytes()));
        let applied: Option<String> = transaction
            .query_row("SELECT checksum FROM migration WHERE number = ?1", [number], |row| row.get(0))
            .optional()?;
        match applied {
            Some(applied) if applied == checksum => {}
            Some(_) => return Err(OpenError::MigrationChanged(number)),
            None => {
                transaction.execute_batch(sql)?;
                transaction.execute(
                    "INSERT INTO migration VALUES (?1, ?2, datetime('now'))",
                    params![number, checksum],
                )?;
            }
        }
    }
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    Ok(())
}

/// Refuses other programs' files and newer schemas before anything is written.
fn refuse_strangers(connection: &Connection, path: &Path, known: i64) -> Result<(), OpenError> {
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != APPLICATION_ID && (application != 0 || tables != 0) {
        return Err(OpenError::NotAStore(path.to_owned()));
    }
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > known {
        return Err(OpenError::SchemaTooNew { found, known });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A change to an applied migration would lock every existing store out.
    #[test]
    fn the_first_migration_is_what_it_was() {
        assert_eq!(
            hex(&sha256(initial().as_bytes())),
            "eb8de66647f92fbec316d66a892c4b99e1360e93899b786b9229a6668ce0bd37"
        );
    }
}

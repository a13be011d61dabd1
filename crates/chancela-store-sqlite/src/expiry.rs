//! Expiry, a slice at a time, in the writer's thread between two transactions.
//!
//! Tables of the short ring are emptied when their bucket is over; everything else is ordered by expiry (sessions and
//! certificates by an index), so what has expired is a range at the beginning, deleted in slices. Nothing that is alive at `now` is
//! removed, whatever `now` was at other times.
//!
//! Emptying a table costs 0.05 us a row and no writing, but is one statement, for which all commits wait; deleting a
//! range costs ten times that and can stop anywhere. So small tables (of buckets filled at up to 1,250 tokens a
//! second) are emptied whole, large ones in slices, and either is a few milliseconds of work. The longest waits that
//! remain are for folding the log, which ends in an fsync. On two shared cores, 16 tasks issuing, an fsync of 0.2 to
//! 4 ms (`examples/measure.rs`; the rows on slices with SQLite built for fdatasync, which the usual build is not):
//!
//! | a million expired rows | in all | CPU of everything | one call, p50 | inserts beside it, p50, p99, max |
//! |---|---|---|---|---|
//! | one statement | 54 to 85 ms | 0.03 to 0.05 s | 54 to 85 ms | max 52 to 85 ms |
//! | slices, log folded at 4000 pages | 0.55 to 0.60 s | 0.49 to 0.54 s | 0.8 ms | 0.8, 8 to 27, 40 to 45 ms |
//! | the same, every commit folding at 250 pages | 0.66 s | 0.57 s | 0.8 ms | 0.8, 4.8, 5.5 ms |
//! | as it is, in minutes of a slow disk (inserts alone: 1.9 to 4.0, 11 to 13, 20 to 36 ms) | 0.8 to 1.4 s | 0.5 to 0.7 s | 0.8 to 1.0 ms | 0.7 to 1.0, 7 to 19, 10 to 25 ms |

use crate::ring::{Table, ticks};
use crate::statements::{clear, delete_before, first_tick, row_at, slice_end};
use crate::writer::Writer;
use chancela_core::id::{CodeId, GrantId};
use chancela_core::time::Timestamp;
use chancela_store::{Expired, StoreError};
use rusqlite::{Connection, OptionalExtension, Result, params};

/// Rows deleted singly in one transaction: one to three milliseconds.
const SLICE: u64 = 2000;
/// Rows of the largest table that is emptied by one statement: two to three milliseconds.
const WHOLE: u64 = 40_000;
/// The count of a table of which only this is known: more than [`WHOLE`].
const MANY: u64 = u64::MAX / 2;

/// Removes what expired by `now`, up to a slice.
pub(crate) fn expire(writer: &Writer, now: Timestamp) -> std::result::Result<Expired, StoreError> {
    writer.lazily(|writer| slice(writer, now))
}

fn slice(writer: &Writer, now: Timestamp) -> Result<Expired> {
    let (connection, laps) = (&writer.connection, &writer.laps);
    let tick = ticks(now);
    let mut rows = 0;
    for table in laps.short_over(tick) {
        if rows >= SLICE {
            return Ok(Expired { rows, more: true });
        }
        rows += bucket(writer, table)?;
    }
    for table in laps.long_begun(tick) {
        if rows >= SLICE {
            return Ok(Expired { rows, more: true });
        }
        rows += table_slice(connection, table, tick)?;
        let first: Option<i64> = connection.query_row(&first_tick(table), [], |row| row.get(0)).optional()?;
        laps.note(table, first);
    }
    let alive = now.seconds().saturating_add(1);
    rows += by_id(connection, "grant", GrantId::lower_bound(alive).0)?;
    rows += by_id(connection, "authorization_code", CodeId::lower_bound(alive).0)?;
    rows += by_index(connection, "session", now)? + by_index(connection, "certificate", now)?;
    rows += revocations(connection, now)?;
    Ok(Expired { rows, more: rows >= SLICE })
}

/// A table whose lap is over: all of it if it is small, else a slice. Should the transaction fail, the laps are read
/// again.
fn bucket(writer: &Writer, table: Table) -> Result<u64> {
    let (connection, laps) = (&writer.connection, &writer.laps);
    let rows = match laps.rows(table) {
        Some(rows) => rows,
        None => {
            // Once per table after a start: looks at no more rows than could be emptied at once.
            let found = connection.prepare_cached(&row_at(table))?.exists([WHOLE.cast_signed()])?;
            if found { MANY } else { WHOLE }
        }
    };
    let mut removed = 0;
    if rows > WHOLE {
        removed = table_slice(connection, table, i64::MAX)?;
        if removed >= SLICE {
            laps.count(table, rows.saturating_sub(removed));
            return Ok(removed);
        }
    }
    removed += connection.prepare_cached(&clear(table))?.execute([])? as u64;
    laps.note(table, None);
    Ok(removed)
}

/// Rows of one table from before `tick`.
fn table_slice(connection: &Connection, table: Table, tick: i64) -> Result<u64> {
    let end = connection
        .prepare_cached(&slice_end(table))?
        .query_row(params![tick, SLICE.cast_signed()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (tick, tag): (i64, Vec<u8>) = end.unwrap_or((tick, Vec::new()));
    Ok(connection.prepare_cached(&delete_before(table))?.execute(params![tick, tag])? as u64)
}

/// Rows of a table whose ids begin with the time of their end, from before the id `alive`.
fn by_id(connection: &Connection, table: &str, alive: [u8; 16]) -> Result<u64> {
    let removed = connection
        .prepare_cached(&format!(
            "DELETE FROM \"{table}\" WHERE id < \
             coalesce((SELECT id FROM \"{table}\" WHERE id < ?1 ORDER BY id LIMIT 1 OFFSET ?2), ?1)"
        ))?
        .execute(params![alive, SLICE.cast_signed()])?;
    Ok(removed as u64)
}

/// Rows of a table with an index on `expires_at`.
fn by_index(connection: &Connection, table: &str, now: Timestamp) -> Result<u64> {
    let removed = connection
        .prepare_cached(&format!(
            "DELETE FROM {table} WHERE rowid IN \
             (SELECT rowid FROM {table} WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)"
        ))?
        .execute(params![now.seconds(), SLICE.cast_signed()])?;
    Ok(removed as u64)
}

/// Whole seconds: a second's revocations go together.
fn revocations(connection: &Connection, now: Timestamp) -> Result<u64> {
    let removed = connection
        .prepare_cached(
            "DELETE FROM revocation WHERE expires_at <= \
             coalesce((SELECT expires_at FROM revocation ORDER BY expires_at LIMIT 1 OFFSET ?2), ?1) \
             AND expires_at <= ?1",
        )?
        .execute(params![now.seconds(), SLICE.cast_signed()])?;
    Ok(removed as u64)
}

//! Expiry, a slice at a time, in the writer's thread between two transactions.
//!
//! Tables of the short ring are emptied whole when their bucket is over; everything else is ordered by expiry, so
//! what has expired is a range at the beginning, deleted in slices. Nothing that is alive at `now` is removed,
//! whatever `now` was at other times.

use crate::ring::{Table, ticks};
use crate::statements::{clear, delete_before, first_tick, slice_end};
use crate::writer::Writer;
use chancela_core::id::GrantId;
use chancela_core::time::Timestamp;
use chancela_store::{Expired, StoreError};
use rusqlite::{Connection, OptionalExtension, Result, params};

/// Rows deleted singly in one transaction: a few milliseconds.
const SLICE: u64 = 2000;

/// Removes what expired by `now`, up to a slice.
pub(crate) fn expire(writer: &Writer, now: Timestamp) -> std::result::Result<Expired, StoreError> {
    let expired = writer.transaction(|writer| slice(writer, now))?;
    Ok(expired)
}

fn slice(writer: &Writer, now: Timestamp) -> Result<Expired> {
    let (connection, laps) = (&writer.connection, &writer.laps);
    let tick = ticks(now);
    let mut rows = 0;
    for table in laps.short_over(tick) {
        if rows >= SLICE {
            return Ok(Expired { rows, more: true });
        }
        rows += connection.prepare_cached(&clear(table))?.execute([])? as u64;
        // Should this transaction fail, the laps are read again.
        laps.note(table, None);
    }
    for table in laps.long_begun(tick) {
        if rows >= SLICE {
            return Ok(Expired { rows, more: true });
        }
        rows += table_slice(connection, table, tick)?;
        let first: Option<i64> = connection.query_row(&first_tick(table), [], |row| row.get(0)).optional()?;
        laps.note(table, first);
    }
    rows += grants(connection, now)? + revoked_tokens(connection, now)?;
    Ok(Expired { rows, more: rows >= SLICE })
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

fn grants(connection: &Connection, now: Timestamp) -> Result<u64> {
    let alive = GrantId::lower_bound(now.seconds().saturating_add(1));
    let removed = connection
        .prepare_cached(
            "DELETE FROM \"grant\" WHERE id < \
             coalesce((SELECT id FROM \"grant\" WHERE id < ?1 ORDER BY id LIMIT 1 OFFSET ?2), ?1)",
        )?
        .execute(params![alive.0, SLICE.cast_signed()])?;
    Ok(removed as u64)
}

/// Whole seconds: a second's revocations go together.
fn revoked_tokens(connection: &Connection, now: Timestamp) -> Result<u64> {
    let removed = connection
        .prepare_cached(
            "DELETE FROM revoked_token WHERE expires_at <= \
             coalesce((SELECT expires_at FROM revoked_token ORDER BY expires_at LIMIT 1 OFFSET ?2), ?1) \
             AND expires_at <= ?1",
        )?
        .execute(params![now.seconds(), SLICE.cast_signed()])?;
    Ok(removed as u64)
}

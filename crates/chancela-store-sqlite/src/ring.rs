//! In which table the row of an access token lies.
//!
//! Owns the geometry of two rings of tables by expiry, and the note of which lap each table holds. A ring is a fixed
//! number of tables that are used in turn: when the clock has passed a bucket, its table is emptied, which can free
//! pages instead of visiting rows, and serves again a lap later. Does not own the emptying (`expiry`) nor the rows
//! (`apply`, `reader`).
//!
//! A row that finds its table held by another lap that is still alive (the clock was set back by hours) goes to a
//! plain table, [`Table::Other`]: nothing that is alive is ever dropped to make room, and nothing is refused.

use chancela_core::id::AccessTokenKey;
use chancela_core::record::AccessToken;
use chancela_core::time::Timestamp;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

/// Longest life of an access token that this store accepts, in seconds: 30 days.
pub const MAX_LIFETIME: i64 = 30 * 24 * 3600;

const TICKS_PER_SECOND: i64 = 64;
/// 32 s each, so that a bucket is small at any rate of issuing.
const SHORT_TICKS: i64 = 32 * TICKS_PER_SECOND;
/// A lap of 4096 s: a lifetime of an hour, and eight minutes in which to empty a table.
const SHORT_TABLES: usize = 128;
/// Longest lifetime in seconds whose rows go to the short ring.
const SHORT_LIFETIME: i64 = 3600;
/// 12 h each; rows are also deleted singly as they expire.
const LONG_TICKS: i64 = 12 * 3600 * TICKS_PER_SECOND;
/// A lap of 32 days: [`MAX_LIFETIME`] and two days in which to empty a table.
const LONG_TABLES: usize = 64;

/// No lap: the table is empty.
const EMPTY: i64 = i64::MIN;
/// Nobody has counted the table's rows since the store was opened.
const UNCOUNTED: u64 = u64::MAX;

/// A table that holds access tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Table {
    /// One of the short ring's, by slot.
    Short(usize),
    /// One of the long ring's, by slot.
    Long(usize),
    /// The plain table beside the rings.
    Other,
}

impl Table {
    /// Every table, in a fixed order.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let short = (0..SHORT_TABLES).map(Self::Short);
        short.chain((0..LONG_TABLES).map(Self::Long)).chain([Self::Other])
    }

    /// Its place in that order.
    pub(crate) fn index(self) -> usize {
        match self {
            Self::Short(slot) => slot,
            Self::Long(slot) => SHORT_TABLES + slot,
            Self::Other => SHORT_TABLES + LONG_TABLES,
        }
    }

    /// Its name in the database.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Short(slot) => format!("access_short_{slot:03}"),
            Self::Long(slot) => format!("access_long_{slot:02}"),
            Self::Other => "access_other".to_owned(),
        }
    }

    /// The ring's table for rows that expire at `tick`.
    fn of(tick: i64, long: bool) -> Self {
        // `rem_euclid` by a small positive constant always fits.
        if long {
            Self::Long(tick.div_euclid(LONG_TICKS).rem_euclid(LONG_TABLES as i64) as usize)
        } else {
            Self::Short(tick.div_euclid(SHORT_TICKS).rem_euclid(SHORT_TABLES as i64) as usize)
        }
    }

    /// The bucket (number of its width since the epoch) that a row of this table with `tick` belongs to.
    fn bucket(self, tick: i64) -> i64 {
        match self {
            Self::Short(_) => tick.div_euclid(SHORT_TICKS),
            Self::Long(_) => tick.div_euclid(LONG_TICKS),
            Self::Other => 0,
        }
    }

    /// First tick after a bucket.
    fn end(self, bucket: i64) -> i64 {
        match self {
            Self::Short(_) => bucket.saturating_add(1).saturating_mul(SHORT_TICKS),
            Self::Long(_) => bucket.saturating_add(1).saturating_mul(LONG_TICKS),
            Self::Other => i64::MAX,
        }
    }
}

/// Where a new row goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Placement {
    /// The table.
    pub(crate) table: Table,
    /// Whether the table still holds a lap that is over and must be emptied first.
    pub(crate) empty_first: bool,
}

/// Seconds for which `token` lives, by the key's tick, which alone decides when its row goes.
pub(crate) fn lifetime(token: &AccessToken) -> i64 {
    token.key.tick.div_euclid(TICKS_PER_SECOND).saturating_sub(token.issued_at)
}

/// `now` in ticks, rounded down.
pub(crate) fn ticks(now: Timestamp) -> i64 {
    now.millis().saturating_mul(TICKS_PER_SECOND).div_euclid(1000)
}

/// Which lap every table holds. Only the writer changes it; readers look, so that they probe no table in vain.
///
/// It may name a lap whose rows were rolled back (a probe in vain), never leave out one whose rows are committed.
#[derive(Debug)]
pub(crate) struct Laps {
    held: Box<[AtomicI64]>,
    other: AtomicBool,
    /// Rows of each table, for the writer alone; too many where rows were rolled back or deleted singly.
    rows: Box<[AtomicU64]>,
}

impl Laps {
    /// All tables empty.
    pub(crate) fn new() -> Self {
        let held = (0..SHORT_TABLES + LONG_TABLES).map(|_| AtomicI64::new(EMPTY)).collect();
        let rows = Table::all().map(|_| AtomicU64::new(UNCOUNTED)).collect();
        Self { held, other: AtomicBool::new(false), rows }
    }

    /// Notes what a table holds: `tick` of any row, `None` if it is empty.
    pub(crate) fn note(&self, table: Table, tick: Option<i64>) {
        match self.held.get(table.index()) {
            Some(held) => held.store(tick.map_or(EMPTY, |tick| table.bucket(tick)), Ordering::Release),
            None => self.other.store(tick.is_some(), Ordering::Release),
        }
        if tick.is_none() {
            self.count(table, 0);
        }
    }

    /// Notes a row that is about to be added, before a reader could look for it.
    pub(crate) fn note_row(&self, table: Table, tick: i64) {
        self.note(table, Some(tick));
        if let Some(rows) = self.rows(table) {
            self.count(table, rows.saturating_add(1));
        }
    }

    /// Rows of a table, at most; `None` if nobody has counted.
    pub(crate) fn rows(&self, table: Table) -> Option<u64> {
        let rows = self.rows.get(table.index())?.load(Ordering::Relaxed);
        (rows != UNCOUNTED).then_some(rows)
    }

    /// Notes how many rows a table has.
    pub(crate) fn count(&self, table: Table, rows: u64) {
        if let Some(count) = self.rows.get(table.index()) {
            count.store(rows.min(UNCOUNTED - 1), Ordering::Relaxed);
        }
    }

    fn held(&self, table: Table) -> Option<i64> {
        let bucket = self.held.get(table.index())?.load(Ordering::Acquire);
        (bucket != EMPTY).then_some(bucket)
    }

    /// Whether the plain table holds anything.
    pub(crate) fn other_in_use(&self) -> bool {
        self.other.load(Ordering::Acquire)
    }

    /// Where a new row goes. `issued_at` is the clock by which an older lap is judged to be over.
    pub(crate) fn place(&self, token: &AccessToken) -> Placement {
        let tick = token.key.tick;
        let table = Table::of(tick, lifetime(token) > SHORT_LIFETIME);
        match self.held(table) {
            Some(held) if held != table.bucket(tick) => {
                if table.end(held) <= token.issued_at.saturating_mul(TICKS_PER_SECOND) {
                    Placement { table, empty_first: true }
                } else {
                    Placement { table: Table::Other, empty_first: false }
                }
            }
            _ => Placement { table, empty_first: false },
        }
    }

    /// The tables in which a row may lie: almost always exactly one.
    pub(crate) fn candidates(&self, key: &AccessTokenKey) -> impl Iterator<Item = Table> + use<> {
        let ring = |long| {
            let table = Table::of(key.tick, long);
            (self.held(table) == Some(table.bucket(key.tick))).then_some(table)
        };
        let other = self.other_in_use().then_some(Table::Other);
        [ring(false), ring(true), other].into_iter().flatten()
    }

    /// Tables of the short ring whose lap lies wholly before `now` (in ticks).
    pub(crate) fn short_over(&self, now: i64) -> Vec<Table> {
        let over = |table: &Table| self.held(*table).is_some_and(|bucket| table.end(bucket) <= now);
        (0..SHORT_TABLES).map(Table::Short).filter(over).collect()
    }

    /// Tables of the long ring, and the plain one, that may hold rows from before `now` (in ticks).
    pub(crate) fn long_begun(&self, now: i64) -> Vec<Table> {
        let begun = |table: &Table| self.held(*table).is_some_and(|bucket| table.end(bucket - 1) <= now);
        let other = self.other_in_use().then_some(Table::Other);
        (0..LONG_TABLES).map(Table::Long).filter(begun).chain(other).collect()
    }
}

/// Slots of a ring, for the statements that make its tables.
pub(crate) const fn short_slots() -> Range<usize> {
    0..SHORT_TABLES
}

/// As [`short_slots`].
pub(crate) const fn long_slots() -> Range<usize> {
    0..LONG_TABLES
}

#[cfg(test)]
mod tests {
    use super::*;
    use chancela_core::id::ClientKey;

    fn token(issued_at: i64, lifetime: i64) -> AccessToken {
        let expires_at = issued_at + lifetime;
        AccessToken {
            key: AccessTokenKey { tick: expires_at * 64, tag: [1; 16] },
            client: ClientKey(1),
            issued_at,
            expires_at,
            scope: "a".into(),
            subject: None,
            certificate: None,
            grant: None,
        }
    }

    #[test]
    fn a_table_is_free_again_before_its_next_lap_is_issued() {
        for lifetime in [1, 300, 3600, 3601, 86_400, MAX_LIFETIME] {
            for issued_at in (1_800_000_000..1_800_200_000).step_by(997) {
                let (laps, new) = (Laps::new(), token(issued_at, lifetime));
                let table = laps.place(&new).table;
                let lap = if matches!(table, Table::Short(_)) { 4096 } else { 32 * 86_400 };
                laps.note(table, Some(new.key.tick - lap * 64));
                assert_eq!(laps.place(&new), Placement { table, empty_first: true });
            }
        }
    }

    #[test]
    fn a_living_lap_is_never_emptied_for_a_row_from_another_time() {
        let (laps, new) = (Laps::new(), token(1_800_000_000, 300));
        laps.note(laps.place(&new).table, Some(new.key.tick + 4096 * 64));
        assert_eq!(laps.place(&new), Placement { table: Table::Other, empty_first: false });
    }

    #[test]
    fn a_look_up_probes_only_tables_that_hold_the_keys_lap() {
        let (laps, new) = (Laps::new(), token(1_800_000_000, 300));
        assert_eq!(laps.candidates(&new.key).count(), 0);
        let table = laps.place(&new).table;
        laps.note(table, Some(new.key.tick));
        assert_eq!(laps.candidates(&new.key).collect::<Vec<_>>(), [table]);
    }
}

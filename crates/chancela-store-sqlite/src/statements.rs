//! The statements on the tables of access tokens, spelled once per table at start.

use crate::ring::Table;

/// Statements by table.
#[derive(Debug)]
pub(crate) struct Statements {
    insert: Box<[Box<str>]>,
    select: Box<[Box<str>]>,
}

impl Statements {
    pub(crate) fn new() -> Self {
        let spell = |template: fn(&str) -> String| {
            Table::all().map(|table| template(&table.name()).into_boxed_str()).collect()
        };
        Self {
            insert: spell(|name| format!("INSERT OR IGNORE INTO {name} VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)")),
            select: spell(|name| {
                format!(
                    "SELECT client, issued_at, expires_at, scope, subject, certificate, grant_id \
                     FROM {name} WHERE tick = ?1 AND tag = ?2"
                )
            }),
        }
    }

    /// Adds a row unless its key is there.
    pub(crate) fn insert(&self, table: Table) -> &str {
        self.insert.get(table.index()).map_or("", |sql| sql)
    }

    /// Finds a row by `tick` and `tag`.
    pub(crate) fn select(&self, table: Table) -> &str {
        self.select.get(table.index()).map_or("", |sql| sql)
    }
}

/// Removes a row by `tick` and `tag`.
pub(crate) fn delete(table: Table) -> String {
    format!("DELETE FROM {} WHERE tick = ?1 AND tag = ?2", table.name())
}

/// Empties a table by freeing its pages.
pub(crate) fn clear(table: Table) -> String {
    format!("DELETE FROM {}", table.name())
}

/// Finds a row that has `?1` rows before it.
pub(crate) fn row_at(table: Table) -> String {
    format!("SELECT 1 FROM {} LIMIT 1 OFFSET ?1", table.name())
}

/// The tick of a table's first row.
pub(crate) fn first_tick(table: Table) -> String {
    format!("SELECT tick FROM {} ORDER BY tick LIMIT 1", table.name())
}

/// The key at which a slice of `?2` rows before tick `?1` ends.
pub(crate) fn slice_end(table: Table) -> String {
    format!("SELECT tick, tag FROM {} WHERE tick < ?1 ORDER BY tick, tag LIMIT 1 OFFSET ?2", table.name())
}

/// Removes rows before a key.
pub(crate) fn delete_before(table: Table) -> String {
    format!("DELETE FROM {} WHERE (tick, tag) < (?1, ?2)", table.name())
}

//! Tables laid over tables: what a file adds to the file that it extends, and an endpoint to its file.

use super::error::DialectError;
use toml::{Table, Value};

/// Lays `over` on `base`: tables key by key, everything else (lists too) as a whole.
pub(super) fn lay_over(base: &mut Table, over: Table) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => lay_over(below, above),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

/// Reads a merged table against the vocabulary.
pub(super) fn read_table<T: serde::de::DeserializeOwned>(
    path: &str,
    table: &Table,
) -> Result<T, DialectError> {
    Value::Table(table.clone()).try_into().map_err(|error: toml::de::Error| DialectError::Syntax {
        file: path.to_owned(),
        line: 0,
        message: error.message().to_owned(),
    })
}

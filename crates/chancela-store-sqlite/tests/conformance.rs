//! The SQLite store against the suite that every store passes.

#![allow(missing_docs, clippy::unwrap_used)]

use chancela_store::conformance::Fixture;
use chancela_store_sqlite::{Options, SqliteStore};
use tempfile::TempDir;

struct Sqlite(TempDir);

impl Default for Sqlite {
    fn default() -> Self {
        Self(TempDir::new().unwrap())
    }
}

impl Fixture for Sqlite {
    type Store = SqliteStore;
    const DURABLE: bool = true;

    fn open(&self) -> SqliteStore {
        SqliteStore::open(self.0.path(), Options::default()).unwrap()
    }
}

chancela_store::conformance_tests!(Sqlite);

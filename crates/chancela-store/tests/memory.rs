//! The memory store against the suite.

#![allow(missing_docs)]

use chancela_store::MemoryStore;
use chancela_store::conformance::Fixture;

#[derive(Default)]
struct Memory;

impl Fixture for Memory {
    type Store = MemoryStore;
    const DURABLE: bool = false;

    fn open(&self) -> MemoryStore {
        MemoryStore::new()
    }
}

chancela_store::conformance_tests!(Memory);

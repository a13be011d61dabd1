//! Memory store.
/// The reference store.
#[derive(Debug, Default)]
pub struct MemoryStore;

//! Tools for tests: fake clock, seeded entropy, golden exchanges, and [`pair`], the agent and the server in one process.
//! Nothing here does I/O, so any test can use it, whatever it talks to.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod clock;
pub mod golden;
#[cfg(feature = "pair")]
pub mod pair;

pub use chancela_core::entropy::Seeded;
pub use clock::FakeClock;

//! The renewal engine in a simulated world: processes that share a disk and die, a provider that is away, answers that
//! get lost. A day takes less than a second, and every run of a seed is the same.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod day;
mod provider;
mod rules;
mod world;

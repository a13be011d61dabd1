//! The authorization endpoint's protocol from request to tokens, over its public functions: check, decide, approve,
//! redeem, renew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod checks;
mod decisions;
mod redemption;
mod renewal;
mod world;

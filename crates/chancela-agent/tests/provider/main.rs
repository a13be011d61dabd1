//! A provider on a socket that says what a test wrote down: requests that are signed (client assertions, proofs of
//! possession), and logins at another device.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod assertion;
mod bound;
mod device;
mod kept;
#[cfg(feature = "tower")]
mod layer;
mod nonce;
mod world;

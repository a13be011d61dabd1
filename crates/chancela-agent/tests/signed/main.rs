//! Requests that are signed: client assertions (RFC 7523) and proofs of possession (RFC 9449), at a provider on a socket that
//! says what a test wrote down.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod assertion;
mod bound;
mod kept;
#[cfg(feature = "tower")]
mod layer;
mod nonce;
mod world;

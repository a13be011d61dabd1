//! The client side: access tokens obtained, kept and renewed.
//!
//! [`engine`] decides when to ask for a token, with what, and who waits; it does nothing itself. What it wants done is an
//! [`engine::Action`], what came of it an [`engine::Event`], and both clocks are arguments: a simulated day takes
//! milliseconds, and no rule of renewal can be tested only by waiting.
//!
//! [`source`] reads secrets from where they rest, [`identity`] is the certificate of a client, replaced while it is in use,
//! and [`cache`] keeps records on disk, sealed, for all processes. [`transport`] carries token requests, and [`tokens`] is
//! the engine with all of that attached, for programs that wait for a token. [`socket`] serves them to other processes.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod agent;
pub mod cache;
pub mod clock;
pub mod config;
pub mod engine;
pub mod entropy;
pub mod identity;
pub mod provider;
pub mod socket;
pub mod source;
pub mod tokens;
pub mod transport;

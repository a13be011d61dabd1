//! The authorization server around the pure core: configuration, realms, keys, endpoints and connections.
//!
//! Owns I/O and state; what a request may become is decided in `chancela-core`, what is kept is `chancela-store`'s.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod access_token;
pub mod browser;
pub mod certificate_authority;
pub mod clock;
pub mod config;
pub mod control;
pub mod directory;
pub mod endpoint;
pub mod entropy;
pub mod extension;
pub mod fetch;
pub mod key_ring;
pub mod login;
pub mod logout;
pub mod management;
mod metadata;
pub mod metrics;
pub mod page;
pub mod password;
pub mod proxy;
pub mod realm;
pub mod revoked;
pub mod router;
pub mod server;
pub mod source;
pub mod throttle;
pub mod tls;
pub mod transport;
pub mod trust;
pub mod verified;

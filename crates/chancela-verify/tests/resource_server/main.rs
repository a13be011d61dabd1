//! A resource server before tokens that were really signed, on connections with and without certificates.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod certificate;
mod dialects;
mod introspection;
mod jwt;
mod keys;
mod laws;
mod layer;
mod world;

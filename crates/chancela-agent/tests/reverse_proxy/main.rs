//! The agent's reverse proxy with everything real: callers on sockets, a token endpoint, and an API that notes what it sees.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod api;
mod callers;
mod certificate;
mod connections;
#[path = "../socket/endpoint.rs"]
mod endpoint;
mod headers;
mod refusals;
mod replay;
mod streams;
mod world;

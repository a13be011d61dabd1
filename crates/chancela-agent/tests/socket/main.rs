//! The agent's socket with everything real: Unix sockets, other processes, another user, and a token endpoint that speaks
//! HTTP on this machine.

#![allow(clippy::disallowed_methods, reason = "the parent tells its child by environment what to do")]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]
#![allow(clippy::indexing_slicing)]

mod certificate;
mod child;
mod endpoint;
mod events;
mod malformed;
mod ops;
mod place;
mod policy;
mod problems;
mod secrets;
mod token;
mod world;

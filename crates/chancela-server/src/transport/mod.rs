//! Transport: connections, their limits and their end. Owns no protocol.

pub mod body;
pub mod connection;
mod framing;
mod intermediate;
pub mod listener;
pub mod peer;
mod timed;
pub mod unix_socket;

//! The client's certificate behind a proxy that ends TLS: read from a header, and only from a proxy that proved itself
//! (requirements and I-04; RFC 9440 §4).
//!
//! Off by default. A certificate is public, so a header with one proves nothing; what proves is the channel that the
//! header came through, or a MAC of the proxy's. How a header is read is `chancela_core::x509::forwarded`'s; what the
//! certificate is good for, the caller's.

mod config;
mod names;
mod present;
mod read;

pub use config::ClientCertificateHeader;
pub use names::forged;
pub use read::{Carried, ForwardedCertificates, Link, Outcome, Why};

#[cfg(test)]
mod tests;

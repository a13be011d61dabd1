//! X.509 (RFC 5280) as far as mutual TLS needs it: reading certificates, names and requests, believing chains, and making
//! what our certificate authorities sign.
//!
//! Pure: bytes, keys, time and random numbers come in. Parsing and signing are libraries'; what is believed and what is
//! signed is decided here.

pub mod certificate;

pub use certificate::Certificate;

//! X.509 as clients, authorities and attackers write it, and what our certificate authorities sign as other software sees
//! it: the `openssl` program, webpki and x509-parser.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(
    clippy::disallowed_methods,
    reason = "these tests give files to the openssl program, which has a clock"
)]

mod authorities;
mod certificates;
mod chains;
mod clients;
mod key_files;
mod keys;
mod names;
mod pki;
mod requests;
mod revocation;
mod signed_lists;
mod world;

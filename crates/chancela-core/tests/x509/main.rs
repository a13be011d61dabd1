//! X.509 as clients, authorities and attackers write it: names, chains, revocation lists and requests.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod certificates;
mod chains;
mod names;
mod pki;
mod requests;
mod revocation;

//! The HTTP endpoints as clients and attackers meet them. Modules mirror the URLs below a realm.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing
)]

mod account;
mod authorization;
mod certificates;
mod connection;
mod fetch;
mod introspection;
mod logout;
mod mutual_tls;
mod openid;
mod page;
mod support;
mod tls;
mod token;
mod users;

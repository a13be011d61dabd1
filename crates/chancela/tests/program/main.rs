//! Tests of the real program: each starts `chancela` on ports of the system's choice and in a folder of its own, and
//! talks to it as its users do.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, prints what it measured, and its clock is the real one"
)]

mod support;

mod administration;
mod agent;
mod agent_enrolment;
mod agent_library;
mod agent_login;
mod command_line;
mod crash;
mod goldens;
mod leaks;
mod manual;
mod measure;
mod neighbours;
mod sandbox;
mod sandbox_faults;
mod sandbox_people;
mod shutdown;
mod tls;
mod users;

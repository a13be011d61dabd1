//! A client's half of the messages, against the server's half and against what real servers answer.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod answers;
mod devices;
mod enrolment;
mod law;
mod logins;
mod refusals;
mod requests;
mod world;

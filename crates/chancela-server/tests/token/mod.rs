//! The token endpoints.

mod good;
mod refusals;

//! Dialects: the wire contract of one provider's token endpoint, as data.
//!
//! [`file`](mod@file) is the closed vocabulary in which a dialect is written, [`load`] reads a file and what it extends,
//! [`check`] finds what the vocabulary alone cannot refuse. Nothing here knows a provider's name; those stand in
//! `dialects/` alone. A dialect does not own a realm's choices (keys, clients, which environment).

mod check;
mod check_api;
mod check_authorization;
mod check_certificates;
mod error;
pub mod file;
pub mod json;
mod layer;
pub mod load;
mod resolved;
pub mod survey;

pub use error::{DialectError, line_of};
pub use file::*;
pub use load::Library;
pub use resolved::{Dialect, TokenEndpoint};

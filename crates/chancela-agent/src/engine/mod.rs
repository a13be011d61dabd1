//! The renewal engine: when a token is asked for, with what, and who waits for it. Sans-I/O.

mod budget;
mod key;
mod moment;
mod policy;
mod record;

pub use budget::Budget;
pub use key::{Fingerprint, TokenKey};
pub use moment::{Life, Moment, SECOND};
pub use policy::{Margins, Policy};
pub use record::{Granted, Issued, Journal, Record, Session};

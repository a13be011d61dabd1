//! Access tokens: issuing and verifying.

pub mod checksum;
pub mod reference;

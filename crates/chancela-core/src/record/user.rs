//! A resource owner who can log in with a password.

use serde::{Deserialize, Serialize};

/// A user of a realm (and of a tenant, where the realm has tenants).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The realm's name.
    pub realm: Box<str>,
    /// The tenant; empty where the realm has none.
    pub tenant: Box<str>,
    /// Name that the user types.
    pub username: Box<str>,
    /// Stable `sub`; never a client id.
    pub subject: Box<str>,
    /// argon2id hash in PHC format.
    pub password_hash: Box<str>,
    /// Disabled users get no tokens.
    pub enabled: bool,
    /// Counts up with each change.
    pub version: u64,
}

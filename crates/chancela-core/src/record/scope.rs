//! A scope that an operator added to a realm's catalogue.

use serde::{Deserialize, Serialize};

/// Name and meaning of a scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeRecord {
    /// The realm's name.
    pub realm: Box<str>,
    /// The scope-token (RFC 6749 §3.3).
    pub name: Box<str>,
    /// What it lets a client do, in words for people.
    pub description: Box<str>,
}

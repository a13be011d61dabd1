//! Refresh tokens, and limits on token requests.

use serde::{Deserialize, Serialize};

/// Refresh tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Refresh {
    /// What happens to a refresh token when it is used.
    pub policy: RefreshPolicy,
    /// Lifetime in seconds where the environment says nothing.
    pub lifetime: u32,
    /// Whether each rotation starts the lifetime anew; otherwise it counts from the login.
    pub sliding: bool,
    /// Longest life of a family in seconds, counted from the login, however often it is rotated.
    pub absolute_lifetime: u32,
    /// Uses of one token, with policy `uses`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uses: Option<u16>,
    /// Scope without which none is issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requires_scope: Option<String>,
}

impl Default for Refresh {
    fn default() -> Self {
        Self {
            policy: RefreshPolicy::None,
            lifetime: 86_400,
            sliding: false,
            absolute_lifetime: 2_592_000,
            uses: None,
            requires_scope: None,
        }
    }
}

/// What happens to a refresh token when it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefreshPolicy {
    /// There are none.
    None,
    /// It is replaced; the old one is dead.
    Rotate,
    /// It stays the same until it expires.
    Fixed,
    /// It stays the same for a number of uses.
    Uses,
}

/// A limit on token requests of one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// Requests.
    pub requests: u16,
    /// In this many seconds.
    pub period: u32,
}

//! A browser in which a user is logged in.

use crate::id::{ClientKey, SessionId};
use crate::record::User;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How and when a user proved who they are: what an ID token says of it (OpenID Connect Core §2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authentication {
    /// When, seconds since the epoch.
    pub auth_time: i64,
    /// Authentication context class reference.
    pub acr: Box<str>,
    /// Authentication methods (RFC 8176).
    pub amr: Vec<Box<str>>,
    /// The session's public name (`sid`, OpenID Connect Front-Channel Logout §3); `None` where there is no browser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<Box<str>>,
}

/// A session. The browser holds a random value; the store knows only its keyed digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// Keyed digest of the cookie's value.
    pub id: SessionId,
    /// The realm's name.
    pub realm: Box<str>,
    /// The user.
    pub subject: Box<str>,
    /// How and when the user logged in; its `sid` is the session's public name.
    pub authentication: Authentication,
    /// A word for the browser and system, from its `User-Agent`, for people.
    pub device: Box<str>,
    /// When it began, seconds since the epoch.
    pub created_at: i64,
    /// When it was last seen, seconds since the epoch, to within minutes.
    pub last_seen_at: i64,
    /// When it ends, seconds since the epoch.
    pub expires_at: i64,
    /// Clients that the user entered with it: they hear of its end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<ClientKey>,
    /// Counts up with each change; the guard of a change.
    pub version: u64,
}

impl Session {
    /// Whether the session is good now for `user`, whose it is.
    pub fn is_good_for(&self, user: &User, now: Timestamp) -> bool {
        now.seconds() < self.expires_at && user.enabled && self.created_at >= user.tokens_not_before
    }
}

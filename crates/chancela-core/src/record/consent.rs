//! What a user allowed a client, remembered.

use crate::id::ClientKey;
use std::sync::Arc;

/// A consent; one for each user and client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// The realm's name.
    pub realm: Box<str>,
    /// The user.
    pub subject: Box<str>,
    /// The client.
    pub client: ClientKey,
    /// All scope that was ever allowed and not taken back, separated by spaces.
    pub scope: Arc<str>,
    /// When it was last given, seconds since the epoch.
    pub granted_at: i64,
}

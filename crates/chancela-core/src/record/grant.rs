//! A grant that can be refreshed: one row for the whole family of refresh tokens, moved on by compare-and-swap.

use crate::id::{ClientKey, GrantId};
use std::sync::Arc;

/// A refresh-token family. The refresh token itself is not stored, not even as a digest: it is the grant's id and
/// generation under a MAC, so every generation can be recognised as genuine and only the current one is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its id; sorts by `expires_at`.
    pub id: GrantId,
    /// The client.
    pub client: ClientKey,
    /// The resource owner.
    pub subject: Box<str>,
    /// Scope as granted; a refresh may narrow what it asks for, never widen it.
    pub scope: Arc<str>,
    /// Current refresh-token generation, from 0.
    pub generation: u32,
    /// When the resource owner logged in, seconds since the epoch.
    pub issued_at: i64,
    /// When the current generation was made, seconds since the epoch.
    pub rotated_at: i64,
    /// When the current refresh token dies, seconds since the epoch.
    pub refresh_expires_at: i64,
    /// Absolute end of the family, seconds since the epoch.
    pub expires_at: i64,
    /// Whether it was revoked.
    pub revoked: bool,
}

//! A grant that can be refreshed: one row for the whole family of refresh tokens, moved on by compare-and-swap.

use super::Authentication;
use crate::id::{ClientKey, GrantId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;

/// What the tokens of a grant say beyond client, user and scope.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GrantDetails {
    /// Tenant of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Box<str>>,
    /// How and when the user logged in; `None` where the grant knows no login (`password`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authentication: Option<Authentication>,
    /// Claims that were asked for singly (`claims`, OpenID Connect Core §5.5), as the object that was sent.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub claims: Map<String, Value>,
    /// The resource server that was named (`resource`, RFC 8707).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<Box<str>>,
    /// SHA-256 of the certificate that the refresh token is bound to (RFC 8705 §7.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<[u8; 32]>,
}

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
    /// What its tokens say beyond that.
    pub details: GrantDetails,
}

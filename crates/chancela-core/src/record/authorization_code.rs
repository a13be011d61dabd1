//! An authorization code: what a user allowed, waiting for its client (RFC 6749 §4.1.2).

use crate::id::{ClientKey, CodeId, GrantId};
use crate::record::GrantDetails;
use serde::{Deserialize, Serialize};

/// How long a code's record outlives the code, in seconds, so that a replay is recognised and revokes what the first
/// use issued.
pub const REPLAY_MEMORY: i64 = 3600;

/// A code. Its text is not stored, not even as a digest: it is the id under a MAC (see
/// [`crate::token::authorization_code`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorizationCode {
    /// Its id; sorts by the time when the record may be dropped.
    pub id: CodeId,
    /// The client that may redeem it.
    pub client: ClientKey,
    /// The redirect URI that it was sent to.
    pub redirect_uri: Box<str>,
    /// Whether the authorization request named the redirect URI; then the token request repeats it.
    pub redirect_uri_given: bool,
    /// SHA-256 that the verifier must have (PKCE, method S256); `None` where none was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_challenge: Option<[u8; 32]>,
    /// `nonce` for the ID token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<Box<str>>,
    /// The user who allowed it.
    pub subject: Box<str>,
    /// What was allowed.
    pub scope: Box<str>,
    /// What else its tokens need.
    pub details: GrantDetails,
    /// When it was made, seconds since the epoch.
    pub issued_at: i64,
    /// When it dies, seconds since the epoch.
    pub expires_at: i64,
    /// What became of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spent: Option<Spent>,
}

/// What became of a code that is no longer good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spent {
    /// It was presented with a wrong verifier or redirect URI; nothing was issued.
    Burnt,
    /// It was redeemed; its tokens belong to this grant.
    Redeemed(GrantId),
}

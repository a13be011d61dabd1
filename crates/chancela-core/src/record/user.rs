//! A resource owner who can log in.

use crate::secret::SecretDigest;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A user of a realm (and of a tenant, where the realm has tenants).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The realm's name.
    pub realm: Box<str>,
    /// The tenant; empty where the realm has none.
    #[serde(default)]
    pub tenant: Box<str>,
    /// Name that the user types, in its canonical form.
    pub username: Box<str>,
    /// Stable subject (public `sub`); unique among all realms, never a client id, never given to another user.
    pub subject: Box<str>,
    /// argon2id hash in PHC format; `None` where the user has no password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<Box<str>>,
    /// Claims about the user (OpenID Connect Core §5.1), by their names; never `sub`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub claims: Map<String, Value>,
    /// Time-based one-time passwords (RFC 6238), once they are confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totp: Option<Totp>,
    /// Passkeys (WebAuthn credentials), oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passkeys: Vec<Passkey>,
    /// Recovery codes that were not used yet, as keyed digests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recovery_codes: Vec<SecretDigest>,
    /// Disabled users get no tokens, and theirs are dead.
    pub enabled: bool,
    /// Tokens and sessions of the user that were issued before this second are dead.
    #[serde(default)]
    pub tokens_not_before: i64,
    /// When the user was added, seconds since the epoch; 0 where that is not known.
    #[serde(default)]
    pub created_at: i64,
    /// Counts up with each change; the guard of a change.
    pub version: u64,
}

/// A confirmed TOTP secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totp {
    /// The secret, sealed under the realm's key; base64url.
    pub sealed: Box<str>,
    /// The last time step that was used: a code is good once (requirement O-06).
    pub last_step: u64,
    /// When it was confirmed, seconds since the epoch.
    pub created_at: i64,
}

/// A WebAuthn credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passkey {
    /// Credential id, base64url.
    pub id: Box<str>,
    /// The user's word for it.
    pub name: Box<str>,
    /// The public key as COSE_Key, base64url.
    pub public_key: Box<str>,
    /// Last signature counter; 0 where the authenticator has none.
    pub sign_count: u32,
    /// When it was added, seconds since the epoch.
    pub created_at: i64,
    /// When it was last used, seconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<i64>,
}

impl User {
    /// Whether a second factor stands beside the password.
    pub const fn has_second_factor(&self) -> bool {
        self.totp.is_some() || !self.passkeys.is_empty()
    }
}

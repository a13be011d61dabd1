//! Identifiers of what the store keeps. All are opaque to the protocol; none is a secret.

use serde::{Deserialize, Serialize};

/// Name of a realm: one issuer. Lower-case letters, digits and `-`, as it stands in configuration.
pub type RealmName = str;

/// Surrogate key of a client: 48 random bits, never reused, so that a row of a token names its client in six bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientKey(pub u64);

impl ClientKey {
    /// From random bytes.
    pub fn from_random(bytes: [u8; 6]) -> Self {
        let mut wide = [0; 8];
        wide[2..].copy_from_slice(&bytes);
        Self(u64::from_be_bytes(wide))
    }
}

/// A grant (token family): big-endian expiry second (6 bytes) then 80 random bits, so that grants sort by expiry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GrantId(pub [u8; 16]);

impl GrantId {
    /// Of a grant whose last token dies at `expires_at` (seconds since the epoch).
    pub fn new(expires_at: i64, random: [u8; 10]) -> Self {
        let mut id = [0; 16];
        id[..6].copy_from_slice(&expires_at.max(0).to_be_bytes()[2..]);
        id[6..].copy_from_slice(&random);
        Self(id)
    }

    /// When its last token dies, seconds since the epoch.
    pub fn expires_at(self) -> i64 {
        expiry_of(&self.0)
    }

    /// The smallest id that a grant expiring at `expires_at` can have: the bound of a range.
    pub fn lower_bound(expires_at: i64) -> Self {
        Self::new(expires_at, [0; 10])
    }
}

/// An authorization code: big-endian second at which its record may be dropped (6 bytes) then 80 random bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CodeId(pub [u8; 16]);

impl CodeId {
    /// Of a code whose record may be dropped at `dropped_at` (seconds since the epoch).
    pub fn new(dropped_at: i64, random: [u8; 10]) -> Self {
        Self(GrantId::new(dropped_at, random).0)
    }

    /// When its record may be dropped, seconds since the epoch.
    pub fn dropped_at(self) -> i64 {
        expiry_of(&self.0)
    }

    /// The smallest id that a code dropped at `dropped_at` can have: the bound of a range.
    pub fn lower_bound(dropped_at: i64) -> Self {
        Self::new(dropped_at, [0; 10])
    }
}

/// The second in an id's first six bytes.
fn expiry_of(id: &[u8; 16]) -> i64 {
    let mut wide = [0; 8];
    wide[2..].copy_from_slice(&id[..6]);
    i64::from_be_bytes(wide)
}

/// A browser session: 128 bits of a keyed digest of the cookie's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(pub [u8; 16]);

/// Serial number of a certificate of ours: 128 random bits of which the first is 0, so that the INTEGER is positive, and
/// the second 1, so that all have the same length (RFC 5280 §4.1.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CertificateSerial(pub [u8; 16]);

impl CertificateSerial {
    /// From random bytes.
    pub const fn from_random(mut bytes: [u8; 16]) -> Self {
        bytes[0] = 0x40 | (bytes[0] & 0x3f);
        Self(bytes)
    }
}

/// Key of a reference token's row: its expiry in ticks (see [`crate::token::reference`]) and 128 bits of a keyed
/// digest of the token. Rows sort by expiry; nobody can derive the token from its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccessTokenKey {
    /// Expiry in ticks of 1/64 s since the epoch.
    pub tick: i64,
    /// Keyed digest.
    pub tag: [u8; 16],
}

/// By which a self-contained token is known: 128 bits of SHA-256 of what was signed or sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenId(pub [u8; 16]);

impl TokenId {
    /// Of a token of which this was signed or sealed.
    pub fn of(bytes: &[u8]) -> Self {
        let mut id = [0; 16];
        id.copy_from_slice(&crate::secret::sha256(bytes)[..16]);
        Self(id)
    }
}

//! A realm's key: material sealed under the key-encryption key, and its schedule in clear.

use serde::{Deserialize, Serialize};

/// What a key is for; a key has one purpose (requirement K-09).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyPurpose {
    /// Signs access tokens.
    AccessTokenSigning,
    /// Signs certificates: the root of a realm's certificate authority.
    CertificateRoot,
    /// Signs client certificates, revocation lists and OCSP answers.
    CertificateIssuing,
    /// Root of the realm's digests and MACs ([`crate::secret::Pepper`]).
    Pepper,
}

/// One key of a realm. Times are seconds since the epoch: published from `created_at`, signs in
/// `not_before..not_after`, stays published until `expires_at`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRecord {
    /// The realm's name.
    pub realm: Box<str>,
    /// Key id: RFC 7638 thumbprint for signing keys, the subject key identifier in hexadecimal for a certificate
    /// authority's.
    pub kid: Box<str>,
    /// Purpose.
    pub purpose: KeyPurpose,
    /// JWS algorithm name (RFC 7518, RFC 9864), or `HMAC-SHA-256` for the pepper.
    pub algorithm: Box<str>,
    /// AEAD-sealed private material.
    pub sealed: Vec<u8>,
    /// DER certificates of a certificate authority's key, its own first; empty for other keys, and for one whose
    /// certificate an external root has yet to sign.
    pub chain: Vec<Vec<u8>>,
    /// Made and first published.
    pub created_at: i64,
    /// First used.
    pub not_before: i64,
    /// No longer used from here on.
    pub not_after: i64,
    /// No longer published, and destroyed.
    pub expires_at: i64,
}

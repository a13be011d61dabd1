//! Names of tokens and endpoints.

use chancela_core::secret::{hex, sha256};
use std::fmt;

/// What a token is kept under: a digest of everything that makes it another token (issuer, endpoint, grant, client and its
/// credential, scope, audience, subject, certificate, earlier steps). A part that is forgotten here is a token that the
/// wrong caller gets.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenKey([u8; 32]);

impl TokenKey {
    /// The key of these parts, in this order. Where one ends and the next begins is part of the digest.
    pub fn of(parts: &[&str]) -> Self {
        let mut text = Vec::new();
        for part in parts {
            text.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            text.extend_from_slice(part.as_bytes());
        }
        Self(sha256(&text))
    }

    /// From a digest that a cache kept.
    pub const fn from_bytes(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// The digest.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenKey({self})")
    }
}

impl fmt::Display for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(self.0.first_chunk::<8>().unwrap_or(&[0; 8])))
    }
}

/// By which a token is told from another one, in logs and where an API refused it: the first 64 bits of its SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 8]);

impl Fingerprint {
    /// Of a token.
    pub fn of(token: &str) -> Self {
        Self(sha256(token.as_bytes()).first_chunk().copied().unwrap_or_default())
    }

    /// From bytes that a cache kept.
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// The bytes to keep.
    pub const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(TokenKey::of(&["a", "bc"]), TokenKey::of(&["ab", "c"]));
        assert_ne!(TokenKey::of(&["a", ""]), TokenKey::of(&["a"]));
        assert_eq!(TokenKey::of(&["a", "b"]), TokenKey::of(&["a", "b"]));
    }

    #[test]
    fn neither_shows_what_it_was_made_of() {
        assert_eq!(format!("{}", Fingerprint::of("secret")).len(), 16);
        assert!(!format!("{:?}", TokenKey::of(&["secret"])).contains("secret"));
    }
}

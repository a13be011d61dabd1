//! The MAC of a PKCS #12 file: HMAC under a key that is derived from the password as RFC 7292 appendix B says.

use super::bmp;
use crate::x509::der::oid;
use aws_lc_rs::{digest, hmac};
use zeroize::Zeroizing;

/// What the appendix calls ID for the key of a MAC (§B.3).
const MAC_KEY: u8 = 3;

/// Hash of a MAC.
#[derive(Debug, Clone, Copy)]
pub(super) struct MacHash {
    digest: &'static digest::Algorithm,
    hmac: hmac::Algorithm,
}

impl MacHash {
    /// What we write.
    pub(super) const SHA256: Self = Self { digest: &digest::SHA256, hmac: hmac::HMAC_SHA256 };

    /// Of this object identifier.
    pub(super) fn from_oid(contents: &[u8]) -> Option<Self> {
        match contents {
            oid::SHA1 => Some(Self {
                digest: &digest::SHA1_FOR_LEGACY_USE_ONLY,
                hmac: hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            }),
            oid::SHA256 => Some(Self::SHA256),
            oid::SHA512 => Some(Self { digest: &digest::SHA512, hmac: hmac::HMAC_SHA512 }),
            _ => None,
        }
    }

    /// The key of a MAC under a password.
    pub(super) fn key(self, password: &str, salt: &[u8], iterations: u32) -> hmac::Key {
        let mut password = bmp(password);
        password.extend_from_slice(&[0, 0]);
        let block = self.digest.block_len();
        // One block of the derivation is the whole key, because a MAC's key is as long as its hash; what the appendix
        // does for further blocks is left out.
        let mut input = Zeroizing::new(vec![MAC_KEY; block]);
        for part in [salt, &password] {
            let length = part.len().div_ceil(block) * block;
            input.extend(part.iter().cycle().take(length));
        }
        let mut hash = digest::digest(self.digest, &input);
        for _ in 1..iterations {
            hash = digest::digest(self.digest, hash.as_ref());
        }
        hmac::Key::new(self.hmac, hash.as_ref())
    }
}

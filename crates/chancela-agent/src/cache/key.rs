//! The key under which records are sealed: 32 bytes from a source, or what a long text gives.

use super::durable;
use super::error::CacheKeyError;
use aws_lc_rs::aead::{AES_256_GCM, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use chancela_core::entropy::Entropy;
use chancela_core::secret::{Secret, from_hex, hex};
use std::fmt;
use std::path::Path;
use zeroize::Zeroizing;

const SALT: &[u8] = b"chancela agent cache";
const BYTES: usize = 32;

/// By which a file says under which key it is sealed. It says nothing of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyId(pub(crate) [u8; 8]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// A key of the cache.
pub struct CacheKey {
    id: KeyId,
    pub(super) aead: RandomizedNonceKey,
    pepper: Zeroizing<[u8; BYTES]>,
}

impl CacheKey {
    /// From 64 hexadecimal digits, 32 bytes in base64, or any text of at least 32 bytes. It should be drawn by chance:
    /// nothing here makes guessing slow.
    ///
    /// # Errors
    /// [`CacheKeyError::Short`], or a primitive failed.
    pub fn from_secret(text: &Secret) -> Result<Self, CacheKeyError> {
        let text = text.expose().trim();
        let raw = from_hex::<BYTES>(text).map(Zeroizing::new).or_else(|| base64(text));
        let material = raw.as_ref().map_or(text.as_bytes(), |raw| raw.as_slice());
        if material.len() < BYTES {
            return Err(CacheKeyError::Short);
        }
        let derivation = Salt::new(HKDF_SHA256, SALT).extract(material);
        let (mut id, mut key) = ([0; 8], Zeroizing::new([0; BYTES]));
        let mut pepper = Zeroizing::new([0; BYTES]);
        expand(&derivation, b"pepper", pepper.as_mut())?;
        expand(&derivation, b"id", &mut id)?;
        expand(&derivation, b"AES-256-GCM", key.as_mut())?;
        let aead = RandomizedNonceKey::new(&AES_256_GCM, &*key).map_err(|_| CacheKeyError::Derivation)?;
        Ok(Self { id: KeyId(id), aead, pepper })
    }

    /// A key for digests of what must not be guessed from them; the same for all who have this one.
    pub fn pepper(&self) -> [u8; BYTES] {
        *self.pepper
    }

    /// Its name in files and errors.
    pub const fn id(&self) -> KeyId {
        self.id
    }
}

impl fmt::Debug for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CacheKey({})", self.id)
    }
}

/// Makes a key in a file that only this user reads, as 64 hexadecimal digits; the file must not be there yet.
///
/// # Errors
/// [`CacheKeyError`].
pub fn create_key(path: &Path, entropy: &dyn Entropy) -> Result<(), CacheKeyError> {
    let mut key = Zeroizing::new([0; BYTES]);
    entropy.fill(&mut *key)?;
    let text = Zeroizing::new(hex(&*key) + "\n");
    durable::create(path, text.as_bytes())
        .map_err(|error| CacheKeyError::File { path: path.to_owned(), error })
}

/// 32 bytes in base64 of either alphabet, padded or not.
fn base64(text: &str) -> Option<Zeroizing<[u8; BYTES]>> {
    let text = text.strip_suffix('=').unwrap_or(text);
    let bytes = STANDARD_NO_PAD.decode(text).or_else(|_| URL_SAFE_NO_PAD.decode(text)).ok()?;
    let bytes = Zeroizing::new(bytes);
    Some(Zeroizing::new(bytes.as_slice().try_into().ok()?))
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand(derivation: &Prk, purpose: &[u8], out: &mut [u8]) -> Result<(), CacheKeyError> {
    let filled = derivation.expand(&[purpose], Length(out.len())).and_then(|key| key.fill(out));
    filled.map_err(|_| CacheKeyError::Derivation)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> Option<String> {
        CacheKey::from_secret(&Secret::new(text)).ok().map(|key| key.id().to_string())
    }

    #[test]
    fn one_key_has_several_spellings_and_a_short_one_is_none() {
        let (hex, base64) = ("00".repeat(31) + "ff", "A".repeat(41) + "P8=");
        let (upper, url) = (hex.to_uppercase() + "\n", base64.trim_end_matches('='));
        for same in [&base64, &upper, url] {
            assert!(id(same).is_some());
            assert_eq!(id(same), id(&hex), "{same}");
        }
        let text = "correct horse battery staple, and more";
        assert!(id(text).is_some() && id(text) != id(&hex));
        assert_eq!(id(&"a".repeat(31)), None);
        assert_eq!(id(""), None);
    }

    #[test]
    fn neither_the_id_nor_debug_shows_the_key() {
        let text = "0123456789abcdef".repeat(4);
        let key = CacheKey::from_secret(&Secret::new(text.as_str())).unwrap();
        assert!(!text.contains(&key.id().to_string()));
        assert_eq!(format!("{key:?}"), format!("CacheKey({})", key.id()));
    }
}

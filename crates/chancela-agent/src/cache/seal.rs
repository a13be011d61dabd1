//! The sealed form of a record: AES-256-GCM with a random nonce that callers cannot choose.
//!
//! What stands in clear is bound to the seal with the [`TokenKey`]: a file cannot be moved to another key, nor be said to
//! be of another version.

use super::error::{CacheError, CacheKeyError, Unreadable};
use super::key::{CacheKey, KeyId};
use crate::engine::TokenKey;
use crate::source::{Source, SourceWarning, Surroundings};
use aws_lc_rs::aead::{Aad, Nonce};
use zeroize::Zeroizing;

/// With what each file begins.
const MAGIC: &[u8; 8] = b"chancela";
/// The form that is written and read.
const VERSION: u8 = 1;
const NONCE: usize = 12;
const TAG: usize = 16;

/// The key that seals, and those that still open what they once sealed.
#[derive(Debug)]
pub struct CacheKeys {
    current: CacheKey,
    old: Vec<CacheKey>,
}

impl CacheKeys {
    /// Seals with `current`, and opens with any.
    pub const fn new(current: CacheKey, old: Vec<CacheKey>) -> Self {
        Self { current, old }
    }

    /// Reads the keys from their sources; answers also what is wrong with a source that could be read.
    ///
    /// # Errors
    /// [`CacheKeyError`]; [`CacheKeyError::Missing`] if there is no source of the current key, because nothing is ever
    /// written in clear.
    pub fn read(
        current: Option<&Source>,
        old: &[Source],
        around: &Surroundings,
    ) -> Result<(Self, Vec<SourceWarning>), CacheKeyError> {
        let mut warnings = Vec::new();
        let mut key = |source: &Source| {
            let reading = source.read(around)?;
            warnings.extend(reading.warning().cloned());
            CacheKey::from_secret(&reading.text()?)
        };
        let current = key(current.ok_or(CacheKeyError::Missing)?)?;
        let old = old.iter().map(key).collect::<Result<_, _>>()?;
        Ok((Self::new(current, old), warnings))
    }

    /// See [`CacheKey::pepper`].
    pub fn pepper(&self) -> [u8; 32] {
        self.current.pepper()
    }

    /// Seals bytes under a token's key.
    ///
    /// # Errors
    /// [`CacheError::Seal`].
    pub fn seal(&self, key: &TokenKey, plain: &[u8]) -> Result<Vec<u8>, CacheError> {
        let id = self.current.id();
        // Room for the tag, so that the text is not left behind where a longer buffer was needed.
        let mut body = Zeroizing::new(Vec::with_capacity(plain.len() + TAG));
        body.extend_from_slice(plain);
        let bound = Aad::from(bound(VERSION, id, key));
        let nonce =
            self.current.aead.seal_in_place_append_tag(bound, &mut *body).map_err(|_| CacheError::Seal)?;
        Ok([MAGIC.as_slice(), &[VERSION], &id.0, nonce.as_ref(), &body].concat())
    }

    /// Opens what [`Self::seal`] sealed under the same token's key.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn open(&self, key: &TokenKey, file: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
        let rest = file.strip_prefix(MAGIC).ok_or(Unreadable::Damaged)?;
        let (version, rest) = rest.split_first().ok_or(Unreadable::Damaged)?;
        match *version {
            VERSION => {}
            0 => return Err(Unreadable::Damaged),
            newer => return Err(Unreadable::NewerFormat(newer)),
        }
        let (id, rest) = rest.split_first_chunk::<8>().ok_or(Unreadable::Damaged)?;
        let (nonce, body) = rest.split_first_chunk::<NONCE>().ok_or(Unreadable::Damaged)?;
        let id = KeyId(*id);
        let mut own = [&self.current].into_iter().chain(&self.old);
        let own = own.find(|own| own.id() == id).ok_or(Unreadable::UnknownKey(id))?;
        let mut body = Zeroizing::new(body.to_vec());
        let bound = Aad::from(bound(VERSION, id, key));
        let opened = own.aead.open_in_place(Nonce::assume_unique_for_key(*nonce), bound, &mut body);
        let length = opened.map_err(|_| Unreadable::Damaged)?.len();
        body.truncate(length);
        Ok(body)
    }
}

/// What the seal covers beside the text.
fn bound(version: u8, id: KeyId, key: &TokenKey) -> Vec<u8> {
    [MAGIC.as_slice(), &[version], &id.0, key.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chancela_core::secret::Secret;
    use proptest::prelude::*;

    fn key(seed: u8) -> CacheKey {
        CacheKey::from_secret(&Secret::new(format!("{seed:02x}").repeat(32))).unwrap()
    }

    fn keys(current: u8, old: &[u8]) -> CacheKeys {
        CacheKeys::new(key(current), old.iter().map(|seed| key(*seed)).collect())
    }

    fn token() -> TokenKey {
        TokenKey::of(&["a"])
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_again(plain in proptest::collection::vec(any::<u8>(), 0..300)) {
            let keys = keys(1, &[]);
            let sealed = keys.seal(&token(), &plain).unwrap();
            prop_assert_eq!(&*keys.open(&token(), &sealed).unwrap(), &plain);
        }

        #[test]
        fn any_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..100), begins in any::<bool>()) {
            let file = if begins { [MAGIC.as_slice(), &[VERSION], &key(1).id().0, &bytes].concat() } else { bytes };
            prop_assert!(keys(1, &[]).open(&token(), &file).is_err());
        }
    }

    #[test]
    fn every_flipped_bit_and_every_truncation_is_refused() {
        let keys = keys(1, &[2]);
        let sealed = keys.seal(&token(), b"a refresh token").unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(keys.open(&token(), &flipped).is_err(), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert_eq!(keys.open(&token(), &sealed[..length]), Err(Unreadable::Damaged), "{length} bytes");
        }
        assert!(keys.open(&token(), &[&sealed[..], &[0]].concat()).is_err(), "more than was sealed");
    }

    #[test]
    fn a_file_does_not_open_under_another_token_or_key_and_says_which() {
        let sealed = keys(1, &[]).seal(&token(), b"x").unwrap();
        assert_eq!(keys(1, &[]).open(&TokenKey::of(&["b"]), &sealed), Err(Unreadable::Damaged));
        assert_eq!(keys(2, &[]).open(&token(), &sealed), Err(Unreadable::UnknownKey(key(1).id())));
        assert!(keys(2, &[3, 1]).open(&token(), &sealed).is_ok(), "an old key still opens");
        let mut newer = sealed;
        newer[8] = 9;
        assert_eq!(keys(1, &[]).open(&token(), &newer), Err(Unreadable::NewerFormat(9)));
    }

    #[test]
    fn no_two_seals_have_the_same_nonce_or_show_the_text() {
        let keys = keys(1, &[]);
        let [one, two] = [(); 2].map(|()| keys.seal(&token(), b"hunter2 hunter2").unwrap());
        assert_ne!(one[17..29], two[17..29]);
        assert!(!one.windows(7).any(|window| window == b"hunter2"));
    }
}

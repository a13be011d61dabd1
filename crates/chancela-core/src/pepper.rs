//! A realm's digest and sealing keys, each derived for one purpose (HKDF-SHA-256, RFC 5869) from one random 32-byte
//! root, so that a value made for one purpose means nothing for another (requirement K-09).

use crate::secret::SecretDigest;
use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{digest, hkdf, hmac};
use std::fmt;

/// What a MAC is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MacPurpose {
    /// Client secrets, for comparison.
    ClientSecret,
    /// The random part of a reference token; the MAC's first bytes mask the expiry, the next are the row's tag.
    ReferenceToken,
    /// A refresh token's grant and generation, by which any generation is recognised as genuine.
    RefreshToken,
    /// An authorization code's id.
    AuthorizationCode,
    /// The value of a session cookie, for look-up.
    Session,
    /// Forms and transactions of one browser.
    Browser,
    /// Recovery codes, for comparison.
    RecoveryCode,
    /// Cookies that name a device on which a user has logged in before.
    Device,
    /// Registration access tokens, for comparison.
    RegistrationAccessToken,
}

impl MacPurpose {
    const ALL: [Self; 9] = [
        Self::ClientSecret,
        Self::ReferenceToken,
        Self::RefreshToken,
        Self::AuthorizationCode,
        Self::Session,
        Self::Browser,
        Self::RecoveryCode,
        Self::Device,
        Self::RegistrationAccessToken,
    ];

    const fn label(self) -> &'static [u8] {
        match self {
            Self::ClientSecret => b"client_secret",
            Self::ReferenceToken => b"reference_token",
            Self::RefreshToken => b"refresh_token",
            Self::AuthorizationCode => b"authorization_code",
            Self::Session => b"session",
            Self::Browser => b"browser",
            Self::RecoveryCode => b"recovery_code",
            Self::Device => b"device",
            Self::RegistrationAccessToken => b"registration_access_token",
        }
    }
}

/// What something is sealed for (AES-256-GCM-SIV, RFC 8452: a repeated nonce reveals equality and nothing else).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealPurpose {
    /// Self-contained opaque access tokens.
    AccessToken,
    /// TOTP secrets of users.
    Totp,
    /// What a page's form carries from one step to the next.
    Form,
}

impl SealPurpose {
    const ALL: [Self; 3] = [Self::AccessToken, Self::Totp, Self::Form];

    const fn label(self) -> &'static [u8] {
        match self {
            Self::AccessToken => b"sealed access token",
            Self::Totp => b"sealed totp",
            Self::Form => b"sealed form",
        }
    }
}

/// A realm's keys.
pub struct Pepper {
    macs: [hmac::Key; MacPurpose::ALL.len()],
    seals: [Option<LessSafeKey>; SealPurpose::ALL.len()],
    prk: hkdf::Prk,
}

impl Pepper {
    /// Derives the purpose keys from the realm's root.
    pub fn from_root(root: &[u8; 32]) -> Self {
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, b"chancela pepper v1").extract(root);
        Self {
            macs: MacPurpose::ALL.map(|purpose| derive(&prk, purpose.label())),
            seals: SealPurpose::ALL.map(|purpose| sealing_key(&prk, &[purpose.label()])),
            prk,
        }
    }

    /// MAC of `message` for a purpose.
    pub fn mac(&self, purpose: MacPurpose, message: &[u8]) -> [u8; 32] {
        let mut out = [0; 32];
        out.copy_from_slice(hmac::sign(&self.macs[purpose as usize], message).as_ref());
        out
    }

    /// Digest of a client secret.
    pub fn client_secret(&self, secret: &str) -> SecretDigest {
        SecretDigest::from_bytes(self.mac(MacPurpose::ClientSecret, secret.as_bytes()))
    }

    /// Nonce, ciphertext and tag of `plaintext`, which can be opened only with the same `context`.
    pub fn seal(
        &self,
        purpose: SealPurpose,
        nonce: [u8; NONCE_LEN],
        context: &[u8],
        plaintext: &[u8],
    ) -> Vec<u8> {
        let Some(key) = &self.seals[purpose as usize] else { return Vec::new() };
        let mut out = Vec::with_capacity(NONCE_LEN + plaintext.len() + 16);
        out.extend_from_slice(&nonce);
        let mut body = plaintext.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        // Fails only for plaintexts of gigabytes; an empty text then opens nowhere.
        if key.seal_in_place_append_tag(nonce, Aad::from(context), &mut body).is_err() {
            return Vec::new();
        }
        out.extend_from_slice(&body);
        out
    }

    /// The plaintext of what [`Pepper::seal`] made for the same purpose and context; `None` of anything else.
    pub fn open(&self, purpose: SealPurpose, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let key = self.seals[purpose as usize].as_ref()?;
        open(key, context, sealed)
    }

    /// The key under which users are called by clients of `sector` (OpenID Connect Core §8.1).
    pub fn pairwise(&self, sector: &str) -> Option<PairwiseKey> {
        sealing_key(&self.prk, &[b"pairwise subject\0", sector.as_bytes()]).map(PairwiseKey)
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pepper(***)")
    }
}

/// Makes pairwise subjects of one sector, and finds the user again: deterministic authenticated encryption of the
/// user's own identifier, so nothing has to be stored.
pub struct PairwiseKey(LessSafeKey);

impl PairwiseKey {
    /// The identifier for clients of the sector.
    pub fn seal(&self, user: &[u8]) -> Vec<u8> {
        let mut out = user.to_vec();
        // The nonce is always the same on purpose: the same user must have the same name.
        let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
        match self.0.seal_in_place_append_tag(nonce, Aad::empty(), &mut out) {
            Ok(()) => out,
            Err(_) => Vec::new(),
        }
    }

    /// The user of an identifier that was made for the sector.
    pub fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let mut body = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
        self.0.open_in_place(nonce, Aad::empty(), &mut body).ok().map(|plain| plain.to_vec())
    }
}

impl fmt::Debug for PairwiseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PairwiseKey(***)")
    }
}

fn open(key: &LessSafeKey, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, body) = sealed.split_first_chunk::<NONCE_LEN>()?;
    let mut body = body.to_vec();
    let nonce = Nonce::assume_unique_for_key(*nonce);
    key.open_in_place(nonce, Aad::from(context), &mut body).ok().map(|plain| plain.to_vec())
}

fn derive(prk: &hkdf::Prk, purpose: &[u8]) -> hmac::Key {
    let info = [purpose];
    match prk.expand(&info, hmac::HMAC_SHA256) {
        Ok(okm) => hmac::Key::from(okm),
        // Unreachable: one SHA-256 block is far below HKDF's 255 blocks; kept total without a panic.
        Err(_) => hmac::Key::new(hmac::HMAC_SHA256, digest::digest(&digest::SHA256, purpose).as_ref()),
    }
}

fn sealing_key(prk: &hkdf::Prk, info: &[&[u8]]) -> Option<LessSafeKey> {
    let okm = prk.expand(info, &AES_256_GCM_SIV).ok()?;
    Some(LessSafeKey::new(UnboundKey::from(okm)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// K-09.
    #[test]
    fn one_text_has_another_digest_for_each_purpose_and_realm() {
        let (a, b) = (Pepper::from_root(&[1; 32]), Pepper::from_root(&[2; 32]));
        for (at, purpose) in MacPurpose::ALL.into_iter().enumerate() {
            assert_eq!(purpose as usize, at);
            assert_ne!(a.mac(purpose, b"x"), b.mac(purpose, b"x"));
            for other in MacPurpose::ALL.into_iter().filter(|other| *other != purpose) {
                assert_ne!(a.mac(purpose, b"x"), a.mac(other, b"x"));
            }
        }
        assert_eq!(a.client_secret("x"), Pepper::from_root(&[1; 32]).client_secret("x"));
        assert!(!format!("{:?}", Pepper::from_root(&[7; 32])).contains('7'));
    }

    #[test]
    fn what_is_sealed_opens_for_its_purpose_and_context_alone() {
        let pepper = Pepper::from_root(&[1; 32]);
        for (at, purpose) in SealPurpose::ALL.into_iter().enumerate() {
            assert_eq!(purpose as usize, at);
            let sealed = pepper.seal(purpose, [3; NONCE_LEN], b"context", b"secret");
            assert_eq!(pepper.open(purpose, b"context", &sealed).as_deref(), Some(&b"secret"[..]));
            assert_eq!(pepper.open(purpose, b"other", &sealed), None);
            for other in SealPurpose::ALL.into_iter().filter(|other| *other != purpose) {
                assert_eq!(pepper.open(other, b"context", &sealed), None);
            }
            for at in 0..sealed.len() {
                let mut altered = sealed.clone();
                altered[at] ^= 1;
                assert_eq!(pepper.open(purpose, b"context", &altered), None);
            }
        }
    }

    #[test]
    fn a_pairwise_name_is_stable_and_means_nothing_in_another_sector() {
        let pepper = Pepper::from_root(&[1; 32]);
        let (a, b) = (pepper.pairwise("a.example").unwrap(), pepper.pairwise("b.example").unwrap());
        let name = a.seal(b"0123456789abcdef");
        assert_eq!(name, pepper.pairwise("a.example").unwrap().seal(b"0123456789abcdef"));
        assert_eq!(a.open(&name).as_deref(), Some(&b"0123456789abcdef"[..]));
        assert_eq!(b.open(&name), None);
        assert_ne!(name, b.seal(b"0123456789abcdef"));
    }
}

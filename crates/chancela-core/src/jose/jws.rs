//! Signing and verifying (RFC 7515, compact form) with keys that each have one algorithm (requirement K-03).
//!
//! The random numbers inside a signature come from aws-lc's own generator; nothing else here is random.

use super::{Jwk, JwsAlgorithm};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use std::fmt;
use zeroize::Zeroizing;

/// Most bytes of a token that is looked at (requirement K-04).
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// Why a key or a token is not good. The reasons are not told apart on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    /// The private key is not readable or too weak.
    #[error("the key is not a usable {0} key")]
    Key(&'static str),
    /// The signing primitive failed.
    #[error("signing failed")]
    Signing,
}

enum Pair {
    Rsa(Box<RsaKeyPair>, &'static dyn signature::RsaEncoding),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// A private key with its one algorithm.
pub struct SigningKey {
    algorithm: JwsAlgorithm,
    pair: Pair,
    jwk: Jwk,
    pkcs8: Zeroizing<Vec<u8>>,
}

impl SigningKey {
    /// Reads a PKCS#8 key.
    ///
    /// # Errors
    /// [`JwsError::Key`] if it is no key of the algorithm, or RSA of less than 2048 bits (requirement K-07).
    pub fn from_pkcs8(algorithm: JwsAlgorithm, pkcs8: &[u8]) -> Result<Self, JwsError> {
        let unusable = JwsError::Key(algorithm.as_str());
        let (pair, jwk) = match algorithm {
            JwsAlgorithm::Rs256 | JwsAlgorithm::Ps256 => {
                let key = RsaKeyPair::from_pkcs8(pkcs8).map_err(|_| unusable)?;
                let public = key.public_key();
                let (modulus, exponent) = (public.modulus(), public.exponent());
                let jwk = Jwk::rsa(
                    algorithm,
                    modulus.big_endian_without_leading_zero(),
                    exponent.big_endian_without_leading_zero(),
                );
                let padding: &'static dyn signature::RsaEncoding = match algorithm {
                    JwsAlgorithm::Ps256 => &signature::RSA_PSS_SHA256,
                    _ => &signature::RSA_PKCS1_SHA256,
                };
                (Pair::Rsa(Box::new(key), padding), jwk)
            }
            JwsAlgorithm::Es256 => {
                let key = EcdsaKeyPair::from_pkcs8(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8)
                    .map_err(|_| unusable)?;
                let point = key.public_key().as_ref();
                let (Some(x), Some(y)) = (point.get(1..33), point.get(33..65)) else {
                    return Err(unusable);
                };
                let jwk = Jwk::p256(algorithm, x, y);
                (Pair::Ecdsa(key), jwk)
            }
            JwsAlgorithm::EdDsa | JwsAlgorithm::Ed25519 => {
                let key = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| unusable)?;
                let jwk = Jwk::ed25519(algorithm, key.public_key().as_ref());
                (Pair::Ed25519(key), jwk)
            }
        };
        Ok(Self { algorithm, pair, jwk, pkcs8: Zeroizing::new(pkcs8.to_vec()) })
    }

    /// The key's algorithm.
    pub const fn algorithm(&self) -> JwsAlgorithm {
        self.algorithm
    }

    /// The public half.
    pub const fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// The key under the id that its owner gave it.
    #[must_use]
    pub fn named(self, kid: &str) -> Self {
        Self { jwk: self.jwk.named(kid), ..self }
    }

    /// The private key in PKCS#8, for sealing.
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The half that verifies.
    pub fn verifying_key(&self) -> VerifyingKey {
        let public: &[u8] = match &self.pair {
            Pair::Rsa(key, _) => key.public_key().as_ref(),
            Pair::Ecdsa(key) => key.public_key().as_ref(),
            Pair::Ed25519(key) => key.public_key().as_ref(),
        };
        VerifyingKey { algorithm: self.algorithm, public: public.to_vec(), jwk: self.jwk.clone() }
    }

    /// Appends `.` and the signature of what `token` holds (header, `.`, payload; both base64url).
    ///
    /// # Errors
    /// [`JwsError::Signing`] if the primitive fails.
    pub fn sign(&self, token: &mut String) -> Result<(), JwsError> {
        let failed = |_| JwsError::Signing;
        let message = token.as_bytes();
        let mut rsa = [0_u8; 512];
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(key, padding) => {
                let length = key.public_modulus_len();
                let room = rsa.get_mut(..length).ok_or(JwsError::Signing)?;
                key.sign(*padding, &random, message, room).map_err(failed)?;
                token.push('.');
                BASE64URL.encode_string(&rsa[..length], token);
            }
            Pair::Ecdsa(key) => {
                let signature = key.sign(&random, message).map_err(failed)?;
                token.push('.');
                BASE64URL.encode_string(signature.as_ref(), token);
            }
            Pair::Ed25519(key) => {
                let signature = key.sign(message);
                token.push('.');
                BASE64URL.encode_string(signature.as_ref(), token);
            }
        }
        Ok(())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({} {})", self.algorithm.as_str(), self.jwk.kid())
    }
}

/// A public key with its one algorithm.
#[derive(Debug, Clone)]
pub struct VerifyingKey {
    algorithm: JwsAlgorithm,
    public: Vec<u8>,
    jwk: Jwk,
}

impl VerifyingKey {
    /// From a public key in the encoding of its algorithm; `None` if it is no key of it (a point off the curve, say).
    pub(super) fn from_public(algorithm: JwsAlgorithm, public: Vec<u8>, jwk: Jwk) -> Option<Self> {
        signature::ParsedPublicKey::new(primitive(algorithm), &public).ok()?;
        Some(Self { algorithm, public, jwk })
    }

    /// The key's algorithm.
    pub const fn algorithm(&self) -> JwsAlgorithm {
        self.algorithm
    }

    /// Whether it is the key of this `SubjectPublicKeyInfo`, whose last bytes are the key in every algorithm that we have.
    pub fn is_of(&self, public_key_info: &[u8]) -> bool {
        public_key_info.ends_with(&self.public)
    }

    /// The key as it is published.
    pub const fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// Whether `signature` is this key's over `message`.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        signature::UnparsedPublicKey::new(primitive(self.algorithm), &self.public)
            .verify(message, signature)
            .is_ok()
    }
}

fn primitive(algorithm: JwsAlgorithm) -> &'static dyn signature::VerificationAlgorithm {
    match algorithm {
        JwsAlgorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        JwsAlgorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
        JwsAlgorithm::Es256 => &signature::ECDSA_P256_SHA256_FIXED,
        JwsAlgorithm::EdDsa | JwsAlgorithm::Ed25519 => &signature::ED25519,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use aws_lc_rs::encoding::AsDer;
    use aws_lc_rs::rsa::KeySize;

    pub(crate) fn key(algorithm: JwsAlgorithm) -> SigningKey {
        let pkcs8 = match algorithm {
            JwsAlgorithm::Rs256 | JwsAlgorithm::Ps256 => {
                RsaKeyPair::generate(KeySize::Rsa2048).unwrap().as_der().unwrap().as_ref().to_vec()
            }
            JwsAlgorithm::Es256 => EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING)
                .unwrap()
                .to_pkcs8v1()
                .unwrap()
                .as_ref()
                .to_vec(),
            _ => Ed25519KeyPair::generate().unwrap().to_pkcs8().unwrap().as_ref().to_vec(),
        };
        SigningKey::from_pkcs8(algorithm, &pkcs8).unwrap()
    }

    #[test]
    fn each_algorithm_verifies_its_own_signature_and_no_other_message() {
        for algorithm in JwsAlgorithm::ALL {
            let key = key(algorithm);
            let mut token = String::from("a.b");
            key.sign(&mut token).unwrap();
            let signature = BASE64URL.decode(token.rsplit_once('.').unwrap().1).unwrap();
            assert!(key.verifying_key().verify(b"a.b", &signature), "{algorithm:?}");
            assert!(!key.verifying_key().verify(b"a.c", &signature), "{algorithm:?}");
            assert!(!key.verifying_key().verify(b"a.b", &signature[1..]), "{algorithm:?}");
        }
    }

    /// K-03.
    #[test]
    fn a_key_of_one_algorithm_is_refused_for_another() {
        let key = key(JwsAlgorithm::Es256);
        for algorithm in [JwsAlgorithm::Rs256, JwsAlgorithm::EdDsa] {
            assert!(SigningKey::from_pkcs8(algorithm, key.pkcs8()).is_err());
        }
    }
}

//! The private key of a certificate authority, and how it is known: by the first 160 bits of SHA-256 of its public key
//! (RFC 7093 §2, method 1).

use super::der::{oid, write_oid};
use super::key_pair::{KeyGenerationError, KeyPairKind, generate_key, public_key_of};
use crate::secret::{hex, sha256};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _,
};
use rcgen::{PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PublicKeyData, SignatureAlgorithm, SigningKey};
use std::fmt;
use yasna::DERWriter;
use zeroize::Zeroizing;

/// Curve of an authority's key; the hash is the one of its strength.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthorityKeyKind {
    /// ECDSA on P-256 with SHA-256.
    P256,
    /// ECDSA on P-384 with SHA-384.
    P384,
}

/// The bytes are not the private key of an authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a PKCS #8 private key on P-256 or P-384; convert one with `openssl pkcs8 -topk8 -nocrypt -outform DER`"
)]
pub struct AuthorityKeyError;

/// Private key of a certificate authority.
pub struct AuthorityKey {
    kind: AuthorityKeyKind,
    pair: EcdsaKeyPair,
    spki: Vec<u8>,
}

impl AuthorityKey {
    /// A new key as PKCS #8, to be sealed and then read by [`Self::from_pkcs8`].
    ///
    /// # Errors
    /// [`KeyGenerationError`] if the primitive fails.
    pub fn generate(kind: AuthorityKeyKind) -> Result<Zeroizing<Vec<u8>>, KeyGenerationError> {
        generate_key(match kind {
            AuthorityKeyKind::P256 => KeyPairKind::P256,
            AuthorityKeyKind::P384 => KeyPairKind::P384,
        })
    }

    /// Reads a key.
    ///
    /// # Errors
    /// [`AuthorityKeyError`] unless it is one on P-256 or P-384.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, AuthorityKeyError> {
        let kinds = [
            (AuthorityKeyKind::P256, &ECDSA_P256_SHA256_ASN1_SIGNING),
            (AuthorityKeyKind::P384, &ECDSA_P384_SHA384_ASN1_SIGNING),
        ];
        let (kind, pair) = kinds
            .into_iter()
            .find_map(|(kind, algorithm)| Some((kind, EcdsaKeyPair::from_pkcs8(algorithm, pkcs8).ok()?)))
            .ok_or(AuthorityKeyError)?;
        let spki = public_key_of(pkcs8).ok_or(AuthorityKeyError)?;
        Ok(Self { kind, pair, spki })
    }

    /// Its curve.
    pub const fn kind(&self) -> AuthorityKeyKind {
        self.kind
    }

    /// The `kid`: [`Self::key_identifier`] in lower-case hexadecimal.
    pub fn kid(&self) -> String {
        hex(&self.key_identifier())
    }

    /// The subject key identifier that certificates made here give it.
    pub fn key_identifier(&self) -> Vec<u8> {
        key_identifier(self.pair.public_key().as_ref())
    }

    /// DER of its `SubjectPublicKeyInfo`.
    pub fn public_key(&self) -> &[u8] {
        &self.spki
    }

    /// SHA-256 of its `SubjectPublicKeyInfo`: no client may ask for a certificate of this key (requirement I-11).
    pub fn public_key_sha256(&self) -> [u8; 32] {
        sha256(&self.spki)
    }

    /// The signature of a message: DER of an `Ecdsa-Sig-Value`. `None` if the primitive fails.
    pub(super) fn signature(&self, message: &[u8]) -> Option<Vec<u8>> {
        // The generator is not asked: the library signs with its own random numbers.
        Some(self.pair.sign(&SystemRandom::new(), message).ok()?.as_ref().to_vec())
    }

    /// Writes the `AlgorithmIdentifier` of its signatures (RFC 5758 §3.2).
    pub(super) fn write_algorithm(&self, writer: DERWriter<'_>) {
        writer.write_sequence(|writer| {
            write_oid(
                writer.next(),
                match self.kind {
                    AuthorityKeyKind::P256 => oid::ECDSA_SHA256,
                    AuthorityKeyKind::P384 => oid::ECDSA_SHA384,
                },
            );
        });
    }
}

/// The key identifier of a public key, given the contents of its `subjectPublicKey` (RFC 7093 §2, method 1).
pub(super) fn key_identifier(subject_public_key: &[u8]) -> Vec<u8> {
    sha256(subject_public_key).into_iter().take(20).collect()
}

impl PublicKeyData for AuthorityKey {
    fn der_bytes(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        match self.kind {
            AuthorityKeyKind::P256 => &PKCS_ECDSA_P256_SHA256,
            AuthorityKeyKind::P384 => &PKCS_ECDSA_P384_SHA384,
        }
    }
}

impl SigningKey for AuthorityKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.signature(message).ok_or(rcgen::Error::RemoteKeyError)
    }
}

impl fmt::Debug for AuthorityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuthorityKey({:?}, {})", self.kind, self.kid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back_as_what_it_was_made() {
        for kind in [AuthorityKeyKind::P256, AuthorityKeyKind::P384] {
            let pkcs8 = AuthorityKey::generate(kind).unwrap();
            let key = AuthorityKey::from_pkcs8(&pkcs8).unwrap();
            assert_eq!(key.kind(), kind);
            assert_eq!(key.kid().len(), 40);
            assert_eq!(key.subject_public_key_info(), key.public_key());
            assert!(!format!("{key:?}").contains("pair"));
        }
    }

    #[test]
    fn a_key_of_another_kind_is_refused() {
        let rsa = generate_key(KeyPairKind::Rsa2048).unwrap();
        assert_eq!(AuthorityKey::from_pkcs8(&rsa).unwrap_err(), AuthorityKeyError);
        assert_eq!(AuthorityKey::from_pkcs8(b"").unwrap_err(), AuthorityKeyError);
    }
}

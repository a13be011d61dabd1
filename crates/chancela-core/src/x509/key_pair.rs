//! Private keys that we make, as PKCS #8 (RFC 5958), and the public key that belongs to a private one.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, KeyPair as _,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Kinds of key that we make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyPairKind {
    /// RSA of 2048 bits, which every client can load.
    #[serde(rename = "RSA-2048")]
    Rsa2048,
    /// ECDSA on P-256.
    #[serde(rename = "P-256")]
    P256,
    /// ECDSA on P-384.
    #[serde(rename = "P-384")]
    P384,
}

/// The primitive failed, for want of memory or of random numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key could not be generated")]
pub struct KeyGenerationError;

/// A new private key as PKCS #8. Its random numbers are the cryptographic library's own, as those of every key are.
///
/// # Errors
/// [`KeyGenerationError`].
pub fn generate_key(kind: KeyPairKind) -> Result<Zeroizing<Vec<u8>>, KeyGenerationError> {
    match kind {
        KeyPairKind::Rsa2048 => {
            let key = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyGenerationError)?;
            let der: Pkcs8V1Der<'_> = key.as_der().map_err(|_| KeyGenerationError)?;
            Ok(Zeroizing::new(der.as_ref().to_vec()))
        }
        KeyPairKind::P256 => ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING),
        KeyPairKind::P384 => ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING),
    }
}

/// DER of the `SubjectPublicKeyInfo` of a PKCS #8 private key of one of the kinds that clients may have: RSA, P-256,
/// P-384, Ed25519. `None` for any other.
pub fn public_key_of(pkcs8: &[u8]) -> Option<Vec<u8>> {
    for algorithm in [&ECDSA_P256_SHA256_ASN1_SIGNING, &ECDSA_P384_SHA384_ASN1_SIGNING] {
        if let Ok(key) = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8) {
            return spki(key.public_key());
        }
    }
    if let Ok(key) = RsaKeyPair::from_pkcs8(pkcs8) {
        return spki(key.public_key());
    }
    spki(Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).ok()?.public_key())
}

fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm) -> Result<Zeroizing<Vec<u8>>, KeyGenerationError> {
    let key = EcdsaKeyPair::generate(algorithm).map_err(|_| KeyGenerationError)?;
    let der = key.to_pkcs8v1().map_err(|_| KeyGenerationError)?;
    Ok(Zeroizing::new(der.as_ref().to_vec()))
}

fn spki<'a>(key: &impl AsDer<PublicKeyX509Der<'a>>) -> Option<Vec<u8>> {
    Some(key.as_der().ok()?.as_ref().to_vec())
}

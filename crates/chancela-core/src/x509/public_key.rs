//! Public keys that may stand in a client certificate (requirement I-11): RSA of 2048 to 4096 bits, P-256, P-384, Ed25519.

use super::weak_rsa;
use crate::secret::sha256;
use x509_parser::asn1_rs::Oid;
use x509_parser::oid_registry::{
    OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_PKCS1_RSAENCRYPTION, OID_SIG_ED25519,
};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey as Parsed;
use x509_parser::x509::SubjectPublicKeyInfo;

/// `id-ecPublicKey`, its two curves, and Ed25519, which is both (RFC 5480 §2.1.1, RFC 8410 §3).
pub(super) const ELLIPTIC: [u64; 6] = [1, 2, 840, 10045, 2, 1];
pub(super) const P256: [u64; 7] = [1, 2, 840, 10045, 3, 1, 7];
pub(super) const P384: [u64; 5] = [1, 3, 132, 0, 34];
pub(super) const ED25519: [u64; 4] = [1, 3, 101, 112];

/// A public key of a kind that is known here, in the one DER encoding that it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    der: Vec<u8>,
    kind: KeyKind,
}

/// Kinds of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA with `rsaEncryption` (RFC 3279 §2.3.1).
    Rsa {
        /// Big-endian, without leading zeros.
        modulus: Box<[u8]>,
        /// Big-endian, without leading zeros.
        exponent: Box<[u8]>,
    },
    /// NIST P-256 (RFC 5480).
    P256,
    /// NIST P-384 (RFC 5480).
    P384,
    /// Ed25519 (RFC 8410).
    Ed25519,
}

/// Why a key is not good enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is no DER of a `SubjectPublicKeyInfo`, or not in its one encoding.
    #[error("the key is not a well-formed SubjectPublicKeyInfo")]
    Malformed,
    /// DSA, Diffie-Hellman, RSA restricted to PSS, Ed448, ...
    #[error(
        "the key's algorithm is not supported; make an RSA key of 2048 bits or more, P-256, P-384 or Ed25519"
    )]
    UnsupportedAlgorithm,
    /// P-192, P-224, P-521, secp256k1, ...
    #[error("the key's curve is not supported; use P-256 or P-384")]
    UnsupportedCurve,
    /// RSA of less than 2048 bits.
    #[error("the RSA key has less than 2048 bits")]
    RsaTooShort,
    /// RSA of more than 4096 bits, which costs more than it protects.
    #[error("the RSA key has more than 4096 bits")]
    RsaTooLong,
    /// A public exponent that is even, below 65537, or above 2^32.
    #[error("the RSA key's public exponent is not an odd number from 65537 to 2^32")]
    RsaExponent,
    /// The modulus is divisible by a prime below 2000.
    #[error("the RSA key's modulus has a small factor; make a new key")]
    RsaSmallFactor,
    /// The modulus has the fingerprint of CVE-2017-15361, from which its factors follow.
    #[error("the RSA key was made by a chip with the flaw CVE-2017-15361 (ROCA); make a new key elsewhere")]
    RsaRoca,
    /// The modulus is the product of two primes that are close to each other (CVE-2022-26320).
    #[error(
        "the RSA key's primes are so close together that they are found at once; make a new key with other software"
    )]
    RsaClosePrimes,
}

impl PublicKey {
    /// Reads the DER of a `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7). Only the one DER encoding of a key is read, so
    /// that two certificates of one key always have one digest.
    ///
    /// # Errors
    /// It is malformed, or of a kind that is not supported. Strength is another question: see [`Self::check`].
    pub fn parse_der(der: &[u8]) -> Result<Self, KeyError> {
        let Ok(([], spki)) = SubjectPublicKeyInfo::from_der(der) else {
            return Err(KeyError::Malformed);
        };
        let algorithm = &spki.algorithm.algorithm;
        let bits = spki.subject_public_key.data.as_ref();
        let (kind, canonical) = if *algorithm == OID_PKCS1_RSAENCRYPTION {
            rsa(&spki)?
        } else if *algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY {
            let parameters = spki.algorithm.parameters.as_ref();
            let curve = parameters.and_then(|any| any.as_oid().ok()).ok_or(KeyError::UnsupportedCurve)?;
            elliptic(&curve, bits)?
        } else if *algorithm == OID_SIG_ED25519 {
            if bits.len() != 32 {
                return Err(KeyError::Malformed);
            }
            (KeyKind::Ed25519, encode(&ED25519, None, bits))
        } else {
            return Err(KeyError::UnsupportedAlgorithm);
        };
        if canonical != der {
            return Err(KeyError::Malformed);
        }
        Ok(Self { der: canonical, kind })
    }

    /// Whether the key is strong enough: length, exponent, small factors, close primes and the ROCA fingerprint for
    /// RSA. Nothing is left to check for the curves that are read at all.
    ///
    /// # Errors
    /// The first thing that is weak.
    pub fn check(&self) -> Result<(), KeyError> {
        match &self.kind {
            KeyKind::Rsa { modulus, exponent } => weak_rsa::check(modulus, exponent),
            KeyKind::P256 | KeyKind::P384 | KeyKind::Ed25519 => Ok(()),
        }
    }

    /// DER of the `SubjectPublicKeyInfo`.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// What kind of key it is.
    pub const fn kind(&self) -> &KeyKind {
        &self.kind
    }

    /// By which a key is recognised whatever its form: SHA-256 of the modulus of RSA, whose exponent says nothing of the
    /// primes, else of the DER.
    pub fn identity(&self) -> [u8; 32] {
        match &self.kind {
            KeyKind::Rsa { modulus, .. } => sha256(modulus),
            KeyKind::P256 | KeyKind::P384 | KeyKind::Ed25519 => sha256(&self.der),
        }
    }

    /// SHA-256 of the DER: the same as [`super::Certificate::public_key_sha256`] of a certificate with this key.
    pub fn sha256(&self) -> [u8; 32] {
        sha256(&self.der)
    }
}

fn rsa(spki: &SubjectPublicKeyInfo<'_>) -> Result<(KeyKind, Vec<u8>), KeyError> {
    let Ok(Parsed::RSA(key)) = spki.parsed() else {
        return Err(KeyError::Malformed);
    };
    let negative = |bytes: &[u8]| bytes.first().is_none_or(|first| first & 0x80 != 0);
    if negative(key.modulus) || negative(key.exponent) {
        return Err(KeyError::Malformed);
    }
    let (modulus, exponent) = (without_zeros(key.modulus), without_zeros(key.exponent));
    let canonical = encode_rsa(modulus, exponent);
    Ok((KeyKind::Rsa { modulus: modulus.into(), exponent: exponent.into() }, canonical))
}

/// DER of an RSA key.
pub(super) fn encode_rsa(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let bits = sequence(|out| {
        out.next().write_bigint_bytes(modulus, true);
        out.next().write_bigint_bytes(exponent, true);
    });
    sequence(|out| {
        out.next().write_sequence(|out| {
            out.next()
                .write_oid(&yasna::models::ObjectIdentifier::from_slice(&[1, 2, 840, 113_549, 1, 1, 1]));
            out.next().write_null();
        });
        out.next().write_bitvec_bytes(&bits, bits.len() * 8);
    })
}

/// Points are uncompressed (RFC 5480 §2.2). Whether they are on the curve shows when a signature is verified.
fn elliptic(curve: &Oid<'_>, bits: &[u8]) -> Result<(KeyKind, Vec<u8>), KeyError> {
    let (kind, length, oid): (_, _, &[u64]) = if *curve == OID_EC_P256 {
        (KeyKind::P256, 65, &P256)
    } else if *curve == OID_NIST_EC_P384 {
        (KeyKind::P384, 97, &P384)
    } else {
        return Err(KeyError::UnsupportedCurve);
    };
    if bits.len() != length || bits.first() != Some(&4) {
        return Err(KeyError::Malformed);
    }
    Ok((kind, encode(&ELLIPTIC, Some(oid), bits)))
}

/// DER of a key whose algorithm has an object identifier or nothing for parameters.
pub(super) fn encode(algorithm: &[u64], parameters: Option<&[u64]>, bits: &[u8]) -> Vec<u8> {
    use yasna::models::ObjectIdentifier;
    sequence(|out| {
        out.next().write_sequence(|out| {
            out.next().write_oid(&ObjectIdentifier::from_slice(algorithm));
            if let Some(parameters) = parameters {
                out.next().write_oid(&ObjectIdentifier::from_slice(parameters));
            }
        });
        out.next().write_bitvec_bytes(bits, bits.len() * 8);
    })
}

/// DER of a sequence.
fn sequence(write: impl FnOnce(&mut yasna::DERWriterSeq<'_>)) -> Vec<u8> {
    yasna::construct_der(|writer| writer.write_sequence(write))
}

pub(super) fn without_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

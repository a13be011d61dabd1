//! Public keys of authenticators as COSE_Key (RFC 9052 §7, RFC 9053, RFC 8230), of the three algorithms that are asked
//! for. A key has one algorithm, its own: nothing in an assertion can choose another.

use super::cbor::{self, Value};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};

/// `alg` values in the order of preference: ES256, EdDSA, RS256.
pub const ALGORITHMS: [i64; 3] = [ES256, EDDSA, RS256];
const ES256: i64 = -7;
const EDDSA: i64 = -8;
const RS256: i64 = -257;

/// Largest key that is kept: RSA with 8192 bits.
pub const MAX_KEY_BYTES: usize = 1200;

/// A public key.
#[derive(Debug, PartialEq, Eq)]
pub enum PublicKey<'a> {
    /// ES256 on P-256.
    P256([u8; 65]),
    /// Ed25519.
    Ed25519(&'a [u8]),
    /// RS256.
    Rsa {
        /// Modulus, big-endian.
        n: &'a [u8],
        /// Exponent, big-endian.
        e: &'a [u8],
    },
}

impl<'a> PublicKey<'a> {
    /// Reads a key from the beginning of `bytes`; the key and what follows it.
    pub fn read(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (key, rest) = cbor::read(bytes)?;
        if bytes.len() - rest.len() > MAX_KEY_BYTES {
            return None;
        }
        let label = |label| key.label(label).and_then(Value::integer);
        // 1: kty, 3: alg, -1: crv (or n), -2: x (or e), -3: y.
        let public = match (label(1)?, label(3)?) {
            (2, ES256) if label(-1)? == 1 => {
                let (x, y) = (key.label(-2)?.bytes()?, key.label(-3)?.bytes()?);
                let mut point = [4; 65];
                point.get_mut(1..33).filter(|_| x.len() == 32)?.copy_from_slice(x);
                point.get_mut(33..65).filter(|_| y.len() == 32)?.copy_from_slice(y);
                Self::P256(point)
            }
            (1, EDDSA) if label(-1)? == 6 => Self::Ed25519(key.label(-2)?.bytes().filter(|x| x.len() == 32)?),
            (3, RS256) => {
                let (n, e) = (key.label(-1)?.bytes()?, key.label(-2)?.bytes()?);
                // aws-lc refuses short moduli too, but only at the first login.
                let plausible = (256..=1024).contains(&n.len()) && (1..=8).contains(&e.len());
                plausible.then_some(Self::Rsa { n, e })?
            }
            _ => return None,
        };
        Some((public, rest))
    }

    /// Whether `signature` is this key's over `message`.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature).is_ok()
            }
            Self::Ed25519(x) => UnparsedPublicKey::new(&ED25519, x).verify(message, signature).is_ok(),
            Self::Rsa { n, e } => RsaPublicKeyComponents { n, e }
                .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
                .is_ok(),
        }
    }
}

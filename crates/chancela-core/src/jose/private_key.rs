//! A signing key as its owner keeps it in a file: PKCS #8 in PEM (RFC 7468 §10), or a private JWK (RFC 7517, RFC 7518 §6).
//!
//! Other forms are named with what converts them, and not read: each reader is one more way to read a key wrong.

use super::{JwsAlgorithm, SigningKey};
use crate::x509::decode_pem;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde::Deserialize;
use zeroize::Zeroizing;

/// Most bytes of a file with a key: RSA of 8192 bits has 10 KiB as a JWK.
const MAX_BYTES: usize = 64 * 1024;
/// Longest `kid` in bytes.
const MAX_KID_BYTES: usize = 256;

/// Why a text is no signing key. No part of it is in here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PrivateKeyError {
    /// Neither form.
    #[error(
        "it has no private key; give PKCS #8 in PEM (-----BEGIN PRIVATE KEY-----) or a private JWK, as `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256` makes one"
    )]
    Absent,
    /// Another form of PEM.
    #[error(
        "the key is encrypted or of an older form; convert it with `openssl pkcs8 -topk8 -nocrypt -in OLD.pem -out NEW.pem`"
    )]
    OtherForm,
    /// A JWK that is none.
    #[error("the JWK is not readable; give one key as a JSON object, and not a set")]
    Jwk,
    /// A public key.
    #[error("the JWK has no private part (d); give the private key and not what is published of it")]
    Public,
    /// A key that signs nothing here.
    #[error(
        "the key is damaged, or it is neither P-256 nor Ed25519 nor RSA of 2048 bits or more; make another one"
    )]
    Kind,
    /// A key of another algorithm.
    #[error("the key cannot sign with {0}; name an algorithm of its kind, or none")]
    Algorithm(&'static str),
}

/// A JWK. What base64url encodes has no escapes, so that nothing secret is copied.
#[derive(Deserialize)]
struct PrivateJwk<'a> {
    kty: &'a str,
    crv: Option<&'a str>,
    alg: Option<&'a str>,
    kid: Option<String>,
    d: Option<&'a str>,
    x: Option<&'a str>,
    y: Option<&'a str>,
    n: Option<&'a str>,
    e: Option<&'a str>,
    p: Option<&'a str>,
    q: Option<&'a str>,
    dp: Option<&'a str>,
    dq: Option<&'a str>,
    qi: Option<&'a str>,
}

impl SigningKey {
    /// Reads a key from a file's text. Without an `algorithm` it is the JWK's `alg`, else that of its kind: ES256, `EdDSA`,
    /// and RS256 for RSA, which every server of OpenID Connect knows. The key's id is the JWK's `kid`, else its thumbprint.
    ///
    /// # Errors
    /// [`PrivateKeyError`].
    pub fn read(text: &str, algorithm: Option<JwsAlgorithm>) -> Result<Self, PrivateKeyError> {
        if text.len() > MAX_BYTES {
            return Err(PrivateKeyError::Absent);
        }
        if text.trim_start().starts_with('{') {
            return from_jwk(text, algorithm);
        }
        match decode_pem("PRIVATE KEY", text) {
            Some(der) => from_der(&der, algorithm),
            None if text.contains("PRIVATE KEY-----") => Err(PrivateKeyError::OtherForm),
            None => Err(PrivateKeyError::Absent),
        }
    }

    /// Makes a key for ES256, by the random numbers of aws-lc.
    ///
    /// # Errors
    /// [`PrivateKeyError::Kind`]: the primitive failed.
    pub fn generate() -> Result<Self, PrivateKeyError> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING);
        let pkcs8 = pair.and_then(|pair| pair.to_pkcs8v1()).map_err(|_| PrivateKeyError::Kind)?;
        Self::from_pkcs8(JwsAlgorithm::Es256, pkcs8.as_ref()).map_err(|_| PrivateKeyError::Kind)
    }
}

fn from_der(pkcs8: &[u8], algorithm: Option<JwsAlgorithm>) -> Result<SigningKey, PrivateKeyError> {
    let mut usual = [JwsAlgorithm::Es256, JwsAlgorithm::EdDsa, JwsAlgorithm::Rs256].into_iter();
    let own =
        usual.find_map(|usual| SigningKey::from_pkcs8(usual, pkcs8).ok()).ok_or(PrivateKeyError::Kind)?;
    match algorithm {
        None => Ok(own),
        Some(algorithm) => SigningKey::from_pkcs8(algorithm, pkcs8)
            .map_err(|_| PrivateKeyError::Algorithm(algorithm.as_str())),
    }
}

fn from_jwk(text: &str, algorithm: Option<JwsAlgorithm>) -> Result<SigningKey, PrivateKeyError> {
    let jwk: PrivateJwk<'_> = serde_json::from_str(text).map_err(|_| PrivateKeyError::Jwk)?;
    if jwk.kid.as_ref().is_some_and(|kid| kid.len() > MAX_KID_BYTES) {
        return Err(PrivateKeyError::Jwk);
    }
    let d = bytes(jwk.d.ok_or(PrivateKeyError::Public)?)?;
    let pkcs8 = match (jwk.kty, jwk.crv) {
        ("EC", Some("P-256")) => ec(&jwk, &d),
        ("OKP", Some("Ed25519")) => ed25519(&jwk, &d),
        ("RSA", None) => rsa(&jwk, &d),
        _ => None,
    };
    let said = jwk.alg.map(|alg| JwsAlgorithm::parse(alg).ok_or(PrivateKeyError::Kind)).transpose()?;
    let key = from_der(&pkcs8.ok_or(PrivateKeyError::Kind)?, algorithm.or(said))?;
    Ok(match &jwk.kid {
        Some(kid) if !kid.is_empty() => key.named(kid),
        _ => key,
    })
}

fn bytes(text: &str) -> Result<Zeroizing<Vec<u8>>, PrivateKeyError> {
    BASE64URL.decode(text.trim_end_matches('=')).map(Zeroizing::new).map_err(|_| PrivateKeyError::Jwk)
}

type Der = Zeroizing<Vec<u8>>;

fn ec(jwk: &PrivateJwk<'_>, d: &[u8]) -> Option<Der> {
    let (x, y) = (bytes(jwk.x?).ok()?, bytes(jwk.y?).ok()?);
    let point = [&[4], &x[..], &y[..]].concat();
    let pair = EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, d, &point);
    Some(Zeroizing::new(pair.ok()?.to_pkcs8v1().ok()?.as_ref().to_vec()))
}

fn ed25519(jwk: &PrivateJwk<'_>, d: &[u8]) -> Option<Der> {
    let pair = Ed25519KeyPair::from_seed_and_public_key(d, &bytes(jwk.x?).ok()?).ok()?;
    Some(Zeroizing::new(pair.to_pkcs8().ok()?.as_ref().to_vec()))
}

/// By way of RFC 8017 §A.1.2.
fn rsa(jwk: &PrivateJwk<'_>, d: &[u8]) -> Option<Der> {
    let number = |text: Option<&str>| bytes(text?).ok().filter(|number| !number.is_empty());
    let (n, e) = (number(jwk.n)?, number(jwk.e)?);
    let rest = [jwk.p, jwk.q, jwk.dp, jwk.dq, jwk.qi].map(number);
    let mut all: Vec<&[u8]> = vec![&n, &e, d];
    for own in &rest {
        all.push(own.as_ref()?);
    }
    let der = Zeroizing::new(yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_u32(0);
            for number in all {
                writer.next().write_bigint_bytes(number, true);
            }
        });
    }));
    let pair = RsaKeyPair::from_der(&der).ok()?;
    // The public half must be the one that the JWK names, which some write with a zero before it.
    let modulus = pair.public_key().modulus();
    let named = n.get(n.iter().position(|byte| *byte != 0)?..)?;
    let is_same = modulus.big_endian_without_leading_zero() == named;
    let der: Pkcs8V1Der<'_> = AsDer::as_der(&pair).ok().filter(|_| is_same)?;
    Some(Zeroizing::new(der.as_ref().to_vec()))
}

#[cfg(test)]
mod tests;

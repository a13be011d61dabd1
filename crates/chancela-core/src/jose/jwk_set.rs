//! JWK Sets of others (RFC 7517 §5): reading the public keys that verify signatures.
//!
//! Keys that we cannot use are skipped, as §5 says; what shows a broken or hostile set refuses the whole of it.

use super::{Jwk, JwsAlgorithm, VerifyingKey};
use crate::strict_json;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde_json::{Map, Value};

/// Most bytes of a set that are read.
pub const MAX_JWK_SET_BYTES: usize = 256 * 1024;
/// Most keys in a set (requirement CA-11).
pub const MAX_KEYS: usize = 32;

/// Longest `kid` in bytes.
const MAX_KID_BYTES: usize = 256;
/// Members of private and symmetric keys (RFC 7518 §6).
const SECRET_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Why a set is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwkSetError {
    /// It is longer than [`MAX_JWK_SET_BYTES`].
    #[error("the key set is longer than 256 KiB")]
    TooLong,
    /// It is no JSON object with an array `keys` of objects, or has a member twice.
    #[error("the key set is not a JSON object with an array of keys")]
    Malformed,
    /// It has more than [`MAX_KEYS`] keys.
    #[error("the key set has more than 32 keys")]
    TooManyKeys,
    /// A key has a private or symmetric member.
    #[error("the key set publishes a secret key; its owner must replace that key")]
    SecretKey,
    /// No key can verify a signature of ours: none is left that is not skipped.
    #[error("the key set has no key that can be used")]
    NoUsableKey,
}

impl VerifyingKey {
    /// The keys of a set that verify signatures by one of our algorithms. Skipped are keys of another use or
    /// algorithm, RSA below 2048 or above 8192 bits or with an exponent that none has, and points off their curve.
    /// A key without `alg` has the one algorithm of its curve (`EdDSA` for Ed25519); RSA has two, so it needs `alg`.
    ///
    /// # Errors
    /// [`JwkSetError`].
    pub fn read_jwk_set(json: &[u8]) -> Result<Vec<Self>, JwkSetError> {
        if json.len() > MAX_JWK_SET_BYTES {
            return Err(JwkSetError::TooLong);
        }
        let set = strict_json::object(json).ok_or(JwkSetError::Malformed)?;
        let keys = set.get("keys").and_then(Value::as_array).ok_or(JwkSetError::Malformed)?;
        if keys.len() > MAX_KEYS {
            return Err(JwkSetError::TooManyKeys);
        }
        let mut usable = Vec::with_capacity(keys.len());
        for key in keys {
            let key = key.as_object().ok_or(JwkSetError::Malformed)?;
            if SECRET_MEMBERS.iter().any(|name| key.contains_key(*name)) {
                return Err(JwkSetError::SecretKey);
            }
            usable.extend(Self::read_jwk(key));
        }
        if usable.is_empty() { Err(JwkSetError::NoUsableKey) } else { Ok(usable) }
    }

    /// One public key; `None` if it is to be skipped.
    fn read_jwk(key: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| match key.get(name) {
            None => Some(None),
            Some(value) => value.as_str().map(Some),
        };
        let kid = text("kid")?;
        if kid.is_some_and(|kid| kid.len() > MAX_KID_BYTES) || !may_verify(key) {
            return None;
        }
        let algorithm = algorithm(text("kty")??, text("crv")?, text("alg")?)?;
        let bytes = |name: &str| BASE64URL.decode(text(name)??).ok();
        let (public, jwk) = match algorithm {
            JwsAlgorithm::Rs256 | JwsAlgorithm::Ps256 => {
                let (n, e) = (bytes("n")?, bytes("e")?);
                (rsa_public_key(&n, &e)?, Jwk::rsa(algorithm, &n, &e))
            }
            JwsAlgorithm::Es256 => {
                let (x, y) = (bytes("x")?, bytes("y")?);
                if x.len() != 32 || y.len() != 32 {
                    return None;
                }
                ([&[4], &x[..], &y[..]].concat(), Jwk::p256(algorithm, &x, &y))
            }
            JwsAlgorithm::EdDsa | JwsAlgorithm::Ed25519 => {
                let x = bytes("x").filter(|x| x.len() == 32)?;
                let jwk = Jwk::ed25519(algorithm, &x);
                (x, jwk)
            }
        };
        Self::from_public(algorithm, public, if let Some(kid) = kid { jwk.named(kid) } else { jwk })
    }
}

/// Whether `use` and `key_ops` allow it (RFC 7517 §4.2, §4.3).
fn may_verify(key: &Map<String, Value>) -> bool {
    let operations = key.get("key_ops");
    key.get("use").is_none_or(|own| own == "sig")
        && operations
            .is_none_or(|all| all.as_array().is_some_and(|all| all.iter().any(|own| own == "verify")))
}

/// The one algorithm of a key; `alg` must fit type and curve (requirement K-03).
fn algorithm(kty: &str, crv: Option<&str>, alg: Option<&str>) -> Option<JwsAlgorithm> {
    let fitting: &[JwsAlgorithm] = match (kty, crv) {
        ("RSA", None) => &[JwsAlgorithm::Rs256, JwsAlgorithm::Ps256],
        ("EC", Some("P-256")) => &[JwsAlgorithm::Es256],
        ("OKP", Some("Ed25519")) => &[JwsAlgorithm::EdDsa, JwsAlgorithm::Ed25519],
        _ => return None,
    };
    match alg {
        Some(alg) => JwsAlgorithm::parse(alg).filter(|algorithm| fitting.contains(algorithm)),
        None => fitting.first().copied().filter(|_| kty != "RSA"),
    }
}

/// DER of an `RSAPublicKey` (RFC 8017 §A.1.1) of 2048 to 8192 bits, whose exponent is odd, above 1 and below 2^32.
fn rsa_public_key(n: &[u8], e: &[u8]) -> Option<Vec<u8>> {
    let exponent =
        e.iter().try_fold(0_u32, |sum, byte| sum.checked_mul(256)?.checked_add(u32::from(*byte)))?;
    let minimal = n.first().is_some_and(|byte| *byte != 0) && e.first().is_some_and(|byte| *byte != 0);
    if !minimal || !(256..=1024).contains(&n.len()) || exponent < 3 || exponent.is_multiple_of(2) {
        return None;
    }
    Some(yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_bigint_bytes(n, true);
            writer.next().write_u32(exponent);
        });
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::tests::key;
    use proptest::prelude::*;
    use serde_json::json;

    fn read(set: &Value) -> Result<Vec<VerifyingKey>, JwkSetError> {
        VerifyingKey::read_jwk_set(set.to_string().as_bytes())
    }

    #[test]
    fn every_key_that_we_publish_is_read_back_and_verifies() {
        for algorithm in JwsAlgorithm::ALL {
            let own = key(algorithm);
            let keys = read(&json!({"keys": [own.jwk()]})).unwrap();
            assert_eq!((keys.len(), keys[0].algorithm(), keys[0].jwk()), (1, algorithm, own.jwk()));
            let mut token = String::from("a.b");
            own.sign(&mut token).unwrap();
            let signature = BASE64URL.decode(token.rsplit_once('.').unwrap().1).unwrap();
            assert!(keys[0].verify(b"a.b", &signature), "{algorithm:?}");
            assert!(!keys[0].verify(b"a.c", &signature), "{algorithm:?}");
        }
    }

    /// CA-11.
    #[test]
    fn ten_thousand_keys_are_refused_unread() {
        let jwk = serde_json::to_value(key(JwsAlgorithm::EdDsa).jwk()).unwrap();
        let many = |count| json!({"keys": vec![jwk.clone(); count]});
        assert_eq!(read(&many(MAX_KEYS)).unwrap().len(), MAX_KEYS);
        assert_eq!(read(&many(MAX_KEYS + 1)).unwrap_err(), JwkSetError::TooManyKeys);
        assert_eq!(read(&many(10_000)).unwrap_err(), JwkSetError::TooLong);
        let small = json!({"keys": vec![json!({}); 10_000]});
        assert_eq!(read(&small).unwrap_err(), JwkSetError::TooManyKeys);
    }

    /// CA-11.
    #[test]
    fn keys_with_odd_numbers_are_skipped() {
        let (rsa, ec) = (key(JwsAlgorithm::Rs256), key(JwsAlgorithm::Es256));
        let with = |own: &Jwk, name: &str, value: Value| {
            let mut jwk = serde_json::to_value(own).unwrap();
            jwk[name] = value;
            read(&json!({"keys": [jwk]}))
        };
        let number = |bytes: &[u8]| Value::from(BASE64URL.encode(bytes));
        for (own, name, value) in [
            (rsa.jwk(), "e", number(&[1])),
            (rsa.jwk(), "e", number(&[4])),
            (rsa.jwk(), "e", number(&[1, 0, 0, 0, 0, 0, 0, 0, 0])),
            (rsa.jwk(), "e", number(&[0, 1, 0, 1])),
            (rsa.jwk(), "n", number(&[0xff; 2048])),
            (rsa.jwk(), "n", number(&[0xff; 128])),
            (rsa.jwk(), "n", number(&[])),
            (rsa.jwk(), "alg", "ES256".into()),
            (rsa.jwk(), "alg", "HS256".into()),
            (rsa.jwk(), "alg", Value::Null),
            (rsa.jwk(), "use", "enc".into()),
            (rsa.jwk(), "key_ops", json!(["encrypt"])),
            (rsa.jwk(), "kid", "k".repeat(257).into()),
            (ec.jwk(), "x", number(&[1; 32])),
            (ec.jwk(), "x", number(&[1; 31])),
            (ec.jwk(), "crv", "P-521".into()),
            (ec.jwk(), "kty", "oct".into()),
        ] {
            let shown = value.to_string();
            assert_eq!(with(own, name, value).unwrap_err(), JwkSetError::NoUsableKey, "{name}: {shown}");
        }
    }

    #[test]
    fn a_set_that_publishes_a_secret_is_refused_although_other_keys_are_good() {
        let good = serde_json::to_value(key(JwsAlgorithm::Es256).jwk()).unwrap();
        for name in SECRET_MEMBERS {
            let bad = json!({"kty": "EC", name: "AA"});
            assert_eq!(read(&json!({"keys": [good, bad]})).unwrap_err(), JwkSetError::SecretKey, "{name}");
        }
        let skipped = json!({"keys": [{"kty": "AKP", "alg": "ML-DSA-44"}, good]});
        assert_eq!(read(&skipped).unwrap().len(), 1, "an unknown type of key is no reason to stop");
    }

    #[test]
    fn other_shapes_are_no_key_set() {
        for text in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[1]}"#, r#"{"keys":[],"keys":[]}"#] {
            let refused = VerifyingKey::read_jwk_set(text.as_bytes()).unwrap_err();
            assert_eq!(refused, JwkSetError::Malformed, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_members_make_the_reader_fail(
            kty in prop_oneof!["RSA", "EC", "OKP", "x"], crv in prop_oneof!["P-256", "Ed25519"],
            n in "[A-Za-z0-9_-]{0,60}", e in "[A-Za-z0-9_-]{0,8}",
        ) {
            let key = json!({"kty": kty, "crv": crv, "alg": "ES256", "n": n, "e": e, "x": n, "y": n});
            let set = json!({"keys": [key]});
            prop_assert!(read(&set).is_err());
        }
    }
}

//! Public keys as JWKs say them (RFC 7518 §6), against those of certificates.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use chancela_core::x509::{CertificateRequest, KeyKind, PublicKey};
use rcgen::KeyPair;
use serde_json::{Value, json};

fn encoded(bytes: &[u8]) -> String {
    BASE64URL.encode(bytes)
}

/// A key of each kind: its DER, and the JWK that says it.
fn keys() -> Vec<(Vec<u8>, Value)> {
    let of = |algorithm| KeyPair::generate_for(algorithm).unwrap();
    let elliptic = |curve: &str, key: &KeyPair| {
        let point = &key.public_key_raw()[1..];
        let (x, y) = point.split_at(point.len() / 2);
        let jwk = json!({ "kty": "EC", "crv": curve, "x": encoded(x), "y": encoded(y) });
        (rcgen::PublicKeyData::subject_public_key_info(key), jwk)
    };
    let edwards = of(&rcgen::PKCS_ED25519);
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": encoded(edwards.public_key_raw()) });
    let edwards = (rcgen::PublicKeyData::subject_public_key_info(&edwards), jwk);
    let rsa =
        CertificateRequest::parse(include_bytes!("fixtures/csr_rsa2048.pem")).unwrap().into_public_key();
    let KeyKind::Rsa { modulus, exponent } = rsa.kind() else { panic!("{rsa:?}") };
    let jwk = json!({ "kty": "RSA", "n": encoded(modulus), "e": encoded(exponent) });
    vec![
        elliptic("P-256", &of(&rcgen::PKCS_ECDSA_P256_SHA256)),
        elliptic("P-384", &of(&rcgen::PKCS_ECDSA_P384_SHA384)),
        edwards,
        (rsa.der().to_vec(), jwk),
    ]
}

/// RFC 7517 §4.7: every member counts, whole.
#[test]
fn a_jwk_says_the_key_of_its_certificate_only_with_all_its_members() {
    for (der, jwk) in keys() {
        assert!(PublicKey::is_in_jwk(&jwk));
        assert_eq!(PublicKey::of_jwk(&jwk).unwrap().der(), der, "{jwk}");
        for member in jwk.as_object().unwrap().keys().filter(|name| ["x", "y", "n", "e"].contains(&&***name))
        {
            let with = |value: Value| {
                let mut changed = jwk.clone();
                changed[member] = value;
                PublicKey::of_jwk(&changed).filter(|key| key.der() == der)
            };
            let good = BASE64URL.decode(jwk[member].as_str().unwrap()).unwrap();
            let mut other = good.clone();
            other[0] ^= 1;
            for bad in [&good[..1], &good[..good.len() - 1], &[&good[..], &[1]].concat(), &other, &[]] {
                assert_eq!(with(encoded(bad).into()), None, "{member} {bad:?} {jwk}");
            }
            assert_eq!([with(Value::Null), with(json!(1)), with(json!("*"))], [None, None, None]);
        }
        for kind in ["RSA", "EC", "OKP", "oct", ""] {
            let mut changed = jwk.clone();
            changed["kty"] = kind.into();
            assert_eq!(PublicKey::of_jwk(&changed).is_some(), jwk["kty"] == kind, "{changed}");
        }
    }
    for nothing in [json!({}), json!({ "kty": "EC", "x5c": [] }), Value::Null] {
        assert!(!PublicKey::is_in_jwk(&nothing) && PublicKey::of_jwk(&nothing).is_none());
    }
}

//! Keys of the RFCs, of every kind, and everything that is no key.

use super::*;
use crate::jose::tests::key;
use crate::x509::encode_pem;
use proptest::prelude::*;
use serde_json::{Value, json};

/// RFC 7515 appendix A.3.
const EC: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;
/// RFC 8037 appendix A.1.
const ED25519: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

fn with(jwk: &str, name: &str, value: &str) -> String {
    let mut jwk: Value = serde_json::from_str(jwk).unwrap();
    jwk[name] = value.into();
    jwk.to_string()
}

fn signs(key: &SigningKey) {
    let mut token = String::from("a.b");
    key.sign(&mut token).unwrap();
    let signature = BASE64URL.decode(token.rsplit_once('.').unwrap().1).unwrap();
    assert!(key.verifying_key().verify(b"a.b", &signature));
}

/// RFC 8037 appendix A.3 has the thumbprint.
#[test]
fn the_rfcs_keys_are_read_as_jwk() {
    let key = SigningKey::read(ED25519, None).unwrap();
    assert_eq!(
        (key.algorithm(), key.jwk().kid()),
        (JwsAlgorithm::EdDsa, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
    );
    signs(&key);
    let key = SigningKey::read(EC, None).unwrap();
    let public = serde_json::to_value(key.jwk()).unwrap();
    assert_eq!(
        (key.algorithm(), public["x"].as_str()),
        (JwsAlgorithm::Es256, Some("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"))
    );
    signs(&key);
}

#[test]
fn a_key_in_pem_is_the_same_key_and_its_kind_is_its_algorithm() {
    for algorithm in JwsAlgorithm::ALL {
        let own = key(algorithm);
        let pem = encode_pem("PRIVATE KEY", own.pkcs8());
        let read = SigningKey::read(&format!("a comment\r\n{pem}"), Some(algorithm)).unwrap();
        assert_eq!(read.jwk(), own.jwk());
        signs(&read);
        let usual = SigningKey::read(&pem, None).unwrap().algorithm();
        assert!([JwsAlgorithm::Es256, JwsAlgorithm::EdDsa, JwsAlgorithm::Rs256].contains(&usual));
        let foreign = if usual == JwsAlgorithm::Es256 { JwsAlgorithm::Rs256 } else { JwsAlgorithm::Es256 };
        let refused = SigningKey::read(&pem, Some(foreign)).unwrap_err();
        assert_eq!(refused, PrivateKeyError::Algorithm(foreign.as_str()));
    }
}

#[test]
fn an_rsa_key_is_read_as_jwk_with_the_algorithm_that_it_names() {
    let own = key(JwsAlgorithm::Ps256);
    // PKCS #8 (RFC 5958) around PKCS #1 (RFC 8017 A.1.2).
    let numbers = yasna::parse_der(own.pkcs8(), |reader| {
        reader.read_sequence(|reader| {
            reader.next().read_u32()?;
            reader.next().read_der()?;
            reader.next().read_bytes()
        })
    })
    .unwrap();
    let numbers = yasna::parse_der(&numbers, |reader| {
        reader.read_sequence(|reader| {
            reader.next().read_u32()?;
            (0..8)
                .map(|_| reader.next().read_bigint_bytes().map(|(bytes, _)| bytes))
                .collect::<Result<Vec<_>, _>>()
        })
    })
    .unwrap();
    let mut jwk = json!({"kty": "RSA", "alg": "PS256", "kid": "mine"});
    for (name, number) in ["n", "e", "d", "p", "q", "dp", "dq", "qi"].iter().zip(&numbers) {
        jwk[*name] = BASE64URL.encode(number).into();
    }
    let read = SigningKey::read(&jwk.to_string(), None).unwrap();
    assert_eq!((read.algorithm(), read.jwk().kid()), (JwsAlgorithm::Ps256, "mine"));
    assert_eq!(read.jwk().thumbprint(), own.jwk().thumbprint());
    signs(&read);
    let asked = SigningKey::read(&jwk.to_string(), Some(JwsAlgorithm::Rs256)).unwrap();
    assert_eq!(asked.algorithm(), JwsAlgorithm::Rs256, "who asks decides");
    jwk["n"] = BASE64URL.encode([0xc5; 256]).into();
    assert_eq!(SigningKey::read(&jwk.to_string(), None).unwrap_err(), PrivateKeyError::Kind);
}

#[test]
fn a_jwk_of_two_halves_that_do_not_fit_is_refused() {
    for (jwk, name) in [(EC, "x"), (EC, "d"), (ED25519, "x"), (ED25519, "d")] {
        let other = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
        assert_eq!(
            SigningKey::read(&with(jwk, name, other), None).unwrap_err(),
            PrivateKeyError::Kind,
            "{name}"
        );
    }
}

#[test]
fn what_is_no_key_says_what_would_be_one() {
    use PrivateKeyError as E;
    let pem = |label: &str| encode_pem(label, &[0x30, 0]);
    for (text, error) in [
        (String::new(), E::Absent),
        ("hunter2".into(), E::Absent),
        (pem("CERTIFICATE"), E::Absent),
        (pem("PUBLIC KEY"), E::Absent),
        ("x".repeat(MAX_BYTES + 1), E::Absent),
        (pem("ENCRYPTED PRIVATE KEY"), E::OtherForm),
        (pem("EC PRIVATE KEY"), E::OtherForm),
        (pem("RSA PRIVATE KEY"), E::OtherForm),
        (pem("PRIVATE KEY"), E::Kind),
        ("{".into(), E::Jwk),
        (r#"{"keys":[]}"#.into(), E::Jwk),
        (r#"{"kty":"EC","kty":"EC"}"#.into(), E::Jwk),
        (r#"{"kty":"EC","crv":"P-256"}"#.into(), E::Public),
        (r#"{"kty":"oct","d":"AA"}"#.into(), E::Kind),
        (with(EC, "crv", "P-384"), E::Kind),
        (with(EC, "alg", "HS256"), E::Kind),
        (with(EC, "alg", "EdDSA"), E::Algorithm("EdDSA")),
        (with(EC, "d", "!"), E::Jwk),
        (with(EC, "kid", &"k".repeat(257)), E::Jwk),
    ] {
        let refused = SigningKey::read(&text, None).unwrap_err();
        assert_eq!(refused, error, "{text}");
        assert!(refused.to_string().contains([';', '('].as_slice()), "{refused}");
    }
}

#[test]
fn each_generated_key_is_another_one() {
    let [one, two] = [(); 2].map(|()| SigningKey::generate().unwrap());
    assert_ne!(one.jwk().kid(), two.jwk().kid());
    signs(&one);
    let again = SigningKey::from_pkcs8(JwsAlgorithm::Es256, one.pkcs8()).unwrap();
    assert_eq!(again.jwk(), one.jwk());
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_fail(text in "\\PC{0,80}|-----BEGIN (EC )?PRIVATE KEY-----[A-Za-z0-9+/=\\n]{0,80}-----END (EC )?PRIVATE KEY-----") {
        let _ = SigningKey::read(&text, None);
    }

    #[test]
    fn no_members_make_the_reader_fail(
        kty in prop_oneof!["RSA", "EC", "OKP"], crv in prop_oneof!["P-256", "Ed25519"], d in "[A-Za-z0-9_-]{0,60}",
        n in "[A-Za-z0-9_-]{0,60}", has_curve: bool,
    ) {
        let mut jwk = json!({"kty": kty, "d": d, "n": n, "e": n, "x": n, "y": n, "p": n, "q": n, "dp": n, "dq": n, "qi": n});
        if has_curve {
            jwk["crv"] = crv.into();
        }
        prop_assert!(SigningKey::read(&jwk.to_string(), None).is_err());
    }
}

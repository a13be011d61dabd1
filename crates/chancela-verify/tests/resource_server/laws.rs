//! Laws: no text panics, and no text that our issuer did not sign is a token.

use crate::world::*;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use chancela_verify::{Introspection, KeySet, Refusal};
use proptest::prelude::*;
use serde_json::{Value, json};

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map(".{0,9}", inner, 0..4)
                .prop_map(|members| members.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

fn claim() -> impl Strategy<Value = String> {
    prop_oneof!["iss", "aud", "exp", "nbf", "iat", "sub", "client_id", "jti", "scope", "cnf", "nonce"]
}

proptest! {
    #[test]
    fn no_text_is_a_token(text in ".{0,300}") {
        prop_assert!(verify(&text).is_err());
    }

    #[test]
    fn no_header_and_payload_without_the_issuers_signature_are_a_token(
        header in any_json(), payload in any_json(), signature in proptest::collection::vec(any::<u8>(), 0..80),
    ) {
        let encode = |value: &Value| BASE64URL.encode(value.to_string());
        let own = json!({"typ": "at+jwt", "alg": "ES256", "kid": KEY.jwk().kid()});
        for header in [header, own] {
            let token = format!("{}.{}.{}", encode(&header), encode(&payload), BASE64URL.encode(&signature));
            prop_assert!(verify(&token).is_err());
        }
    }

    #[test]
    fn an_altered_token_is_no_token(at in any::<prop::sample::Index>(), byte in "[A-Za-z0-9._-]") {
        let token = token(&json!({}));
        let at = at.index(token.len());
        prop_assume!(token[at..=at] != byte);
        let altered = format!("{}{byte}{}", &token[..at], &token[at + 1..]);
        prop_assert!(verify(&altered).is_err());
    }

    /// Whatever a signed claim holds, the answer is a decision, and its challenge repeats nothing of it.
    #[test]
    fn no_claim_of_a_signed_token_panics_or_is_repeated(name in claim(), value in any_json()) {
        let secret = "c0ffee-secret";
        let value = if value.is_string() { Value::from(secret) } else { value };
        if let Err(refusal) = verify(&token(&json!({name: value}))) {
            let challenge = refusal.challenge("pix");
            let text = challenge.www_authenticate.unwrap();
            prop_assert!(!text.to_str().unwrap().contains(secret));
            prop_assert_ne!(refusal, Refusal::Malformed);
        }
    }

    #[test]
    fn no_body_makes_the_readers_fail(body in proptest::collection::vec(any::<u8>(), 0..300), value in any_json()) {
        let _ = Introspection::parse(&body);
        let _ = KeySet::parse(&body);
        let set = json!({"keys": [value]}).to_string();
        prop_assert!(KeySet::parse(set.as_bytes()).is_err());
    }
}

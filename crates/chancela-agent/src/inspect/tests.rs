//! Tokens of all forms, taken apart.

use super::*;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use chancela_core::secret::{hex, sha256};
use proptest::prelude::*;
use serde_json::json;

fn jwt(header: &Value, claims: &Value) -> Inspected {
    let part = |value: &Value| BASE64URL.encode(value.to_string());
    Inspected::of(&Secret::new(format!("{}.{}.c2ln", part(header), part(claims))))
}

fn doubts(header: &Value, claims: &Value, expected: &Expected<'_>) -> String {
    jwt(header, claims).doubts(expected, 1000).join("\n")
}

#[test]
fn the_characters_of_an_opaque_token_are_named() {
    for (text, named) in [
        ("", "nothing"),
        ("12345", "decimal digits"),
        ("3db48c7c-733f-4b49-a59e-4921e5273116", "a UUID"),
        ("0123abcdef", "hexadecimal digits"),
        ("xyz019", "letters and digits"),
        ("ab-_", "base64url"),
        ("ab+/", "base64"),
        ("a.b~c", "what RFC 6750 allows"),
        ("a.b.c", "what RFC 6750 allows"),
        ("a\"b", "characters that RFC 6750 does not allow"),
        ("a b", "blanks, or characters that no header may have"),
    ] {
        let seen = Inspected::of(&Secret::new(text));
        assert_eq!(seen.form, Form::Opaque { alphabet: named }, "{text}");
        assert_eq!((seen.length, seen.doubts(&Expected::default(), 0)), (text.len(), vec![]));
    }
}

#[test]
fn a_jwt_is_taken_apart_and_an_encrypted_one_as_far_as_that_goes() {
    let seen = jwt(&json!({ "alg": "ES256" }), &json!({ "exp": 2000, "iat": "900", "nbf": 950.5 }));
    assert_eq!((seen.time("exp"), seen.time("iat"), seen.time("nbf")), (Some(2000), Some(900), Some(950)));
    assert_eq!(seen.doubts(&Expected::default(), 1000), Vec::<String>::new());
    let header = BASE64URL.encode(json!({ "alg": "RSA-OAEP", "enc": "A256GCM" }).to_string());
    let seen = Inspected::of(&Secret::new(format!("{header}.a.b.c.d")));
    assert!(matches!(&seen.form, Form::Encrypted { header } if header["enc"] == "A256GCM"));
    assert_eq!(seen.doubts(&Expected::default(), 0).len(), 1);
}

#[test]
fn what_no_api_should_take_is_doubted() {
    let good = json!({ "alg": "ES256" });
    let none = Expected::default();
    assert!(doubts(&json!({ "alg": "nOnE" }), &json!({ "exp": 2000 }), &none).contains("not signed"));
    assert!(doubts(&json!({ "alg": "HS256" }), &json!({ "exp": 2000 }), &none).contains("shared secret"));
    assert!(doubts(&json!({}), &json!({ "exp": 2000 }), &none).contains("no algorithm"));
    assert!(doubts(&good, &json!({}), &none).contains("does not say when it ends"));
    assert!(doubts(&good, &json!({ "exp": 1000 }), &none).contains("it ended at 1970-01-01T00:16:40Z"));
    assert!(doubts(&good, &json!({ "exp": 2000, "nbf": 1001 }), &none).contains("good only from"));
    assert!(doubts(&good, &json!({ "exp": 2000, "iat": 1031 }), &none).contains("made in the future"));
    assert_eq!(doubts(&good, &json!({ "exp": 2000, "iat": 1030 }), &none), "");
    let absurd = doubts(&good, &json!({ "exp": i64::MIN, "nbf": i64::MAX, "iat": i64::MAX }), &none);
    assert_eq!(absurd.lines().count(), 3, "{absurd}");
}

#[test]
fn an_audience_is_one_of_those_that_the_token_names() {
    let expected = Expected { audience: Some("api"), ..Expected::default() };
    let told =
        |aud: Value| doubts(&json!({ "alg": "ES256" }), &json!({ "exp": 2000, "aud": aud }), &expected);
    assert_eq!((told("api".into()), told(json!(["x", "api"]))), (String::new(), String::new()));
    assert!(told("API".into()).contains("it is for API, and not for api"));
    assert!(told(Value::Null).contains("it is for nobody"));
}

#[test]
fn a_binding_is_compared_with_our_certificate() {
    let ours = sha256(b"certificate");
    let expected = Expected { certificate: Some(&ours), ..Expected::default() };
    let bound = |thumbprint: String| json!({ "exp": 2000, "cnf": { "x5t#S256": thumbprint } });
    let header = json!({ "alg": "ES256" });
    for spelling in [BASE64URL.encode(ours), BASE64URL.encode(hex(&ours))] {
        assert_eq!(doubts(&header, &bound(spelling), &expected), "");
    }
    let other = bound(BASE64URL.encode(sha256(b"other")));
    assert!(doubts(&header, &other, &expected).contains("another certificate than ours"));
    assert!(doubts(&header, &other, &Expected::default()).contains("each call has to show"));
    let key = json!({ "exp": 2000, "cnf": { "jkt": "abc" } });
    assert!(doubts(&header, &key, &expected).contains("DPoP"));
}

proptest! {
    #[test]
    fn every_text_is_a_token_of_some_form(text in "\\PC{0,60}", claims in "[ -~]{0,40}") {
        for text in [text, format!("{}.{}.x", BASE64URL.encode("{\"alg\":1}"), BASE64URL.encode(claims))] {
            let seen = Inspected::of(&Secret::new(text));
            let _ = seen.doubts(&Expected { audience: Some("a"), certificate: Some(&[0; 32]) }, 0);
        }
    }
}

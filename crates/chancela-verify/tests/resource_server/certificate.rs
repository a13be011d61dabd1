//! RFC 8705 §3: tokens that are bound to a client certificate.

use crate::world::*;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use chancela_core::secret::{hex, sha256};
use chancela_verify::Refusal;
use serde_json::{Value, json};

fn bound(cnf: Value) -> String {
    token(&json!({"cnf": cnf}))
}

/// I-03.
#[test]
fn a_bound_token_is_good_with_its_certificate_and_with_no_other() {
    let (own, other) = (certificate(), certificate());
    let token = bound(json!({"x5t#S256": thumbprint(&own)}));
    let verifier = verifier(|_| ());
    assert_eq!(verifier.verify(&token, Some(&own), NOW).unwrap().certificate, Some(sha256(&own)));
    assert_eq!(verifier.verify(&token, Some(&other), NOW), Err(Refusal::CertificateMismatch));
    for none in [None, Some(&[][..])] {
        let refusal = verifier.verify(&token, none, NOW).unwrap_err();
        assert_eq!(refusal, Refusal::CertificateMissing);
        assert_eq!(refusal.challenge("pix").status, 401);
    }
    let mut longer = own.clone();
    longer.push(0);
    assert_eq!(verifier.verify(&token, Some(&longer), NOW), Err(Refusal::CertificateMismatch));
}

/// I-01 and fact 0.14: the form that one bank publishes.
#[test]
fn a_thumbprint_of_86_characters_is_refused_precisely_unless_allowed_by_name() {
    let (own, other) = (certificate(), certificate());
    for text in [hex(&sha256(&own)), hex(&sha256(&own)).to_uppercase()] {
        let text = BASE64URL.encode(text);
        assert_eq!(text.len(), 86);
        let token = bound(json!({"x5t#S256": text}));
        let refusal = verifier(|_| ()).verify(&token, Some(&own), NOW).unwrap_err();
        assert_eq!(refusal, Refusal::HexThumbprint);
        assert!(refusal.to_string().contains("86 characters instead of 43"), "{refusal}");
        assert!(refusal.hint().unwrap().contains("danger_hex_thumbprint"));

        let lenient = verifier(|settings| settings.danger_hex_thumbprint = true);
        assert!(lenient.verify(&token, Some(&own), NOW).is_ok());
        assert_eq!(lenient.verify(&token, Some(&other), NOW), Err(Refusal::CertificateMismatch));
        assert_eq!(lenient.verify(&token, None, NOW), Err(Refusal::CertificateMissing));
    }
}

/// A binding that is not understood must not turn the token into one that anybody may use.
#[test]
fn a_binding_that_cannot_be_checked_is_refused_rather_than_ignored() {
    let own = certificate();
    let good = thumbprint(&own);
    for cnf in [
        json!({"jkt": good}),
        json!({"x5t#S256": good, "jkt": good}),
        json!({"jwk": {}}),
        json!({}),
        json!([]),
        json!("x"),
        Value::Bool(true),
        json!({"x5t#S256": 1}),
        json!({"x5t#S256": ""}),
        json!({"x5t#S256": format!("{good}=")}),
        json!({"x5t#S256": &good[1..]}),
        json!({"x5t#S256": hex(&sha256(&own))}),
        json!({"x5t#S256": BASE64URL.encode("g".repeat(64))}),
        json!({"x5t": good}),
    ] {
        let lenient = verifier(|settings| settings.danger_hex_thumbprint = true);
        let token = bound(cnf.clone());
        assert_eq!(lenient.verify(&token, Some(&own), NOW), Err(Refusal::UnknownConfirmation), "{cnf}");
    }
}

#[test]
fn a_null_cnf_is_no_missing_cnf() {
    let mut payload = claims();
    payload["cnf"] = Value::Null;
    assert_eq!(verify(&sign(&KEY, AT_JWT, &payload)), Err(Refusal::UnknownConfirmation));
}

#[test]
fn an_unbound_token_is_refused_where_every_token_must_be_bound() {
    let own = certificate();
    let strict = verifier(|settings| settings.require_bound = true);
    let (free, bound) = (token(&json!({})), bound(json!({"x5t#S256": thumbprint(&own)})));
    assert_eq!(strict.verify(&free, Some(&own), NOW), Err(Refusal::Unbound));
    assert!(strict.verify(&bound, Some(&own), NOW).is_ok());
    assert!(verifier(|_| ()).verify(&free, Some(&own), NOW).is_ok());
}

//! RFC 9068 §4: signature, kind, issuer, audience, times, scope.

use crate::world::*;
use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use chancela_core::jose::JwtKind;
use chancela_verify::{JwsAlgorithm, Refusal, Settings, Typ, Verifier};
use serde_json::{Value, json};

#[test]
fn a_good_token_of_every_algorithm_passes_and_says_what_it_says() {
    for algorithm in JwsAlgorithm::ALL {
        let key = key(algorithm);
        let verifier = Verifier::new(Settings::new(ISSUER, AUDIENCE), key_set(&[&key])).unwrap();
        for kid in [true, false] {
            let token = sign(&key, JwtKind { typ: Some("at+jwt"), kid }, &with(&json!({"tenant": "t"})));
            let verified = verifier.verify(&token, None, NOW).unwrap();
            assert_eq!(verified.client_id.as_deref(), Some("client-1"), "{algorithm:?}");
            assert_eq!((verified.expires_at, verified.certificate), (Some(1_800_000_300), None));
            assert_eq!(verified.claims["tenant"], "t");
            assert!(verified.require_scope(&["pix.read"]).is_ok());
            let lacking = verified.require_scope(&["pix.read", "pix.write"]).unwrap_err();
            assert!(
                matches!(lacking, Refusal::InsufficientScope(scope) if scope.as_str() == "pix.read pix.write")
            );
            let mut altered = token.clone();
            let last = altered.pop().unwrap();
            altered.push(if last == 'A' { 'Q' } else { 'A' });
            assert!(verifier.verify(&altered, None, NOW).is_err(), "{algorithm:?}");
        }
    }
}

/// K-01: the classic confusion, a MAC under what everybody knows.
#[test]
fn a_mac_under_the_public_key_is_refused_and_so_is_no_signature() {
    let key = key(JwsAlgorithm::Rs256);
    let verifier = Verifier::new(Settings::new(ISSUER, AUDIENCE), key_set(&[&key])).unwrap();
    let jwk = serde_json::to_value(key.jwk()).unwrap();
    let public = [jwk.to_string().into_bytes(), BASE64URL.decode(jwk["n"].as_str().unwrap()).unwrap()];
    let parts = |alg: &str| {
        let header = json!({"typ": "at+jwt", "alg": alg, "kid": key.jwk().kid()}).to_string();
        format!("{}.{}", BASE64URL.encode(header), BASE64URL.encode(claims().to_string()))
    };
    for alg in ["HS256", "RS256"] {
        for secret in &public {
            let signed = parts(alg);
            let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
            let token = format!("{signed}.{}", BASE64URL.encode(mac));
            let expected = if alg == "HS256" { Refusal::Algorithm } else { Refusal::Signature };
            assert_eq!(verifier.verify(&token, None, NOW), Err(expected), "{alg}");
        }
    }
    for alg in ["none", "None", "NONE", "", "rs256", "HS512", "RS1", "ES256K"] {
        let token = format!("{}.", parts(alg));
        assert_eq!(verifier.verify(&token, None, NOW), Err(Refusal::Algorithm), "{alg}");
    }
    assert_eq!(verifier.verify(&format!("{}.", parts("PS256")), None, NOW), Err(Refusal::Algorithm));
}

#[test]
fn an_algorithm_that_is_not_allowed_is_refused_although_the_key_is_known() {
    let only = verifier(|settings| settings.algorithms = vec![JwsAlgorithm::Ps256]);
    assert_eq!(only.verify(&token(&json!({})), None, NOW), Err(Refusal::Algorithm));
}

/// Whoever runs two issuers with one key must not mix their tokens; another key under the same `kid` is no better.
#[test]
fn a_token_of_another_issuer_with_the_same_key_is_refused() {
    for other in ["https://id.bank.example/pix/", "https://id.bank.example/PIX", "https://evil.example", ""] {
        assert_eq!(verify(&token(&json!({"iss": other}))), Err(Refusal::Issuer), "{other}");
    }
    assert_eq!(verify(&token(&json!({"iss": null}))), Err(Refusal::Claim("iss")));
    let stranger = key(JwsAlgorithm::Es256);
    let unnamed = sign(&stranger, JwtKind { kid: false, ..AT_JWT }, &claims());
    assert_eq!(verify(&unnamed), Err(Refusal::Signature));
    assert_eq!(verify(&sign(&stranger, AT_JWT, &claims())), Err(Refusal::UnknownKey));
}

#[test]
fn the_audience_must_name_this_resource_server() {
    for good in [json!(AUDIENCE), json!(["other", AUDIENCE])] {
        assert!(verify(&token(&json!({"aud": good}))).is_ok());
    }
    for bad in [json!("other"), json!([]), json!(["other"]), json!(format!("{AUDIENCE}/")), Value::Null] {
        let token = token(&json!({"aud": bad}));
        assert_eq!(verify(&token), Err(Refusal::Audience), "{bad}");
        assert!(verifier(|settings| settings.danger_any_audience = true).verify(&token, None, NOW).is_ok());
    }
}

#[test]
fn times_are_kept_to_the_second_and_skew_only_where_it_was_set() {
    let now = NOW.seconds();
    let strict = verifier(|settings| settings.clock_skew = 0);
    let lenient = verifier(|settings| (settings.clock_skew, settings.expiry_leeway) = (60, 60));
    for (claim, at, at_strict, at_lenient) in [
        ("exp", now + 1, None, None),
        ("exp", now, Some(Refusal::Expired), None),
        ("exp", now - 59, Some(Refusal::Expired), None),
        ("exp", now - 60, Some(Refusal::Expired), Some(Refusal::Expired)),
        ("exp", i64::MIN, Some(Refusal::Expired), Some(Refusal::Expired)),
        ("exp", i64::MAX, None, None),
        ("nbf", now, None, None),
        ("nbf", now + 1, Some(Refusal::NotYetValid), None),
        ("nbf", now + 61, Some(Refusal::NotYetValid), Some(Refusal::NotYetValid)),
        ("iat", now + 60, Some(Refusal::NotYetValid), None),
        ("iat", i64::MAX, Some(Refusal::NotYetValid), Some(Refusal::NotYetValid)),
    ] {
        let token = token(&json!({claim: at}));
        assert_eq!(strict.verify(&token, None, NOW).err(), at_strict, "{claim} {at}");
        assert_eq!(lenient.verify(&token, None, NOW).err(), at_lenient, "{claim} {at}");
    }
    assert_eq!(verify(&token(&json!({"exp": null}))), Err(Refusal::Claim("exp")));
}

#[test]
fn claims_of_another_type_are_refused() {
    for (claim, value) in [
        ("iss", json!(1)),
        ("sub", json!([])),
        ("aud", json!({})),
        ("aud", json!([1])),
        ("client_id", json!(true)),
        ("jti", json!(1)),
        ("exp", json!("1800000300")),
        ("exp", json!(1_800_000_300.5)),
        ("exp", json!(u64::MAX)),
        ("nbf", json!("x")),
        ("iat", json!([])),
        ("scope", json!(1)),
        ("scope", json!(["a b"])),
        ("scope", json!([""])),
        ("scope", json!("a\"b")),
        ("scope", json!((0..1025).map(|n| n.to_string()).collect::<Vec<_>>())),
    ] {
        assert_eq!(verify(&token(&json!({claim: value}))), Err(Refusal::Claim(claim)), "{claim}");
    }
    let listed = verify(&token(&json!({"scope": ["PIX.READ", "COB.READ"]}))).unwrap();
    assert!(listed.require_scope(&["COB.READ"]).is_ok() && listed.require_scope(&["cob.read"]).is_err());
}

/// F-10, RFC 8725 §3.11.
#[test]
fn no_other_kind_of_jwt_is_an_access_token() {
    let of = |typ| sign(&KEY, JwtKind { typ, kid: true }, &claims());
    for good in ["at+jwt", "AT+JWT", "application/at+jwt"] {
        assert!(verify(&of(Some(good))).is_ok(), "{good}");
    }
    for bad in [None, Some("JWT"), Some("logout+jwt"), Some("dpop+jwt"), Some(""), Some("at+jwt ")] {
        assert_eq!(verify(&of(bad)), Err(Refusal::Kind), "{bad:?}");
    }
    let other = verifier(|settings| settings.typ = Typ::DangerOther("JWT".into()));
    let absent = verifier(|settings| settings.typ = Typ::DangerAbsent);
    for (dialect, typ) in [(&other, Some("JWT")), (&absent, None)] {
        assert!(dialect.verify(&of(typ), None, NOW).is_ok());
        assert_eq!(dialect.verify(&of(Some("at+jwt")), None, NOW), Err(Refusal::Kind));
        for claim in ["nonce", "auth_time", "at_hash", "events"] {
            let id_token = sign(&KEY, JwtKind { typ, kid: true }, &with(&json!({claim: "x"})));
            assert_eq!(dialect.verify(&id_token, None, NOW), Err(Refusal::Kind), "{claim}");
        }
    }
}

#[test]
fn what_is_no_jwt_is_refused_before_any_key_is_used() {
    let good = token(&json!({}));
    let header = |text: &str| format!("{}.{}", BASE64URL.encode(text), good.split_once('.').unwrap().1);
    for bad in [
        String::new(),
        "..".into(),
        "a.b".into(),
        format!("{good}.x"),
        format!("{good}="),
        format!(" {good}"),
        good.replace('.', ","),
        header("[]"),
        header(r#"{"typ":"at+jwt"}"#),
        header(r#"{"typ":"at+jwt","alg":"ES256","alg":"none"}"#),
        header(r#"{"typ":"at+jwt","alg":"ES256","crit":["exp"],"exp":1}"#),
        header(r#"{"typ":"at+jwt","alg":["ES256"]}"#),
        header(r#"{"typ":"at+jwt","alg":"ES256","kid":7}"#),
        header(r#"{"typ":["at+jwt"],"alg":"ES256"}"#),
    ] {
        assert_eq!(verify(&bad), Err(Refusal::Malformed), "{bad}");
    }
    assert_eq!(verify(&format!("{good}{}", "A".repeat(16 * 1024))), Err(Refusal::TooLong));
}

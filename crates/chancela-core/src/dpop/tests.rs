//! The proof of RFC 9449, ours beside it, and what servers say.

use super::*;
use crate::jose::tests::key;
use crate::jose::{JwsAlgorithm, SignedJwt, UnverifiedJwt, VerifyingKey};
use http::HeaderValue;
use proptest::prelude::*;
use serde_json::{Value, json};

/// RFC 9449 §7.1, figure 13.
const RFC_TOKEN: &str = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
const RFC_PROOF: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";
/// RFC 9449 §6.1, figure 9.
const RFC_THUMBPRINT: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";

fn header(proof: &str) -> Value {
    serde_json::from_slice(&BASE64URL.decode(proof.split('.').next().unwrap()).unwrap()).unwrap()
}

/// A proof's claims, if the key in its own header made its signature (RFC 9449 §4.3).
fn verified(proof: &str) -> SignedJwt<'_> {
    let mut jwk = header(proof)["jwk"].clone();
    jwk["alg"] = header(proof)["alg"].clone();
    let keys = VerifyingKey::read_jwk_set(json!({"keys": [jwk]}).to_string().as_bytes()).unwrap();
    let proof = UnverifiedJwt::parse(proof).unwrap();
    assert_eq!(proof.typ(), Some("dpop+jwt"));
    proof.verify(&keys).unwrap()
}

fn uri(text: &str) -> Uri {
    text.parse().unwrap()
}

fn proof<'a>(method: &'a Method, uri: &'a Uri, id: &'a [u8; 16]) -> Proof<'a> {
    let issued_at = Timestamp::from_seconds(1_562_262_618);
    Proof { method, uri, token: None, nonce: None, issued_at, id }
}

#[test]
fn the_rfcs_proof_is_verified_as_ours_are_and_says_what_ours_says() {
    let theirs = verified(RFC_PROOF).payload;
    let (token, address) = (Secret::new(RFC_TOKEN), uri("https://resource.example.org/protectedresource"));
    let key = ProofKey::new(Arc::new(key(JwsAlgorithm::Es256)));
    let ours = Proof { token: Some(&token), ..proof(&Method::GET, &address, &[0; 16]) };
    let ours = key.prove(&ours).unwrap();
    let mut ours = verified(&ours).payload;
    ours["jti"] = theirs["jti"].clone();
    assert_eq!(Value::Object(ours), Value::Object(theirs));
}

#[test]
fn the_thumbprint_is_that_of_the_rfcs_example() {
    let keys = VerifyingKey::read_jwk_set(json!({"keys": [header(RFC_PROOF)["jwk"]]}).to_string().as_bytes());
    assert_eq!(keys.unwrap()[0].jwk().thumbprint(), RFC_THUMBPRINT);
    let key = key(JwsAlgorithm::Ps256).named("another name");
    let own = ProofKey::new(Arc::new(key));
    assert_eq!(own.thumbprint().len(), 43, "whatever the key is called");
}

/// J-02: a public key and nothing else; no key id by which anything could be looked up.
#[test]
fn the_header_has_the_public_key_alone() {
    for (algorithm, members) in [
        (JwsAlgorithm::Es256, vec!["crv", "kty", "x", "y"]),
        (JwsAlgorithm::EdDsa, vec!["crv", "kty", "x"]),
        (JwsAlgorithm::Rs256, vec!["e", "kty", "n"]),
        (JwsAlgorithm::Ps256, vec!["e", "kty", "n"]),
    ] {
        let key = ProofKey::new(Arc::new(key(algorithm)));
        let token = key.prove(&proof(&Method::POST, &uri("https://as.example/token"), &[1; 16])).unwrap();
        let header = header(&token);
        assert_eq!(header.as_object().unwrap().keys().collect::<Vec<_>>(), ["typ", "alg", "jwk"]);
        assert_eq!(header["jwk"].as_object().unwrap().keys().collect::<Vec<_>>(), members);
        let claims = verified(&token).payload;
        assert_eq!(claims.keys().collect::<Vec<_>>(), ["jti", "htm", "htu", "iat"], "no ath, no nonce");
    }
}

/// RFC 9449 §4.2, §4.3: without query and fragment, in one spelling.
#[test]
fn an_address_is_proven_without_its_query_and_in_one_spelling() {
    for (text, proven) in [
        ("https://API.example:443/a/B?x=%20#f", Some("https://api.example/a/B")),
        ("http://127.0.0.1:80/a", Some("http://127.0.0.1/a")),
        ("http://127.0.0.1:443/a", Some("http://127.0.0.1:443/a")),
        ("https://api.example:8443", Some("https://api.example:8443/")),
        ("https://api.example?x", Some("https://api.example/")),
        ("https://[::1]:1/%7Ea", Some("https://[::1]:1/%7Ea")),
        ("/a", None),
        ("api.example", None),
        ("ftp://api.example/", None),
        ("https://user:pw@api.example/", None),
    ] {
        assert_eq!(target_uri(&uri(text)).as_deref(), proven, "{text}");
    }
    let key = ProofKey::new(Arc::new(key(JwsAlgorithm::Es256)));
    let refused = key.prove(&proof(&Method::GET, &uri("/a"), &[1; 16]));
    assert_eq!(refused, Err(ProofError::Address));
}

#[test]
fn a_nonce_is_the_one_that_the_header_has_in_the_characters_of_the_rfc() {
    let headers = |values: &[&str]| {
        let values = values.iter().map(|value| (NONCE, HeaderValue::from_str(value).unwrap()));
        values.collect::<Vec<_>>().into_iter().fold(HeaderMap::new(), |mut map, (name, value)| {
            map.append(name, value);
            map
        })
    };
    assert_eq!(nonce(&headers(&["eyJ7S_zG.eyJH0-Z.HX4w-7v"])), Some("eyJ7S_zG.eyJH0-Z.HX4w-7v"));
    let long = "n".repeat(1025);
    for none in [&[][..], &["a", "b"], &[""], &["a b"], &["a\"b"], &["a\\b"], &[&long]] {
        assert_eq!(nonce(&headers(none)), None, "{none:?}");
    }
}

#[test]
fn a_challenge_is_a_401_that_names_the_error() {
    let says = |status: u16, text: &str| {
        let mut headers = HeaderMap::new();
        headers.append(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"x\""));
        headers.append(WWW_AUTHENTICATE, HeaderValue::from_str(text).unwrap());
        demands_nonce(StatusCode::from_u16(status).unwrap(), &headers)
    };
    assert!(says(401, "DPoP error=\"use_dpop_nonce\", error_description=\"x\""));
    assert!(says(401, "DPoP algs=\"ES256\", error=use_dpop_nonce"));
    assert!(!says(401, "DPoP error=\"invalid_token\"") && !says(400, "DPoP error=\"use_dpop_nonce\""));
}

proptest! {
    #[test]
    fn a_proof_is_for_its_method_address_token_and_nonce_and_no_other(
        method in "[A-Z]{3,8}", host in "[a-z]{1,12}", path in "[a-zA-Z0-9/._~-]{0,20}", token in "[!-~]{1,40}",
        nonce in prop::option::of("[!#-\\[\\]-~]{1,40}"), id: [u8; 16], at in 0_i64..1 << 40,
    ) {
        let own = key(JwsAlgorithm::EdDsa);
        let address = uri(&format!("https://{host}.example/{path}?q"));
        let (method, token) = (Method::from_bytes(method.as_bytes()).unwrap(), Secret::new(token));
        let made = ProofKey::new(Arc::new(own)).prove(&Proof {
            method: &method, uri: &address, token: Some(&token), nonce: nonce.as_deref(),
            issued_at: Timestamp::from_seconds(at), id: &id,
        }).unwrap();
        let claims = verified(&made).payload;
        prop_assert_eq!(claims["htm"].as_str(), Some(method.as_str()));
        prop_assert_eq!(claims["htu"].as_str(), Some(&*format!("https://{host}.example/{path}")));
        prop_assert_eq!(claims["ath"].as_str(), Some(&*BASE64URL.encode(sha256(token.expose().as_bytes()))));
        prop_assert_eq!(claims.get("nonce").and_then(Value::as_str), nonce.as_deref());
        prop_assert_eq!((claims["iat"].as_i64(), claims["jti"].as_str()), (Some(at), Some(&*BASE64URL.encode(id))));
    }
}

//! The issuer's key set: which key is tried, how often, and when the set is fetched again.

use crate::world::*;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use chancela_verify::{
    JwkSetError, JwsAlgorithm, KeySet, KeySource, LiveVerifier, Refusal, Settings, Timestamp, Verifier,
};
use serde_json::{Value, json};
use std::sync::Arc;

/// A key id is compared with those of the set; nothing is ever looked up with it, and `jku`, `jwk` and `x5u` are not
/// even read.
#[test]
fn a_key_id_cannot_lead_anywhere() {
    let good = token(&json!({}));
    let rest = good.split_once('.').unwrap().1;
    for kid in
        ["../../../../dev/null", "/etc/passwd", "https://evil.example/jwks", "' OR 1=1 --", "\u{0}", "", "{}"]
    {
        let own = serde_json::to_value(KEY.jwk()).unwrap();
        let header = json!({"typ": "at+jwt", "alg": "ES256", "kid": kid, "jku": kid, "x5u": kid, "jwk": own});
        let token = format!("{}.{rest}", BASE64URL.encode(header.to_string()));
        assert_eq!(verify(&token), Err(Refusal::UnknownKey), "{kid}");
    }
}

/// H-12, CA-11.
#[test]
fn of_keys_with_one_id_four_are_tried() {
    let keys: Vec<_> = (0..6).map(|_| key(JwsAlgorithm::EdDsa)).collect();
    let named: Vec<Value> = keys
        .iter()
        .map(|key| {
            let mut jwk = serde_json::to_value(key.jwk()).unwrap();
            jwk["kid"] = "same".into();
            jwk
        })
        .collect();
    let set = KeySet::parse(json!({"keys": named}).to_string().as_bytes()).unwrap();
    let verifier = Verifier::new(Settings::new(ISSUER, AUDIENCE), set).unwrap();
    for (place, key) in keys.iter().enumerate() {
        let header = BASE64URL.encode(r#"{"typ":"at+jwt","alg":"EdDSA","kid":"same"}"#);
        let mut token = format!("{header}.{}", BASE64URL.encode(claims().to_string()));
        key.sign(&mut token).unwrap();
        let verified = verifier.verify(&token, None, NOW);
        assert_eq!(verified.err(), (place >= 4).then_some(Refusal::Signature), "{place}");
    }
}

/// CA-11.
#[test]
fn a_set_of_ten_thousand_keys_is_refused() {
    let set = json!({"keys": vec![json!({"kid": "same"}); 10_000]});
    assert_eq!(KeySet::parse(set.to_string().as_bytes()).unwrap_err(), JwkSetError::TooManyKeys);
}

#[test]
fn a_new_key_is_fetched_once_in_thirty_seconds_and_then_believed() {
    let at = |seconds: i64| NOW.plus_seconds(seconds);
    let live = LiveVerifier::with_source(verifier(|_| ()), KeySource { max_age: 200 });
    assert!(live.begin_refresh(at(0)), "nothing was fetched yet");
    live.replace_keys(key_set(&[&KEY]));
    assert!(!live.begin_refresh(at(31)), "nothing is wanted");

    let new = key(JwsAlgorithm::Es256);
    let token = sign(&new, AT_JWT, &claims());
    assert_eq!(live.verify(&token, None, at(31)), Err(Refusal::UnknownKey));
    assert!(live.begin_refresh(at(31)));
    for second in 32..61 {
        assert_eq!(live.verify(&token, None, at(second)), Err(Refusal::UnknownKey));
        assert!(!live.begin_refresh(at(second)), "{second}");
    }
    assert!(live.begin_refresh(at(61)), "the fetch of second 31 failed");
    live.replace_keys(key_set(&[&KEY, &new]));
    assert!(live.verify(&token, None, at(62)).is_ok());
    assert!(!live.begin_refresh(at(260)) && live.begin_refresh(at(261)), "200 seconds are over");
}

#[test]
fn of_many_threads_one_is_told_to_fetch() {
    let live = Arc::new(LiveVerifier::new(verifier(|_| ())));
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let live = Arc::clone(&live);
            std::thread::spawn(move || live.begin_refresh(Timestamp::from_seconds(5)))
        })
        .collect();
    let told = threads.into_iter().map(|thread| thread.join().unwrap()).filter(|told| *told).count();
    assert_eq!(told, 1);
}

#[test]
fn a_withdrawn_key_is_believed_no_more() {
    let live = LiveVerifier::new(verifier(|_| ()));
    let token = token(&json!({}));
    assert!(live.verify(&token, None, NOW).is_ok());
    live.replace_keys(key_set(&[&key(JwsAlgorithm::Es256)]));
    assert_eq!(live.verify(&token, None, NOW), Err(Refusal::UnknownKey));
}

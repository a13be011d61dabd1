//! A resource server before an issuer's keys, with a token, an introspection response and a key set of anybody's: no text
//! is a token, whoever's claims it has.

#![no_main]

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use chancela_core::jose::{JwsAlgorithm, JwtKind, Signer, SigningKey};
use chancela_server::key_ring::generate_pkcs8;
use chancela_verify::{Introspection, KeySet, Settings, Timestamp, Verifier};
use libfuzzer_sys::fuzz_target;
use std::sync::{Arc, LazyLock};

const NOW: Timestamp = Timestamp::from_seconds(0);
const KIND: JwtKind<'static> = JwtKind { typ: Some("at+jwt"), kid: true };

/// A signer of each algorithm, and the verifier that knows their keys.
static ISSUER: LazyLock<(Vec<Signer>, Verifier)> = LazyLock::new(|| {
    let signer = |algorithm| {
        let pkcs8 = generate_pkcs8(algorithm).expect("a key");
        Signer::new(Arc::new(SigningKey::from_pkcs8(algorithm, &pkcs8).expect("a key")), KIND)
    };
    let signers: Vec<Signer> = JwsAlgorithm::ALL.into_iter().map(signer).collect();
    let keys: Vec<_> = signers.iter().map(|signer| signer.key().jwk()).collect();
    let set = serde_json::to_vec(&serde_json::json!({ "keys": keys })).expect("a set");
    let verifier = Verifier::new(settings(), KeySet::parse(&set).expect("keys")).expect("settings");
    (signers, verifier)
});

fn settings() -> Settings {
    Settings::new("https://id.example", "https://api.example")
}

fuzz_target!(|data: &[u8]| {
    let (signers, verifier) = &*ISSUER;
    let _ = KeySet::parse(data);
    if let Ok(answer) = Introspection::parse(data) {
        let _ = answer.verify(&settings(), Some(data), NOW);
    }
    if let Some(signer) = data.first().and_then(|first| signers.get(usize::from(*first))) {
        // What the issuer itself signs may be a token, and is decided upon without a panic.
        let token = signer.sign(&data[1..]).expect("a signature");
        let _ = verifier.verify(&token, None, NOW);
        let unsigned = format!("{}.{}", token.rsplit_once('.').expect("parts").0, BASE64URL.encode(data));
        assert!(verifier.verify(&unsigned, None, NOW).is_err());
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    assert!(verifier.verify(text, Some(data), NOW).is_err());
});

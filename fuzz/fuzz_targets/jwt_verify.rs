//! A JWT before a key that signed nothing: no text is a token.

#![no_main]

use chancela_core::dialect::Jwt;
use chancela_core::jose::{JwsAlgorithm, SigningKey, VerifyingKey};
use chancela_core::time::Timestamp;
use chancela_core::token::jwt;
use chancela_server::key_ring::generate_pkcs8;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

fuzz_target!(|data: &[u8]| {
    static KEYS: LazyLock<Vec<VerifyingKey>> = LazyLock::new(|| {
        let key = |algorithm| {
            let pkcs8 = generate_pkcs8(algorithm).expect("a key");
            SigningKey::from_pkcs8(algorithm, &pkcs8).expect("a key").verifying_key()
        };
        JwsAlgorithm::ALL.into_iter().map(key).collect()
    });
    let Ok(text) = std::str::from_utf8(data) else { return };
    for kid in [true, false] {
        let form = Jwt { kid, ..Jwt::default() };
        let verified = jwt::verify(text, &form, &KEYS, "https://id.example", Timestamp::from_seconds(0));
        assert!(verified.is_none());
    }
});

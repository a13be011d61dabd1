//! A client's signing key: PKCS #8 in PEM, or a private JWK.

#![no_main]

use chancela_core::jose::{JwsAlgorithm, SigningKey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for algorithm in [None, Some(JwsAlgorithm::Es256), Some(JwsAlgorithm::Ps256)] {
        if let Ok(key) = SigningKey::read(text, algorithm) {
            let mut token = String::from("a.b");
            if key.sign(&mut token).is_ok() {
                assert!(token.len() > 60 && key.jwk().thumbprint().len() == 43);
            }
        }
    }
});

//! A certification request in PEM or DER, and a public key.

#![no_main]

use chancela_core::x509::{CertificateRequest, PublicKey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(request) = CertificateRequest::parse(data) {
        assert_eq!(request.public_key().check(), Ok(()));
    }
    if let Ok(key) = PublicKey::parse_der(data) {
        assert_eq!(key.der(), data);
        let _ = key.check();
    }
});

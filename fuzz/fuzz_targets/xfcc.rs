//! Envoy's header: any text gives certificates within the limits or an error, and no certificate but the hash's own.

#![no_main]

use chancela_core::secret::{hex, sha256};
use chancela_core::x509::forwarded::{Form, MAX_CERTIFICATE_BYTES, MAX_CERTIFICATES, parse};
use libfuzzer_sys::fuzz_target;

/// `Cert` of the three bytes `own`, as Envoy writes it.
const OWN: &str = "-----BEGIN%20CERTIFICATE-----%0Ab3du%0A-----END%20CERTIFICATE-----%0A";

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(certificates) = parse(Form::Xfcc, text, None) {
        assert!((1..=MAX_CERTIFICATES).contains(&certificates.len()));
        assert!(certificates.iter().all(|der| der.len() <= MAX_CERTIFICATE_BYTES));
        assert!(text.to_ascii_lowercase().contains(&hex(&sha256(&certificates[0]))));
    }
    let hash = hex(&sha256(b"own"));
    for value in [
        format!("Hash={hash};URI={text}"),
        format!("Hash={hash};Cert=\"{OWN}\";URI={text}"),
        format!("Hash={hash};Subject=\"{text}\";Cert=\"{OWN}\""),
    ] {
        if let Ok(certificates) = parse(Form::Xfcc, &value, None) {
            assert_eq!(certificates[0], b"own");
        }
    }
});

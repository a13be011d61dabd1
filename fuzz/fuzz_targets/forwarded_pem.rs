//! Escaped PEM and bare base64 in headers, and the MAC beside them.

#![no_main]

use chancela_core::time::Timestamp;
use chancela_core::x509::forwarded::mac::{MacKey, Vouched};
use chancela_core::x509::forwarded::{Form, MAX_CERTIFICATE_BYTES, MAX_CERTIFICATES, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for form in [Form::EscapedPem, Form::AlbEscapedPem, Form::Base64Der] {
        if let Ok(certificates) = parse(form, text, None) {
            let most = if form == Form::EscapedPem { 1 } else { MAX_CERTIFICATES };
            assert!((1..=most).contains(&certificates.len()));
            assert!(certificates.iter().all(|der| (1..=MAX_CERTIFICATE_BYTES).contains(&der.len())));
        }
    }
    // What the load balancer leaves in clear is all that it has beyond the other.
    if let Ok(certificates) = parse(Form::EscapedPem, text, None) {
        assert_eq!(parse(Form::AlbEscapedPem, text, None), Ok(certificates));
    }
    let vouched = Vouched { method: "POST", path: "/token", certificate: text, chain: "" };
    assert!(MacKey::new(&[7; 32]).verify(text, &vouched, Timestamp::from_seconds(0)).is_err());
});

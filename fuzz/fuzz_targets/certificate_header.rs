//! A header with a certificate in one of its many spellings.

#![no_main]

use chancela_core::x509::Certificate;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = Certificate::parse_header(text);
    }
    let _ = Certificate::parse_der(data);
});

//! An OCSP request, as anyone may send it.

#![no_main]

use chancela_core::x509::OcspRequest;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = OcspRequest::parse(data);
});

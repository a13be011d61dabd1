//! A PKCS #12 file, and an encrypted private key with the same encryption, which no MAC protects.

#![no_main]

use chancela_core::x509::{decode_pkcs12, decrypt_private_key, encode_pem};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = decode_pkcs12(data, "password");
    let _ = decrypt_private_key(&encode_pem("ENCRYPTED PRIVATE KEY", data), "password");
});

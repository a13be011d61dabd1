//! What a browser answers for a passkey: any bytes give a credential, an assertion or a refusal.

#![no_main]

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chancela_core::authentication::webauthn::assertion::Response;
use chancela_core::authentication::webauthn::{RelyingParty, UserVerification, cbor, cose, registration};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = cbor::read(data);
    let _ = cose::PublicKey::read(data);
    let Some(party) = RelyingParty::of_issuer("https://example.org", "Example") else { return };
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = Response::parse(text);
        let _ = registration::verify(text, &party, b"c", UserVerification::Preferred);
    }
    // Past the JSON: the bytes are the attestation object.
    let client_data = br#"{"type":"webauthn.create","challenge":"Yw","origin":"https://example.org"}"#;
    let json = format!(
        r#"{{"type":"public-key","response":{{"clientDataJSON":"{}","attestationObject":"{}"}}}}"#,
        URL_SAFE_NO_PAD.encode(client_data),
        URL_SAFE_NO_PAD.encode(data),
    );
    let _ = registration::verify(&json, &party, b"c", UserVerification::Preferred);
});

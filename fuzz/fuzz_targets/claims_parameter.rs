//! The claims parameter: any text gives what it asks for or a refusal, and what a grant keeps of it reads the same again.

#![no_main]

use chancela_core::openid::claims::ClaimsRequest;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(claims) = ClaimsRequest::parse(text) {
        let _ = (claims.acr(), claims.allows_subject("a"));
        assert_eq!(ClaimsRequest::of(claims.as_map().clone()), Some(claims));
    }
});

//! The claims parameter: what was read reads again.

#![no_main]

use chancela_core::openid::claims::ClaimsRequest;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(request) = ClaimsRequest::parse(text) {
        assert_eq!(ClaimsRequest::of(request.as_map().clone()), Some(request));
    }
});

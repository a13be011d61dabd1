//! A refresh token: only a text that was made here is one, and it is the only text of what it says.

#![no_main]

use chancela_core::pepper::Pepper;
use chancela_core::token::refresh::RefreshTokenRef;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let pepper = Pepper::from_root(&[7; 32]);
    if let Some(read) = RefreshTokenRef::parse(text, &pepper) {
        assert_eq!(read.encode(&pepper), text);
    }
});

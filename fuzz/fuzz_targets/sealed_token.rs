//! A sealed token: no text is one that was not made here, and a payload that opens has one form.

#![no_main]

use chancela_core::pepper::Pepper;
use chancela_core::time::Timestamp;
use chancela_core::token::sealed::SealedToken;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let pepper = Pepper::from_root(&[7; 32]);
    let now = Timestamp::from_seconds(0);
    if let Ok(text) = std::str::from_utf8(data) {
        assert!(SealedToken::open(text, "https://id.example", &pepper, now).is_none());
    }
    if let Some(token) = SealedToken::decode(data) {
        assert_eq!(token.encode(), data);
        let text = token.seal("https://id.example", &pepper, [1; 12]);
        let read = SealedToken::open(&text, "https://id.example", &pepper, Timestamp::from_seconds(i64::MIN / 1000));
        assert!(token.expires_at < i64::MIN / 1000 + 1 || read.is_some_and(|(_, read)| read == token));
    }
});

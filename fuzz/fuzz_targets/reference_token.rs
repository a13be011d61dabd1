//! A reference token: any text leads to one row or to none.

#![no_main]

use chancela_core::dialect::TokenFormat;
use chancela_core::pepper::Pepper;
use chancela_core::time::Timestamp;
use chancela_core::token::reference;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let pepper = Pepper::from_root(&[7; 32]);
    for format in [TokenFormat::Uuid, TokenFormat::Hex, TokenFormat::Opaque] {
        let _ = reference::locate(format, &pepper, Timestamp::from_seconds(1_800_000_000), text);
    }
});

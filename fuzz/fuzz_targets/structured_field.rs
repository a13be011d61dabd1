//! Structured fields: what is read as an item is a list of one, and what is written again is read as the same.

#![no_main]

use chancela_core::x509::forwarded::client_cert;
use chancela_core::x509::forwarded::structured_field::{parse_item, parse_list};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let list = parse_list(text, 6);
    if let Ok(item) = parse_item(text) {
        assert_eq!(list.as_deref(), Ok([item.clone()].as_slice()));
    }
    if let Ok(members) = list {
        assert!(members.len() <= 6);
        let written: Vec<String> = members.iter().map(|bytes| client_cert::encode(bytes)).collect();
        assert_eq!(parse_list(&written.join(", "), 6), Ok(members));
    }
    let (value, chain) = text.split_once('\n').unwrap_or((text, ""));
    let _ = client_cert::parse(value, Some(chain));
});

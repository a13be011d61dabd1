//! Paths that the reverse proxy passes on: however often and by whoever they are decoded, they stay below the API's.

#![no_main]

use chancela_agent::reverse_proxy::is_plain_path;
use libfuzzer_sys::fuzz_target;

/// Percent-decodes once.
fn decode(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let digits = bytes.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        let plain = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match plain.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| *byte == b'%') {
            Some(decoded) => {
                out.push(decoded);
                at += 3;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    out
}

fuzz_target!(|path: &str| {
    if !path.starts_with('/') || !is_plain_path(path) {
        return;
    }
    let mut bytes = path.as_bytes().to_vec();
    loop {
        let slash = |byte: &u8| matches!(byte, b'/' | b'\\');
        assert!(bytes.len() < 2 || !bytes[..2].iter().all(slash), "{path:?} names a host");
        for segment in bytes.split(slash) {
            let name = segment.split(|byte| *byte == b';').next().unwrap_or_default();
            assert!(name != b"." && name != b"..", "{path:?} leads upwards");
        }
        let next = decode(&bytes);
        if next == bytes {
            return;
        }
        bytes = next;
    }
});

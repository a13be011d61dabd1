//! A distinguished name as text and as DER: what is read is written and read back as the same name.

#![no_main]

use chancela_core::x509::DistinguishedName;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(name) = DistinguishedName::parse(text)
    {
        let written = name.to_rfc4514();
        // Writing escapes, so that a name near the limit may be longer than it; nothing else may go wrong.
        if written.len() <= 16 * 1024 {
            let again = DistinguishedName::parse(&written).expect("what was written is a name");
            assert!(again.matches(&name), "{text:?} became {written:?}");
        }
    }
    if let Ok(name) = DistinguishedName::parse_der(data) {
        let _ = (name.to_rfc4514(), name.matches(&name));
    }
});

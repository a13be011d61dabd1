//! A dialect file: any text gives a dialect or an error that says where.

#![no_main]

use chancela_core::dialect::Library;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut library = Library::default();
    library.add("acme", "acme.toml", text);
    if let Err(error) = library.load("acme") {
        assert!(error.to_string().contains("acme.toml"));
    }
});

//! A configuration: any text gives one that can be checked, or an error that says where.

#![no_main]

use chancela_core::dialect::Library;
use chancela_server::config::Config;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Config::parse("c.toml", text) {
        Ok(config) => drop(config.check(&Library::builtin())),
        Err(error) => assert!(error.to_string().starts_with("c.toml:")),
    }
});

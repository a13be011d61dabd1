//! The text of a source of a secret, in which people leave secrets, and with it the division of command lines.

#![no_main]

use chancela_agent::source::{CommandLine, Source};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match text.parse::<Source>() {
        Ok(source) => assert!(text.starts_with("cmd:") || source.to_string() == text),
        Err(error) => {
            assert!(text.len() < 30 || !error.to_string().contains(text), "what is no source may be a secret")
        }
    }
    let _ = text.parse::<CommandLine>();
});

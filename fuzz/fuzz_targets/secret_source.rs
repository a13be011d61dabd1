//! The text of a source of a secret, in which people leave secrets, and with it the division of command lines.

#![no_main]

use chancela_agent::source::{CommandLine, Source};
use libfuzzer_sys::fuzz_target;

/// What no sentence of ours has in it.
const PLANTED: &str = "Pl4ntedS3cr3t";

fuzz_target!(|text: &str| {
    if let Ok(source) = text.parse::<Source>() {
        assert!(text.starts_with("cmd:") || source.to_string() == text);
    }
    let leaves = [format!("{text}{PLANTED}"), format!("{PLANTED}{text}")];
    for text in &leaves {
        if let Err(error) = text.parse::<Source>() {
            assert!(!error.to_string().contains(PLANTED), "what is no source may be a secret");
        }
    }
    let _ = text.parse::<CommandLine>();
});

//! A token of anybody, taken apart and doubted.

#![no_main]

use chancela_agent::inspect::{Expected, Form, Inspected, verify};
use chancela_core::secret::Secret;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let token = Secret::new(text);
    let inspected = Inspected::of(&token);
    assert_eq!(inspected.length, text.len());
    let expected = Expected { audience: Some("api"), certificate: Some(&[0; 32]) };
    let doubts = inspected.doubts(&expected, 1_800_000_000);
    if matches!(inspected.form, Form::Opaque { .. }) {
        assert!(doubts.is_empty(), "nothing is known of it");
    }
    let _ = verify(&token, &[]);
});

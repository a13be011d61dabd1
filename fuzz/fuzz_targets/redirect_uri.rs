//! The comparer of redirect URIs: what matches is registered, or differs in what the rules allow and in nothing else.

#![no_main]

use chancela_core::record::ApplicationType;
use chancela_core::redirect_uri::{Registration, host, matches, origin, register};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (own, asked) = text.split_once('\n').unwrap_or((text, text));
    for application_type in [ApplicationType::Web, ApplicationType::Native] {
        let registration = Registration { application_type, danger_allow_http: false };
        if register(own, registration).is_ok() {
            assert!(matches(&[own.into()], own, application_type, false));
        }
        if matches(&[own.into()], asked, application_type, false) && own != asked {
            assert_eq!(application_type, ApplicationType::Native);
            assert_eq!(host(own), host(asked));
        }
    }
    let continued = format!("{own}{asked}");
    if matches(&[own.into()], &continued, ApplicationType::Web, true) {
        assert_eq!(origin(own), origin(&continued));
    }
});

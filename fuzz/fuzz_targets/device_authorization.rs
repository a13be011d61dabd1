//! The answer to a device authorization request: what a terminal shows of it is visible, whatever the provider says.

#![no_main]

use chancela_core::dialect::{Dialect, Library};
use chancela_core::message::HttpAnswer;
use chancela_core::message::device_authorization::DeviceAuthorization;
use chancela_core::time::Timestamp;
use http::{HeaderMap, StatusCode};
use libfuzzer_sys::fuzz_target;
use std::sync::{Arc, LazyLock};

static STANDARD: LazyLock<Arc<Dialect>> = LazyLock::new(|| Library::builtin().load("standard").unwrap());

fuzz_target!(|data: &[u8]| {
    let headers = HeaderMap::new();
    let answer = HttpAnswer { status: StatusCode::OK, headers: &headers, body: data };
    let now = Timestamp::from_seconds(2_000_000_000);
    match DeviceAuthorization::parse(&STANDARD.token_endpoints[0], &answer, now) {
        Ok(read) => {
            let shown = [Some(&read.user_code), Some(&read.verification_uri), read.verification_uri_complete.as_ref()];
            for text in shown.into_iter().flatten() {
                assert!(!text.is_empty() && text.bytes().all(|b| (b' '..=b'~').contains(&b)));
            }
            assert!((1..=300).contains(&read.interval));
        }
        Err(refusal) => assert!(!refusal.to_string().is_empty()),
    }
});

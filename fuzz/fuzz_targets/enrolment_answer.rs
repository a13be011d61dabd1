//! Answers to an order of a certificate and to a registration as their client reads them, in every dialect: any bytes give
//! certificates that were read, a client with a name, or a refusal for people.

#![no_main]

use chancela_core::dialect::{Dialect, Library};
use chancela_core::message::HttpAnswer;
use chancela_core::message::certificate_order::received::OrderOutcome;
use chancela_core::message::client_registration::client::RegisteredClient;
use chancela_core::text::is_plain;
use chancela_core::time::Timestamp;
use http::{HeaderMap, StatusCode};
use libfuzzer_sys::fuzz_target;
use std::sync::{Arc, LazyLock};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

static DIALECTS: LazyLock<Vec<Arc<Dialect>>> = LazyLock::new(|| {
    let library = Library::builtin();
    library.names().map(|name| library.load(name).unwrap()).collect()
});

fuzz_target!(|data: &[u8]| {
    let [at, high, low, body @ ..] = data else { return };
    let status = StatusCode::from_u16(100 + u16::from_be_bytes([*high, *low]) % 500).unwrap();
    let headers = HeaderMap::new();
    let answer = HttpAnswer { status, headers: &headers, body };
    let dialect = &DIALECTS[usize::from(*at) % DIALECTS.len()];
    let endpoint = &dialect.token_endpoints[0];
    match OrderOutcome::parse(&dialect.certificate_issuance, endpoint, &answer, NOW) {
        Ok(OrderOutcome::Issued(own)) => {
            assert!(status.is_success() && !own.certificates.is_empty());
            assert!(own.subject_dn.as_deref().is_none_or(is_plain));
            assert!(own.client_secret.is_none_or(|secret| is_plain(secret.expose())));
        }
        Ok(OrderOutcome::Waits) => assert_eq!(status, StatusCode::ACCEPTED),
        Err(refusal) => assert!(is_plain(&refusal.to_string())),
    }
    match RegisteredClient::parse(&dialect.registration, endpoint, &answer, NOW) {
        Ok(own) => assert!(is_plain(&own.client_id) && !own.client_id.is_empty()),
        Err(refusal) => assert!(is_plain(&refusal.to_string())),
    }
});

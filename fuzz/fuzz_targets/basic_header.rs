//! An Authorization header, read as the token endpoint reads it.

#![no_main]

use chancela_core::client_auth::Credentials;
use chancela_core::dialect::{ClientAuthentication, ParameterNames};
use chancela_core::message::HttpRequest;
use chancela_core::message::body::Parameters;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Method};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(value) = HeaderValue::from_bytes(data) else { return };
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, value);
    let request = HttpRequest { method: &Method::POST, query: None, headers: &headers, body: b"", certificate: None };
    let (policy, names) = (ClientAuthentication::default(), ParameterNames::default());
    if let Ok(credentials) = Credentials::parse(&policy, &names, &request, &Parameters::default()) {
        assert!(!credentials.client_id().is_empty());
    }
});

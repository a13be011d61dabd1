//! A multipart body: any bytes and any boundary give parameters or a refusal.

#![no_main]

use chancela_core::message::HttpRequest;
use chancela_core::message::body::Parameters;
use http::{HeaderMap, HeaderValue, Method};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // The first line is the content type.
    let (kind, body) = data.split_at(data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len()));
    let Ok(kind) = HeaderValue::from_bytes(&[b"multipart/form-data; boundary=", kind].concat()) else { return };
    let headers: HeaderMap = [(http::header::CONTENT_TYPE, kind)].into_iter().collect();
    let body = body.get(1..).unwrap_or_default();
    let http = HttpRequest { method: &Method::POST, query: None, headers: &headers, body, certificate: None };
    if let Ok(parameters) = Parameters::multipart(&http) {
        assert!(parameters.texts().all(|(name, _)| !name.is_empty()));
    }
});

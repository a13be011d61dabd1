//! A token endpoint's answer as its client reads it: any status, headers and body give a token that fits a header or a
//! refusal for people, in every dialect; and so does any answer of an authorization endpoint.

#![no_main]

use chancela_core::dialect::{Dialect, Library};
use chancela_core::message::HttpAnswer;
use chancela_core::message::authorization_response::{AuthorizationAnswer, Begun};
use chancela_core::message::token_answer::{JwtHint, TokenAnswer};
use chancela_core::secret::Secret;
use chancela_core::text::is_plain;
use chancela_core::time::Timestamp;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use libfuzzer_sys::fuzz_target;
use std::sync::{Arc, LazyLock};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

static DIALECTS: LazyLock<Vec<Arc<Dialect>>> = LazyLock::new(|| {
    let library = Library::builtin();
    library.names().map(|name| library.load(name).unwrap()).collect()
});

/// A line `name: value` for each header, up to an empty one; then the body.
fn headers(text: &[u8]) -> (HeaderMap, &[u8]) {
    let mut headers = HeaderMap::new();
    let mut rest = text;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let (line, after) = (&rest[..end], &rest[end + 1..]);
        rest = after;
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { break };
        let name = HeaderName::from_bytes(&line[..colon]);
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii())) {
            headers.append(name, value);
        }
    }
    (headers, rest)
}

fn obeys(token: &Secret) -> bool {
    let text = token.expose().as_bytes();
    (1..=64 * 1024).contains(&text.len()) && text.iter().all(|byte| (0x21..=0x7e).contains(byte))
}

fuzz_target!(|data: &[u8]| {
    let [at, high, low, text @ ..] = data else { return };
    let status = StatusCode::from_u16(100 + u16::from_be_bytes([*high, *low]) % 500).unwrap();
    let (headers, body) = headers(text);
    let answer = HttpAnswer { status, headers: &headers, body };
    let _ = answer.clock_skew(NOW);
    let endpoints: Vec<_> = DIALECTS.iter().flat_map(|dialect| &dialect.token_endpoints).collect();
    match TokenAnswer::parse(endpoints[usize::from(*at) % endpoints.len()], &answer, NOW) {
        Ok(token) => {
            assert!(status.is_success());
            let tokens = [Some(&token.access_token), token.refresh_token.as_ref(), token.id_token.as_ref()];
            assert!(tokens.into_iter().flatten().all(obeys));
            assert!([&token.token_type, &token.scope].into_iter().flatten().all(|text| is_plain(text)));
            let _ = JwtHint::of(&token.access_token).map(|hint| hint.is_bound_to(&[0; 32]));
        }
        Err(refusal) => {
            assert!(is_plain(&refusal.to_string()));
            assert!(refusal.retry_after.is_none_or(|seconds| (1..=86_400).contains(&seconds)));
        }
    }
    let begun = Begun { state: "s", issuer: Some("https://id.example"), names_issuer: *at > 127 };
    match AuthorizationAnswer::parse(text, &begun) {
        Ok(answer) => assert!(!answer.code.expose().is_empty()),
        Err(error) => assert!(is_plain(&error.to_string())),
    }
});

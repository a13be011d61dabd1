//! Device authorization (RFC 8628): what a client asks, what it reads, and with what it asks for tokens then.

use crate::world::{NOW, acme};
use chancela_core::client_auth::{Credentials, OwnCredentials};
use chancela_core::dialect::TokenEndpoint;
use chancela_core::message::HttpAnswer;
use chancela_core::message::device_authorization::{DeviceAuthorization, DeviceAuthorizationRequest};
use chancela_core::message::token_refusal::{RefusalClass, TokenRefusal};
use chancela_core::message::token_request::{Envelope, GrantRequest, TokenRequest};
use chancela_core::scope::Scope;
use chancela_core::secret::Secret;
use http::{HeaderMap, StatusCode};
use proptest::prelude::*;
use serde_json::{Value, json};

fn public() -> TokenEndpoint {
    acme("[client_authentication]\nmethods = [\"none\", \"client_secret_basic\"]\n")
}

fn own<'a>(endpoint: &TokenEndpoint, secret: Option<&'a Secret>) -> Credentials<'a> {
    let own = OwnCredentials {
        client_id: "app",
        client_secret: secret,
        client_assertion: None,
        certificate: false,
        method: None,
    };
    Credentials::own(endpoint, &own).unwrap()
}

fn read(status: u16, body: &[u8]) -> Result<DeviceAuthorization, TokenRefusal> {
    let (status, headers) = (StatusCode::from_u16(status).unwrap(), HeaderMap::new());
    DeviceAuthorization::parse(&public(), &HttpAnswer { status, headers: &headers, body }, NOW)
}

fn good() -> Value {
    json!({
        "device_code": "GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS", "user_code": "WDJB-MJHT",
        "verification_uri": "https://example.com/device",
        "verification_uri_complete": "https://example.com/device?user_code=WDJB-MJHT",
        "expires_in": 1800, "interval": 5,
    })
}

fn with(name: &str, value: Value) -> Result<DeviceAuthorization, TokenRefusal> {
    let mut answer = good();
    answer[name] = value;
    read(200, answer.to_string().as_bytes())
}

/// RFC 8628 §3.1, §3.4.
#[test]
fn both_requests_are_those_of_the_rfc() {
    let endpoint = public();
    let (secret, scope) = (Secret::new("s3cr3t"), Scope::parse("a b").unwrap());
    let path = "/device_authorization".parse().unwrap();
    for (secret, authorization) in [(None, None), (Some(&secret), Some("Basic YXBwOnMzY3IzdA=="))] {
        let credentials = own(&endpoint, secret);
        let request =
            DeviceAuthorizationRequest { credentials, scope: Some(&scope), resource: Some("https://api") };
        let request = request.encode(&path, &endpoint).unwrap();
        let said = request.headers().get("authorization").map(|value| value.to_str().unwrap());
        assert_eq!((request.uri().path(), said), ("/device_authorization", authorization));
        let id = if secret.is_some() { "" } else { "client_id=app&" };
        assert_eq!(*request.body(), format!("{id}scope=a%20b&resource=https%3A%2F%2Fapi"));
    }
    let request = TokenRequest {
        grant: GrantRequest::DeviceCode { device_code: Secret::new("the code") },
        credentials: own(&endpoint, None),
        partner: None,
        scope: None,
        resource: None,
        chain_token: None,
        certificate: None,
    };
    assert!(!format!("{request:?}").contains("the code"));
    let request = request.encode(&endpoint, &Envelope::default()).unwrap();
    let grant = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code";
    assert_eq!(*request.body(), format!("grant_type={grant}&client_id=app&device_code=the%20code"));
}

/// RFC 8628 §3.2.
#[test]
fn the_rfcs_answer_is_read() {
    let read = read(200, good().to_string().as_bytes()).unwrap();
    assert_eq!(read.device_code.expose(), "GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS");
    assert_eq!(
        (read.user_code.as_str(), read.verification_uri.as_str()),
        ("WDJB-MJHT", "https://example.com/device")
    );
    assert!(read.verification_uri_complete.as_ref().unwrap().ends_with("WDJB-MJHT"));
    assert_eq!((read.expires_in, read.interval), (1800, 5));
    assert!(!format!("{read:?}").contains("GmRh") && !format!("{read:?}").contains("WDJB"));
}

#[test]
fn what_is_missing_has_the_rfcs_default_and_what_is_absurd_is_bounded() {
    let bare = json!({"device_code": "d", "user_code": "u", "verification_url": "http://[::1]/"});
    let bare = read(200, bare.to_string().as_bytes()).unwrap();
    assert_eq!((bare.expires_in, bare.interval, bare.verification_uri_complete), (600, 5, None));
    for (said, interval) in
        [(json!(0), 1), (json!(-1), 1), (json!("7"), 7), (json!(1e300), 300), (json!([]), 5)]
    {
        assert_eq!(with("interval", said).unwrap().interval, interval);
    }
    assert_eq!(with("expires_in", json!(i64::MAX)).unwrap().expires_in, 86_400);
    assert_eq!(with("expires_in", json!(-5)).unwrap().expires_in, 0);
}

/// What a person is shown is a terminal's text and a web address, whatever the provider says.
#[test]
fn codes_and_addresses_that_a_terminal_should_not_show_are_refused() {
    for (name, value) in [
        ("device_code", json!("")),
        ("device_code", json!("a b")),
        ("user_code", json!("")),
        ("user_code", json!("\u{1b}[2J")),
        ("user_code", json!("a\nb")),
        ("user_code", json!("é")),
        ("user_code", json!("x".repeat(65))),
        ("user_code", json!(1)),
        ("verification_uri", json!("javascript:alert(1)")),
        ("verification_uri", json!("https://bank.example@evil.example/")),
        ("verification_uri", json!("https://a.example/\u{202e}")),
        ("verification_uri", json!("https://a.example/ b")),
        ("verification_uri", json!("/device")),
        ("verification_uri", Value::Null),
    ] {
        let refusal = with(name, value.clone()).unwrap_err();
        assert_eq!(refusal.class, RefusalClass::Garbled, "{name}: {value}");
    }
    let odd = with("verification_uri_complete", json!("file:///etc/passwd")).unwrap();
    assert_eq!(odd.verification_uri_complete, None, "what is optional is left out");
}

#[test]
fn a_refusal_says_what_the_provider_said() {
    let refusal = read(401, b"{\"error\":\"invalid_client\"}").unwrap_err();
    assert_eq!(
        (refusal.class, refusal.error.unwrap().as_str()),
        (RefusalClass::Credentials, "invalid_client")
    );
    assert_eq!(read(503, good().to_string().as_bytes()).unwrap_err().class, RefusalClass::Busy);
}

proptest! {
    #[test]
    fn no_answer_makes_the_reader_fail(status in 100_u16..600, body in "\\PC{0,60}", code in "\\PC{0,20}", uri in "\\PC{0,30}") {
        let _ = read(status, body.as_bytes());
        let said = json!({"device_code": code, "user_code": code, "verification_uri": uri});
        if let Ok(read) = read(200, said.to_string().as_bytes()) {
            prop_assert!(read.user_code.bytes().all(|b| (b' '..=b'~').contains(&b)));
            prop_assert!(read.verification_uri.starts_with("http"));
        }
    }
}

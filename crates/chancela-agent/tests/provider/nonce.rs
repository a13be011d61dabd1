//! Nonces of servers (RFC 9449 sections 8 and 9).

use super::world::{Provider, proven, token};
use chancela_agent::engine::Reason;
use chancela_agent::provider::{Authorized, Request};
use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::{Value, json};

const BOUND: &str = "method = \"none\"\ndpop = true\n";

fn demand() -> Value {
    json!({"error": "use_dpop_nonce"})
}

fn nonces(provider: &Provider) -> Vec<Option<String>> {
    let asked = provider.asked();
    let nonces = asked.iter().map(|asked| proven(&asked.proof().unwrap()).0);
    nonces.map(|claims| claims.get("nonce").map(|nonce| nonce.as_str().unwrap().to_owned())).collect()
}

#[tokio::test]
async fn a_demanded_nonce_is_brought_in_one_second_request() {
    let provider = Provider::start().await;
    let agent = provider.agent(BOUND);
    provider.will_say(400, &["DPoP-Nonce: one"], &demand());
    provider.will_say(
        200,
        &["DPoP-Nonce: two"],
        &json!({"access_token": "a", "token_type": "DPoP", "expires_in": 3600}),
    );
    token(&agent).await.unwrap();
    assert_eq!(nonces(&provider), [None, Some("one".into())]);
    // What the answer gave is in the next request from the beginning.
    provider.will_grant("b", "DPoP");
    let other = Request { scope: Some("other"), ..Request::default() };
    let patience = std::time::Duration::from_secs(3);
    agent.provider("signing").unwrap().token(other, patience).await.unwrap();
    assert_eq!(nonces(&provider), [Some("two".into())]);
}

#[tokio::test]
async fn a_server_that_is_never_content_is_asked_twice_and_then_left_alone_for_a_while() {
    let provider = Provider::start().await;
    let agent = provider.agent(BOUND);
    for nonce in ["one", "two", "three", "four", "five", "six", "seven", "eight"] {
        provider.will_say(400, &[&format!("DPoP-Nonce: {nonce}")], &demand());
    }
    // Shorter than any pause.
    let patience = std::time::Duration::from_millis(90);
    let error = agent.provider("signing").unwrap().token(Request::default(), patience).await.unwrap_err();
    assert_eq!(nonces(&provider), [None, Some("one".into())]);
    assert_eq!(error.reason(), Some(Reason::Unavailable), "{error}");
}

#[tokio::test]
async fn without_a_nonce_or_with_another_error_there_is_no_second_request() {
    for (headers, error) in [
        (&[][..], "use_dpop_nonce"),
        (&["DPoP-Nonce: one", "DPoP-Nonce: two"][..], "use_dpop_nonce"),
        (&["DPoP-Nonce: one"][..], "invalid_dpop_proof"),
        (&["DPoP-Nonce: one"][..], "invalid_scope"),
    ] {
        let provider = Provider::start().await;
        let agent = provider.agent(BOUND);
        provider.will_say(400, headers, &json!({ "error": error }));
        let patience = std::time::Duration::from_millis(90);
        drop(agent.provider("signing").unwrap().token(Request::default(), patience).await.unwrap_err());
        assert_eq!(nonces(&provider), [None], "{error}");
    }
}

fn nonce_of(authorized: &Authorized, uri: &Uri) -> Option<String> {
    let headers = authorized.headers_for(&Method::GET, uri).unwrap();
    let (claims, _) = proven(headers.last().unwrap().1.to_str().unwrap());
    claims.get("nonce").map(|nonce| nonce.as_str().unwrap().to_owned())
}

#[tokio::test]
async fn an_apis_nonce_is_for_that_api_and_a_challenge_is_told_from_a_refusal() {
    let provider = Provider::start().await;
    let agent = provider.agent(BOUND);
    provider.will_say(
        200,
        &["DPoP-Nonce: of-the-authorization-server"],
        &json!({"access_token": "a", "token_type": "DPoP", "expires_in": 3600}),
    );
    let authorized = token(&agent).await.unwrap();
    let api: Uri = "https://api.example/a".parse().unwrap();
    assert_eq!(nonce_of(&authorized, &api), None);
    assert_eq!(
        nonce_of(&authorized, &provider.url("/api").parse().unwrap()),
        None,
        "though it is one address"
    );
    let says = |status, challenge: &str, nonce: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("www-authenticate", challenge.parse().unwrap());
        headers.insert("dpop-nonce", nonce.parse().unwrap());
        authorized.is_challenged(&api, status, &headers)
    };
    assert!(says(StatusCode::UNAUTHORIZED, "DPoP error=\"use_dpop_nonce\"", "one"));
    assert_eq!(nonce_of(&authorized, &api).as_deref(), Some("one"));
    assert!(!says(StatusCode::UNAUTHORIZED, "DPoP error=\"invalid_token\"", "two"));
    assert!(!says(StatusCode::OK, "x", "three"), "a nonce that comes with a success is for the next call");
    assert_eq!(nonce_of(&authorized, &api).as_deref(), Some("three"));
    assert_eq!(nonce_of(&authorized, &"https://other.example/".parse().unwrap()), None);
    let again = token(&agent).await.unwrap();
    assert_eq!(nonce_of(&again, &api).as_deref(), Some("three"), "whoever has the token next knows it, too");
}

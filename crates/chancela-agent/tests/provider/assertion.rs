//! `private_key_jwt` (RFC 7523, OpenID Connect Core section 9).

use super::world::{Asked, Provider, claims, header, key_file, line, token};
use chancela_agent::provider::Request;
use chancela_core::jose::VerifyingKey;
use serde_json::{Map, Value, json};
use std::collections::HashSet;
use std::time::{SystemTime, UNIX_EPOCH};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn asserted(asked: &Asked, key: &VerifyingKey) -> Map<String, Value> {
    assert_eq!(asked.parameter("client_assertion_type").as_deref(), Some(TYPE));
    claims(&asked.parameter("client_assertion").unwrap(), key)
}

#[expect(clippy::disallowed_methods, reason = "the agent of these tests has the machine's clock")]
fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().try_into().unwrap()
}

#[tokio::test]
async fn the_client_says_who_it_is_by_a_signature_and_no_secret_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let (provider, path) = (Provider::start().await, folder.path().join("key.pem"));
    let key = key_file(&path);
    // A secret beside it is the weaker method and is not sent.
    let agent = provider.agent(&(line("client_assertion_key", &path) + "client_secret = \"env:SECRET\"\n"));
    provider.will_grant("a", "Bearer");
    token(&agent).await.unwrap();
    let asked = provider.asked().remove(0);
    let claims = asserted(&asked, &key);
    let address = provider.url("/token");
    assert_eq!(asked.path, "/token");
    assert_eq!((claims["iss"].as_str(), claims["sub"].as_str()), (Some("app"), Some("app")));
    assert_eq!(claims["aud"].as_str(), Some(address.as_str()));
    let (issued, ends) = (claims["iat"].as_i64().unwrap(), claims["exp"].as_i64().unwrap());
    assert!((now() - 5..=now()).contains(&issued) && ends - issued == 60);
    let header = header(&asked.parameter("client_assertion").unwrap());
    assert_eq!(header["kid"].as_str(), Some(key.jwk().thumbprint().as_str()));
    assert!(!asked.body.contains("SECRET") && asked.parameter("client_id").as_deref() == Some("app"));
}

#[tokio::test]
async fn key_id_algorithm_and_audience_are_the_configurations() {
    let folder = tempfile::tempdir().unwrap();
    let (provider, path) = (Provider::start().await, folder.path().join("key.pem"));
    let key = key_file(&path);
    let more = line("client_assertion_key", &path)
        + "client_assertion_kid = \"mine\"\nclient_assertion_algorithm = \"ES256\"\n\
           client_assertion_audience = \"https://issuer.example\"\n";
    let agent = provider.agent(&more);
    provider.will_grant("a", "Bearer");
    token(&agent).await.unwrap();
    let assertion = provider.asked()[0].parameter("client_assertion").unwrap();
    assert_eq!(
        (header(&assertion)["kid"].as_str(), header(&assertion)["alg"].as_str()),
        (Some("mine"), Some("ES256"))
    );
    let renamed = serde_json::to_value(key.jwk()).map(|mut jwk| {
        jwk["kid"] = "mine".into();
        VerifyingKey::read_jwk_set(json!({"keys": [jwk]}).to_string().as_bytes()).unwrap().remove(0)
    });
    assert_eq!(claims(&assertion, &renamed.unwrap())["aud"].as_str(), Some("https://issuer.example"));
}

/// Some repeat what they were sent, and their words are logged and kept.
#[tokio::test]
async fn a_provider_that_repeats_the_assertion_is_not_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let (provider, path) = (Provider::start().await, folder.path().join("key.pem"));
    key_file(&path);
    let agent = provider.agent(&line("client_assertion_key", &path));
    let said =
        "the assertion eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJhcHAifQ.c2lnbmF0dXJl, sent by app, is late; eyJ";
    provider.will_say(401, &[], &json!({"error": "invalid_client", "error_description": said}));
    let error = token(&agent).await.unwrap_err().to_string();
    assert!(error.contains("the assertion [redacted], sent by app, is late; [redacted])"), "{error}");
}

/// agent.md 2.6: an assertion is made anew for each attempt.
#[tokio::test]
async fn each_attempt_has_an_assertion_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let (provider, path) = (Provider::start().await, folder.path().join("key.pem"));
    let key = key_file(&path);
    let agent = provider.agent(&line("client_assertion_key", &path));
    provider.will_say(503, &[], &json!({}));
    provider.will_say(200, &[], &json!("<html>"));
    provider.will_grant("a", "Bearer");
    token(&agent).await.unwrap();
    let ids: HashSet<String> = provider
        .asked()
        .iter()
        .map(|asked| asserted(asked, &key)["jti"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn a_key_that_was_replaced_signs_the_next_request_and_ends_the_pause_of_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let (provider, path) = (Provider::start().await, folder.path().join("key.pem"));
    let old = key_file(&path);
    let agent = provider.agent(&line("client_assertion_key", &path));
    provider.will_say(401, &[], &json!({"error": "invalid_client"}));
    let refused = token(&agent).await.unwrap_err().to_string();
    assert!(refused.contains("invalid_client"), "{refused}");
    token(&agent).await.unwrap_err();
    let asked = provider.asked();
    assert_eq!(asked.len(), 1, "what another request would not change is not tried again");
    asserted(&asked[0], &old);
    let new = key_file(&path);
    // Credentials count as read for a second.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    drop(token(&agent).await);
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    provider.will_grant("a", "Bearer");
    assert_eq!(token(&agent).await.unwrap().served.token.access_token.expose(), "a");
    asserted(&provider.asked()[0], &new);
}

#[tokio::test]
async fn a_wrong_clock_is_learned_from_the_refusal_and_the_second_assertion_is_of_the_servers_time() {
    let folder = tempfile::tempdir().unwrap();
    let (provider, path) = (Provider::start().await, folder.path().join("key.pem"));
    let key = key_file(&path);
    let agent = provider.agent(&line("client_assertion_key", &path));
    // The first of January 2100.
    let date = "Date: Fri, 01 Jan 2100 00:00:00 GMT";
    provider.will_say(401, &[date], &json!({"error": "invalid_client"}));
    provider.will_say(200, &[date], &json!({"access_token": "a", "token_type": "Bearer", "expires_in": 60}));
    token(&agent).await.unwrap();
    let asked = provider.asked();
    assert_eq!(asked.len(), 2);
    let issued = asserted(&asked[1], &key)["iat"].as_i64().unwrap();
    assert!((4_102_444_800 - 5..4_102_444_800 + 5).contains(&issued), "{issued}");
}

#[tokio::test]
async fn what_is_no_key_is_named_with_what_to_do_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let (provider, path) = (Provider::start().await, folder.path().join("key.pem"));
    let agent = provider.agent(&line("client_assertion_key", &path));
    for (text, said) in [
        ("planted", "client_assertion_key: it has no private key; give PKCS #8"),
        ("{\"kty\":\"EC\",\"planted\":1}", "has no private part"),
        ("-----BEGIN EC PRIVATE KEY-----\nplanted\n-----END EC PRIVATE KEY-----", "openssl pkcs8 -topk8"),
    ] {
        std::fs::write(&path, text).unwrap();
        let error = token(&agent).await.unwrap_err().to_string();
        assert!(
            error.starts_with("signing: ") && error.contains(said) && !error.contains("planted"),
            "{error}"
        );
    }
    assert!(provider.asked().is_empty());
    let agent = provider.agent("method = \"private_key_jwt\"\n");
    let error = token(&agent).await.unwrap_err().to_string();
    assert!(error.contains("private_key_jwt needs a key that signs client assertions"), "{error}");
}

#[tokio::test]
async fn an_explanation_shows_no_assertion_and_no_proof() {
    let folder = tempfile::tempdir().unwrap();
    let (provider, path) = (Provider::start().await, folder.path().join("key.pem"));
    key_file(&path);
    let agent = provider.agent(&(line("client_assertion_key", &path) + "dpop = true\n"));
    let steps = agent.provider("signing").unwrap().explain(Request::default()).await.unwrap();
    assert!(
        steps[0].body.contains("client_assertion=***") && !format!("{steps:?}").contains("eyJ"),
        "{steps:?}"
    );
    assert!(steps[0].headers.contains(&("dpop".to_owned(), "***".to_owned())), "{steps:?}");
}

//! Tokens that are bound to a key (RFC 9449 sections 5 and 7).

use super::world::{Provider, key_file, line, proven, token};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use chancela_core::secret::sha256;
use http::{HeaderMap, Method, Uri};
use serde_json::json;
use std::time::Duration;

fn uri(text: &str) -> Uri {
    text.parse().unwrap()
}

#[tokio::test]
async fn the_token_request_and_each_call_have_a_proof_of_their_own_by_one_key() {
    let provider = Provider::start().await;
    let agent = provider.agent("method = \"none\"\ndpop = true\n");
    provider.will_grant("bound", "DPoP");
    let authorized = token(&agent).await.unwrap();
    let (request, key) = proven(&provider.asked()[0].proof().unwrap());
    let address = provider.url("/token");
    assert_eq!((request["htm"].as_str(), request["htu"].as_str()), (Some("POST"), Some(address.as_str())));
    assert!(request.get("ath").is_none() && request.get("nonce").is_none());
    assert!(authorized.needs_proof());
    let mut ids = vec![request["jti"].clone()];
    for (method, address, proven_address) in [
        (Method::GET, "https://api.example/a?b=c", "https://api.example/a"),
        (Method::POST, "https://API.example:443/a", "https://api.example/a"),
        (Method::GET, "https://api.example/other", "https://api.example/other"),
    ] {
        let headers: HeaderMap =
            authorized.headers_for(&method, &uri(address)).unwrap().into_iter().collect();
        assert_eq!(headers["authorization"], "DPoP bound");
        assert!(headers["dpop"].is_sensitive());
        let (claims, own) = proven(headers["dpop"].to_str().unwrap());
        assert_eq!(own.jwk(), key.jwk(), "the key that the token is bound to");
        assert_eq!(claims["htm"].as_str(), Some(method.as_str()));
        assert_eq!(claims["htu"].as_str(), Some(proven_address));
        assert_eq!(claims["ath"].as_str(), Some(BASE64URL.encode(sha256(b"bound")).as_str()));
        ids.push(claims["jti"].clone());
    }
    let all = ids.len();
    ids.sort_by_key(ToString::to_string);
    ids.dedup();
    assert_eq!(ids.len(), all);
    let error = authorized.headers_for(&Method::GET, &uri("/a")).unwrap_err().to_string();
    assert!(error.contains("give the request's whole address"), "{error}");
}

#[tokio::test]
async fn a_token_without_a_key_needs_no_proof_and_any_address_will_do() {
    let provider = Provider::start().await;
    let agent = provider.agent("method = \"none\"\n");
    provider.will_grant("free", "Bearer");
    let authorized = token(&agent).await.unwrap();
    assert!(provider.asked()[0].proof().is_none() && !authorized.needs_proof());
    assert_eq!(authorized.headers_for(&Method::GET, &uri("/a")).unwrap(), authorized.headers);
}

/// RFC 9449 section 5: whoever finds a token that is not bound can use it.
#[tokio::test]
async fn a_token_that_is_not_bound_is_refused_unless_the_configuration_takes_it() {
    for answer in [json!({"access_token": "free", "token_type": "Bearer"}), json!({"access_token": "free"})] {
        let provider = Provider::start().await;
        provider.will_say(200, &[], &answer);
        let agent = provider.agent("method = \"none\"\ndpop = true\n");
        let error = token(&agent).await.unwrap_err().to_string();
        assert!(
            error.contains("is not bound to our key") && error.contains("danger_bearer = true"),
            "{error}"
        );
        token(&agent).await.unwrap_err();
        assert_eq!(provider.asked().len(), 1, "and it is not asked for again and again");
        provider.will_say(200, &[], &answer);
        let agent = provider.agent("method = \"none\"\ndpop = { danger_bearer = true }\n");
        let authorized = token(&agent).await.unwrap();
        assert!(provider.asked()[0].proof().is_some() && !authorized.needs_proof());
        assert_eq!(authorized.headers[0].1, "Bearer free");
    }
}

#[tokio::test]
async fn another_key_gets_another_token_and_the_old_token_keeps_the_old_key() {
    let folder = tempfile::tempdir().unwrap();
    let (provider, path) = (Provider::start().await, folder.path().join("key.pem"));
    let old = key_file(&path);
    let agent =
        provider.agent(&format!("method = \"none\"\n[provider.signing.dpop]\n{}", line("key", &path)));
    provider.will_grant("first", "DPoP");
    let first = token(&agent).await.unwrap();
    let new = key_file(&path);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    // This look finds the new key; what was read before serves meanwhile.
    assert_eq!(token(&agent).await.unwrap().served.token.access_token.expose(), "first");
    tokio::time::sleep(Duration::from_millis(300)).await;
    provider.will_grant("second", "DPoP");
    let second = token(&agent).await.unwrap();
    assert_eq!(second.served.token.access_token.expose(), "second");
    for (authorized, key) in [(&first, &old), (&second, &new)] {
        let headers: HeaderMap =
            authorized.headers_for(&Method::GET, &uri("https://a.example/")).unwrap().into_iter().collect();
        assert_eq!(proven(headers["dpop"].to_str().unwrap()).1.jwk(), key.jwk());
    }
    let asked = provider.asked();
    let keys: Vec<_> = asked.iter().map(|asked| proven(&asked.proof().unwrap()).1).collect();
    assert_eq!((keys[0].jwk(), keys[1].jwk()), (old.jwk(), new.jwk()));
}

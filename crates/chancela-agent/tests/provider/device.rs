//! Logins at another device (RFC 8628).

use super::world::{Provider, proven, token};
use chancela_agent::agent::Agent;
use chancela_agent::engine::{Reason, Record};
use chancela_agent::login::{DeviceLogin, LoggedIn, LoginError, LoginRequest, Pending};
use chancela_agent::provider::Request;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const DEVICE: &str = "method = \"none\"\nscope = \"a b\"\ngrant = \"device_code\"\n";

fn memory() -> LoginRequest<'static> {
    LoginRequest { memory: true, ..LoginRequest::default() }
}

fn codes(expires_in: i64) -> Value {
    json!({
        "device_code": "planted-device-code", "user_code": "WDJB-MJHT", "verification_uri": "https://example.com/device",
        "expires_in": expires_in, "interval": 1,
    })
}

fn error(code: &str) -> Value {
    json!({ "error": code })
}

async fn log_in(agent: &Agent) -> Result<LoggedIn, LoginError> {
    DeviceLogin::begin(agent, "signing", &memory()).await?.finish(Duration::from_secs(30)).await
}

async fn kept(agent: &Agent) -> Record {
    agent.record(agent.provider("signing").unwrap().key(Request::default()).await.unwrap()).unwrap()
}

#[tokio::test]
async fn a_person_is_waited_for_and_nothing_is_there_before() {
    let provider = Provider::start().await;
    let agent = provider.agent(DEVICE);
    provider.will_say(200, &[], &codes(600));
    let begun = DeviceLogin::begin(&agent, "signing", &memory()).await.unwrap();
    assert_eq!((begun.user_code(), begun.verification_uri()), ("WDJB-MJHT", "https://example.com/device"));
    assert!(begun.verification_uri_complete().is_none() && begun.time_left() > Duration::from_secs(590));
    assert!(!format!("{begun:?}").contains("planted"));
    assert_eq!(token(&agent).await.unwrap_err().reason(), Some(Reason::LoginRequired));
    provider.will_say(400, &[], &error("authorization_pending"));
    provider.will_say(400, &[], &error("authorization_pending"));
    provider.will_say(
        200,
        &[],
        &json!({"access_token": "a", "token_type": "Bearer", "expires_in": 300, "refresh_token": "r"}),
    );
    let start = Instant::now();
    let logged_in = begun.finish(Duration::from_secs(30)).await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(3), "an interval before each request");
    assert!(logged_in.renewable);
    let asked = provider.asked();
    assert_eq!((asked[0].path.as_str(), asked[0].body.as_str()), ("/device", "client_id=app&scope=a%20b"));
    assert_eq!(asked.len(), 4);
    for request in &asked[1..] {
        assert_eq!(request.path, "/token");
        assert_eq!(request.parameter("device_code").as_deref(), Some("planted-device-code"));
        let grant = request.parameter("grant_type");
        assert_eq!(grant.as_deref(), Some("urn:ietf:params:oauth:grant-type:device_code"));
        assert_eq!(request.parameter("scope"), None);
    }
    assert_eq!(token(&agent).await.unwrap().served.token.access_token.expose(), "a");
    assert_eq!(kept(&agent).await.session.unwrap().refresh_token.expose(), "r");
    assert!(provider.asked().is_empty());
}

#[tokio::test]
async fn a_no_a_code_that_is_over_and_any_other_refusal_end_it_and_leave_what_was_there() {
    for (code, said) in [
        ("access_denied", "the login was refused at the other device"),
        ("expired_token", "nobody has entered the code in time"),
        ("invalid_grant", "invalid_grant"),
        ("invalid_client", "invalid_client"),
    ] {
        let provider = Provider::start().await;
        let agent = provider.agent(DEVICE);
        provider.will_say(200, &[], &codes(600));
        provider.will_say(400, &[], &error(code));
        let refused = log_in(&agent).await.unwrap_err().to_string();
        assert!(
            refused.starts_with("signing: ") && refused.contains(said) && refused.contains("anew"),
            "{refused}"
        );
        assert_eq!(kept(&agent).await, Record::default());
        assert_eq!(provider.asked().len(), 2);
    }
}

#[tokio::test]
async fn what_passes_is_waited_through() {
    let provider = Provider::start().await;
    let agent = provider.agent(DEVICE);
    provider.will_say(200, &[], &codes(600));
    provider.will_say(503, &[], &json!({}));
    provider.will_say(200, &[], &json!("<html>"));
    provider.will_grant("a", "Bearer");
    let start = Instant::now();
    log_in(&agent).await.unwrap();
    // One second, then two, then four.
    assert!(start.elapsed() >= Duration::from_secs(7), "{:?}", start.elapsed());
}

#[tokio::test]
async fn nobody_is_asked_after_the_codes_end_nor_longer_than_the_caller_waits() {
    let provider = Provider::start().await;
    let agent = provider.agent(DEVICE);
    provider.will_say(200, &[], &codes(2));
    provider.will_say(400, &[], &error("authorization_pending"));
    let start = Instant::now();
    assert!(matches!(log_in(&agent).await.unwrap_err(), LoginError::CodeExpired { .. }));
    assert!(start.elapsed() < Duration::from_secs(4));
    assert_eq!(provider.asked().len(), 2);
    provider.will_say(200, &[], &codes(600));
    let begun = DeviceLogin::begin(&agent, "signing", &memory()).await.unwrap();
    assert!(matches!(begun.finish(Duration::from_millis(300)).await.unwrap_err(), LoginError::TimedOut));
    assert_eq!(provider.asked().len(), 1);
}

/// A dropped future is how Ctrl-C ends it.
#[tokio::test]
async fn a_login_that_is_stopped_asks_nothing_more_and_keeps_nothing() {
    let provider = Provider::start().await;
    let agent = provider.agent(DEVICE);
    provider.will_say(200, &[], &codes(600));
    let stopped = tokio::time::timeout(Duration::from_millis(500), log_in(&agent)).await;
    assert!(stopped.is_err());
    tokio::time::sleep(Duration::from_millis(1000)).await;
    assert_eq!(provider.asked().len(), 1);
    assert_eq!(kept(&agent).await, Record::default());
}

#[tokio::test]
async fn tokens_of_a_device_are_bound_like_any_others_and_refreshed_with_the_same_key() {
    let provider = Provider::start().await;
    let agent = provider.agent(&format!("{DEVICE}dpop = true\n"));
    provider.will_say(200, &[], &codes(600));
    provider.will_say(400, &["DPoP-Nonce: n"], &error("use_dpop_nonce"));
    provider.will_say(
        200,
        &[],
        &json!({"access_token": "a", "token_type": "DPoP", "expires_in": 1, "refresh_token": "r"}),
    );
    log_in(&agent).await.unwrap();
    provider.will_grant("b", "DPoP");
    // No session is refreshed sooner.
    tokio::time::sleep(Duration::from_millis(5200)).await;
    let authorized = token(&agent).await.unwrap();
    assert_eq!(authorized.served.token.access_token.expose(), "b");
    let asked = provider.asked();
    assert!(asked[0].proof().is_none(), "only token requests and calls have proofs");
    let keys: Vec<_> =
        asked[1..].iter().map(|asked| proven(&asked.proof().unwrap()).1.jwk().thumbprint()).collect();
    assert_eq!((keys.len(), keys[0] == keys[1] && keys[1] == keys[2]), (3, true));
    assert_eq!(asked[3].parameter("refresh_token").as_deref(), Some("r"));
    provider.will_say(200, &[], &codes(600));
    provider.will_say(200, &[], &json!({"access_token": "c", "token_type": "Bearer", "refresh_token": "s"}));
    provider.will_say(200, &[], &json!({}));
    let error = log_in(&agent).await.unwrap_err();
    assert!(matches!(error, LoginError::Unbound { .. }), "{error}");
    let revoked = provider.asked().pop().unwrap();
    assert_eq!((revoked.path.as_str(), revoked.parameter("token").as_deref()), ("/oauth/revoke", Some("s")));
}

#[tokio::test]
async fn what_a_device_login_cannot_do_is_said_before_anybody_is_asked() {
    let provider = Provider::start().await;
    let refused = |more: &str, memory| {
        let agent = provider.agent(more);
        async move {
            let request = LoginRequest { memory, ..LoginRequest::default() };
            DeviceLogin::begin(&agent, "signing", &request).await.unwrap_err().to_string()
        }
    };
    assert!(refused(DEVICE, false).await.contains("give the configuration a [cache]"));
    let needless = refused("method = \"none\"\n", true).await;
    assert!(needless.contains("need no login"), "{needless}");
    let none = refused(&format!("dialect = \"standard\"\n{DEVICE}"), true).await;
    assert!(none.contains("has no device authorization endpoint"), "{none}");
    let browser = Pending::begin(&provider.agent(DEVICE), "signing", &memory()).await.unwrap_err();
    assert!(browser.to_string().contains("chancela agent login --device signing"), "{browser}");
    assert!(provider.asked().is_empty());
    provider.will_say(401, &[], &error("invalid_client"));
    let refused = refused(DEVICE, true).await;
    assert!(
        refused.contains("no device login could be begun") && refused.contains("invalid_client"),
        "{refused}"
    );
}

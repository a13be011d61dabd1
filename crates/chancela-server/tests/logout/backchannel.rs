//! What an application hears from server to server (N-06).

use super::endpoint::hidden;
use super::{Stage, commit, session_of};
use crate::support::{Ask, Authority, Conduct, Outside, open_outbound, verify_jws};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use chancela_core::effect::Effect;
use chancela_server::config::Outbound;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A stage whose client listens at `outside`.
async fn stage(authority: &Authority, outside: &Outside) -> Stage {
    let uri = format!("https://127.0.0.1:{}/backchannel?app=1", outside.port());
    let outbound = open_outbound(authority);
    Stage::reaching(outbound, |client| client.backchannel_logout_uri = Some(uri.into())).await
}

/// Until `done` holds; deliveries are made in the background.
async fn until(done: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < end, "it never happened");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn counted(stage: &Stage, outcome: &str) -> bool {
    let line = format!("chancela_logouts_delivered_total{{realm=\"standard\",outcome=\"{outcome}\"}} 1");
    stage.world.server.metrics.render().contains(&line)
}

async fn jwks(stage: &Stage) -> Value {
    let ask = Ask::get("/standard/.well-known/jwks.json").header("host", "id.example");
    ask.send(&stage.world).await.json()
}

/// N-06.
#[tokio::test]
async fn an_application_gets_a_logout_token_that_it_can_verify() {
    let authority = Authority::new();
    let outside = Outside::tls(&authority, "127.0.0.1", Conduct::ok("")).await;
    let stage = stage(&authority, &outside).await;
    stage.get(&[("id_token_hint", &*stage.hint())]).send(&stage.world).await;
    until(|| counted(&stage, "accepted")).await;
    let requests = outside.requests();
    assert_eq!(requests.len(), 1);
    let (head, form) = requests[0].split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /backchannel?app=1 HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("content-type: application/x-www-form-urlencoded"), "{head}");
    let token = form.strip_prefix("logout_token=").unwrap();
    let (header, payload) = verify_jws(&jwks(&stage).await, token).unwrap();
    assert_eq!((&header["typ"], &header["alg"]), (&json!("logout+jwt"), &json!("ES256")));
    let now = stage.world.server.clock.now().seconds();
    assert_eq!(payload["iss"], json!("https://id.example/standard"));
    assert_eq!(payload["aud"], json!(stage.client.id));
    assert_eq!((&payload["sub"], &payload["sid"]), (&json!(stage.user.subject), &json!("sid-one")));
    assert_eq!(payload["events"], json!({ "http://schemas.openid.net/event/backchannel-logout": {} }));
    assert_eq!((payload["iat"].as_i64(), payload["exp"].as_i64()), (Some(now), Some(now + 120)));
    assert!(payload["jti"].is_string() && payload.get("nonce").is_none());
}

/// N-06. An application that is down for a moment hears of it all the same.
#[tokio::test]
async fn an_application_that_fails_once_is_told_again() {
    let authority = Authority::new();
    let conduct = Conduct::status("503 Busy").then(Conduct::status("204 Done"));
    let outside = Outside::tls(&authority, "127.0.0.1", conduct).await;
    let stage = stage(&authority, &outside).await;
    stage.get(&[("id_token_hint", &*stage.hint())]).send(&stage.world).await;
    until(|| counted(&stage, "accepted")).await;
    assert_eq!(outside.requests().len(), 2);
}

#[tokio::test]
async fn an_application_that_refuses_is_told_once() {
    let authority = Authority::new();
    let outside = Outside::tls(&authority, "127.0.0.1", Conduct::status("400 Bad")).await;
    let stage = stage(&authority, &outside).await;
    stage.get(&[("id_token_hint", &*stage.hint())]).send(&stage.world).await;
    until(|| counted(&stage, "refused")).await;
    assert_eq!(outside.requests().len(), 1);
}

/// SF-08. An application cannot make us knock at our own network.
#[tokio::test]
async fn an_internal_address_is_never_told() {
    let authority = Authority::new();
    let canary = Outside::tls(&authority, "127.0.0.1", Conduct::ok("")).await;
    let uri = format!("https://127.0.0.1:{}/", canary.port());
    let closed = Outbound { ca_file: open_outbound(&authority).ca_file, ..Outbound::default() };
    let stage = Stage::reaching(closed, |client| client.backchannel_logout_uri = Some(uri.into())).await;
    stage.get(&[("id_token_hint", &*stage.hint())]).send(&stage.world).await;
    until(|| counted(&stage, "failed")).await;
    assert_eq!(canary.connections(), 0);
}

/// N-06. Nobody waits for an application that does not answer.
#[tokio::test]
async fn the_user_does_not_wait_for_a_silent_application() {
    let authority = Authority::new();
    let outside = Outside::tls(&authority, "127.0.0.1", Conduct::Silence).await;
    let stage = stage(&authority, &outside).await;
    let hint = stage.hint();
    let started = Instant::now();
    let answer = stage.get(&[("id_token_hint", &*hint)]).send(&stage.world).await;
    assert!(answer.status.is_success() && started.elapsed() < Duration::from_secs(1));
    until(|| !outside.requests().is_empty()).await;
    assert_eq!(stage.world.server.deliveries.finish(Duration::from_millis(100)).await, 1);
}

#[tokio::test]
async fn a_second_logout_tells_nobody_again() {
    let authority = Authority::new();
    let outside = Outside::tls(&authority, "127.0.0.1", Conduct::ok("")).await;
    let stage = stage(&authority, &outside).await;
    let hint = stage.hint();
    for _ in 0..2 {
        stage.get(&[("id_token_hint", &*hint)]).send(&stage.world).await;
    }
    assert_eq!(stage.world.server.deliveries.finish(Duration::from_secs(10)).await, 0);
    assert_eq!(outside.requests().len(), 1);
}

/// Whoever ends a session, and wherever: the account page tells applications too, of this device and of others.
#[tokio::test]
async fn the_account_page_tells_applications() {
    let authority = Authority::new();
    let outside = Outside::tls(&authority, "127.0.0.1", Conduct::ok("")).await;
    let stage = stage(&authority, &outside).await;
    let (other, _) = session_of(stage.realm(), &stage.user, &stage.record(), "two");
    commit(&stage.world, vec![Effect::PutSession { session: other, expected_version: None }]).await;
    let ask = |ask: Ask| ask.header("host", "id.example").header("cookie", &stage.cookies);
    let page = ask(Ask::get("/standard/account")).send(&stage.world).await;
    let csrf = hidden(&page, "csrf");
    let told = |sid: &str| {
        let sid = sid.to_owned();
        let outside = &outside;
        move || {
            let payload = |request: &String| {
                let token = request.rsplit_once("logout_token=").unwrap().1;
                let payload = token.split('.').nth(1).unwrap();
                String::from_utf8(BASE64URL.decode(payload).unwrap()).unwrap()
            };
            outside.requests().iter().any(|request| payload(request).contains(&sid))
        }
    };
    for (fields, sid) in [
        (vec![("choice", "end_session"), ("session", "sid-two")], "sid-two"),
        (vec![("choice", "sign_out")], "sid-one"),
    ] {
        let fields: Vec<(&str, &str)> = fields.into_iter().chain([("csrf", &*csrf)]).collect();
        let answer = ask(Ask::form("/standard/account", &fields)).send(&stage.world).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        until(told(sid)).await;
    }
    assert!(!stage.is_logged_in().await);
}

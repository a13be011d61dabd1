//! BS2's consent of an account holder, as documented: no PKCE unless the client is held to it (dialects.md 2.1).

use super::told;
use crate::support::{Browser, Callback, Flow, RealmPlan, VERIFIER, own_client, web_client};
use chancela_core::client_auth::Method;
use chancela_server::control::NewClient;

const SCOPE: &str = "pix.read pix.write cob.read";

/// response_type, client_id, scope, state and redirect_uri: nothing else.
fn documented(flow: &Flow) -> crate::support::Request {
    let request = flow.request().with("scope", "pix.read");
    request.without("code_challenge").without("code_challenge_method").without("nonce")
}

fn without_verifier(flow: &Flow, code: &str) -> crate::support::Ask {
    flow.redemption(code).swap(&format!("&code_verifier={VERIFIER}"), "")
}

#[tokio::test]
async fn the_documented_consent_flow_needs_no_challenge() {
    let flow = Flow::of(RealmPlan::bs2(), web_client(SCOPE)).await;
    let callback = flow.pass(&mut Browser::new(), &documented(&flow)).await;
    assert_eq!((callback.get("state"), callback.get("iss")), (Some("xyz"), Some("https://id.example/bs2")));
    let tokens = without_verifier(&flow, &callback.code()).send(&flow.world).await;
    assert_eq!(tokens.status, 200, "{}", tokens.body);
    assert!(flow.is_active(&tokens.token()).await);
    assert_eq!(flow.introspect(&tokens.token()).await["scope"], "pix.read");
}

/// PK-01, PK-02, D-05: a challenge that was sent binds, one that was not is not met by a verifier.
#[tokio::test]
async fn a_client_that_sends_a_challenge_is_held_to_it() {
    let flow = Flow::of(RealmPlan::bs2(), own_client(SCOPE)).await;
    let mut browser = Browser::new();
    let with = flow.request().with("scope", "pix.read");
    let code = flow.pass(&mut browser, &with).await.code();
    assert_eq!(without_verifier(&flow, &code).send(&flow.world).await.status, 400, "PK-01");
    assert_eq!(flow.redeem(&code).await.status, 400, "burnt");
    let code = flow.pass(&mut browser, &with).await.code();
    assert_eq!(flow.redeem(&code).await.status, 200);
    let code = flow.pass(&mut browser, &documented(&flow)).await.code();
    assert_eq!(flow.redeem(&code).await.status, 400, "PK-02");
    assert_eq!(without_verifier(&flow, &code).send(&flow.world).await.status, 400, "burnt");
}

/// E-04: without PKCE the redirect URI must be repeated.
#[tokio::test]
async fn without_a_challenge_the_redirect_uri_is_repeated() {
    let flow = Flow::of(RealmPlan::bs2(), own_client(SCOPE)).await;
    let code = flow.pass(&mut Browser::new(), &documented(&flow)).await.code();
    let ask = without_verifier(&flow, &code).swap("&redirect_uri=https%3A%2F%2Fapp.example%2Fcb", "");
    assert_eq!(ask.send(&flow.world).await.status, 400);
}

/// PK-03, D-01: a client that must have PKCE, and a public one, are refused without; a method without a challenge too.
#[tokio::test]
async fn a_client_that_requires_pkce_is_refused_without() {
    let flow = Flow::of(RealmPlan::bs2(), NewClient { require_pkce: Some(true), ..own_client(SCOPE) }).await;
    let mut browser = Browser::new();
    let answer = flow.open(&mut browser, &documented(&flow)).await;
    told(&flow, &Callback::of(&answer), "invalid_request", "require_pkce");
    let lax = flow.register(NewClient { require_pkce: Some(false), ..own_client(SCOPE) }).await;
    let method_only = documented(&flow).with("client_id", &lax.id).with("code_challenge_method", "S256");
    let answer = flow.open(&mut browser, &method_only).await;
    told(&flow, &Callback::of(&answer), "invalid_request", "a method alone");
    let public = NewClient { token_endpoint_auth_method: Some(Method::None), ..own_client(SCOPE) };
    let public = flow.register(public).await;
    flow.change_client(&public, |client| client.require_pkce = Some(false)).await;
    let answer = flow.open(&mut browser, &documented(&flow).with("client_id", &public.id)).await;
    told(&flow, &Callback::of(&answer), "invalid_request", "a public client");
}

/// In a realm whose dialect wants PKCE, a client may be let off by its owner alone.
#[tokio::test]
async fn elsewhere_only_the_registration_lets_a_client_off() {
    let flow = Flow::with(own_client("openid profile")).await;
    let mut browser = Browser::new();
    let bare = flow.request().without("code_challenge").without("code_challenge_method");
    let answer = flow.open(&mut browser, &bare).await;
    told(&flow, &Callback::of(&answer), "invalid_request", "the dialect's rule");
    flow.change_client(&flow.client, |client| client.require_pkce = Some(false)).await;
    let code = flow.pass(&mut browser, &bare).await.code();
    assert_eq!(without_verifier(&flow, &code).send(&flow.world).await.status, 200);
}

/// Documented: the refresh token lives ten minutes and must be renewed before.
#[tokio::test]
async fn a_refresh_token_lives_ten_minutes_from_its_last_use() {
    let flow = Flow::of(RealmPlan::bs2(), own_client(SCOPE)).await;
    let code = flow.pass(&mut Browser::new(), &documented(&flow)).await.code();
    let mut token = without_verifier(&flow, &code).send(&flow.world).await.text("refresh_token");
    for _ in 0..5 {
        flow.world.clock.advance_seconds(599);
        let next = flow.refresh(&token).await;
        if next.status != 200 {
            break;
        }
        token = next.text("refresh_token");
    }
    flow.world.clock.advance_seconds(600);
    let refused = flow.refresh(&token).await;
    assert_eq!(refused.status, 400, "{}", refused.body);
}

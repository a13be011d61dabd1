//! `prompt`, `max_age`, `id_token_hint`, `acr_values` and `claims`: when users are asked (OpenID Connect Core §3.1.2.1).

use super::told;
use crate::support::{Browser, Callback, Flow, SCOPE, Seen, claims, own_client};

/// B-23: no page, whatever is missing; and no login makes one appear.
#[tokio::test]
async fn prompt_none_never_shows_a_page() {
    let flow = Flow::standard().await;
    let silent = flow.request().with("prompt", "none");
    let mut browser = Browser::new();
    let error = |answer: crate::support::Answer| Callback::of(&answer).error().to_owned();
    assert_eq!(error(flow.open(&mut browser, &silent).await), "login_required");
    assert_eq!(browser.cookies.len(), 0, "a silent check leaves no cookie");
    let login = flow.open(&mut browser, &flow.request()).await;
    let consent = flow.log_in(&mut browser, &login, "alice").await;
    assert_eq!(error(flow.open(&mut browser, &silent).await), "consent_required");
    browser.press(&flow.world, &consent, "allow", &[]).await;
    let callback = Callback::of(&flow.open(&mut browser, &silent).await);
    flow.redeem(&callback.code()).await.token();
    flow.world.clock.advance_seconds(61);
    let old = silent.clone().with("max_age", "60");
    assert_eq!(error(flow.open(&mut browser, &old).await), "login_required");
    let form = flow.open(&mut browser, &old.with("response_mode", "form_post")).await;
    assert_eq!((form.seen(), form.form("").value("error")), (Seen::FormPost, "login_required"));
    flow.world.clock.advance_seconds(12 * 3600);
    assert_eq!(error(flow.open(&mut browser, &silent).await), "login_required", "the session has ended");
}

#[tokio::test]
async fn prompt_login_asks_again_and_the_id_token_says_when() {
    let flow = Flow::with(own_client(SCOPE)).await;
    let mut browser = Browser::new();
    flow.pass(&mut browser, &flow.request()).await.code();
    let before = flow.world.clock.now().seconds();
    flow.world.clock.advance_seconds(600);
    let callback = flow.pass(&mut browser, &flow.request()).await;
    let token = flow.redeem(&callback.code()).await.text("id_token");
    assert_eq!(claims(&token)["auth_time"], before, "the session's login");
    let again = flow.request().with("prompt", "login");
    assert_eq!(flow.open(&mut browser, &again).await.seen(), Seen::Login);
    let callback = flow.pass(&mut browser, &again).await;
    let token = flow.redeem(&callback.code()).await.text("id_token");
    assert_eq!(claims(&token)["auth_time"], before + 600);
    assert_eq!(claims(&token)["nonce"], "n-0S6_WzA2Mj");
}

#[tokio::test]
async fn prompt_consent_asks_what_was_allowed_before() {
    let flow = Flow::standard().await;
    let mut browser = Browser::new();
    flow.pass(&mut browser, &flow.request()).await.code();
    let again = flow.request().with("prompt", "consent");
    let page = flow.open(&mut browser, &again).await;
    assert_eq!(page.seen(), Seen::Consent);
    let callback = Callback::of(&browser.press(&flow.world, &page, "allow", &[]).await);
    assert!(!callback.code().is_empty());
    let both = flow.request().with("prompt", "login consent");
    let login = flow.open(&mut browser, &both).await;
    assert_eq!(login.seen(), Seen::Login);
    let page = flow.log_in(&mut browser, &login, "alice").await;
    assert_eq!(page.seen(), Seen::Consent);
    let callback = Callback::of(&browser.press(&flow.world, &page, "allow", &[]).await);
    assert!(!callback.code().is_empty());
}

#[tokio::test]
async fn prompt_select_account_goes_on_as_one_or_as_another() {
    let flow = Flow::with(own_client(SCOPE)).await;
    flow.add_user("bruno", None).await;
    let mut browser = Browser::new();
    flow.pass(&mut browser, &flow.request()).await.code();
    flow.world.clock.advance_seconds(60);
    let request = flow.request().with("prompt", "select_account");
    let page = flow.open(&mut browser, &request).await;
    assert_eq!(page.seen(), Seen::Selection);
    assert!(page.body.contains("alice"));
    let same = Callback::of(&browser.press(&flow.world, &page, "continue", &[]).await);
    let tokens = flow.redeem(&same.code()).await;
    assert_eq!(claims(&tokens.text("id_token"))["sub"], *flow.user("alice").await.subject);
    let cancelled = browser.press(&flow.world, &page, "cancel", &[]).await;
    told(&flow, &Callback::of(&cancelled), "access_denied", "cancelled");
    let page = flow.open(&mut browser, &request).await;
    let login = browser.press(&flow.world, &page, "other", &[]).await;
    let done = Callback::of(&flow.log_in(&mut browser, &login, "bruno").await);
    let tokens = flow.redeem(&done.code()).await;
    assert_eq!(claims(&tokens.text("id_token"))["sub"], *flow.user("bruno").await.subject);
}

/// The choice holds until the consent that follows it.
#[tokio::test]
async fn who_chose_an_account_and_then_consents_is_not_asked_to_choose_again() {
    let flow = Flow::standard().await;
    let mut browser = Browser::new();
    let login = flow.open(&mut browser, &flow.request()).await;
    flow.log_in(&mut browser, &login, "alice").await;
    flow.world.clock.advance_seconds(60);
    for prompt in ["select_account", "select_account consent"] {
        let page = flow.open(&mut browser, &flow.request().with("prompt", prompt)).await;
        assert_eq!(page.seen(), Seen::Selection);
        flow.world.clock.advance_seconds(5);
        let consent = browser.press(&flow.world, &page, "continue", &[]).await;
        assert_eq!(consent.seen(), Seen::Consent);
        let done = browser.press(&flow.world, &consent, "allow", &[]).await;
        assert!(!Callback::of(&done).code().is_empty());
    }
}

#[tokio::test]
async fn max_age_asks_again_when_the_login_is_older() {
    let flow = Flow::with(own_client(SCOPE)).await;
    let mut browser = Browser::new();
    flow.pass(&mut browser, &flow.request()).await.code();
    flow.world.clock.advance_seconds(60);
    for (max_age, seen) in [("60", Seen::Redirect), ("59", Seen::Login), ("0", Seen::Login)] {
        let request = flow.request().with("max_age", max_age);
        assert_eq!(flow.open(&mut browser, &request).await.seen(), seen, "{max_age}");
    }
    for max_age in ["0", "1"] {
        flow.world.clock.advance_seconds(60);
        let callback = flow.pass(&mut browser, &flow.request().with("max_age", max_age)).await;
        let token = flow.redeem(&callback.code()).await.text("id_token");
        assert_eq!(claims(&token)["auth_time"], flow.world.clock.now().seconds(), "{max_age}");
    }
    flow.change_client(&flow.client, |client| client.default_max_age = Some(30)).await;
    flow.world.clock.advance_seconds(31);
    assert_eq!(flow.open(&mut browser, &flow.request()).await.seen(), Seen::Login, "default_max_age");
}

/// The user whom the client means, or a login.
#[tokio::test]
async fn an_id_token_hint_of_somebody_else_asks_for_that_user() {
    let flow = Flow::with(own_client(SCOPE)).await;
    flow.add_user("bruno", None).await;
    let other = flow.register(own_client(SCOPE)).await;
    let (mut alice, mut bruno) = (Browser::new(), Browser::new());
    let callback = flow.pass(&mut alice, &flow.request()).await;
    let hint = flow.redeem(&callback.code()).await.text("id_token");
    flow.pass_as(&mut bruno, &flow.request(), "bruno").await.code();
    let request = flow.request().with("id_token_hint", &hint);
    assert_eq!(flow.open(&mut alice, &request).await.seen(), Seen::Redirect);
    assert_eq!(flow.open(&mut bruno, &request).await.seen(), Seen::Login);
    let silent = request.clone().with("prompt", "none");
    told(&flow, &Callback::of(&flow.open(&mut bruno, &silent).await), "login_required", "another user");
    assert!(!Callback::of(&flow.open(&mut alice, &silent).await).code().is_empty());
    let login = flow.open(&mut bruno, &request).await;
    let still = flow.log_in(&mut bruno, &login, "bruno").await;
    assert_eq!(still.seen(), Seen::Login, "logging in as the same is no answer");
    for wrong in ["x", "eyJhbGciOiJub25lIn0.e30.", &hint[..hint.len() - 4]] {
        let request = request.clone().with("id_token_hint", wrong).with("prompt", "none");
        told(&flow, &Callback::of(&flow.open(&mut alice, &request).await), "login_required", wrong);
    }
    let foreign = flow.request_of(&other).with("id_token_hint", &hint).with("prompt", "none");
    let answer = flow.open(&mut alice, &foreign).await;
    told(&flow, &Callback::of(&answer), "login_required", "another client's token");
    let by_claim = |sub: &str| {
        let claims = format!("{{\"id_token\":{{\"sub\":{{\"value\":\"{sub}\"}}}}}}");
        flow.request().with("claims", &claims).with("prompt", "none")
    };
    let own = flow.open(&mut alice, &by_claim(&flow.user("alice").await.subject)).await;
    assert!(!Callback::of(&own).code().is_empty());
    let others = flow.open(&mut alice, &by_claim(&flow.user("bruno").await.subject)).await;
    told(&flow, &Callback::of(&others), "login_required", "claims.sub");
}

/// OpenID Connect Unmet Authentication Requirements: what the user cannot reach is told, what is a wish is not.
#[tokio::test]
async fn an_essential_class_that_nobody_can_reach_is_unmet_and_a_wish_is_left() {
    let flow = Flow::with(own_client(SCOPE)).await;
    let mut browser = Browser::new();
    flow.pass(&mut browser, &flow.request()).await.code();
    let essential =
        |class: &str| format!("{{\"id_token\":{{\"acr\":{{\"essential\":true,\"value\":\"{class}\"}}}}}}");
    for class in ["urn:chancela:acr:2fa", "phr", "urn:example:gold"] {
        for prompt in ["", "none"] {
            let request = flow.request().with("claims", &essential(class)).with("prompt", prompt);
            let callback = Callback::of(&flow.open(&mut browser, &request).await);
            told(&flow, &callback, "unmet_authentication_requirements", class);
        }
        let wish = flow.request().with("acr_values", class);
        let callback = flow.pass(&mut browser, &wish).await;
        let token = flow.redeem(&callback.code()).await.text("id_token");
        assert_eq!(claims(&token)["acr"], "urn:chancela:acr:1fa");
        assert_eq!(claims(&token)["amr"], serde_json::json!(["pwd"]));
    }
    let one = flow.request().with("claims", &essential("urn:chancela:acr:1fa")).with("prompt", "none");
    assert!(!Callback::of(&flow.open(&mut browser, &one).await).code().is_empty());
}

//! What ends while a page lies open: every form is decided on by what is true when it arrives.

use super::told;
use crate::support::{
    Answer, Browser, Callback, Flow, PASSWORD, RealmPlan, SCOPE, Seen, claims, own_client, web_client,
};
use chancela_core::scope::Scope;
use chancela_server::control::{Command, NewClient};
use serde_json::json;

fn set_user(enabled: bool) -> Command {
    Command::UserSetEnabled { username: "alice".into(), tenant: None, enabled }
}

/// A consent page of alice's.
async fn consent_page(flow: &Flow, browser: &mut Browser) -> Answer {
    let login = flow.open(browser, &flow.request()).await;
    let page = flow.log_in(browser, &login, "alice").await;
    assert_eq!(page.seen(), Seen::Consent);
    page
}

/// CD-06, before there is a code.
#[tokio::test]
async fn a_consent_page_of_a_user_who_is_gone_grants_nothing() {
    let flow = Flow::standard().await;
    let password =
        Command::UserSetPassword { username: "alice".into(), tenant: None, password: PASSWORD.into() };
    for command in [set_user(false), password] {
        let mut browser = Browser::new();
        let page = consent_page(&flow, &mut browser).await;
        let title = format!("{command:?}");
        flow.world.control(flow.realm, command).await;
        let answer = browser.press(&flow.world, &page, "allow", &[]).await;
        assert!(matches!(answer.seen(), Seen::Expired | Seen::Login), "{title}: {:?}", answer.seen());
        assert_eq!((flow.codes_made(), flow.consents("alice").await), (0, 0), "{title}");
        flow.world.control(flow.realm, set_user(true)).await;
        flow.world.clock.advance_seconds(2);
    }
}

/// B-07: a client that was disabled meanwhile is told nothing, and its user sees a page.
#[tokio::test]
async fn forms_of_a_client_that_was_disabled_end_here() {
    let flow = Flow::standard().await;
    let (mut browser, mut other) = (Browser::new(), Browser::new());
    let consent = consent_page(&flow, &mut browser).await;
    let login = flow.open(&mut other, &flow.request()).await;
    flow.world.enable(flow.realm, &flow.client, false).await;
    for choice in ["allow", "refuse"] {
        let answer = browser.press(&flow.world, &consent, choice, &[]).await;
        assert_eq!((answer.status.as_u16(), answer.seen()), (400, Seen::Failure), "{choice}");
    }
    assert_eq!(flow.log_in(&mut other, &login, "alice").await.seen(), Seen::Failure);
    let cancelled = other.press(&flow.world, &login, "cancel", &[]).await;
    assert_eq!(cancelled.seen(), Seen::Failure);
    assert_eq!(flow.codes_made(), 0);
}

/// What the client may no longer have or where it may no longer be answered is checked again with each form.
#[tokio::test]
async fn a_form_is_checked_again_against_the_clients_registration() {
    let flow = Flow::standard().await;
    let mut browser = Browser::new();
    let page = consent_page(&flow, &mut browser).await;
    flow.change_client(&flow.client, |client| client.scope = Scope::parse("openid").unwrap()).await;
    let answer = browser.press(&flow.world, &page, "allow", &[]).await;
    told(&flow, &Callback::of(&answer), "invalid_scope", "scope was taken away");
    flow.change_client(&flow.client, |client| {
        client.scope = Scope::parse(SCOPE).unwrap();
        client.redirect_uris = vec!["https://moved.example/cb".into()];
    })
    .await;
    let answer = browser.press(&flow.world, &page, "allow", &[]).await;
    assert_eq!(answer.seen(), Seen::Failure, "the redirect URI was taken away");
    assert_eq!((flow.codes_made(), flow.consents("alice").await), (0, 0));
}

/// A logout in another tab ends the page of this one.
#[tokio::test]
async fn a_consent_page_ends_with_its_session() {
    let flow = Flow::standard().await;
    let mut browser = Browser::new();
    let page = consent_page(&flow, &mut browser).await;
    let mut tab = browser.clone();
    let account = tab.open(&flow.world, &flow.account()).await;
    tab.press(&flow.world, &account, "sign_out", &[]).await;
    let answer = browser.press(&flow.world, &page, "allow", &[]).await;
    assert_eq!((answer.status.as_u16(), answer.seen()), (403, Seen::Expired));
    assert_eq!(flow.codes_made(), 0);
}

/// B-09: no parameter but a registered URI leads anywhere.
#[tokio::test]
async fn no_other_parameter_leads_away() {
    let flow = Flow::with(own_client(SCOPE)).await;
    let evil = "https://evil.test/";
    for name in ["return_to", "next", "RelayState", "continue", "target", "login_hint", "redirect", "url"] {
        let mut browser = Browser::new();
        let login = flow.open(&mut browser, &flow.request().with(name, evil)).await;
        let typed = [("username", "alice"), ("password", PASSWORD), ("next", evil), ("return_to", evil)];
        let done = browser.press(&flow.world, &login, "login", &typed).await;
        let location = done.header("location").unwrap_or_else(|| panic!("{name}: {}", done.body));
        assert!(location.starts_with("https://app.example/cb?code="), "{name}: {location}");
        assert!(!location.contains("evil"), "{name}: {location}");
        let account = format!("{}?{name}=https%3A%2F%2Fevil.test%2F", flow.account());
        let page = browser.open(&flow.world, &account).await;
        assert!(!page.body.contains("evil.test"), "{name}");
    }
}

/// OpenID Connect Core §5.5: claims that are asked for singly, in the ID token and at UserInfo.
#[tokio::test]
async fn claims_asked_for_singly_come_where_they_were_asked_for() {
    let client = NewClient { grant_types: None, ..own_client(SCOPE) };
    let grants = vec![chancela_core::grant::GrantType::AuthorizationCode];
    let flow = Flow::with(NewClient { grant_types: Some(grants), ..client }).await;
    let mut browser = Browser::new();
    let wanted = r#"{"userinfo":{"email":null},"id_token":{"name":{"essential":true}}}"#;
    let request = flow.request().with("scope", "openid");
    let code = flow.pass(&mut browser, &request.clone().with("claims", wanted)).await.code();
    let tokens = flow.redeem(&code).await;
    let userinfo = flow.userinfo(&tokens.token()).await.json();
    assert_eq!((&userinfo["email"], &userinfo["name"]), (&json!("alice@example.com"), &json!(null)));
    let id_token = claims(&tokens.text("id_token"));
    assert_eq!((&id_token["name"], &id_token["email"]), (&json!("alice"), &json!(null)));
    let code = flow.pass(&mut browser, &request).await.code();
    let plain = flow.redeem(&code).await;
    let userinfo = flow.userinfo(&plain.token()).await.json();
    assert_eq!((&userinfo["email"], &userinfo["name"]), (&json!(null), &json!(null)));
}

/// RFC 8707: a token for the resource server that was named, also after a refresh.
#[tokio::test]
async fn a_token_is_for_the_resource_that_was_named() {
    let mut plan = RealmPlan::standard();
    plan.config.resources = vec!["https://api.example".into()];
    let flow = Flow::of(plan, own_client(SCOPE)).await;
    let request = flow.request().with("scope", "read").with("resource", "https://api.example");
    let tokens = flow.tokens(&request).await;
    let renewed = flow.refresh(&tokens.text("refresh_token")).await;
    for answer in [&tokens, &renewed] {
        assert_eq!(claims(&answer.token())["aud"], "https://api.example");
        assert_eq!(flow.introspect(&answer.token()).await["aud"], "https://api.example");
    }
    let plain = flow.tokens(&flow.request().with("scope", "openid")).await;
    assert_ne!(claims(&plain.token())["aud"], "https://api.example");
    let openid = flow.tokens(&request.with("scope", "openid")).await;
    assert_eq!(flow.userinfo(&openid.token()).await.status, 401, "it is not for this server's own resources");
}

/// E-03 where tokens are rows.
#[tokio::test]
async fn a_replayed_code_ends_tokens_that_are_rows() {
    let flow = Flow::of(RealmPlan::opaque(), own_client(SCOPE)).await;
    let code = flow.code(&flow.request()).await;
    let first = flow.redeem(&code).await;
    let renewed = flow.refresh(&first.text("refresh_token")).await;
    assert!(flow.is_active(&first.token()).await && flow.is_active(&renewed.token()).await);
    assert_eq!(flow.redeem(&code).await.status, 400);
    assert!(!flow.is_active(&first.token()).await && !flow.is_active(&renewed.token()).await);
    assert_eq!(flow.refresh(&renewed.text("refresh_token")).await.status, 400);
}

/// A browser is a program's too: somebody else's account, in the same browser, gets its own tokens.
#[tokio::test]
async fn tokens_are_of_the_user_who_is_logged_in_now() {
    let flow = Flow::with(web_client(SCOPE)).await;
    flow.add_user("bruno", None).await;
    let mut browser = Browser::new();
    let callback = flow.pass_as(&mut browser, &flow.request(), "alice").await;
    let alice = claims(&flow.redeem(&callback.code()).await.text("id_token"));
    flow.world.clock.advance_seconds(1);
    let again = flow.request().with("prompt", "login");
    let callback = flow.pass_as(&mut browser, &again, "bruno").await;
    let bruno = claims(&flow.redeem(&callback.code()).await.text("id_token"));
    assert_eq!(alice["sub"], *flow.user("alice").await.subject);
    assert_eq!(bruno["sub"], *flow.user("bruno").await.subject);
    assert_ne!(alice["sid"], bruno["sid"]);
}

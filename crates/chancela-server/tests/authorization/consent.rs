//! What users are asked, what is remembered of it, and what that is worth.

use super::told;
use crate::support::{Browser, CALLBACK, Callback, Flow, SCOPE, Seen, own_client, unescape, web_client};

/// B-21: the page says who asks for what, in words, and where the answer goes.
#[tokio::test]
async fn the_consent_page_names_the_client_its_host_and_the_meaning_of_each_scope() {
    let flow = Flow::standard().await;
    let mut browser = Browser::new();
    let request = flow.request().with("scope", "openid email read");
    let login = flow.open(&mut browser, &request).await;
    assert!(login.body.contains("Padaria"));
    let page = flow.log_in(&mut browser, &login, "alice").await;
    let text = unescape(&page.body);
    for words in
        ["Padaria", "app.example", "Identify you", "See your e-mail address", "Read your data", "alice"]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("Change your data"), "{text}");
    let page = flow.open(&mut browser, &request.with("ui_locales", "pt-BR")).await;
    let text = unescape(&page.body);
    for words in ["Identificar você", "Ver o seu endereço de e-mail", "Consultar os seus dados"] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

/// What was allowed once is not asked again; more is, alone.
#[tokio::test]
async fn a_consent_is_remembered_and_grows() {
    let flow = Flow::standard().await;
    let mut browser = Browser::new();
    let request = flow.request().with("scope", "openid read");
    flow.pass(&mut browser, &request).await.code();
    assert_eq!(flow.open(&mut browser, &request).await.seen(), Seen::Redirect);
    assert_eq!(flow.open(&mut browser, &request.clone().with("scope", "read")).await.seen(), Seen::Redirect);
    let silent = request.clone().with("prompt", "none");
    assert!(!Callback::of(&flow.open(&mut browser, &silent).await).code().is_empty());
    let more = request.clone().with("scope", "openid read write");
    let answer = flow.open(&mut browser, &more.clone().with("prompt", "none")).await;
    told(&flow, &Callback::of(&answer), "consent_required", "more");
    let page = flow.open(&mut browser, &more).await;
    assert_eq!(page.seen(), Seen::Consent);
    let (asked, known) = page.body.split_once("<details>").unwrap();
    assert!(asked.contains("Change your data") && !asked.contains("Read your data"), "{asked}");
    assert!(known.contains("Read your data"), "{known}");
    browser.press(&flow.world, &page, "allow", &[]).await;
    for scope in ["openid read write", "openid", "write"] {
        let answer = flow.open(&mut browser, &request.clone().with("scope", scope)).await;
        assert_eq!(answer.seen(), Seen::Redirect, "{scope}");
    }
    assert_eq!(flow.consents("alice").await, 1);
}

/// A consent is one user's for one client.
#[tokio::test]
async fn another_user_and_another_client_are_asked_for_themselves() {
    let flow = Flow::standard().await;
    flow.add_user("bruno", None).await;
    let other = flow.register(web_client(SCOPE)).await;
    let mut browser = Browser::new();
    flow.pass(&mut browser, &flow.request()).await.code();
    assert_eq!(flow.open(&mut browser, &flow.request_of(&other)).await.seen(), Seen::Consent);
    let mut bruno = Browser::new();
    let login = flow.open(&mut bruno, &flow.request()).await;
    assert_eq!(flow.log_in(&mut bruno, &login, "bruno").await.seen(), Seen::Consent);
}

/// A no is told, nothing is remembered, and the next request asks again.
#[tokio::test]
async fn a_refusal_leaves_nothing_behind() {
    let flow = Flow::standard().await;
    let mut browser = Browser::new();
    let login = flow.open(&mut browser, &flow.request()).await;
    let page = flow.log_in(&mut browser, &login, "alice").await;
    let callback = Callback::of(&browser.press(&flow.world, &page, "refuse", &[]).await);
    told(&flow, &callback, "access_denied", "refused");
    assert_eq!((callback.uri.as_str(), callback.get("state")), (CALLBACK, Some("xyz")));
    assert_eq!(flow.consents("alice").await, 0);
    assert_eq!(flow.open(&mut browser, &flow.request()).await.seen(), Seen::Consent);
    // Neither button: no yes.
    let neither = page.form("allow").without("choice");
    told(&flow, &Callback::of(&browser.send(&flow.world, neither.ask()).await), "access_denied", "neither");
}

/// The operator's own application asks nobody, unless it wants to.
#[tokio::test]
async fn a_client_of_the_operators_own_asks_only_when_it_says_so() {
    let flow = Flow::with(own_client(SCOPE)).await;
    let mut browser = Browser::new();
    flow.pass(&mut browser, &flow.request()).await.code();
    assert_eq!(flow.consents("alice").await, 0);
    let page = flow.open(&mut browser, &flow.request().with("prompt", "consent")).await;
    assert_eq!(page.seen(), Seen::Consent);
    let callback = Callback::of(&browser.press(&flow.world, &page, "allow", &[]).await);
    assert!(!callback.code().is_empty());
}

/// F-06: what the user allowed, the token says; what was not asked for is not granted.
#[tokio::test]
async fn tokens_have_the_scope_that_was_consented_to() {
    let flow = Flow::standard().await;
    let tokens = flow.tokens(&flow.request().with("scope", "openid read")).await;
    assert_eq!(tokens.text("scope"), "openid read");
    assert_eq!(flow.introspect(&tokens.token()).await["scope"], "openid read");
}

/// The way back from the wrong account leads to a login, and on to the same client.
#[tokio::test]
async fn the_consent_page_lets_another_account_in() {
    let flow = Flow::standard().await;
    flow.add_user("bruno", None).await;
    let mut browser = Browser::new();
    let login = flow.open(&mut browser, &flow.request()).await;
    let page = flow.log_in(&mut browser, &login, "alice").await;
    let text = unescape(&page.body);
    let link = text.split("<a href=\"").find(|link| link.contains("select_account")).unwrap();
    let selection = browser.open(&flow.world, link.split('"').next().unwrap()).await;
    assert_eq!(selection.seen(), Seen::Selection);
    let login = browser.press(&flow.world, &selection, "other", &[]).await;
    assert_eq!(login.seen(), Seen::Login);
    let page = flow.log_in(&mut browser, &login, "bruno").await;
    let callback = Callback::of(&browser.press(&flow.world, &page, "allow", &[]).await);
    let tokens = flow.redeem(&callback.code()).await;
    let bruno = flow.user("bruno").await.subject;
    assert_eq!(flow.introspect(&tokens.token()).await["sub"], *bruno);
}

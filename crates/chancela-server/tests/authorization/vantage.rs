//! The Vantage page word for word: its request, its redirect prefix, its lifetimes, its thirty days.

use super::{refused_here, told};
use crate::support::{
    Answer, Browser, CALLBACK, Callback, Flow, PASSWORD, RealmPlan, Request, Seen, own_client, unescape,
    web_client,
};
use chancela_server::control::NewClient;

const SCOPE: &str = "openid permissions global.wildcard offline_access";
const ASKED: &str = "openid permissions global.wildcard";
const PRODUCT: &str = "a8548c9b-cb90-4c66-8567-d7372bb9b963";
const DAY: i64 = 24 * 3600;

fn client() -> NewClient {
    NewClient { tenant: Some("acme".into()), ..web_client(SCOPE) }
}

fn request(flow: &Flow) -> Request {
    flow.request().with("scope", ASKED).with("productId", PRODUCT)
}

async fn redeem(flow: &Flow, code: &str, scope: Option<&str>) -> Answer {
    let mut ask = flow.redemption(code);
    if let Some(scope) = scope {
        ask = ask.and(&format!("&{}", crate::support::form(&[("scope", scope)])));
    }
    ask.send(&flow.world).await
}

/// The documented flow: login, the consent page's three sentences, code, token, renewals, and the end after thirty days.
#[tokio::test]
async fn the_documented_flow_works_until_the_thirty_days_end() {
    let flow = Flow::of(RealmPlan::vantage(), client()).await;
    let mut browser = Browser::new();
    let login = flow.open(&mut browser, &request(&flow)).await;
    assert!(!login.body.contains("name=\"tenant\""), "the client's own tenant");
    let consent = flow.log_in(&mut browser, &login, "alice").await;
    let text = unescape(&consent.body);
    for sentence in [
        "Manage data catalogs in the Vantage tenant on behalf of the user",
        "Access skills in the Vantage tenant on behalf of the user",
        "Create and access Vantage transactions on behalf of the user",
    ] {
        assert!(text.contains(sentence), "{sentence}");
    }
    let callback = Callback::of(&browser.press(&flow.world, &consent, "allow", &[]).await);
    assert_eq!(callback.get("scope"), Some(ASKED));
    assert_eq!(callback.get("session_state").unwrap().len(), 64);
    assert_eq!(callback.get("iss"), Some("https://id.example/vantage"));
    let first = redeem(&flow, &callback.code(), Some(&format!("{ASKED} offline_access"))).await;
    assert_eq!(first.status, 200, "{}", first.body);
    assert!(flow.is_active(&first.token()).await);
    let mut token = first.text("refresh_token");
    for _ in 0..29 {
        flow.world.clock.advance_seconds(DAY);
        let next = flow.refresh(&token).await;
        assert_eq!(next.status, 200, "{}", next.body);
        token = next.text("refresh_token");
    }
    flow.world.clock.advance_seconds(DAY - 1);
    token = flow.refresh(&token).await.text("refresh_token");
    flow.world.clock.advance_seconds(1);
    assert_eq!(flow.refresh(&token).await.refusal(), (400, "invalid_grant".into()));
}

/// `offline_access` is asked for at either place, or there is nothing to renew with; and only where the client may.
#[tokio::test]
async fn offline_access_is_asked_for_at_either_place_or_not_given() {
    let flow = Flow::of(RealmPlan::vantage(), NewClient { require_consent: Some(false), ..client() }).await;
    let mut browser = Browser::new();
    let offline = format!("{ASKED} offline_access");
    for (at_authorize, at_token, given) in [
        (ASKED, None, false),
        (ASKED, Some(ASKED), false),
        (ASKED, Some(&*offline), true),
        (ASKED, Some("offline_access"), true),
        (&*offline, None, true),
        (&*offline, Some(&*offline), true),
    ] {
        let callback = flow.pass(&mut browser, &request(&flow).with("scope", at_authorize)).await;
        let answer = redeem(&flow, &callback.code(), at_token).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let has = answer.json().get("refresh_token").is_some();
        assert_eq!(has, given, "{at_authorize} + {at_token:?}");
    }
    flow.change_client(&flow.client, |client| {
        client.scope = chancela_core::scope::Scope::parse(ASKED).unwrap();
    })
    .await;
    for (at_authorize, at_token) in [(ASKED, Some(&*offline)), (&*offline, None)] {
        let callback = flow.pass(&mut browser, &request(&flow).with("scope", at_authorize)).await;
        let answer = redeem(&flow, &callback.code(), at_token).await;
        assert!(answer.json().get("refresh_token").is_none(), "the client may not");
    }
}

/// RT-14: what the client may no longer renew, it does not renew.
#[tokio::test]
async fn without_offline_access_an_old_refresh_token_is_refused() {
    let flow = Flow::of(RealmPlan::vantage(), NewClient { require_consent: Some(false), ..client() }).await;
    let offline = format!("{ASKED} offline_access");
    let code = flow.code(&request(&flow).with("scope", &offline)).await;
    let token = flow.redeem(&code).await.text("refresh_token");
    flow.change_client(&flow.client, |client| {
        client.scope = chancela_core::scope::Scope::parse(ASKED).unwrap();
    })
    .await;
    assert_eq!(flow.refresh(&token).await.refusal(), (400, "invalid_grant".into()));
}

/// The page: productId and scope must be exactly these.
#[tokio::test]
async fn product_and_scope_must_be_the_documented_ones() {
    let flow = Flow::of(RealmPlan::vantage(), client()).await;
    let mut browser = Browser::new();
    let good = request(&flow);
    for (title, request, error) in [
        ("no productId", good.clone().without("productId"), "invalid_request"),
        ("another productId", good.clone().with("productId", "x"), "invalid_request"),
        ("in capitals", good.clone().with("productId", &PRODUCT.to_uppercase()), "invalid_request"),
        ("product_id", good.clone().without("productId").with("productid", PRODUCT), "invalid_request"),
        ("less scope", good.clone().with("scope", "openid permissions"), "invalid_scope"),
        ("more scope", good.clone().with("scope", &format!("{ASKED} publicapi.all")), "invalid_scope"),
        ("no scope", good.clone().without("scope"), "invalid_scope"),
        (
            "no PKCE",
            good.clone().without("code_challenge").without("code_challenge_method"),
            "invalid_request",
        ),
    ] {
        let answer = flow.open(&mut browser, &request).await;
        told(&flow, &Callback::of(&answer), error, title);
        assert!(answer.header("location").unwrap().ends_with("#_=_"), "{title}");
    }
    let any_order = good.with("scope", "global.wildcard openid permissions");
    assert_eq!(flow.open(&mut browser, &any_order).await.seen(), Seen::Login);
}

/// Documented: a registered URL may be a prefix. It leaves neither host nor folder.
#[tokio::test]
async fn a_registered_prefix_leads_deeper_and_nowhere_else() {
    let flow = Flow::of(RealmPlan::vantage(), NewClient { require_consent: Some(false), ..client() }).await;
    let mut browser = Browser::new();
    for deeper in [CALLBACK, "https://app.example/cb/deeper"] {
        let callback = flow.pass(&mut browser, &request(&flow).with("redirect_uri", deeper)).await;
        let code = callback.code();
        let ask = flow.redemption(&code);
        if deeper != CALLBACK {
            assert!(callback.uri.starts_with(CALLBACK));
            assert_eq!(ask.send(&flow.world).await.status, 400, "the token request repeats it exactly");
        } else {
            assert_eq!(ask.send(&flow.world).await.status, 200);
        }
    }
    for uri in [
        "https://app.example/c",
        "https://app.example/cb?error=1&code=injected",
        "https://app.example/",
        "https://app.example.evil.test/cb",
        "https://app.example@evil.test/cb",
        "https://app.example/cb/../evil",
        "https://app.example/cb/%2e%2e/evil",
        "https://app.example/cb/..;/evil",
        "https://app.example/cb%2f..%2fevil",
        "https://app.example/cb#evil",
        "https://evil.test/?https://app.example/cb",
    ] {
        refused_here(&flow, &mut browser, &request(&flow).with("redirect_uri", uri), uri).await;
    }
}

/// CD-05 in this dialect: 300 seconds.
#[tokio::test]
async fn a_code_lives_five_minutes_here() {
    let flow = Flow::of(RealmPlan::vantage(), NewClient { require_consent: Some(false), ..client() }).await;
    let mut browser = Browser::new();
    for (own, lives) in [(None, 300), (Some(60), 60), (Some(900), 300)] {
        flow.change_client(&flow.client, |client| client.authorization_code_lifetime = own).await;
        let early = flow.pass(&mut browser, &request(&flow)).await.code();
        let late = flow.pass(&mut browser, &request(&flow)).await.code();
        flow.world.clock.advance_seconds(lives - 1);
        assert_eq!(flow.redeem(&early).await.status, 200, "{own:?}");
        flow.world.clock.advance_seconds(1);
        assert_eq!(flow.redeem(&late).await.refusal(), (400, "invalid_grant".into()), "{own:?}");
    }
}

/// A withdrawn consent is remembered longer than a code of it could live, however short the access tokens live.
#[tokio::test]
async fn a_withdrawn_consent_ends_the_code_of_five_minutes_too() {
    let client = NewClient { access_token_lifetime: Some(30), ..client() };
    let mut plan = RealmPlan::vantage();
    plan.config.access_token_lifetime = Some(30);
    let flow = Flow::of(plan, client).await;
    let mut browser = Browser::new();
    let code = flow.pass(&mut browser, &request(&flow)).await.code();
    let account = browser.open(&flow.world, &flow.account()).await;
    browser.press(&flow.world, &account, "revoke_application", &[]).await;
    flow.world.clock.advance_seconds(290);
    flow.world.server.revoked.expire(flow.world.clock.now());
    assert_eq!(flow.redeem(&code).await.refusal(), (400, "invalid_grant".into()));
}

/// The client that a tenant has is entered by its own users alone.
#[tokio::test]
async fn a_user_of_another_tenant_does_not_get_in() {
    let flow =
        Flow::of(RealmPlan::vantage(), NewClient { require_consent: Some(false), ..own_client(SCOPE) }).await;
    flow.add_user("gil", Some("globex")).await;
    let mut browser = Browser::new();
    let login = flow.open(&mut browser, &request(&flow)).await;
    assert!(login.body.contains("name=\"tenant\""));
    let typed = [("tenant", "globex"), ("username", "gil"), ("password", PASSWORD)];
    let done = browser.press(&flow.world, &login, "login", &typed).await;
    assert!(!Callback::of(&done).code().is_empty(), "a client without a tenant serves all");
    let acme = flow.register(NewClient { require_consent: Some(false), ..client() }).await;
    let request = request(&flow).with("client_id", &acme.id);
    let login = flow.open(&mut browser, &request).await;
    assert_eq!(login.seen(), Seen::Login);
    assert_eq!(flow.log_in(&mut browser, &login, "gil").await.seen(), Seen::Login, "nobody of acme");
    let silent = flow.open(&mut browser, &request.with("prompt", "none")).await;
    told(&flow, &Callback::of(&silent), "login_required", "another tenant");
}

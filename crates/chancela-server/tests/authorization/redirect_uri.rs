//! Redirect URIs, as attackers write them (requirements B-01 to B-09, group RU).

use super::refused_here;
use crate::support::{Browser, CALLBACK, Callback, Flow, SCOPE, Seen, own_client, web_client};
use chancela_core::record::ApplicationType;
use chancela_server::control::{Command, ControlError, NewClient};

/// Spellings of the registered URI, and other places: none is the registered one.
const OTHERS: [&str; 45] = [
    "https://app.example/cb/",
    "https://app.example/cb?x=1",
    "https://app.example/cb?",
    "https://app.example/cb#f",
    "https://app.example/cb#",
    "https://app.example/CB",
    "HTTPS://app.example/cb",
    "https://APP.example/cb",
    "https://app.example/%63b",
    "https://app.example/cb%00",
    "https://app.example/cb\0",
    "https://app.example/cb%0d%0aX:1",
    "https://app.example/cb\r\nX:1",
    "https://app.example/cb/..;/evil",
    "https://app.example/cb/../evil",
    "https://app.example/cb/%2e%2e/evil",
    "https://app.example/cb//evil",
    "https://app.example/cb;x",
    "https://app.example@evil.test/cb",
    "https://a@b@evil.test",
    "https://app.example%40evil.test",
    "http://localhost:8090%25@evil.test",
    "https://app.example.evil.test/cb",
    "https://app.exampleevil.test",
    "https://evilapp.example",
    "https:evil.test",
    "https:/evil.test",
    "//evil.test",
    "/\\evil.test",
    "https:\\\\evil.test",
    "/%09/evil.test",
    "/\t/evil.test",
    "https://app.example/cb%0A",
    "https://app.example/cb\n",
    "https://app.example:443/cb",
    "https://app.example./cb",
    "http://app.example/cb",
    "https://app\u{ff0e}example/cb",
    "https://\u{430}pp.example/cb",
    "https://app.example/\u{217d}b",
    "https://app.example/cb\u{301}",
    "javascript:alert(1)",
    "data:text/html,evil",
    " https://app.example/cb",
    "https://app.example/.*",
];

/// B-01, B-05, B-07, RU-01 to RU-04, RU-12 to RU-14: whether or not somebody is logged in.
#[tokio::test]
async fn nothing_but_the_registered_uri_is_ever_answered_to() {
    let flow = Flow::with(own_client(SCOPE)).await;
    let (mut stranger, mut alice) = (Browser::new(), Browser::new());
    flow.pass(&mut alice, &flow.request()).await.code();
    for uri in OTHERS {
        let request = flow.request().with("redirect_uri", uri);
        refused_here(&flow, &mut stranger, &request, uri).await;
        refused_here(&flow, &mut alice, &request, uri).await;
        refused_here(&flow, &mut alice, &request.with("prompt", "none"), uri).await;
    }
    let callback = flow.pass(&mut alice, &flow.request()).await;
    assert_eq!(callback.uri, CALLBACK);
}

/// RU-09, RU-10: other mistakes do not make an unregistered URI a place to tell them to.
#[tokio::test]
async fn another_error_beside_an_unregistered_uri_leads_nowhere() {
    let flow = Flow::standard().await;
    let mut browser = Browser::new();
    let evil = flow.request().with("redirect_uri", "https://evil.test/cb");
    for (name, value) in [
        ("response_type", "token"),
        ("response_type", "x"),
        ("scope", "profile"),
        ("scope", "no-such-scope"),
        ("request", "eyJhbGciOiJub25lIn0.e30."),
        ("request_uri", "https://evil.test/request"),
        ("response_mode", "form_post"),
        ("response_mode", "fragment"),
        ("response_mode", "form_post.jwt"),
        ("response_mode", "query.jwt"),
        ("prompt", "none"),
        ("prompt", "none login"),
        ("max_age", "x"),
        ("claims", "{"),
        ("code_challenge", ""),
    ] {
        let request = evil.clone().with(name, value);
        refused_here(&flow, &mut browser, &request, &format!("{name}={value}")).await;
        refused_here(&flow, &mut browser, &request.with("prompt", "none"), &format!("{name}={value}")).await;
    }
}

/// RU-15, A-21: in either order, and by POST.
#[tokio::test]
async fn a_redirect_uri_sent_twice_is_answered_nowhere() {
    let flow = Flow::standard().await;
    let mut browser = Browser::new();
    let good_first = flow.request().and("redirect_uri", "https://evil.test/cb");
    let evil_first =
        flow.request().with("redirect_uri", "https://evil.test/cb").and("redirect_uri", CALLBACK);
    let twice_good = flow.request().and("redirect_uri", CALLBACK);
    let two_clients = flow.request().and("client_id", "another");
    for (title, request) in
        [("good", good_first), ("evil", evil_first), ("twice", twice_good), ("clients", two_clients)]
    {
        refused_here(&flow, &mut browser, &request, title).await;
        let posted = browser.send(&flow.world, request.posted()).await;
        let answer = browser.follow(&flow.world, posted).await;
        assert_eq!((answer.status.as_u16(), answer.seen()), (400, Seen::Failure), "{title}");
        assert_eq!(answer.support_code(), "duplicate_parameter", "{title}");
    }
}

/// B-07, EN-06: whether a client does not exist, is disabled or is none for browsers, the page is the same.
#[tokio::test]
async fn an_unknown_and_a_disabled_client_get_the_same_page() {
    let flow = Flow::standard().await;
    let mut browser = Browser::new();
    let disabled = flow.register(web_client(SCOPE)).await;
    flow.world.enable("standard", &disabled, false).await;
    let mut bodies = Vec::new();
    for id in ["nobody", &disabled.id, "a\"><script>evil</script>", "\0", "ç"] {
        let request = flow.request().with("client_id", id);
        refused_here(&flow, &mut browser, &request, id).await;
        bodies.push(flow.open(&mut browser, &request).await.body);
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    refused_here(&flow, &mut browser, &flow.request().without("client_id"), "no client").await;
}

/// OpenID Connect Core §3.1.2.1 wants the redirect URI; RFC 6749 §3.1.2.3 lets it be left out where there is one.
#[tokio::test]
async fn a_redirect_uri_may_be_left_out_only_where_it_can_be_but_one() {
    let mut client = own_client(SCOPE);
    let flow = Flow::with(client.clone()).await;
    let mut browser = Browser::new();
    let request = flow.request().without("redirect_uri");
    refused_here(&flow, &mut browser, &request, "OpenID Connect").await;
    let plain = request.with("scope", "read");
    let callback = flow.pass(&mut browser, &plain).await;
    assert_eq!(callback.uri, CALLBACK);
    client.redirect_uris.push("https://app.example/other".into());
    let two = flow.register(client).await;
    let request = flow.request_of(&two).with("scope", "read").without("redirect_uri");
    refused_here(&flow, &mut browser, &request, "two are registered").await;
}

/// B-02, RU-06: any port of the same literal host, nothing else.
#[tokio::test]
async fn only_the_port_of_a_native_clients_loopback_uri_is_free() {
    let client = NewClient {
        application_type: ApplicationType::Native,
        redirect_uris: vec!["http://127.0.0.1/cb".into(), "com.example.app:/cb".into()],
        ..own_client(SCOPE)
    };
    let flow = Flow::with(client).await;
    let mut browser = Browser::new();
    for uri in
        ["http://127.0.0.1/cb", "http://127.0.0.1:1/cb", "http://127.0.0.1:65535/cb", "com.example.app:/cb"]
    {
        let callback = flow.pass(&mut browser, &flow.request().with("redirect_uri", uri)).await;
        assert_eq!(callback.uri, uri);
        let code = callback.code();
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", uri),
            ("code_verifier", crate::support::VERIFIER),
        ];
        assert_eq!(flow.ask(&flow.client, &fields).send(&flow.world).await.status, 200, "{uri}");
    }
    for uri in [
        "http://127.0.0.1:80@evil/cb",
        "http://127.1/cb",
        "http://[::1]/cb",
        "http://0x7f.0.0.1/cb",
        "http://localhost/cb",
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:1/cb/evil",
        "https://127.0.0.1:1/cb",
        "com.example.app:/cb/evil",
    ] {
        refused_here(&flow, &mut browser, &flow.request().with("redirect_uri", uri), uri).await;
    }
    let web = NewClient { redirect_uris: vec!["http://127.0.0.1/cb".into()], ..own_client(SCOPE) };
    let command = Command::ClientCreate(Box::new(web));
    let refused = flow.world.try_control("standard", command).await.unwrap_err();
    assert!(matches!(refused, ControlError::Invalid(_)), "B-04: {refused}");
}

/// B-03 to B-05, RU-03, RU-05, RU-07, RU-08: at creation and at import.
#[tokio::test]
async fn what_leads_astray_is_not_registered() {
    let flow = Flow::standard().await;
    for uri in [
        "http://localhost.evil.test/cb",
        "http://127.0.0.1.evil.test",
        "http://localhost:80@evil.test",
        "http://localhost/cb",
        "http://app.example/cb",
        "https://app.example@evil.test/cb",
        "https://a@b@evil.test",
        "https://app.example%40evil.test",
        "http://localhost:8090%25@evil.test",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "\tjavascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "https://app.example/cb#f",
        "https://*.example/cb",
        "*",
        "/cb",
        "https:evil.test",
    ] {
        for application_type in [ApplicationType::Web, ApplicationType::Native] {
            let client = NewClient { redirect_uris: vec![uri.into()], application_type, ..web_client(SCOPE) };
            let import = serde_json::to_value(&client).unwrap();
            for command in [Command::ClientCreate(Box::new(client)), Command::ClientImport(import)] {
                let refused = flow.world.try_control("standard", command).await;
                assert!(matches!(refused, Err(ControlError::Invalid(_))), "{uri}: {refused:?}");
            }
        }
    }
}

/// RU-08: what looks like a pattern is a literal or nothing.
#[tokio::test]
async fn a_registration_that_looks_like_a_pattern_matches_itself_alone() {
    let client = NewClient { redirect_uris: vec!["https://app.example/*".into()], ..own_client(SCOPE) };
    let flow = Flow::with(client).await;
    let mut browser = Browser::new();
    for uri in ["https://app.example/", "https://app.example/cb", "https://app.example/x/*"] {
        refused_here(&flow, &mut browser, &flow.request().with("redirect_uri", uri), uri).await;
    }
    let own = flow.request().with("redirect_uri", "https://app.example/*");
    assert_eq!(flow.pass(&mut browser, &own).await.uri, "https://app.example/*");
}

/// RU-18, E-04.
#[tokio::test]
async fn another_of_the_clients_uris_at_the_token_endpoint_burns_the_code() {
    let mut client = own_client(SCOPE);
    client.redirect_uris.push("https://app.example/other".into());
    let flow = Flow::with(client).await;
    let code = flow.code(&flow.request()).await;
    let other =
        flow.redemption(&code).swap("app.example%2Fcb", "app.example%2Fother").send(&flow.world).await;
    assert_eq!(other.refusal(), (400, "invalid_grant".into()));
    assert_eq!(flow.redeem(&code).await.refusal(), (400, "invalid_grant".into()));
}

/// RU-11, B-08: a link cannot bounce a person through us to a client that errs.
#[tokio::test]
async fn an_error_of_the_request_is_told_only_to_a_registered_uri() {
    let flow = Flow::standard().await;
    let request = flow.request().with("scope", "no-such-scope");
    let answer = flow.open(&mut Browser::new(), &request).await;
    let callback = Callback::of(&answer);
    assert_eq!((callback.uri.as_str(), callback.error()), (CALLBACK, "invalid_scope"));
}

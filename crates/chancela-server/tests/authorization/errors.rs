//! Every error of RFC 6749 §4.1.2.1 and OpenID Connect Core §3.1.2.6 in the right channel.

use super::told;
use crate::support::{Browser, CALLBACK, Callback, Flow, HOST, SCOPE, Seen, own_client, web_client};
use chancela_core::grant::GrantType;
use chancela_server::control::NewClient;

/// Parameters that spoil a good request, and the error that the client hears.
fn spoiled() -> Vec<(&'static str, String, &'static str)> {
    let long = |n: usize| "x".repeat(n);
    let mut out: Vec<(&'static str, String, &'static str)> = Vec::new();
    let mut add = |error, name, values: &[&str]| {
        out.extend(values.iter().map(|value| (name, (*value).to_owned(), error)));
    };
    // B-13.
    let types = ["token", "id_token", "code token", "code id_token", "none", "CODE", "code "];
    add("unsupported_response_type", "response_type", &types);
    add("invalid_request", "response_type", &[""]);
    let modes = ["fragment", "query.jwt", "form_post.jwt", "fragment.jwt", "jwt", "web_message", "QUERY"];
    add("invalid_request", "response_mode", &modes);
    add("request_not_supported", "request", &["eyJhbGciOiJub25lIn0.e30."]);
    add("request_uri_not_supported", "request_uri", &["urn:ietf:params:oauth:request_uri:x"]);
    add("registration_not_supported", "registration", &["{}"]);
    // PK-03, PK-05.
    let (short, longer, longest) = (long(42), long(44), long(129));
    let hex = "0123456789abcdef".repeat(4);
    let padded = format!("{}=", crate::support::challenge("x"));
    add("invalid_request", "code_challenge", &["", &short, &longer, &longest, &hex, &padded, "ç"]);
    // PK-04.
    add("invalid_request", "code_challenge_method", &["plain", "s256", "S512", "", "S256 ", "none"]);
    add("invalid_request", "prompt", &["none login", "consent none", "create", "NONE", "login,consent"]);
    add("invalid_request", "max_age", &["-1", "x", "1.5", "99999999999999999999", " 1"]);
    add("invalid_request", "claims", &["{", "[]", "\"x\"", "{\"id_token\":[]}"]);
    add(
        "invalid_scope",
        "scope",
        &["no-such-scope", "openid no-such-scope", "openid\tprofile", "openid \"x\""],
    );
    add("invalid_scope", "scope", &["openid pix.write"]);
    add("invalid_target", "resource", &["https://elsewhere.example", "x", "https://api.example#f"]);
    out.push(("nonce", long(513), "invalid_request"));
    out.push(("login_hint", long(257), "invalid_request"));
    out.push(("ui_locales", long(129), "invalid_request"));
    out.push(("scope", long(2049), "invalid_scope"));
    out
}

/// B-11, B-12: in the query, whoever is there; the error comes before any page.
#[tokio::test]
async fn every_mistake_of_a_request_is_told_to_its_client_in_the_query() {
    let flow = Flow::with(own_client(SCOPE)).await;
    let (mut stranger, mut alice) = (Browser::new(), Browser::new());
    flow.pass(&mut alice, &flow.request()).await.code();
    let made = flow.codes_made();
    for (name, value, error) in spoiled() {
        let title = format!("{name}={value:?}");
        let request = flow.request().with(name, &value);
        for browser in [&mut stranger, &mut alice] {
            let answer = flow.open(browser, &request).await;
            assert_eq!(answer.seen(), Seen::Redirect, "{title}: {}", answer.body);
            let callback = Callback::of(&answer);
            assert_eq!(callback.uri, CALLBACK, "{title}");
            told(&flow, &callback, error, &title);
            assert_eq!(callback.get("state"), Some("xyz"), "{title}");
            assert!(!answer.header("location").unwrap().contains('#'), "{title}");
        }
    }
    assert_eq!(flow.codes_made(), made, "no code was made");
}

/// The same mistakes, told by a form.
#[tokio::test]
async fn every_mistake_is_told_by_form_post_where_the_client_asked_for_it() {
    let flow = Flow::standard().await;
    let mut browser = Browser::new();
    for (name, value, error) in spoiled() {
        let title = format!("{name}={value:?}");
        if name == "response_mode" {
            continue;
        }
        let request = flow.request().with("response_mode", "form_post").with(name, &value);
        let answer = flow.open(&mut browser, &request).await;
        assert_eq!((answer.status.as_u16(), answer.seen()), (200, Seen::FormPost), "{title}");
        let form = answer.form("");
        assert_eq!(form.action, CALLBACK, "{title}");
        assert_eq!(form.value("error"), error, "{title}");
        assert_eq!(form.value("iss"), format!("{HOST}/standard"), "{title}");
        assert_eq!(form.value("state"), "xyz", "{title}");
        let csp = answer.header("content-security-policy").unwrap();
        assert!(csp.contains("form-action 'self' https:") && csp.contains("script-src 'sha256-"), "{csp}");
    }
}

/// a parameter twice, whichever it is; the client is told.
#[tokio::test]
async fn a_parameter_sent_twice_is_told_to_the_client() {
    let flow = Flow::standard().await;
    let mut browser = Browser::new();
    let request = flow.request().with("prompt", "login").with("x-unknown", "1");
    for (name, value) in request.parameters.clone() {
        if name == "client_id" || name == "redirect_uri" {
            continue;
        }
        for second in [value.as_str(), "other", ""] {
            let answer = flow.open(&mut browser, &request.clone().and(&name, second)).await;
            told(&flow, &Callback::of(&answer), "invalid_request", &name);
        }
    }
    // RFC 8707 §2: resource alone may be repeated, and then names more than we issue tokens for.
    let two =
        request.without("prompt").and("resource", "https://a.example").and("resource", "https://b.example");
    let answer = flow.open(&mut browser, &two).await;
    told(&flow, &Callback::of(&answer), "invalid_target", "two resources");
}

/// F-14: a client that is not registered for codes is told so.
#[tokio::test]
async fn a_client_without_the_grant_is_unauthorized() {
    let client = NewClient { grant_types: Some(vec![GrantType::ClientCredentials]), ..web_client(SCOPE) };
    let flow = Flow::with(client).await;
    let answer = flow.open(&mut Browser::new(), &flow.request()).await;
    told(&flow, &Callback::of(&answer), "unauthorized_client", "no grant");
}

/// B-13: what the user says is told in the channel that the client asked for.
#[tokio::test]
async fn a_refusal_and_a_cancellation_are_access_denied() {
    let flow = Flow::standard().await;
    for mode in ["query", "form_post"] {
        let request = flow.request().with("response_mode", mode);
        let mut browser = Browser::new();
        let login = flow.open(&mut browser, &request).await;
        let cancelled = browser.press(&flow.world, &login, "cancel", &[]).await;
        let consent = flow.log_in(&mut browser, &login, "alice").await;
        let refused = browser.press(&flow.world, &consent, "refuse", &[]).await;
        for answer in [cancelled, refused] {
            match mode {
                "query" => told(&flow, &Callback::of(&answer), "access_denied", mode),
                _ => assert_eq!(answer.form("").value("error"), "access_denied"),
            }
        }
    }
    assert_eq!((flow.codes_made(), flow.consents("alice").await), (0, 0));
}

/// OAuth 2.0 Form Post Response Mode: the code in a form, and the token endpoint takes it.
#[tokio::test]
async fn a_code_arrives_by_form_post() {
    let flow = Flow::with(own_client(SCOPE)).await;
    let mut browser = Browser::new();
    let request = flow.request().with("response_mode", "form_post").with("state", "\"<&'ç");
    let login = flow.open(&mut browser, &request).await;
    let answer = flow.log_in(&mut browser, &login, "alice").await;
    let form = answer.form("");
    assert_eq!((form.action.as_str(), form.value("state")), (CALLBACK, "\"<&'ç"));
    assert_eq!(form.value("iss"), format!("{HOST}/standard"));
    assert_eq!(flow.redeem(form.value("code")).await.status, 200);
}

/// OpenID Connect Core §3.1.2.1: POST is as good as GET. It comes back as a GET, with which browsers send our cookies.
#[tokio::test]
async fn a_request_by_post_is_the_same_request() {
    let flow = Flow::with(own_client(SCOPE)).await;
    let mut browser = Browser::new();
    flow.pass(&mut browser, &flow.request()).await.code();
    let state = "s".repeat(1500);
    let posted = browser.send(&flow.world, flow.request().with("state", &state).posted()).await;
    assert_eq!(posted.seen(), Seen::Redirect);
    let callback = Callback::of(&browser.follow(&flow.world, posted).await);
    assert_eq!(callback.get("state"), Some(state.as_str()));
    assert_eq!(flow.redeem(&callback.code()).await.status, 200);
    let bad = flow.request().with("response_type", "token");
    let posted = browser.send(&flow.world, bad.posted()).await;
    told(&flow, &Callback::of(&browser.follow(&flow.world, posted).await), "unsupported_response_type", "");
    for kind in ["text/plain", "multipart/form-data; boundary=x", "application/json"] {
        let ask = flow.request().posted().with("content-type", kind);
        let answer = browser.send(&flow.world, ask).await;
        assert_eq!((answer.status.as_u16(), answer.seen()), (400, Seen::Failure), "{kind}");
    }
}

/// B-11, B-22: states of thousands of characters and nonces as FAPI wants them.
#[tokio::test]
async fn state_returns_to_the_byte_and_long_nonces_are_taken() {
    let flow = Flow::with(own_client(SCOPE)).await;
    let mut browser = Browser::new();
    flow.pass(&mut browser, &flow.request()).await;
    let all: String = (0x20..0x7f_u8).map(char::from).collect();
    for state in [all, "ç\u{1f600} +%2B&=#".into(), "s".repeat(2048), "a\r\nSet-Cookie: evil=1".into()] {
        let nonce = "n".repeat(64);
        let callback =
            flow.pass(&mut browser, &flow.request().with("state", &state).with("nonce", &nonce)).await;
        assert_eq!(callback.get("state"), Some(state.as_str()));
        assert_eq!(callback.get("iss"), Some("https://id.example/standard"));
    }
    let none = flow.pass(&mut browser, &flow.request().without("state")).await;
    assert_eq!(none.get("state"), None);
    let error = flow.open(&mut browser, &flow.request().with("state", &"s".repeat(2049))).await;
    assert_eq!(Callback::of(&error).error(), "invalid_request");
}

/// Nothing of a request is repeated as markup.
#[tokio::test]
async fn what_a_request_says_is_text_on_every_page() {
    let flow = Flow::standard().await;
    let evil = "\"><script>alert(1)</script>'";
    let mut request = flow.request().with("state", evil).with("login_hint", evil);
    request = request.with("x", evil).with("nonce", evil);
    let mut browser = Browser::new();
    let login = flow.open(&mut browser, &request).await;
    assert_eq!(login.seen(), Seen::Login);
    assert!(!login.body.contains("<script>alert"), "{}", login.body);
    let consent = flow.log_in(&mut browser, &login, "alice").await;
    assert_eq!(consent.seen(), Seen::Consent);
    assert!(!consent.body.contains("<script>alert"), "{}", consent.body);
}

#[tokio::test]
async fn other_methods_and_malformed_queries_get_a_page() {
    let flow = Flow::standard().await;
    let mut browser = Browser::new();
    for method in [http::Method::PUT, http::Method::DELETE, http::Method::PATCH] {
        let ask = crate::support::Ask::get(&flow.request().target()).method(method);
        assert_eq!(browser.send(&flow.world, ask).await.status, 405);
    }
    let many: String = (0..100).map(|n| format!("&p{n}=1")).collect();
    for tail in ["&x=%zz", "&x=%", "&x=%ff", &many, &format!("&{}=1", "n".repeat(65))] {
        let target = format!("{}{tail}", flow.request().target());
        let answer = browser.send(&flow.world, crate::support::Ask::get(&target)).await;
        assert_eq!((answer.status.as_u16(), answer.seen()), (400, Seen::Failure), "{tail}");
    }
    let empty = browser.send(&flow.world, crate::support::Ask::get(&flow.authorize())).await;
    assert_eq!((empty.status.as_u16(), empty.seen()), (400, Seen::Failure));
}

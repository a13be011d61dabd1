//! Whole exchanges, as they stand on the wire, and what the tokens of one login say of its user everywhere.

use crate::support::{
    Answer, Ask, Browser, Flow, Form, PASSWORD, RealmPlan, SCOPE, claims, own_client, web_client,
};
use chancela_core::grant::GrantType;
use chancela_core::record::SubjectType;
use chancela_server::control::NewClient;
use chancela_store::Store;
use chancela_store_sqlite::{Options, SqliteStore};
use std::collections::BTreeMap;
use std::path::Path;

/// What differs from run to run, or with every change of a style sheet, is shown by its length or not at all.
fn mask(text: &str) -> String {
    let mut out = String::new();
    for (at, part) in text.split("'sha256-").enumerate() {
        let rest = if at == 0 { part } else { part.split_once('\'').unwrap().1 };
        out.push_str(if at == 0 { "" } else { "'sha256-…'" });
        let mut run = String::new();
        for c in rest.chars().chain(['\n']) {
            if c.is_ascii_alphanumeric() || c == '-' || c == '_' {
                run.push(c);
                continue;
            }
            let digits = run.len() == 13 && run.bytes().all(|b| b.is_ascii_digit());
            match run.len() {
                32.. if !run.starts_with("__Host-") => out.push_str(&format!("({} characters)", run.len())),
                _ if digits => out.push_str("(milliseconds)"),
                _ => out.push_str(&run),
            }
            run.clear();
            out.push(c);
        }
        out.pop();
    }
    out
}

/// Status and headers, and the body where it is no page.
fn show(title: &str, answer: &Answer) -> String {
    let mut out = String::new();
    answer.show(&mut out);
    let is_page = answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
    let shown = if is_page { out.split("\n\n").next().unwrap() } else { out.trim_end() };
    format!("### {title}\n{}\n\n", mask(shown))
}

/// B-10, B-12, B-15, B-16.
#[tokio::test]
async fn the_exchanges_of_a_login() {
    let flow = Flow::standard().await;
    let mut browser = Browser::new();
    let mut out = String::new();
    let login = browser.send(&flow.world, Ask::get(&flow.request().target())).await;
    out.push_str(&show("the login page", &login));
    let form = login.form("login").typed(&[("username", "alice"), ("password", PASSWORD)]);
    let refused = browser.send(&flow.world, form.clone().with("csrf", "1.AAAA").ask()).await;
    out.push_str(&show("a refused form", &refused));
    let entered = browser.send(&flow.world, form.ask()).await;
    out.push_str(&show("a login", &entered));
    let consent = browser.follow(&flow.world, entered).await;
    out.push_str(&show("the consent page", &consent));
    let allowed = browser.send(&flow.world, consent.form("allow").ask()).await;
    out.push_str(&show("a success", &allowed));
    let tokens = flow.redeem(&crate::support::Callback::of(&allowed).code()).await;
    out.push_str(&show("the token response", &tokens));
    let again = flow.redemption("x").send(&flow.world).await;
    out.push_str(&show("a refused code", &again));
    for (title, name, value) in [
        ("an error at the client", "response_type", "token"),
        ("a form for the client", "response_mode", "form_post"),
        ("an error page", "redirect_uri", "https://evil.test/"),
    ] {
        let ask = Ask::get(&flow.request().with(name, value).target());
        out.push_str(&show(title, &browser.send(&flow.world, ask).await));
    }
    insta::assert_snapshot!(out);
}

/// OpenID Connect Core §8: one name of the user everywhere, and another at another client.
#[tokio::test]
async fn a_pairwise_client_has_one_name_of_the_user_everywhere() {
    let pairwise = |host: &str| NewClient {
        subject_type: SubjectType::Pairwise,
        redirect_uris: vec![format!("https://{host}/cb")],
        ..own_client(SCOPE)
    };
    let flow = Flow::with(pairwise("app.example")).await;
    let other = flow.register(pairwise("other.example")).await;
    let mut browser = Browser::new();
    let code = flow.pass(&mut browser, &flow.request()).await.code();
    let tokens = flow.redeem(&code).await;
    let (access, id_token) = (tokens.token(), tokens.text("id_token"));
    let name = claims(&id_token)["sub"].as_str().unwrap().to_owned();
    assert_ne!(name, *flow.user("alice").await.subject);
    assert_eq!(flow.userinfo(&access).await.text("sub"), name);
    assert_eq!(claims(&access)["sub"], name.as_str());
    assert_eq!(flow.introspect(&access).await["sub"], name.as_str());
    let renewed = flow.refresh(&tokens.text("refresh_token")).await;
    assert_eq!(claims(&renewed.text("id_token"))["sub"], name.as_str());
    assert_eq!(claims(&renewed.token())["sub"], name.as_str());
    let hinted = flow.request().with("id_token_hint", &id_token).with("prompt", "none");
    assert!(!flow.pass(&mut browser, &hinted).await.code().is_empty(), "the hint names alice");
    let request = flow.request_of(&other).with("redirect_uri", "https://other.example/cb");
    let code = flow.pass(&mut browser, &request).await.code();
    let ask = flow.redemption_by(&other, &code).swap("app.example", "other.example");
    let elsewhere = ask.send(&flow.world).await.text("id_token");
    assert_ne!(claims(&elsewhere)["sub"], name.as_str());
}

/// OpenID Connect Core §3.1.3.6, §2: what the ID token of a code says.
#[tokio::test]
async fn the_id_token_is_of_this_login_this_client_and_this_access_token() {
    let flow = Flow::with(own_client(SCOPE)).await;
    let tokens = flow.tokens(&flow.request()).await;
    let jwks = format!("/standard{}", flow.run_time().dialect.endpoints.jwks);
    let jwks = Ask::get(&jwks).send(&flow.world).await.json();
    let (header, said) = crate::support::verify_jws(&jwks, &tokens.text("id_token")).unwrap();
    assert_eq!(header["alg"], "ES256");
    let now = flow.world.clock.now().seconds();
    for (name, value) in [
        ("iss", serde_json::json!("https://id.example/standard")),
        ("aud", serde_json::json!(flow.client.id)),
        ("sub", serde_json::json!(flow.user("alice").await.subject)),
        ("nonce", serde_json::json!("n-0S6_WzA2Mj")),
        ("auth_time", serde_json::json!(now)),
        ("iat", serde_json::json!(now)),
    ] {
        assert_eq!(said[name], value, "{name}");
    }
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let hash = chancela_core::secret::sha256(tokens.token().as_bytes());
    assert_eq!(said["at_hash"], URL_SAFE_NO_PAD.encode(&hash[..16]));
    let plain = flow.tokens(&flow.request().with("scope", "read")).await;
    assert!(plain.json().get("id_token").is_none(), "OAuth without OpenID Connect");
    assert_eq!(flow.userinfo(&plain.token()).await.status, 403);
}

/// Rows of each table of a store; the rings of access tokens together.
fn rows(directory: &Path) -> BTreeMap<String, i64> {
    let file = rusqlite::Connection::open(directory.join("chancela.db")).unwrap();
    let mut names = file.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
    let names: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut out = BTreeMap::new();
    for name in names {
        let count = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
        let count = file.query_row(&format!("SELECT count(*) FROM \"{name}\""), [], count).unwrap();
        let kind = if name.starts_with("access_") { "access_token".into() } else { name };
        *out.entry(kind).or_default() += count;
    }
    out
}

/// Requirement 7 of the issue: a login without a refresh token leaves the code's own row, which expires, and nothing else.
#[tokio::test]
async fn logins_without_refresh_tokens_leave_no_row() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path(), Options::default()).unwrap();
    let client = NewClient { grant_types: Some(vec![GrantType::AuthorizationCode]), ..own_client(SCOPE) };
    let flow = Flow::over(store, RealmPlan::standard(), client).await;
    let mut browser = Browser::new();
    flow.pass(&mut browser, &flow.request()).await.code();
    let before = rows(directory.path());
    let mut last = String::new();
    for _ in 0..40 {
        let code = flow.pass(&mut browser, &flow.request()).await.code();
        last = flow.redeem(&code).await.token();
        flow.introspect(&last).await;
        flow.userinfo(&last).await;
    }
    assert!(flow.is_active(&last).await);
    let grown: BTreeMap<String, i64> = rows(directory.path())
        .into_iter()
        .map(|(name, count)| (name.clone(), count - before[&name]))
        .collect();
    let grown: Vec<(&str, i64)> =
        grown.iter().filter(|(_, count)| **count != 0).map(|(name, count)| (name.as_str(), *count)).collect();
    assert_eq!(grown, [("authorization_code", 40)]);
    flow.world.clock.advance_seconds(2 * 3600);
    while flow.world.server.store.expire(flow.world.clock.now()).await.unwrap().more {}
    let after = rows(directory.path());
    assert_eq!(after["authorization_code"], 0, "{after:?}");
}

/// Nothing is stored for a browser in which nobody logs in: pages by the hundred cost no row.
#[tokio::test]
async fn pages_for_nobody_leave_no_row() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path(), Options::default()).unwrap();
    let flow = Flow::over(store, RealmPlan::standard(), web_client(SCOPE)).await;
    let before = rows(directory.path());
    for n in 0..100 {
        let mut browser = Browser::new();
        let page = flow.open(&mut browser, &flow.request().with("state", &n.to_string())).await;
        let form: Form = page.form("login").typed(&[("username", "alice")]);
        browser.send(&flow.world, form.ask()).await;
        browser.open(&flow.world, &flow.account()).await;
        let silent = flow.request().with("prompt", "none");
        flow.open(&mut browser, &silent).await;
    }
    assert_eq!(rows(directory.path()), before);
}

//! Every way to ask wrongly, at every token endpoint, in each dialect's own shape and status.
//!
//! A snapshot holds each distinct answer of an endpoint once, in full, under the requests that get it; the first of
//! them is written out.

use super::good::{self, Auth, Body, Good, json};
use crate::support::{Ask, ClientFacts, World, basic, form, new_client};
use chancela_core::grant::GrantType;
use chancela_server::control::NewClient;
use http::Method;
use std::fmt::Write;

type Case = (String, Ask);

/// DO-12, HS-05, HS-07: method, label and size of the body.
fn envelope(good: &Good) -> Vec<Case> {
    let ask = good.ask();
    let mut cases: Vec<Case> = Vec::new();
    for method in [Method::GET, Method::HEAD, Method::OPTIONS, Method::PUT, Method::DELETE, Method::PATCH] {
        cases.push((format!("method {method}"), ask.clone().method(method)));
    }
    let other = if good.body == Body::Form { Body::Json } else { Body::Form };
    let label = |text: &str| ask.clone().with("content-type", text);
    let own = if good.body == Body::Form { "application/x-www-form-urlencoded" } else { "application/json" };
    let add = |title: &str, ask: Ask| (title.to_owned(), ask);
    cases.extend([
        add("content type missing", ask.clone().without("content-type")),
        add("content type twice", ask.clone().header("content-type", own)),
        add("content type text/plain", label("text/plain")),
        add("content type multipart", label("multipart/form-data; boundary=x")),
        add("content type unknown charset", label(&format!("{own}; charset=utf-7"))),
        add("content type with charset UTF-8", label(&format!("{own};charset=\"UTF-8\""))),
        add("content type in capitals", label(&own.to_uppercase())),
        add(
            "body labelled as the other encoding",
            label(if good.body == Body::Form {
                "application/json"
            } else {
                "application/x-www-form-urlencoded"
            }),
        ),
        add("body in the other encoding", Good { body: other, ..good.clone() }.ask()),
        add("compressed body", ask.clone().header("content-encoding", "gzip")),
        add("empty body", ask.clone().body("")),
        add(
            "body of 64 KiB and 1, length announced",
            ask.clone().body("a".repeat(65_537)).header("content-length", "65537"),
        ),
        add("body of 64 KiB and 1, length not announced", ask.clone().body("a".repeat(65_537))),
        add(
            "announced length beyond any number",
            ask.clone().header("content-length", "99999999999999999999999"),
        ),
        add("65 fields", fields(good, (0..65).map(|n| (format!("x{n}"), "1".to_owned())))),
        add("a name of 65 bytes", fields(good, [("n".repeat(65), "1".to_owned())])),
        add("a value of 16 KiB and 1", fields(good, [("x".to_owned(), "v".repeat(16_385))])),
    ]);
    cases
}

fn fields(good: &Good, more: impl IntoIterator<Item = (String, String)>) -> Ask {
    let mut good = good.clone();
    good.fields.extend(more);
    good.ask()
}

/// A-21, DO-01, DO-02: what stands in the body.
fn body(good: &Good) -> Vec<Case> {
    let ask = good.ask();
    let twice = |name: &str, value: &str| fields(good, [(name.to_owned(), value.to_owned())]);
    let grant = good.fields[0].1.clone();
    let mut cases: Vec<Case> = vec![
        ("grant_type twice".into(), twice("grant_type", &grant)),
        (
            "an unknown parameter twice".into(),
            fields(good, [("x".into(), String::new()), ("x".into(), String::new())]),
        ),
        ("an unknown parameter once".into(), fields(good, [("x".into(), "1".into())])),
        ("grant_type missing".into(), good.clone().without_field("grant_type").ask()),
        ("grant_type empty".into(), good.clone().field("grant_type", "").ask()),
        ("grant_type unknown".into(), good.clone().field("grant_type", "urn:example:none").ask()),
        ("grant_type of the implicit flow".into(), good.clone().field("grant_type", "implicit").ask()),
        ("grant_type in other letters".into(), good.clone().field("grant_type", &grant.to_uppercase()).ask()),
    ];
    let mut add = |title: &str, ask: Ask| cases.push((title.to_owned(), ask));
    match good.body {
        Body::Form => {
            add("grant_type twice, once percent-encoded", ask.clone().and("&grant%5ftype=x"));
            add("a percent sign alone", ask.clone().and("&x=%"));
            add("a percent sign and letters that are no digits", ask.clone().and("&x=%zz"));
            add("a value that is not UTF-8", ask.clone().and("&x=%ff"));
            add("empty pairs", ask.clone().and("&&&"));
            let mut raw = ask.clone();
            raw.body.extend_from_slice(b"&x=\xff");
            add("raw bytes that are not UTF-8", raw);
        }
        Body::Json => {
            let inside = |member: &str| ask.clone().swap("{", &format!("{{{member},"));
            for (title, text) in [
                ("JSON array", "[]"),
                ("JSON text", "\"grant_type\""),
                ("JSON number", "1"),
                ("JSON null", "null"),
                ("JSON true", "true"),
                ("JSON cut off", "{\"grant_type\":"),
                ("two JSON objects", "{} {}"),
                ("a byte order mark", "\u{feff}{}"),
            ] {
                add(title, ask.clone().body(text));
            }
            add("JSON nested 40 deep", inside(&format!("\"x\":{}1{}", "[".repeat(40), "]".repeat(40))));
            add("JSON of 60,000 opened brackets", ask.clone().body("[".repeat(60_000)));
            add("JSON number out of range", inside("\"x\":1e999"));
            add("JSON number of 1,000 digits", inside(&format!("\"x\":{}", "9".repeat(1000))));
            add("JSON lone surrogate", inside("\"x\":\"\\ud800\""));
            add("JSON raw bytes that are not UTF-8", ask.clone().body(b"{\"grant_type\":\"\xff\"}".to_vec()));
            add("a member that is not read and is no text", inside("\"x\":{\"y\":[1,null]}"));
            for (title, value) in [
                ("a number", "1"),
                ("a list", "[\"client_credentials\"]"),
                ("true", "true"),
                ("null", "null"),
            ] {
                let changed = ask
                    .clone()
                    .swap(&format!("\"grant_type\":\"{grant}\""), &format!("\"grant_type\":{value}"));
                add(&format!("grant_type is {title}"), changed);
            }
        }
    }
    cases
}

/// F-06, DO-01: the scope.
fn scope(good: &Good) -> Vec<Case> {
    let with = |scope: &str| good.clone().field("scope", scope).ask();
    let own = good.fields.iter().find(|(name, _)| name == "scope").map_or("", |(_, scope)| scope);
    let many: Vec<String> = (0..101).map(|n| format!("s{n}")).collect();
    let eleven = "certificate.create account.read account.create boleto.read boleto.create card.read card.create \
                  customer.read customer.write events.read pix.account.read";
    let mut cases: Vec<Case> = vec![
        ("scope missing".into(), good.clone().without_field("scope").ask()),
        ("scope empty".into(), with("")),
        ("scope of spaces".into(), with("   ")),
        ("scope unknown".into(), with(&format!("{own} nobody.knows"))),
        ("scope foreign to the client".into(), with(good.foreign_scope)),
        ("scope with a tab".into(), with("a\tb")),
        ("scope with a quote".into(), with("a\"b")),
        ("scope with a line break".into(), with("a\nb")),
        ("scope with NUL".into(), with("a\0b")),
        ("scope of 101 names".into(), with(&many.join(" "))),
        ("scope of 2049 bytes".into(), with(&"s".repeat(2049))),
        ("scope name of 129 bytes".into(), with(&"s".repeat(129))),
        ("scope name repeated 500 times".into(), with(&"a ".repeat(500))),
    ];
    if good.realm == "bankly" {
        cases.push(("eleven scopes".into(), with(eleven)));
    }
    if good.body == Body::Json {
        let raw = |value: &str| {
            good.clone().without_field("scope").ask().swap("{", &format!("{{\"scope\":{value},"))
        };
        cases.push(("scope is a number".into(), raw("1")));
        cases.push(("scope is a list".into(), raw("[\"a\"]")));
        cases.push(("scope is null".into(), raw("null")));
    }
    cases
}

/// F-16, F-17, H-02, CA-14 to CA-16, EN-06: the client's credentials.
fn credentials(good: &Good, others: &Others) -> Vec<Case> {
    let ClientFacts { id, secret } = &good.client;
    let header = |value: &[u8]| good.bare().header("authorization", value);
    let of = |client: &ClientFacts| good.clone().of(client).ask();
    let nobody = ClientFacts { id: "nobody".into(), secret: secret.clone() };
    let both = Good { fields: [good.fields.clone(), secrets(good)].concat(), ..good.clone() };
    let with_id = |id: &str| Good {
        fields: [good.fields.clone(), vec![("client_id".into(), id.into())]].concat(),
        ..good.clone()
    };
    let by_basic = |good: Good| good.bare().header("authorization", good.client.basic());
    let mut cases: Vec<Case> = vec![
        ("no credentials".into(), good.bare()),
        ("unknown client".into(), of(&nobody)),
        ("wrong secret".into(), good.clone().with_secret("wrong").ask()),
        ("empty secret".into(), good.clone().with_secret("").ask()),
        ("secret cut by a character".into(), good.clone().with_secret(&secret[..secret.len() - 1]).ask()),
        ("secret with a character more".into(), good.clone().with_secret(&format!("{secret}0")).ask()),
        ("secret with a line break".into(), good.clone().with_secret(&format!("{secret}\n")).ask()),
        ("secret with CR LF".into(), good.clone().with_secret(&format!("{secret}\r\n")).ask()),
        ("secret of 2 KiB".into(), good.clone().with_secret(&"s".repeat(2048)).ask()),
        ("client id of 2 KiB".into(), of(&ClientFacts { id: "c".repeat(2048), secret: secret.clone() })),
        (
            "client id in other letters".into(),
            of(&ClientFacts { id: id.to_uppercase() + "X", secret: secret.clone() }),
        ),
        ("disabled client".into(), of(&others.disabled)),
        (
            "disabled client, wrong secret".into(),
            of(&ClientFacts { secret: "wrong".into(), ..others.disabled.clone() }),
        ),
        ("client of another realm".into(), of(&others.elsewhere)),
        (
            "id here with the secret of another realm".into(),
            of(&ClientFacts { id: id.clone(), secret: others.elsewhere.secret.clone() }),
        ),
        ("client without this grant".into(), of(&others.without_grant)),
        ("Basic and body".into(), by_basic(both)),
        ("Authorization twice".into(), by_basic(good.clone()).header("authorization", good.client.basic())),
        ("Basic, client_id of another in the body".into(), by_basic(with_id("somebody"))),
        ("Basic, the same client_id in the body".into(), by_basic(with_id(id))),
        ("Basic in capitals".into(), header(good.client.basic().replacen("Basic", "BASIC", 1).as_bytes())),
        (
            "Basic with form-encoded parts".into(),
            header(basic(format!("{}:{}", escape(id), escape(secret))).as_bytes()),
        ),
        ("Basic without padding".into(), header(good.client.basic().trim_end_matches('=').as_bytes())),
        ("Basic that is not base64".into(), header(b"Basic !!!")),
        ("Basic in the URL's alphabet".into(), header(b"Basic aWQ6_-8=")),
        ("Basic without a colon".into(), header(basic("idsecret").as_bytes())),
        ("Basic with an empty id".into(), header(basic(":secret").as_bytes())),
        ("Basic that is not UTF-8".into(), header(basic(b"id:\xff\xfe").as_bytes())),
        ("Basic with NUL".into(), header(basic(format!("{id}\0:{secret}")).as_bytes())),
        ("Basic with bad percent signs".into(), header(basic(format!("{id}%zz:{secret}%")).as_bytes())),
        ("Basic of 20 KiB".into(), header(basic("x".repeat(15_000) + ":y").as_bytes())),
        ("Basic alone".into(), header(b"Basic")),
        ("Bearer".into(), header(b"Bearer abc")),
        ("Authorization that is not UTF-8".into(), header(b"Basic \xff\xfe")),
        ("only a client_id in the body".into(), with_id(id).bare()),
        ("the other documented place of credentials".into(), {
            let other = if good.auth == Auth::Basic { Auth::Post } else { Auth::Basic };
            good.clone().by(other).ask()
        }),
        ("secret in the query".into(), good.ask().target(&format!("{}?client_secret=x", good.path))),
        ("client_id in the query".into(), good.ask().target(&format!("{}?client%5Fid=x", good.path))),
        ("an unknown parameter in the query".into(), good.ask().target(&format!("{}?utm=x", good.path))),
    ];
    if let Some(environment) = &others.environment {
        cases.push(("client of another environment".into(), of(environment)));
    }
    if good.body == Body::Form {
        let two = good.clone().by(Auth::Post).ask().and(&format!("&client_id={id}"));
        cases.push(("client_id twice in the body".into(), two));
    }
    cases
}

fn secrets(good: &Good) -> Vec<(String, String)> {
    vec![("client_id".into(), good.client.id.clone()), ("client_secret".into(), good.client.secret.clone())]
}

/// Every byte percent-encoded.
fn escape(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Clients that are no good at an endpoint.
struct Others {
    disabled: ClientFacts,
    without_grant: ClientFacts,
    elsewhere: ClientFacts,
    environment: Option<ClientFacts>,
}

async fn others(world: &World, good: &Good, elsewhere: &ClientFacts, production: &ClientFacts) -> Others {
    let scope = world.server.realm(good.realm).unwrap().directory.client(&good.client.id).unwrap();
    let like = || NewClient {
        token_endpoint: scope.token_endpoint.as_deref().map(Into::into),
        chained_to: scope.chained_to.as_deref().map(Into::into),
        tenant: scope.tenant.as_deref().map(Into::into),
        ..new_client(scope.scope.as_str())
    };
    let disabled = world.client(good.realm, like()).await;
    world.enable(good.realm, &disabled, false).await;
    let grant_types = Some(vec![GrantType::AuthorizationCode]);
    let mut without = NewClient { grant_types, ..like() };
    if good.name == "semear-application" {
        let certificate = good.headers.iter().find(|(name, _)| name == "client-cert").unwrap().1.clone();
        without.certificate_pem = Some(certificate);
    }
    Others {
        disabled,
        without_grant: world.client(good.realm, without).await,
        elsewhere: elsewhere.clone(),
        environment: (good.realm == "bs2").then(|| production.clone()),
    }
}

/// Each distinct answer with the requests that get it.
async fn answers(world: &World, masks: &[(String, &str)], cases: &[Case]) -> String {
    let mut groups: Vec<(String, Vec<&str>, String)> = Vec::new();
    for (title, ask) in cases {
        let whole = ask.exchange(title, world, masks).await;
        let (request, answer) = whole.split_once("\nHTTP ").unwrap();
        // Tokens of one endpoint differ in nothing that matters here.
        let answer = without_token(answer);
        match groups.iter_mut().find(|(own, ..)| *own == answer) {
            Some((_, titles, _)) => titles.push(title),
            None => groups.push((answer, vec![title], request.split_once('\n').unwrap().1.to_owned())),
        }
    }
    let mut out = String::new();
    for (answer, titles, request) in groups {
        let _ = writeln!(out, "### {}\n{request}\nHTTP {answer}", titles.join("\n### "));
    }
    out
}

fn without_token(answer: &str) -> String {
    match answer.split_once("\"access_token\"") {
        Some((before, after)) => {
            let rest = after.split_once('"').unwrap().1.split_once('"').unwrap().1;
            format!("{before}\"access_token\":\"(token)\"{rest}")
        }
        None => answer.to_owned(),
    }
}

/// RFC 6749 §5.2 in each dialect's shape; A-21, F-14, F-16, F-17, H-02, CA-14 to CA-16, DO-01, DO-02, DO-12, EN-06,
/// HS-05, HS-07.
#[tokio::test]
async fn every_wrong_request_gets_its_own_refusal_in_each_dialects_shape() {
    let (world, goods) = good::all().await;
    let elsewhere = world.client("standard", new_client("read")).await;
    let production = good::bs2(&world, "bs2-production").await.client;
    for good in &goods {
        let answer = good.ask().send(&world).await;
        assert_eq!(answer.status, 200, "{}: {}", good.name, answer.body);
        let foreign = if good.realm == "standard" { &production } else { &elsewhere };
        let others = others(&world, good, foreign, &production).await;
        let cases = [envelope(good), body(good), scope(good), credentials(good, &others)].concat();
        insta::assert_snapshot!(good.name, answers(&world, &good.masks(), &cases).await);
    }
}

/// H-02: real clients join id and secret as they are, the RFC encodes both; either must work, whatever the secret holds.
#[tokio::test]
async fn a_secret_with_plus_and_percent_signs_works_in_both_spellings_of_basic() {
    let (world, goods) = good::all().await;
    for good in goods.iter().filter(|good| good.auth == Auth::Basic) {
        let id = format!("id+of%{}", good.name);
        let own = world.server.realm(good.realm).unwrap().directory.client(&good.client.id).unwrap();
        let new = NewClient {
            client_id: Some(id.clone()),
            client_secret: Some("a+b%20c:d%2".into()),
            token_endpoint: own.token_endpoint.as_deref().map(Into::into),
            ..new_client(own.scope.as_str())
        };
        let client = world.client(good.realm, new).await;
        for (id, secret) in [(id.clone(), client.secret.clone()), (escape(&id), escape(&client.secret))] {
            let ask = good.bare().header("authorization", basic(format!("{id}:{secret}")));
            assert_eq!(ask.send(&world).await.status, 200, "{} {id}", good.name);
        }
        let ask = good.bare().header("authorization", basic(format!("{id}:a b c:d%2")));
        assert_ne!(ask.send(&world).await.status, 200, "a decoded secret is not the secret");
    }
}

/// A client may be addressed as JSON under a form's label (real PHP clients do it); then the rules of JSON hold.
#[tokio::test]
async fn json_labelled_as_a_form_is_read_as_json_where_the_dialect_says_so() {
    let (world, goods) = good::all().await;
    for good in &goods {
        let text = json(&good.fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect::<Vec<_>>());
        let ask = good.ask().with("content-type", "application/x-www-form-urlencoded").body(text.clone());
        let status = ask.send(&world).await.status.as_u16();
        assert_eq!(status == 200, good.realm == "celcash", "{} {status}", good.name);
        if good.realm == "celcash" {
            let twice = ask.clone().body(text.replacen('{', "{\"scope\":\"a\",", 1));
            assert_eq!(twice.send(&world).await.refusal().0, 400);
            let plain = ask.body(form(&[("grant_type", "authorization_code"), ("scope", "plans.read")]));
            assert_eq!(plain.send(&world).await.refusal().0, 415);
        }
    }
}

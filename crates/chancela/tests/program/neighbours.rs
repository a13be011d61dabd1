//! Dialects that the sandbox starts when they are asked for.

use crate::support::http::{Answer, Request};
use crate::support::process::run;
use crate::support::sandbox::{Sandbox, client};
use crate::support::{members, mutual_tls, text};
use chancela_core::dialect::Library;
use chancela_testkit::golden::ClientFixture;
use serde_json::Value;
use std::collections::BTreeSet;

fn names(sandbox: &Sandbox) -> Vec<&str> {
    sandbox.realms().map(|(name, _)| name).collect()
}

#[test]
fn dialects_that_are_asked_for_are_started_alone_and_those_of_all_together() {
    assert_eq!(names(&Sandbox::with(&["--dialect", "inter"])), ["inter"]);
    assert_eq!(
        names(&Sandbox::with(&["--dialect", "sicoob", "--dialect", "bs2"])),
        ["bs2", "bs2-production", "sicoob"]
    );
    let all = Sandbox::with(&["--all"]);
    let started: BTreeSet<&str> = all.realms().map(|(_, realm)| text(realm, "dialect")).collect();
    let library = Library::builtin();
    assert_eq!(started, library.names().collect(), "every dialect has a realm");
}

#[test]
fn a_dialect_that_there_is_not_is_refused_with_those_that_there_are() {
    run(&["sandbox", "--dialect", "acme"])
        .failed(2, &["--dialect acme", "choose among", "bankly", "inter", "vantage"]);
    let both = run(&["sandbox", "--all", "--dialect", "inter"]);
    assert!(both.code == 2 && both.stderr.contains("'--all' cannot be used with"), "{both:?}");
}

#[test]
fn a_folder_keeps_the_credentials_of_dialects_that_are_not_started_this_time() {
    let folder = tempfile::TempDir::new().unwrap();
    let data = folder.path().to_str().unwrap();
    let start = |dialect| Sandbox::with(&["--data", data, "--dialect", dialect]);
    let id = |sandbox: &Sandbox| text(client(sandbox.realm("inter"), "demo"), "client_id").to_owned();
    let first = id(&start("inter"));
    let other = start("celcoin");
    assert_eq!(names(&other), ["celcoin"]);
    drop(other);
    assert_eq!(id(&start("inter")), first);
}

fn send(sandbox: &Sandbox, client: &ClientFixture, request: &Request) -> Answer {
    let tls = mutual_tls::configuration(text(&sandbox.description, "ca_certificate_pem"), client);
    mutual_tls::send(&tls, request).unwrap()
}

fn token(url: &str, id: &str, secret: &str) -> Request {
    Request::form(url, &[("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)])
}

/// The onboarding that one bank documents: a temporary token, a request in plain text, an answer whose first line is the
/// secret and whose rest is the certificate, and then tokens for both together.
#[test]
fn a_certificate_request_gives_a_secret_and_a_certificate_that_get_tokens() {
    let sandbox = Sandbox::with(&["--dialect", "itau"]);
    let realm = sandbox.realm("itau");
    let own = client(realm, "onboarding");
    let (id, old) = (text(own, "client_id"), text(own, "client_secret"));
    let endpoints = &realm["endpoints"];
    let temporary = token(text(endpoints, "sandbox"), id, old).send().token();
    let (request, key) = mutual_tls::certificate_request();
    let order = Request::new("POST", text(endpoints, "certificates"))
        .header("Authorization", format!("Bearer {temporary}"))
        .header("Content-Type", "text/plain")
        .body(request);
    let answer = order.send();
    assert_eq!((answer.status, answer.headers["content-type"].as_bytes()), (200, &b"text/plain"[..]));
    let answer = answer.text();
    let (line, certificates) = answer.split_once('\n').unwrap();
    let secret = line.strip_prefix("Secret: ").unwrap();
    assert_ne!(secret, old);
    let issued = ClientFixture {
        certificate_pem: Some(certificates.to_owned()),
        certificate_chain_pem: Some(String::new()),
        private_key_pem: Some(key),
        ..ClientFixture::default()
    };
    let url = text(endpoints, "mtls_token");
    assert_eq!(send(&sandbox, &issued, &token(url, id, secret)).json()["expires_in"], 300);
    assert_eq!(send(&sandbox, &issued, &token(url, id, old)).status, 401, "the old secret is no more");
    assert_eq!(token(text(endpoints, "sandbox"), id, old).send().status, 401);
    let theirs = sandbox.fixtures("itau").clients["demo"].clone();
    assert_eq!(send(&sandbox, &theirs, &token(url, id, secret)).status, 401, "another's certificate");
}

/// Asked for as JSON there is no place for a secret, so none is made; and a key has one certificate.
#[test]
fn an_order_in_json_leaves_the_secret_as_it_is() {
    let sandbox = Sandbox::with(&["--dialect", "itau"]);
    let realm = sandbox.realm("itau");
    let own = client(realm, "onboarding");
    let (id, secret) = (text(own, "client_id"), text(own, "client_secret"));
    let endpoints = &realm["endpoints"];
    let temporary = token(text(endpoints, "sandbox"), id, secret).send().token();
    let (request, _) = mutual_tls::certificate_request();
    let order = Request::json(text(endpoints, "certificates"), &serde_json::json!({ "csr": request }))
        .header("Authorization", format!("Bearer {temporary}"));
    let answer: Value = order.send().json();
    assert!(members(&answer).contains(&"certificate"), "{answer}");
    assert_eq!(token(text(endpoints, "sandbox"), id, secret).send().status, 200);
}

/// The counted limit of one bank, five a minute, which the sandbox enforces when it is told to.
#[test]
fn the_sixth_call_in_a_minute_is_refused_where_five_are_documented() {
    let sandbox = Sandbox::with(&["--dialect", "inter", "--rate-limits"]);
    let realm = sandbox.realm("inter");
    let own = sandbox.fixtures("inter").clients["demo"].clone();
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", &own.client_id),
        ("client_secret", &own.client_secret),
        ("scope", "extrato.read"),
    ];
    let request = Request::form(text(&realm["endpoints"], "mtls_token"), &form);
    // A minute may end in between: then there are five more.
    let answers: Vec<Answer> = (0..11).map(|_| send(&sandbox, &own, &request)).collect();
    assert!(answers[..5].iter().all(|answer| answer.status == 200));
    assert!(answers.iter().any(|answer| answer.status == 429 && answer.headers.contains_key("retry-after")));
}

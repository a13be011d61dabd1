//! Every documented exchange of every dialect, over a socket, against one sandbox.

use crate::support::http::{Answer, Request};
use crate::support::sandbox::Sandbox;
use crate::support::{mutual_tls, text};
use chancela_core::dialect::Library;
use chancela_testkit::golden::{self, Exchange, Fixtures};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

fn exchanges(dialect: &str) -> Vec<Exchange> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dialects").join(format!("{dialect}.http"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{dialect}.http: {error}"));
    golden::parse(&text).unwrap_or_else(|error| panic!("{dialect}.http: {error}"))
}

/// Sends an exchange below `base`; what differs from the documentation is the error.
fn replay(exchange: &Exchange, base: &str, fixtures: &Fixtures) -> Result<golden::Captures, String> {
    replay_with(exchange, base, fixtures, |request| Ok(request.send()))
}

fn replay_with(
    exchange: &Exchange,
    base: &str,
    fixtures: &Fixtures,
    send: impl FnOnce(&Request) -> Result<Answer, String>,
) -> Result<golden::Captures, String> {
    let documented = exchange.request(fixtures)?;
    let mut request = Request::new(documented.method().as_str(), format!("{base}{}", documented.uri()));
    for (name, value) in documented.headers() {
        request = request.header(name.as_str(), value);
    }
    let answer = send(&request.body(documented.body().to_vec()))?;
    exchange.check(answer.status, &answer.headers, &answer.body, fixtures)
}

/// Sends an exchange where the realm asks for certificates, and shows the one that the exchange names.
fn replay_mutual(
    exchange: &Exchange,
    sandbox: &Sandbox,
    realm: &str,
    fixtures: &Fixtures,
) -> Result<golden::Captures, String> {
    let label = exchange.certificate.as_deref().unwrap_or_default();
    let base = text(sandbox.realm(realm), "mtls_base_url");
    let client = fixtures.clients.get(label).ok_or_else(|| format!("no client {label:?}"))?;
    let ca = text(&sandbox.description, "ca_certificate_pem");
    let tls = mutual_tls::configuration(ca, client);
    replay_with(exchange, base, fixtures, |request| {
        mutual_tls::send(&tls, request).map_err(|error| format!("{}: {error}", exchange.title))
    })
}

#[test]
fn every_documented_exchange_is_answered_as_documented_over_a_socket() {
    let sandbox = Sandbox::with(&["--all"]);
    let library = Library::builtin();
    let mut faults = Vec::new();
    let mut replayed = 0;
    for dialect in library.names() {
        let mut fixtures: BTreeMap<String, Fixtures> = BTreeMap::new();
        for exchange in exchanges(dialect) {
            let realm = exchange.realm.clone().unwrap_or_else(|| dialect.to_owned());
            let known = fixtures.entry(realm.clone()).or_insert_with(|| sandbox.fixtures(&realm));
            // No two certificates are for one key.
            known.certificate_request_pem = Some(mutual_tls::certificate_request().0);
            let outcome = match exchange.certificate {
                Some(_) => replay_mutual(&exchange, &sandbox, &realm, known),
                None => replay(&exchange, text(sandbox.realm(&realm), "base_url"), known),
            };
            match outcome {
                Ok(captures) => known.tokens.extend(captures),
                Err(fault) => faults.push(format!("{dialect}.http, {fault}")),
            }
            replayed += 1;
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    assert!(replayed >= 80, "only {replayed} exchanges were replayed");
}

#[test]
fn a_client_that_drops_the_path_of_its_base_address_is_served_at_the_realms_own_port() {
    let sandbox = Sandbox::start();
    for (name, realm) in sandbox.realms() {
        let is_first_of_realm = |exchange: &&Exchange| match &exchange.realm {
            Some(own) => own == name,
            None => name == text(realm, "dialect"),
        };
        let all = exchanges(text(realm, "dialect"));
        let first = all.iter().find(is_first_of_realm).unwrap_or_else(|| panic!("no exchange of {name}"));
        let outcome = replay(first, text(realm, "root_url"), &sandbox.fixtures(name));
        outcome.unwrap_or_else(|fault| panic!("{name}: {fault}"));
    }
}

#[test]
fn a_realms_own_port_describes_the_sandbox_too() {
    let sandbox = Sandbox::start();
    let main = text(sandbox.realm("bankly"), "base_url").trim_end_matches("/bankly").to_owned();
    let mut origins: Vec<String> =
        sandbox.realms().map(|(_, realm)| text(realm, "root_url").to_owned()).collect();
    origins.push(main);
    for origin in origins {
        let answer = crate::support::http::get(&format!("{origin}/sandbox.json"));
        assert_eq!((answer.status, &answer.json()), (200, &sandbox.description), "{origin}");
        assert_eq!(answer.headers["content-type"], "application/json");
    }
    assert!(matches!(sandbox.description, Value::Object(_)));
}

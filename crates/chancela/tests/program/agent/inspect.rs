//! `chancela agent inspect`: tokens of the cache and of standard input.

use super::Bench;
use crate::support::process::{Finished, finish_with_input};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

impl Bench {
    fn inspect(&self, options: &[&str], input: &str) -> Finished {
        finish_with_input(&mut self.command(&[&["agent", "inspect"], options].concat()), input)
    }
}

/// The last part of a JWT, which nobody needs to see.
fn signature(token: &str) -> &str {
    token.rsplit_once('.').unwrap().1
}

#[test]
fn a_kept_token_is_shown_with_what_is_kept_beside_it_and_without_itself() {
    let bench = Bench::new();
    bench
        .run(&["agent", "inspect", "standard"])
        .failed(1, &["standard: nothing is kept", "chancela token standard |"]);
    let token = bench.token("standard");
    let requests = bench.requests("standard");
    let document = bench.inspect(&["standard", "--json"], "").json();
    assert_eq!((&document["format_version"], &document["form"]), (&json!(1), &json!("jwt")));
    assert_eq!((&document["header"]["typ"], &document["kept"]["step"]), (&json!("at+jwt"), &json!("token")));
    let left = document["kept"]["seconds_left"].as_i64().unwrap();
    assert!((left - document["expires_in"].as_i64().unwrap()).abs() <= 2, "{document}");
    assert!(document["kept"]["renewed_before"].as_i64() > document["kept"]["withheld_before"].as_i64());
    assert_eq!((&document["doubts"], &document["verification"]), (&json!([]), &Value::Null));
    let text = bench.inspect(&["standard"], "").stdout;
    assert!(text.starts_with("form         JWT, algorithm \"") && text.contains("\nclaims\n{\n"), "{text}");
    assert!(text.contains("\ngood until   20") && text.contains("\nkept         of step token"), "{text}");
    for shown in [text, document.to_string()] {
        assert!(!shown.contains(signature(&token)) && document["token"] == Value::Null);
    }
    assert_eq!(bench.inspect(&["standard", "--json", "--raw"], "").json()["token"], token.as_str());
    assert_eq!(bench.requests("standard"), requests, "nothing is asked for");
}

#[test]
fn an_earlier_steps_token_is_shown_by_the_name_of_its_endpoint() {
    let bench = Bench::new();
    bench.token("semear");
    let fingerprint = |options: &[&str]| {
        let document = bench.inspect(&[&["semear", "--json"], options].concat(), "").json();
        (document["kept"]["step"].clone(), document["fingerprint"].clone())
    };
    let (last, first) = (fingerprint(&[]), fingerprint(&["--step", "gateway"]));
    assert_eq!((&last.0, &first.0), (&json!("application"), &json!("gateway")));
    assert_ne!(last.1, first.1);
    let unknown = bench.inspect(&["semear", "--step", "door"], "");
    unknown.failed(2, &["no step \"door\"; it has: gateway, application"]);
}

#[test]
fn a_signature_is_verified_with_the_providers_keys_or_named_ones() {
    let bench = Bench::new();
    let token = bench.token("standard");
    let verdict = |options: &[&str], token: &str| {
        let done = bench.inspect(&[options, &["--verify", "--json"]].concat(), token);
        let document: Value = serde_json::from_str(&done.stdout).unwrap_or_else(|_| panic!("{done:?}"));
        (done.code, document["verification"]["result"].as_str().unwrap().to_owned())
    };
    assert_eq!(verdict(&["standard"], ""), (0, "good".to_owned()));
    assert_eq!(verdict(&["-", "--provider", "standard"], &token), (0, "good".to_owned()));
    let jwks = bench.address("/standard/.well-known/jwks.json");
    assert_eq!(verdict(&["-", "--jwks", &jwks], &format!("Bearer {token}\n")), (0, "good".to_owned()));
    let other = if token.ends_with("AAAA") { "BBBB" } else { "AAAA" };
    let forged = format!("{}{other}", &token[..token.len() - 4]);
    assert_eq!(verdict(&["-", "--provider", "standard"], &forged), (1, "bad".to_owned()));
    let elsewhere = bench.address("/bankly/.well-known/openid-configuration/jwks");
    assert_eq!(verdict(&["-", "--jwks", &elsewhere], &token), (1, "unknown_key".to_owned()));
    assert_eq!(verdict(&["-", "--provider", "standard"], "opaque"), (1, "not_signed".to_owned()));
    let absent = bench.address("/standard/nowhere");
    bench.inspect(&["-", "--verify", "--jwks", &absent], &token).failed(1, &["404", "--jwks"]);
    bench.inspect(&["-", "--verify"], &token).failed(2, &["whose keys?", "--provider"]);
    bench
        .inspect(&["-", "--verify", "--jwks", "http://keys.example/"], &token)
        .failed(2, &["--jwks", "not https"]);
}

#[test]
fn a_binding_is_compared_with_the_certificate_that_we_have() {
    let bench = Bench::new();
    let token = bench.token("standard-mtls");
    let bound = |provider: &str| {
        bench.inspect(&["-", "--json", "--provider", provider], &token).json()["is_bound_to_our_certificate"]
            .clone()
    };
    assert_eq!(
        (bound("standard-mtls"), bound("standard"), bound("semear")),
        (true.into(), Value::Null, false.into())
    );
    let told = bench.inspect(&["-", "--provider", "semear"], &token).stdout;
    assert!(told.contains("warning      it is bound to another certificate than ours"), "{told}");
}

#[test]
fn a_token_alone_needs_no_configuration_and_its_texts_do_nothing_to_a_terminal() {
    let bench = Bench::new();
    let inspect = |token: &str| bench.inspect(&["--config", "/nonexistent/agent.toml"], token);
    let opaque = inspect("3db48c7c-733f-4b49-a59e-4921e5273116").stdout;
    assert!(
        opaque.starts_with("form         opaque: a UUID\nfingerprint  ")
            && opaque.ends_with("length       36\n")
    );
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({ "exp": 1000, "name": "\u{1b}[31m\u{9b}31m\u{202e}x", "nbf": i64::MAX });
    let told = inspect(&format!("{}.{}.", part(&json!({ "alg": "none" })), part(&claims)));
    assert_eq!((told.code, told.stderr.as_str()), (0, ""));
    for words in [
        "it is not signed (alg none)",
        "it ended at 1970-01-01T00:16:40Z",
        "good only from 9223372036854775807 s",
    ] {
        assert!(told.stdout.contains(words), "{words}: {told:?}");
    }
    assert!(!told.stdout.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{told:?}");
    inspect("").failed(2, &["stdin", "empty"]);
}

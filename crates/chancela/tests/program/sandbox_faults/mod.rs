//! The sandbox's faults, as clients see them: over real sockets, byte for byte where it matters.

mod answers;
mod orders;

use crate::support::http::{Answer, Request, get};
use crate::support::sandbox::{Sandbox, client};
use crate::support::text;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const CONTROL: [&str; 2] = ["--danger-fault-control", "--danger-clock-control"];

/// A sandbox that takes orders.
fn sandbox() -> Sandbox {
    Sandbox::with(&CONTROL)
}

fn control(sandbox: &Sandbox, path: &str) -> String {
    text(sandbox.realm("standard"), "base_url").replace("/standard", path)
}

/// Sets a fault; its id.
fn set(sandbox: &Sandbox, fault: &Value) -> u64 {
    let answer = Request::json(control(sandbox, "/_sandbox/faults"), fault).send();
    assert_eq!(answer.status, 201, "{fault}: {}", answer.text());
    answer.json()["id"].as_u64().unwrap()
}

fn requests(sandbox: &Sandbox) -> Vec<Value> {
    let answer = get(&control(sandbox, "/_sandbox/requests"));
    assert_eq!((answer.status, &answer.headers["content-type"]), (200, &"application/json".parse().unwrap()));
    answer.json()["requests"].as_array().unwrap().clone()
}

fn advance(sandbox: &Sandbox, seconds: u32) {
    let answer =
        Request::json(control(sandbox, "/_sandbox/clock"), &json!({ "advance_seconds": seconds })).send();
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// A token request of a realm's client with a secret, by HTTP Basic.
fn token_request(sandbox: &Sandbox, realm: &str, label: &str, fields: &[(&str, &str)]) -> Request {
    let realm = sandbox.realm(realm);
    let client = client(realm, label);
    Request::form(text(&realm["endpoints"], "token"), fields)
        .basic(text(client, "client_id"), text(client, "client_secret"))
}

/// The standard realm's token request.
fn ask(sandbox: &Sandbox) -> Request {
    token_request(sandbox, "standard", "basic", &[("grant_type", "client_credentials"), ("scope", "read")])
}

/// The answer of the next request, which must be whole.
fn next(sandbox: &Sandbox) -> Answer {
    ask(sandbox).send()
}

/// Everything that comes back for one request until the connection ends, and how long that took.
fn raw(request: &Request) -> (Vec<u8>, Duration) {
    let authority = request.authority().to_owned();
    let mut stream = TcpStream::connect(&authority).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let start = Instant::now();
    stream.write_all(&request.bytes(&authority)).unwrap();
    let mut bytes = Vec::new();
    // A reset is as good an end as any.
    let _ = stream.read_to_end(&mut bytes);
    (bytes, start.elapsed())
}

/// Refresh tokens of a user, one after the other: what `refresh_token` is renewed to.
fn renew(sandbox: &Sandbox, refresh_token: &str) -> Request {
    let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
    token_request(sandbox, "bs2", "demo", &fields)
}

fn log_in(sandbox: &Sandbox) -> String {
    let user = &sandbox.realm("bs2")["users"][0];
    let fields = [
        ("grant_type", "password"),
        ("scope", "forintegration"),
        ("username", text(user, "username")),
        ("password", text(user, "password")),
    ];
    let answer = token_request(sandbox, "bs2", "demo", &fields).send();
    assert_eq!(answer.status, 200, "{}", answer.text());
    text(&answer.json(), "refresh_token").to_owned()
}

fn refresh_token(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text());
    text(&answer.json(), "refresh_token").to_owned()
}

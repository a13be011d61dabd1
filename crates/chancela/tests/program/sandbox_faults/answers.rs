//! What each kind of fault does.

use super::{
    advance, ask, control, log_in, next, raw, refresh_token, renew, requests, sandbox, set, token_request,
};
use crate::support::http::{Connection, Request, get};
use crate::support::sandbox::{Sandbox, client};
use crate::support::{members, text};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn a_lost_answer_has_rotated_the_refresh_token() {
    let sandbox = sandbox();
    let first = log_in(&sandbox);
    let second = refresh_token(&renew(&sandbox, &first).send());
    set(&sandbox, &json!({ "kind": "lose_answer", "realm": "bs2", "grant": "refresh_token" }));
    assert_eq!(raw(&renew(&sandbox, &second)).0, b"", "not a byte of an answer");
    let seen = requests(&sandbox).pop().unwrap();
    assert_eq!(
        (&seen["endpoint_status"], &seen["status"], &seen["state"], &seen["grant_type"]),
        (&json!(200), &Value::Null, &json!("closed"), &json!("refresh_token"))
    );
    // The second token's use was committed: the first, which it replaced, is a stolen one now, and ends the family.
    let replayed = renew(&sandbox, &first).send();
    assert_eq!((replayed.status, &replayed.json()["error"]), (400, &json!("invalid_grant")));
    assert_eq!(renew(&sandbox, &second).send().status, 400);
}

#[test]
fn after_a_lost_answer_the_token_may_be_repeated_until_its_successor_is_used() {
    let sandbox = sandbox();
    let first = log_in(&sandbox);
    set(&sandbox, &json!({ "kind": "lose_answer", "grant": "refresh_token" }));
    assert_eq!(raw(&renew(&sandbox, &first)).0, b"");
    let second = refresh_token(&renew(&sandbox, &first).send());
    let third = refresh_token(&renew(&sandbox, &second).send());
    assert_eq!(renew(&sandbox, &first).send().status, 400, "a replay");
    assert_eq!(renew(&sandbox, &third).send().status, 400, "which ended the family");
}

#[test]
fn what_is_closed_before_the_endpoint_has_changed_nothing() {
    let sandbox = sandbox();
    let first = log_in(&sandbox);
    let second = refresh_token(&renew(&sandbox, &first).send());
    set(&sandbox, &json!({ "kind": "close", "grant": "refresh_token" }));
    assert_eq!(raw(&renew(&sandbox, &second)).0, b"");
    assert_eq!(requests(&sandbox).pop().unwrap()["endpoint_status"], Value::Null);
    assert_eq!(refresh_token(&renew(&sandbox, &first).send()), second, "the second was not used");
}

#[test]
fn refusals_are_in_each_realms_own_words() {
    let sandbox = sandbox();
    for (rule, retry_after, status) in
        [("rate_limited", Some(17), 429), ("store_failed", None, 500), ("wrong_secret", None, 401)]
    {
        for (name, label) in [("standard", "basic"), ("bs2", "demo"), ("celcash", "demo")] {
            let mut fault = json!({ "kind": "refuse", "rule": rule, "realm": name });
            if let Some(seconds) = retry_after {
                fault["retry_after"] = json!(seconds);
            }
            set(&sandbox, &fault);
            let fields = [("grant_type", "client_credentials")];
            let realm = sandbox.realm(name);
            let own = client(realm, label);
            let (id, secret) = (text(own, "client_id"), text(own, "client_secret"));
            let request = token_request(&sandbox, name, label, &fields);
            let answer = request.send();
            assert_eq!(answer.status, status, "{name} {rule}: {}", answer.text());
            let seconds = answer.headers.get("retry-after").map(|value| value.to_str().unwrap().to_owned());
            assert_eq!(seconds, retry_after.map(|seconds| seconds.to_string()), "{name} {rule}");
            if rule == "wrong_secret" {
                // The same words as of a secret that is wrong.
                let url = text(&realm["endpoints"], "token");
                let real = match name {
                    "celcash" => Request::json(url, &json!({ "grant_type": "authorization_code" })),
                    _ => Request::form(url, &fields),
                };
                let real = real.basic(id, "wrong").send();
                assert_eq!((real.status, real.text()), (answer.status, answer.text()), "{name}");
                assert_eq!(real.headers.get("www-authenticate"), answer.headers.get("www-authenticate"));
            }
            assert!(!answer.text().contains(secret));
        }
    }
    set(&sandbox, &json!({ "kind": "refuse", "rule": "invalid_access_token", "endpoint": "resource" }));
    let refused = get(text(&sandbox.realm("standard")["endpoints"], "resource"));
    assert_eq!(refused.status, 401);
    assert!(refused.headers["www-authenticate"].to_str().unwrap().contains("error=\"invalid_token\""));
}

#[test]
fn client_certificates_are_demanded_and_said_to_have_expired() {
    let sandbox = sandbox();
    let demand = json!({ "kind": "refuse", "rule": "missing_client_certificate", "client_certificate": false, "forever": true });
    let id = set(&sandbox, &demand);
    let refused = next(&sandbox);
    assert_eq!((refused.status, &refused.json()["error"]), (401, &json!("invalid_client")));
    let folder = tempfile::TempDir::new().unwrap();
    let over_mtls = || {
        let realm = sandbox.realm("standard");
        let own = client(realm, "mtls");
        let file = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
            folder.path().join(name)
        };
        let body = format!("grant_type=client_credentials&scope=read&client_id={}", text(own, "client_id"));
        let output = Command::new("curl")
            .args(["--silent", "--show-error", "--max-time", "20", "--noproxy", "*", "--data", &body])
            .arg("--cacert")
            .arg(file("ca.pem", text(&sandbox.description, "ca_certificate_pem")))
            .arg("--cert")
            .arg(file("own.pem", text(own, "certificate_pem")))
            .arg("--key")
            .arg(file("own.key", text(own, "private_key_pem")))
            .arg(text(&realm["endpoints"], "mtls_token"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    assert!(over_mtls()["access_token"].is_string(), "with one, the demand is met");
    let seen = requests(&sandbox).pop().unwrap();
    assert_eq!((&seen["client"], &seen["client_certificate"]), (&json!("mtls"), &json!(true)));
    assert_eq!(seen["authentication"], json!(["client_certificate"]));
    let path = format!("/_sandbox/faults/{id}");
    assert_eq!(Request::new("DELETE", control(&sandbox, &path)).send().status, 204);
    let expired = json!({ "kind": "refuse", "rule": "certificate_outside_validity", "client_certificate": true, "client": "mtls" });
    set(&sandbox, &expired);
    assert_eq!(next(&sandbox).status, 200);
    assert_eq!(over_mtls()["error"], "invalid_client");
    assert!(over_mtls()["access_token"].is_string());
}

#[test]
fn a_gateway_answers_in_the_endpoints_place() {
    let sandbox = sandbox();
    set(&sandbox, &json!({ "kind": "status", "status": 503, "retry_after": 9 }));
    let answer = next(&sandbox);
    assert_eq!((answer.status, &answer.headers["retry-after"]), (503, &"9".parse().unwrap()));
    assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8");
    assert!(answer.text().starts_with("<!DOCTYPE html>"), "{}", answer.text());
    let date = "Sun, 06 Nov 2094 08:49:37 GMT";
    set(
        &sandbox,
        &json!({ "kind": "status", "status": 429, "body": "", "headers": { "Retry-After": date } }),
    );
    let answer = next(&sandbox);
    assert_eq!((answer.status, answer.text().as_str()), (429, ""));
    assert_eq!(answer.headers["retry-after"], date);
    set(
        &sandbox,
        &json!({ "kind": "status", "status": 403, "body": "{}", "content_type": "application/json" }),
    );
    let answer = next(&sandbox);
    assert_eq!(
        (answer.status, answer.json(), &answer.headers["content-type"]),
        (403, json!({}), &"application/json".parse().unwrap())
    );
    assert_eq!(requests(&sandbox).pop().unwrap()["endpoint_status"], Value::Null);
    assert_eq!(next(&sandbox).status, 200);
}

#[test]
fn an_answer_hangs_or_is_late() {
    let sandbox = sandbox();
    set(&sandbox, &json!({ "kind": "hang", "seconds": 1 }));
    let (bytes, took) = raw(&ask(&sandbox));
    assert_eq!(bytes, b"");
    assert!((900..8000).contains(&took.as_millis()), "{took:?}");
    assert_eq!(requests(&sandbox).pop().unwrap()["endpoint_status"], Value::Null);
    set(&sandbox, &json!({ "kind": "delay", "seconds": 1 }));
    let start = Instant::now();
    next(&sandbox).token();
    assert!((900..8000).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
    set(&sandbox, &json!({ "kind": "slow_body", "seconds": 2 }));
    let mut connection = Connection::open(ask(&sandbox).authority()).unwrap();
    let start = Instant::now();
    connection.send(&ask(&sandbox)).unwrap().token();
    assert!((1200..9000).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
    connection.send(&ask(&sandbox)).unwrap().token();
}

#[test]
fn a_sandbox_that_is_told_to_stop_waits_for_no_fault() {
    let mut sandbox = sandbox();
    set(&sandbox, &json!({ "kind": "hang", "seconds": 300 }));
    let request = ask(&sandbox);
    let asked = std::thread::spawn(move || raw(&request));
    while requests(&sandbox).is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let start = Instant::now();
    assert_eq!(sandbox.process.stop(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert_eq!(asked.join().unwrap().0, b"");
}

#[test]
fn a_truncated_answer_announces_more_than_it_brings() {
    let sandbox = sandbox();
    let split = |bytes: &[u8]| {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let (head, body) =
            text.split_once("\r\n\r\n").map(|(head, body)| (head.to_lowercase(), body.to_owned())).unwrap();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .unwrap()
            .parse::<usize>()
            .unwrap();
        assert!(head.starts_with("http/1.1 200 "), "{head}");
        (length, body)
    };
    set(&sandbox, &json!({ "kind": "truncate" }));
    let (length, body) = split(&raw(&ask(&sandbox)).0);
    assert_eq!(body.len(), length / 2);
    assert!(body.starts_with("{\"access_token\":\""), "{body}");
    for bytes in [0, 1, 40] {
        set(&sandbox, &json!({ "kind": "truncate", "bytes": bytes }));
        let (length, body) = split(&raw(&ask(&sandbox)).0);
        assert!(length > 100 && body.len() == bytes, "{length} {body}");
    }
    let seen = requests(&sandbox).pop().unwrap();
    assert_eq!((&seen["status"], &seen["state"]), (&json!(200), &json!("truncated")));
    set(&sandbox, &json!({ "kind": "truncate", "endpoint": "jwks" }));
    let jwks = Request::new("GET", text(&sandbox.realm("standard")["endpoints"], "jwks"));
    let (length, body) = split(&raw(&jwks).0);
    assert_eq!(body.len(), length / 2);
}

#[test]
fn members_and_bodies_are_changed_after_the_token_was_issued() {
    let sandbox = sandbox();
    let edits = [
        (json!({ "as_text": ["expires_in"] }), "expires_in", json!("300")),
        (json!({ "set": { "expires_in": 0 } }), "expires_in", json!(0)),
        (json!({ "remove": ["expires_in"] }), "expires_in", Value::Null),
        (json!({ "remove": ["token_type"] }), "token_type", Value::Null),
        (json!({ "set": { "scope": ["read"] } }), "scope", json!(["read"])),
    ];
    for (edit, member, expected) in edits {
        let mut fault = edit.clone();
        fault["kind"] = json!("edit");
        set(&sandbox, &fault);
        let answer = next(&sandbox).json();
        assert_eq!(answer[member], expected, "{edit}");
        assert_eq!(members(&answer).contains(&member), !expected.is_null(), "{edit}");
        let resource = text(&sandbox.realm("standard")["endpoints"], "resource");
        let token = format!("Bearer {}", text(&answer, "access_token"));
        assert_eq!(Request::new("GET", resource).header("Authorization", token).send().status, 200);
    }
    set(&sandbox, &json!({ "kind": "replace" }));
    let page = next(&sandbox);
    assert_eq!(
        (page.status, &page.headers["content-type"]),
        (200, &"text/html; charset=utf-8".parse().unwrap())
    );
    assert!(page.text().starts_with("<!DOCTYPE html>"));
    set(&sandbox, &json!({ "kind": "replace", "body": "" }));
    let empty = next(&sandbox);
    assert_eq!((empty.status, empty.text().as_str()), (200, ""));
    assert_eq!(empty.headers["content-type"], "application/json");
    assert_eq!(requests(&sandbox).pop().unwrap()["endpoint_status"], 200);
}

#[test]
fn a_budget_that_is_used_up_locks_out_for_its_time() {
    let sandbox = sandbox();
    set(
        &sandbox,
        &json!({ "kind": "budget", "realm": "standard", "calls": 3, "window": 60, "lock_out": 600 }),
    );
    let statuses: Vec<u16> = (0..5).map(|_| next(&sandbox).status).collect();
    assert_eq!(statuses, [200, 200, 200, 429, 429]);
    let seconds: u32 = next(&sandbox).headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((500..=600).contains(&seconds), "{seconds}");
    advance(&sandbox, 300);
    assert_eq!(next(&sandbox).status, 429);
    advance(&sandbox, 301);
    assert_eq!(next(&sandbox).status, 200);
}

fn kids(sandbox: &Sandbox) -> Vec<String> {
    let jwks = get(text(&sandbox.realm("standard")["endpoints"], "jwks")).json();
    jwks["keys"].as_array().unwrap().iter().map(|key| text(key, "kid").to_owned()).collect()
}

fn kid_of(token: &str) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let head = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    text(&serde_json::from_slice(&head).unwrap(), "kid").to_owned()
}

#[test]
fn signing_keys_are_rolled_over_by_order_or_before_a_request() {
    let sandbox = sandbox();
    let first = kid_of(&next(&sandbox).token());
    let order = |body: &Value| Request::json(control(&sandbox, "/_sandbox/keys"), body).send();
    assert_eq!(order(&json!({ "realm": "standard" })).status, 204);
    let second = kid_of(&next(&sandbox).token());
    assert_ne!(first, second);
    let published = kids(&sandbox);
    assert!(published.contains(&first) && published.contains(&second), "what the old key signed stays good");
    set(&sandbox, &json!({ "kind": "rotate_keys", "realm": "standard", "nth": 2, "urgency": "compromised" }));
    assert_eq!(kid_of(&next(&sandbox).token()), second);
    let third = kid_of(&next(&sandbox).token());
    assert_ne!(second, third);
    let published = kids(&sandbox);
    assert!(published.contains(&third) && !published.contains(&first) && !published.contains(&second));
    for wrong in [json!({}), json!({ "realm": "nowhere" }), json!({ "realm": "standard", "urgency": "soon" })]
    {
        assert_eq!(order(&wrong).status, 400, "{wrong}");
    }
}

#[test]
fn time_passes_before_a_request() {
    let sandbox = sandbox();
    let token = format!("Bearer {}", next(&sandbox).token());
    let resource = text(&sandbox.realm("standard")["endpoints"], "resource");
    let request = Request::new("GET", resource).header("Authorization", &token);
    assert_eq!(request.send().status, 200);
    set(&sandbox, &json!({ "kind": "advance_clock", "seconds": 3600, "endpoint": "resource", "nth": 2 }));
    assert_eq!([request.send().status, request.send().status], [200, 401]);
}

/// What `openssl s_client` says of a TLS listener's certificate.
fn handshake(url: &str, ca: &Path) -> (bool, String) {
    let authority = url.strip_prefix("https://").unwrap().split('/').next().unwrap();
    let output = Command::new("openssl")
        .args(["s_client", "-connect", authority, "-verify_return_error", "-CAfile"])
        .arg(ca)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), said)
}

#[test]
fn the_servers_certificate_has_expired_for_so_many_handshakes() {
    let sandbox = sandbox();
    let folder = tempfile::TempDir::new().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, text(&sandbox.description, "ca_certificate_pem")).unwrap();
    for base in ["tls_base_url", "mtls_base_url"] {
        let url = text(sandbox.realm("standard"), base);
        assert!(handshake(url, &ca).0, "{base}");
        let id = set(&sandbox, &json!({ "kind": "expired_certificate", "times": 2 }));
        for _ in 0..2 {
            let (good, said) = handshake(url, &ca);
            assert!(!good && said.contains("certificate has expired"), "{base}: {said}");
        }
        assert!(handshake(url, &ca).0, "{base}");
        let fault = get(&control(&sandbox, &format!("/_sandbox/faults/{id}"))).json();
        assert_eq!((&fault["struck"], &fault["done"]), (&json!(2), &json!(true)));
    }
}

#[test]
fn bodies_that_no_endpoint_reads_are_refused_as_ever() {
    let (plain, faulty) = (Sandbox::start(), sandbox());
    let refused = |sandbox: &Sandbox, head: &str, body: &str| {
        let url = text(&sandbox.realm("standard")["endpoints"], "token");
        let authority = url.strip_prefix("http://").unwrap().split('/').next().unwrap();
        let mut connection = Connection::open(authority).unwrap();
        let path = &url["http://".len() + authority.len()..];
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {authority}\r\nContent-Type: application/x-www-form-urlencoded\r\n{head}\r\n"
        );
        connection.write(head.as_bytes()).unwrap();
        connection.write(body.as_bytes()).unwrap();
        let answer = connection.read().unwrap();
        (answer.status, answer.text())
    };
    for (head, body) in [
        ("Content-Encoding: gzip\r\nContent-Length: 1\r\n", "x"),
        ("Content-Length: 70000\r\n", ""),
        ("Transfer-Encoding: chunked\r\n", "zz\r\n"),
        ("Transfer-Encoding: chunked, chunked\r\nContent-Length: 1\r\n", "x"),
        ("Content-Length: 3\r\n", "a=b"),
    ] {
        let own = refused(&faulty, head, body);
        assert_eq!(own, refused(&plain, head, body), "{head}");
        assert!((400..500).contains(&own.0), "{own:?}");
    }
}

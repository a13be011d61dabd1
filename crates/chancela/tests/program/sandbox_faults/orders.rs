//! Which requests faults strike, who may set them, and what is said of what arrived.

use super::{
    advance, control, log_in, next, raw, refresh_token, renew, requests, sandbox, set, token_request,
};
use crate::support::http::{Request, get};
use crate::support::process::run;
use crate::support::sandbox::{Sandbox, client};
use crate::support::{members, text};
use serde_json::{Value, json};

#[test]
fn faults_strike_the_requests_that_they_are_for() {
    let sandbox = sandbox();
    let url = |realm: &str, endpoint: &str| text(&sandbox.realm(realm)["endpoints"], endpoint).to_owned();
    set(&sandbox, &json!({ "kind": "status", "status": 500, "realm": "standard", "nth": 2, "times": 2 }));
    let statuses: Vec<u16> = (0..4).map(|_| next(&sandbox).status).collect();
    assert_eq!(statuses, [200, 500, 500, 200]);
    // By client, by label or id; by grant, whatever its name on the wire is.
    set(&sandbox, &json!({ "kind": "status", "status": 500, "client": "post" }));
    let id = text(client(sandbox.realm("standard"), "basic"), "client_id");
    set(&sandbox, &json!({ "kind": "status", "status": 502, "client": id, "grant": "client_credentials" }));
    assert_eq!([next(&sandbox).status, next(&sandbox).status], [502, 200]);
    let celcash = client(sandbox.realm("celcash"), "demo");
    set(
        &sandbox,
        &json!({ "kind": "status", "status": 504, "realm": "celcash", "grant": "client_credentials" }),
    );
    let body = json!({ "grant_type": "authorization_code", "scope": "customers.read" });
    let request = Request::json(url("celcash", "token"), &body)
        .basic(text(celcash, "client_id"), text(celcash, "client_secret"));
    assert_eq!([request.send().status, request.send().status], [504, 200]);
    let gateway = client(sandbox.realm("semear"), "gateway");
    set(
        &sandbox,
        &json!({ "kind": "status", "status": 503, "realm": "semear", "token_endpoint": "gateway" }),
    );
    let request = Request::json(url("semear", "gateway"), &json!({ "grant_type": "client_credentials" }))
        .basic(text(gateway, "client_id"), text(gateway, "client_secret"));
    assert_eq!([request.send().status, request.send().status], [503, 200]);
    assert_eq!(requests(&sandbox).pop().unwrap()["token_endpoint"], "gateway");
    // By endpoint; the other realm and the other endpoints go on.
    set(
        &sandbox,
        &json!({ "kind": "status", "status": 500, "endpoint": "any", "realm": "vantage", "forever": true }),
    );
    assert_eq!(get(&url("vantage", "jwks")).status, 500);
    assert_eq!(get(&url("vantage", "discovery")).status, 500);
    assert_eq!(get(&url("vantage", "authorization")).status, 500);
    assert_eq!(get(&url("standard", "jwks")).status, 200);
    // On every listener: at the realm's own port too.
    let root = text(sandbox.realm("vantage"), "root_url");
    assert_eq!(get(&format!("{root}/.well-known/openid-configuration")).status, 500);
    // By time.
    set(&sandbox, &json!({ "kind": "status", "status": 500, "after": 3600, "lasts": 60, "forever": true }));
    assert_eq!(next(&sandbox).status, 200);
    advance(&sandbox, 3600);
    assert_eq!(next(&sandbox).status, 500);
    advance(&sandbox, 61);
    assert_eq!(next(&sandbox).status, 200);
}

#[test]
fn what_arrived_is_listed_without_secrets() {
    let sandbox = sandbox();
    let realm = sandbox.realm("standard");
    let token = next(&sandbox).token();
    let (url, post) = (text(&realm["endpoints"], "token"), client(realm, "post"));
    let secret = text(post, "client_secret");
    // A secret where a name is expected, in an unknown name, in a method and in a path.
    let form = "application/x-www-form-urlencoded";
    let misplaced = json!({ "client_secret": secret, "grant_type": "client_credentials" }).to_string();
    Request::new("POST", url).header("Content-Type", form).body(misplaced).send();
    let fields = [
        (secret, "1"),
        ("client_id", "nobody-knows-it"),
        ("client_secret", secret),
        ("grant_type", "client_credentials"),
    ];
    Request::form(url, &fields).send();
    Request::json(url, &json!({ "scope": "read", secret: 1 })).send();
    get(&format!("{url}/{secret}?{secret}={secret}"));
    Request::new(&secret.replace('_', "-"), url).send();
    let resource = text(&realm["endpoints"], "resource");
    Request::new("GET", resource).header("Authorization", format!("Bearer {token}")).send();
    let seen = requests(&sandbox);
    let all = Value::from(seen.clone()).to_string();
    assert!(!all.contains(secret) && !all.contains(&token) && !all.contains("nobody-knows-it"), "{all}");
    assert!(
        !all.contains(&secret.replace('_', "-"))
            && !all.contains(text(client(realm, "basic"), "client_secret"))
    );
    assert_eq!(
        members(&seen[0]),
        [
            "number",
            "at_millis",
            "realm",
            "endpoint",
            "token_endpoint",
            "method",
            "grant_type",
            "client_id",
            "authentication",
            "client_certificate",
            "parameters",
            "other_parameters",
            "client",
            "faults",
            "endpoint_status",
            "status",
            "state"
        ]
    );
    let first = &seen[0];
    assert_eq!(first["client_id"], client(realm, "basic")["client_id"]);
    assert_eq!((&first["client"], &first["parameters"]), (&json!("basic"), &json!(["grant_type", "scope"])));
    assert_eq!(
        (&first["realm"], &first["endpoint"], &first["method"]),
        (&json!("standard"), &json!("token"), &json!("POST"))
    );
    assert_eq!(
        (&first["status"], &first["state"], &first["faults"]),
        (&json!(200), &json!("answered"), &json!([]))
    );
    assert_eq!(first["authentication"], json!(["client_secret_basic"]));
    assert_eq!((&seen[1]["parameters"], &seen[1]["other_parameters"]), (&json!([]), &json!(1)));
    assert_eq!(seen[2]["authentication"], json!(["client_secret_post"]));
    assert_eq!((&seen[2]["client_id"], &seen[2]["other_parameters"]), (&Value::Null, &json!(1)));
    assert_eq!((&seen[4]["endpoint"], &seen[4]["status"]), (&Value::Null, &json!(404)));
    assert_eq!((&seen[5]["method"], &seen[5]["status"]), (&json!("other"), &json!(405)));
    assert_eq!((&seen[6]["endpoint"], &seen[6]["authentication"]), (&json!("resource"), &json!(["bearer"])));
    assert_eq!(Request::new("DELETE", control(&sandbox, "/_sandbox/requests")).send().status, 204);
    assert!(requests(&sandbox).is_empty(), "orders are not listed");
}

#[test]
fn faults_are_listed_and_taken_away() {
    let sandbox = sandbox();
    let url = control(&sandbox, "/_sandbox/faults");
    let first = set(&sandbox, &json!({ "kind": "close", "realm": "standard", "nth": 3 }));
    let second = set(&sandbox, &json!({ "kind": "status", "status": 500, "forever": true }));
    assert_eq!(next(&sandbox).status, 500);
    let faults = get(&url).json()["faults"].clone();
    assert_eq!(
        faults,
        json!([
            { "id": first, "kind": "close", "realm": "standard", "nth": 3, "seen": 1, "struck": 0, "done": false },
            { "id": second, "kind": "status", "forever": true, "status": 500, "seen": 1, "struck": 1, "done": false },
        ])
    );
    let delete = |path: &str| Request::new("DELETE", format!("{url}{path}")).send().status;
    assert_eq!([delete(&format!("/{second}")), delete(&format!("/{second}")), delete("/x")], [204, 404, 404]);
    assert_eq!(next(&sandbox).status, 200);
    assert_eq!(delete(""), 204);
    assert_eq!(get(&url).json(), json!({ "faults": [] }));
    assert_eq!(next(&sandbox).status, 200);
    for (fault, words) in [
        (json!({ "kind": "cloze" }), ["unknown variant `cloze`", "`lose_answer`"]),
        (json!({ "kind": "close", "second": 1 }), ["unknown field `second`", "`seconds`"]),
        (json!({ "kind": "close", "seconds": 1 }), ["`seconds` does not belong to `close`", "nth"]),
        (json!({ "kind": "status" }), ["needs `status`", "200 to 599"]),
        (json!({ "kind": "status", "status": 99 }), ["`status`", "200 to 599"]),
        (
            json!({ "kind": "status", "status": 500, "headers": { "Content-Length": "1" } }),
            ["content-length", "truncate"],
        ),
        (json!({ "kind": "status", "status": 500, "headers": { "x y": "1" } }), ["x y", "header"]),
        (json!({ "kind": "hang", "seconds": 301 }), ["`seconds`", "300"]),
        (json!({ "kind": "refuse" }), ["`rule`", "rate_limited"]),
        (json!({ "kind": "refuse", "rule": "bad" }), ["no rule \"bad\"", "log"]),
        (json!({ "kind": "budget", "calls": 1 }), ["`window`", "`calls`"]),
        (
            json!({ "kind": "budget", "calls": 1, "window": 1, "times": 2 }),
            ["`times` does not belong", "lock_out"],
        ),
        (json!({ "kind": "edit" }), ["`set`", "`as_text`"]),
        (json!({ "kind": "close", "nth": 0 }), ["`nth`", "from 1"]),
        (json!({ "kind": "close", "times": 2, "forever": true }), ["`times`", "`forever`"]),
        (json!({ "kind": "close", "realm": "nowhere" }), ["no realm \"nowhere\"", "standard"]),
        (json!({ "kind": "close", "realm": "bs2", "client": "basic" }), ["no client \"basic\"", "demo"]),
        (
            json!({ "kind": "close", "realm": "semear", "token_endpoint": "x" }),
            ["no token endpoint \"x\"", "gateway"],
        ),
        (
            json!({ "kind": "close", "endpoint": "jwks", "grant": "password" }),
            ["token requests", "`endpoint`"],
        ),
        (json!({ "kind": "expired_certificate", "realm": "bs2" }), ["`realm` does not belong", "times"]),
        (
            json!({ "kind": "rotate_keys", "realm": "bs2-production", "urgency": "soon" }),
            ["unknown variant `soon`", "compromised"],
        ),
    ] {
        let refused = Request::json(&url, &fault).send();
        assert_eq!(refused.status, 400, "{fault}");
        for word in words {
            assert!(refused.text().contains(word), "{fault}: {}", refused.text());
        }
    }
    assert_eq!(Request::new("PUT", &url).send().status, 405);
}

#[test]
fn orders_are_taken_only_where_a_flag_allows_it_and_from_no_page() {
    let paths = ["/_sandbox/faults", "/_sandbox/faults/1", "/_sandbox/requests", "/_sandbox/keys"];
    let folder = tempfile::TempDir::new().unwrap();
    let script = folder.path().join("empty.toml");
    std::fs::write(&script, "").unwrap();
    for plain in
        [Sandbox::start(), Sandbox::with(&["--script", script.to_str().unwrap(), "--danger-clock-control"])]
    {
        for path in paths {
            assert_eq!(get(&control(&plain, path)).status, 404, "{path}");
        }
    }
    let sandbox = sandbox();
    for path in paths {
        let asked =
            Request::new("GET", control(&sandbox, path)).header("Origin", "https://example.com").send();
        assert_eq!(asked.status, 403, "{path}");
    }
}

/// Starts a sandbox with this script.
fn scripted(script: &str) -> Sandbox {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("script.toml");
    std::fs::write(&file, script).unwrap();
    Sandbox::with(&["--script", file.to_str().unwrap()])
}

#[test]
fn what_is_wrong_with_a_script_is_said_with_its_line_before_anything_starts() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("script.toml");
    let path = file.to_str().unwrap();
    let with = |script: &str| {
        std::fs::write(&file, script).unwrap();
        run(&["sandbox", "--listen", "127.0.0.1:0", "--script", path])
    };
    let second = "[[fault]]\nkind = \"close\"\n\n";
    with(&format!("{second}[[fault]]\nkind = \"close\"\nsecs = 1\n"))
        .failed(2, &["script.toml:6: unknown field `secs`", "`nth`"]);
    with(&format!("{second}[[fault]]\nkind = \"hang\"\nseconds = 0\n"))
        .failed(2, &["script.toml:4: ", "from 1 to 300"]);
    with(&format!("{second}[[fault]]\nkind = \"close\"\nrealm = \"x\"\n"))
        .failed(2, &["script.toml:4: ", "no realm \"x\""]);
    with("[[fault]\n").failed(2, &["script.toml:1: "]);
    std::fs::remove_file(&file).unwrap();
    run(&["sandbox", "--script", path]).failed(2, &["--script", "script.toml", "name a file"]);
}

#[test]
fn the_books_script_does_what_the_book_says() {
    let book = include_str!("../../../../../docs/book/src/sandbox-faults.md");
    let script = book.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let sandbox = scripted(script);
    assert_eq!([next(&sandbox).status, next(&sandbox).status], [429, 200]);
    let first = log_in(&sandbox);
    assert_eq!(raw(&renew(&sandbox, &first)).0, b"");
    refresh_token(&renew(&sandbox, &first).send());
    let jwks = text(&sandbox.realm("standard")["endpoints"], "jwks");
    assert!(serde_json::from_slice::<Value>(&get(jwks).body).is_ok());
    assert!(get(jwks).text().starts_with("<!DOCTYPE html>"));
    let fields = [("grant_type", "client_credentials"), ("scope", "openid")];
    let vantage = || token_request(&sandbox, "vantage", "demo", &fields).send().status;
    let statuses: Vec<u16> = (0..6).map(|_| vantage()).collect();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 429]);
}

#[test]
fn the_book_names_every_kind_and_key() {
    let book = include_str!("../../../../../docs/book/src/sandbox-faults.md");
    let sandbox = sandbox();
    let url = control(&sandbox, "/_sandbox/faults");
    // The program's own lists, from its refusals.
    for (wrong, least) in [(json!({ "kind": "?" }), 14), (json!({ "kind": "close", "?": 1 }), 27)] {
        let refused = Request::json(&url, &wrong).send().text();
        let words: Vec<&str> = refused.split('`').skip(3).step_by(2).collect();
        assert!(words.len() >= least, "{refused}");
        for word in words {
            assert!(book.contains(&format!("`{word}`")), "{word}");
        }
    }
}

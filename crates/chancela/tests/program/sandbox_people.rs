//! The sandbox where people log in: what is printed for a browser, the demo's first page, and the clock that tests move.

use crate::support::http::{Request, get};
use crate::support::process::{Process, command};
use crate::support::sandbox::{Sandbox, client};
use crate::support::text;
use serde_json::json;

#[test]
fn realms_where_people_log_in_say_where_their_pages_are() {
    let sandbox = Sandbox::start();
    for (name, realm) in sandbox.realms() {
        let people = ["bs2", "bs2-production", "vantage", "standard"].contains(&name);
        for endpoint in ["authorization", "userinfo", "end_session", "account", "discovery"] {
            assert_eq!(realm["endpoints"][endpoint].is_string(), people, "{name} {endpoint}");
        }
        let redirects = realm["clients"].as_array().unwrap().iter();
        let redirects = redirects.filter(|client| !client["redirect_uris"].as_array().unwrap().is_empty());
        assert_eq!(redirects.count() > 0, people, "{name}");
    }
    let native = client(sandbox.realm("standard"), "native");
    assert!(native["client_secret"].is_null() && native["token_endpoint_auth_method"] == "none");
}

#[test]
fn the_printed_address_opens_a_login_page() {
    let mut process = Process::start(command().args(["sandbox", "--listen", "127.0.0.1:0"]));
    let printed = process.await_output("the printed text", |stdout, _| {
        stdout.contains("/sandbox.json\n").then(|| stdout.to_owned())
    });
    let addresses: Vec<&str> = printed.lines().filter_map(|line| line.strip_prefix("#   http")).collect();
    assert_eq!(addresses.len(), 3, "{printed}");
    for address in addresses {
        let answer = get(&format!("http{address}"));
        assert_eq!(answer.status, 200, "{address}: {}", answer.text());
        assert!(answer.text().contains("name=\"password\""), "{address}");
    }
    assert_eq!(printed.matches("#     --data-urlencode 'code_verifier=").count(), 3);
    let demo = printed.lines().find_map(|line| line.strip_prefix("# the code flow, step by step: ")).unwrap();
    let index = get(demo);
    assert_eq!(index.status, 200);
    for realm in ["bs2", "vantage", "standard"] {
        let step = format!("/demo/request?realm={realm}");
        assert!(index.text().contains(&step), "{realm}");
        let first = get(&demo.replace("/demo", &step));
        assert!(first.text().contains("code_challenge_method"), "{realm}");
    }
}

#[test]
fn the_clock_moves_only_where_a_flag_allows_it() {
    let plain = Sandbox::start();
    let clock = |sandbox: &Sandbox| {
        let base = text(sandbox.realm("standard"), "base_url").replace("/standard", "/_sandbox/clock");
        Request::json(&base, &json!({ "advance_seconds": 400 })).send()
    };
    assert_eq!(clock(&plain).status, 404);

    let sandbox = Sandbox::with(&["--danger-clock-control"]);
    let realm = sandbox.realm("standard");
    let own = client(realm, "basic");
    let (id, secret) = (text(own, "client_id"), text(own, "client_secret"));
    let token = Request::form(text(&realm["endpoints"], "token"), &[("grant_type", "client_credentials")])
        .basic(id, secret)
        .send()
        .token();
    let active = || {
        Request::form(text(&realm["endpoints"], "introspection"), &[("token", &token)])
            .basic(id, secret)
            .send()
            .json()["active"]
            .clone()
    };
    assert_eq!(active(), true);
    assert_eq!(clock(&sandbox).status, 200);
    assert_eq!(active(), false, "a token of 300 seconds lives on after 400");
    let base = text(realm, "base_url").replace("/standard", "/_sandbox/clock");
    for wrong in
        [json!({ "advance_seconds": -1 }), json!({ "advance_seconds": "1" }), json!({ "forward": 1 })]
    {
        assert_eq!(Request::json(&base, &wrong).send().status, 400, "{wrong}");
    }
}

#[test]
fn a_folder_that_moves_to_another_port_has_redirect_uris_there() {
    let folder = tempfile::TempDir::new().unwrap();
    let redirect = |sandbox: &Sandbox| {
        let realm = sandbox.realm("standard");
        let base = text(realm, "base_url").replace("/standard", "/demo/callback");
        assert_eq!(client(realm, "web")["redirect_uris"], json!([base]));
        (text(client(realm, "web"), "client_id").to_owned(), base)
    };
    let mut first = Sandbox::in_folder(folder.path());
    let before = redirect(&first);
    assert_eq!(first.process.stop(), Some(0));
    let after = redirect(&Sandbox::in_folder(folder.path()));
    assert_eq!(before.0, after.0);
    assert_ne!(before.1, after.1);
}

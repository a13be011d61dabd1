//! `chancela sandbox`: what it prints is true, and works as it stands.

use crate::support::http::{Answer, Request, get};
use crate::support::process::{Process, command, run};
use crate::support::sandbox::{Sandbox, client};
use crate::support::{members, text};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

#[test]
fn the_description_has_exactly_the_documented_form() {
    let sandbox = Sandbox::start();
    let description = &sandbox.description;
    assert_eq!(members(description), ["version", "ca_certificate_pem", "realms"]);
    assert_eq!(description["version"], json!(1));
    assert!(text(description, "ca_certificate_pem").starts_with("-----BEGIN CERTIFICATE-----\n"));
    assert_eq!(
        members(&description["realms"]),
        ["bankly", "bs2", "bs2-production", "semear", "celcash", "vantage", "standard"]
    );
    for (name, realm) in sandbox.realms() {
        assert_eq!(
            members(realm),
            [
                "dialect",
                "environment",
                "base_url",
                "root_url",
                "tls_base_url",
                "mtls_base_url",
                "client_ca_certificate_pem",
                "endpoints",
                "clients",
                "users"
            ]
        );
        assert!(name.starts_with(text(realm, "dialect")), "{name}");
        assert!(!text(realm, "environment").is_empty());
        let base = text(realm, "base_url");
        assert!(base.starts_with("http://127.0.0.1:") && base.ends_with(&format!("/{name}")), "{base}");
        assert!(text(realm, "root_url").starts_with("http://127.0.0.1:"));
        let (tls, mtls) = (text(realm, "tls_base_url"), text(realm, "mtls_base_url"));
        for own in [tls, mtls] {
            assert!(own.starts_with("https://127.0.0.1:") && own.ends_with(&format!("/{name}")), "{own}");
        }
        assert_ne!(tls, mtls);
        assert!(text(realm, "client_ca_certificate_pem").starts_with("-----BEGIN CERTIFICATE-----\n"));
        assert_eq!(members(&realm["endpoints"])[0], "token");
        for endpoint in members(&realm["endpoints"]) {
            let url = text(&realm["endpoints"], endpoint);
            if url.starts_with(&format!("{base}/")) {
                assert_ne!(get(url).status, 404, "{url}");
            } else {
                assert!(url.starts_with(&format!("{mtls}/")), "{url}");
            }
        }
        for client in realm["clients"].as_array().unwrap() {
            check_client(client, name == "bankly");
        }
        for user in realm["users"].as_array().unwrap() {
            assert_eq!(members(user), ["username", "password", "tenant"]);
            assert!(!text(user, "username").is_empty() && text(user, "password").len() >= 16);
            assert!(user["tenant"].is_null() || user["tenant"].is_string());
        }
    }
    let labels = |realm: &str| -> Vec<String> {
        let clients = sandbox.realm(realm)["clients"].as_array().unwrap().iter();
        clients.map(|client| text(client, "label").to_owned()).collect()
    };
    assert_eq!(labels("semear"), ["gateway", "application"]);
    assert_eq!(labels("celcash"), ["demo", "partner"]);
    assert!(client(sandbox.realm("semear"), "application")["private_key_pem"].is_string());
}

fn check_client(client: &Value, has_organization: bool) {
    let mut expected = vec![
        "client_id",
        "client_secret",
        "scope",
        "grant_types",
        "token_endpoint_auth_method",
        "redirect_uris",
        "certificate_pem",
        "certificate_chain_pem",
        "private_key_pem",
        "label",
    ];
    // The organization that may register clients of its own stands under the provider's name for it.
    expected.extend(has_organization.then_some("company_key"));
    assert_eq!(members(client), expected);
    for member in ["client_id", "label", "token_endpoint_auth_method"] {
        assert!(!text(client, member).is_empty(), "{member}");
    }
    let secretless = ["none", "tls_client_auth"].contains(&text(client, "token_endpoint_auth_method"));
    assert_eq!(client["client_secret"].as_str().is_none_or(str::is_empty), secretless, "{client}");
    assert!(client["scope"].is_string());
    for member in ["grant_types", "redirect_uris"] {
        assert!(client[member].as_array().unwrap().iter().all(Value::is_string), "{member}");
    }
    for (member, label) in [("certificate_pem", "CERTIFICATE"), ("private_key_pem", "PRIVATE KEY")] {
        let pem = client[member].as_str();
        assert!(pem.is_none_or(|pem| pem.starts_with(&format!("-----BEGIN {label}-----\n"))), "{member}");
        assert_eq!(pem.is_some(), client["certificate_pem"].is_string());
    }
}

/// The grant by which a client gets tokens on its own behalf, as on the wire.
fn own_grant(client: &Value) -> Option<&str> {
    let grants: Vec<&str> =
        client["grant_types"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    // One provider calls client_credentials by the other's name.
    let only = grants.first().filter(|_| grants.len() == 1);
    grants.iter().find(|grant| **grant == "client_credentials").or(only).copied()
}

/// The request for a token of each printed client by its printed method, grant and endpoint, as its dialect has it.
fn token_request(realm: &Value, client: &Value, gateway_token: &str) -> Request {
    let (id, secret) = (text(client, "client_id"), text(client, "client_secret"));
    let grant = own_grant(client).unwrap().to_owned();
    let label = text(client, "label");
    let endpoint = realm["endpoints"].get(label).unwrap_or(&realm["endpoints"]["token"]).as_str().unwrap();
    let scope = match text(realm, "dialect") {
        // At most ten at once.
        "bankly" => "certificate.create",
        _ => text(client, "scope"),
    };
    if matches!(text(realm, "dialect"), "celcash") || label == "gateway" {
        assert_eq!(client["token_endpoint_auth_method"], "client_secret_basic");
        return Request::json(endpoint, &json!({ "grant_type": grant, "scope": scope })).basic(id, secret);
    }
    let mut fields = vec![("grant_type", grant.as_str()), ("scope", scope)];
    let request = match text(client, "token_endpoint_auth_method") {
        "client_secret_basic" => Request::form(endpoint, &fields).basic(id, secret),
        "client_secret_post" => {
            fields.extend([("client_id", id), ("client_secret", secret)]);
            Request::form(endpoint, &fields)
        }
        other => panic!("{other}"),
    };
    match client["certificate_pem"].as_str() {
        Some(pem) => {
            let pem = pem.split_whitespace().collect::<Vec<_>>().join(" ");
            request.header("client-cert", pem).header("access_token", gateway_token)
        }
        None => request,
    }
}

#[test]
fn every_printed_client_obtains_a_token_by_its_printed_method() {
    let sandbox = Sandbox::start();
    let mut obtained = 0;
    for (name, realm) in sandbox.realms() {
        let mut last = String::new();
        for client in realm["clients"].as_array().unwrap() {
            // Where the certificate is the credential, `curl` shows it: see the mutual TLS tests.
            if own_grant(client).is_none() || client["token_endpoint_auth_method"] == "tls_client_auth" {
                continue;
            }
            let answer = token_request(realm, client, &last).send();
            assert_eq!(answer.status, 200, "{name} {}: {}", client["label"], answer.text());
            last = answer.token();
            obtained += 1;
        }
    }
    assert_eq!(obtained, 9);
}

#[test]
fn a_printed_user_obtains_a_token_with_the_printed_password() {
    let sandbox = Sandbox::start();
    let mut obtained = 0;
    for (name, realm) in sandbox.realms() {
        let asks = |client: &&Value| client["grant_types"].as_array().unwrap().contains(&json!("password"));
        let Some(client) = realm["clients"].as_array().unwrap().iter().find(asks) else { continue };
        for user in realm["users"].as_array().unwrap() {
            let scope = if name == "vantage" { "openid" } else { "forintegration" };
            let fields = [
                ("grant_type", "password"),
                ("client_id", text(client, "client_id")),
                ("client_secret", text(client, "client_secret")),
                ("scope", scope),
                ("username", text(user, "username")),
                ("password", text(user, "password")),
            ];
            Request::form(text(&realm["endpoints"], "token"), &fields).send().token();
            obtained += 1;
        }
    }
    assert_eq!(obtained, 4);
}

#[test]
fn the_printed_resource_server_introspects_the_tokens_of_others() {
    let sandbox = Sandbox::start();
    let realm = sandbox.realm("standard");
    let token = token_request(realm, client(realm, "basic"), "").send().token();
    let server = client(realm, "resource-server");
    let answer = Request::form(text(&realm["endpoints"], "introspection"), &[("token", &token)])
        .basic(text(server, "client_id"), text(server, "client_secret"))
        .send();
    assert_eq!(answer.json()["active"], true);
    assert_eq!(answer.json()["client_id"], client(realm, "basic")["client_id"]);
}

/// The blocks of shell lines, each below a line `# realm at address`.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        match line.strip_prefix("# ").and_then(|rest| rest.split_once(" at ")) {
            Some((realm, _)) => out.push((realm.to_owned(), String::new())),
            None if line.starts_with('#') => {}
            None => {
                if let Some((_, block)) = out.last_mut() {
                    block.push_str(line);
                    block.push('\n');
                }
            }
        }
    }
    out
}

#[test]
fn the_printed_curl_lines_work_as_they_stand() {
    let mut process = Process::start(command().args(["sandbox", "--all", "--listen", "127.0.0.1:0"]));
    let printed = process.await_output("the printed text", |stdout, _| {
        stdout.contains("/sandbox.json\n").then(|| stdout.to_owned())
    });
    let blocks = blocks(&printed);
    assert_eq!(blocks.len(), 16, "{printed}");
    for (realm, block) in blocks {
        // As pasted, but for the progress meter and a time limit.
        let script = format!(
            "curl() {{ command curl --silent --show-error --max-time 20 --noproxy '*' \"$@\"; }}\n{block}"
        );
        let output = Command::new("bash").args(["-c", &script]).output().unwrap();
        let answer = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{realm}: {answer}{}", String::from_utf8_lossy(&output.stderr));
        let answer: Value =
            serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{realm}: {error}: {answer}"));
        let (seconds, has_scope) = match realm.as_str() {
            "bankly" => (3600, true),
            "bs2" => (420, true),
            "bs2-production" => (300, true),
            "semear" => (3600, false),
            "celcash" => (600, true),
            "vantage" => (86_400, true),
            "standard" | "sicoob" => (300, true),
            "banco-do-brasil" => (600, true),
            "btg" | "cora" => (86_400, true),
            "celcoin" => (2400, false),
            "efi" | "inter" => (3600, true),
            "itau" => (300, false),
            "santander" => (900, false),
            other => panic!("{other}"),
        };
        assert_eq!(answer["expires_in"], seconds, "{realm}: {answer}");
        let token_type = if ["celcoin", "santander"].contains(&&*realm) { "bearer" } else { "Bearer" };
        assert_eq!(answer["token_type"], token_type, "{realm}");
        assert_eq!(answer.get("scope").is_some(), has_scope, "{realm}");
        assert!(!text(&answer, "access_token").is_empty());
    }
}

#[test]
fn a_sandbox_with_a_folder_has_the_same_credentials_when_it_starts_again() {
    let folder = tempfile::TempDir::new().unwrap();
    let credentials = |sandbox: &Sandbox| -> Vec<Value> {
        let mut realms = sandbox.description["realms"].clone();
        let realms = realms.as_object_mut().unwrap().values_mut();
        let clients_and_users = realms.flat_map(|realm| {
            for client in realm["clients"].as_array_mut().unwrap() {
                client["redirect_uris"].take(); // they follow the port
            }
            [realm["clients"].take(), realm["users"].take()]
        });
        clients_and_users.collect()
    };
    let mut first = Sandbox::in_folder(folder.path());
    let before = credentials(&first);
    let realm = first.realm("bs2");
    let token = token_request(realm, client(realm, "demo"), "").send().token();
    assert_eq!(first.process.stop(), Some(0));
    let second = Sandbox::in_folder(folder.path());
    assert!(credentials(&second) == before, "the credentials are others");
    let realm = second.realm("bs2");
    assert_eq!(introspect(realm, client(realm, "demo"), &token).json()["active"], true);
    token_request(realm, client(realm, "demo"), "").send().token();
}

fn introspect(realm: &Value, client: &Value, token: &str) -> Answer {
    Request::form(text(&realm["endpoints"], "introspection"), &[("token", token)])
        .basic(text(client, "client_id"), text(client, "client_secret"))
        .send()
}

#[test]
fn a_sandbox_that_lost_its_credentials_file_says_what_to_do() {
    let folder = tempfile::TempDir::new().unwrap();
    assert_eq!(Sandbox::in_folder(folder.path()).process.stop(), Some(0));
    let arguments = ["sandbox", "--listen", "127.0.0.1:0", "--data", folder.path().to_str().unwrap()];
    let file = folder.path().join("sandbox-credentials.json");
    std::fs::write(&file, "{").unwrap();
    run(&arguments).failed(1, &["sandbox-credentials.json", "damaged", "--data"]);
    std::fs::remove_file(&file).unwrap();
    run(&arguments).failed(1, &["sandbox-credentials.json", "missing", "--data"]);
}

#[test]
fn a_first_start_that_was_killed_is_finished_by_the_next() {
    let folder = tempfile::TempDir::new().unwrap();
    let data = folder.path().to_str().unwrap();
    for killed_after in [20, 60, 120, 200, 300, 450] {
        let mut process =
            Process::start(command().args(["sandbox", "--listen", "127.0.0.1:0", "--data", data]));
        std::thread::sleep(Duration::from_millis(killed_after));
        process.kill();
    }
    let sandbox = Sandbox::in_folder(folder.path());
    let realm = sandbox.realm("vantage");
    let (client, user) = (client(realm, "demo"), &realm["users"][1]);
    let fields = [
        ("grant_type", "password"),
        ("scope", "openid"),
        ("client_id", text(client, "client_id")),
        ("client_secret", text(client, "client_secret")),
        ("username", text(user, "username")),
        ("password", text(user, "password")),
    ];
    Request::form(text(&realm["endpoints"], "token"), &fields).send().token();
}

#[test]
fn without_a_folder_nothing_is_left_behind() {
    let mut process = Process::start(command().args(["sandbox", "--listen", "127.0.0.1:0", "--json"]));
    let left = |process: &Process| std::fs::read_dir(process.temporary()).unwrap().count();
    process.await_output("the description", |stdout, _| serde_json::from_str::<Value>(stdout).ok());
    assert_eq!(left(&process), 1);
    assert_eq!(process.stop(), Some(0));
    assert_eq!(left(&process), 0);
}

#[test]
fn a_port_in_use_is_said_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let outcome = run(&["sandbox", "--listen", &address]);
    outcome.failed(1, &[&address, "in use", "--listen"]);
    assert_eq!(outcome.stdout, "");
}

#[test]
fn a_folder_in_use_is_said() {
    let folder = tempfile::TempDir::new().unwrap();
    let _first = Sandbox::in_folder(folder.path());
    let outcome = run(&["sandbox", "--listen", "127.0.0.1:0", "--data", folder.path().to_str().unwrap()]);
    assert_eq!(outcome.code, 1, "{outcome:?}");
    assert!(
        outcome.stderr.contains("another process") || outcome.stderr.contains("another server"),
        "{outcome:?}"
    );
}

#[test]
fn the_command_line_manages_a_running_sandbox_by_its_folder() {
    let folder = tempfile::TempDir::new().unwrap();
    let data = folder.path().to_str().unwrap();
    let sandbox = Sandbox::in_folder(folder.path());
    let made =
        run(&["client", "create", "--realm", "standard", "--data", data, "--scope", "read", "--json"]).json();
    let url = text(&sandbox.realm("standard")["endpoints"], "token");
    let request = Request::form(url, &[("grant_type", "client_credentials")]);
    request.basic(text(&made, "client_id"), text(&made, "client_secret")).send().token();
    drop(sandbox);
    let outcome = run(&["client", "list", "--realm", "standard", "--data", data]);
    outcome.failed(1, &["no server runs", "--config"]);
}

#[test]
fn root_ports_are_counted_up_from_the_main_one() {
    let with_ports = |first: u16| {
        let listen = format!("127.0.0.1:{first}");
        let mut process = Process::start(command().args(["sandbox", "--json", "--listen", &listen]));
        let description = process.await_output("the description, or its failure", |stdout, stderr| {
            let described = serde_json::from_str::<Value>(stdout).ok().map(Some);
            described.or_else(|| stderr.contains("in use").then_some(None))
        });
        description.map(|description| (process, description))
    };
    // Eight free ports in a row: others may take one of them meanwhile.
    let (_process, description, first) = (20_000..30_000)
        .step_by(97)
        .find_map(|first| with_ports(first).map(|(process, description)| (process, description, first)))
        .expect("eight free ports in a row");
    for (number, (name, realm)) in (1..).zip(description["realms"].as_object().unwrap()) {
        assert_eq!(realm["base_url"], format!("http://127.0.0.1:{first}/{name}"));
        assert_eq!(realm["root_url"], format!("http://127.0.0.1:{}", first + number));
    }
}

#[test]
fn documented_limits_are_enforced_when_asked_for() {
    let sandbox = Sandbox::with(&["--rate-limits"]);
    let realm = sandbox.realm("bs2");
    let request = token_request(realm, client(realm, "demo"), "");
    // A minute may end in between: then there are ten more.
    let answers: Vec<Answer> = (0..21).map(|_| request.send()).collect();
    assert!(answers[..10].iter().all(|answer| answer.status == 200));
    let refused = answers.iter().find(|answer| answer.status == 429).expect("the limit");
    let seconds: u32 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
}

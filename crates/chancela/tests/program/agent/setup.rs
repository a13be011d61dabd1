//! `chancela agent init` against a program that is not the sandbox, and in a folder where something is already.

use super::Bench;
use crate::support::process::{Finished, command};
use serde_json::{Value, json};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::Path;
use tempfile::TempDir;

/// What a sandbox with one realm says.
fn description(realm: &str, client_id: &str) -> Value {
    let mut out = json!({ "version": 1, "ca_certificate_pem": "PEM", "realms": {} });
    out["realms"][realm] = json!({
        "dialect": "standard",
        "environment": "sandbox",
        "base_url": "http://127.0.0.1:1/standard",
        "mtls_base_url": "https://127.0.0.1:2/standard",
        "clients": [{
            "label": "demo",
            "client_id": client_id,
            "client_secret": "a secret",
            "scope": "a b",
            "token_endpoint_auth_method": "client_secret_basic",
        }],
    });
    out
}

/// Runs `agent init` against a program that says this.
fn init(folder: &Path, description: &Value) -> Finished {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let body = description.to_string();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        stream.write_all(head.as_bytes()).unwrap();
    });
    let mut command = command();
    let output =
        command.args(["agent", "init", "--sandbox", &address, "--folder"]).arg(folder).output().unwrap();
    Finished::from(output)
}

fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut out: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    out.sort();
    out
}

#[test]
fn names_that_are_not_plain_are_refused_and_nothing_is_written() {
    let root = TempDir::new().unwrap();
    let folder = root.path().join("agent");
    let long = "a".repeat(65);
    for name in ["../evil", "/tmp/evil", "a]\n[cache", "a.b", "Ab", "", "a b", "é", "..", long.as_str()] {
        let told = init(&folder, &description(name, "id"));
        told.failed(3, &["what the sandbox says of itself has a name", "chancela sandbox"]);
        assert_eq!(entries(root.path()), [""; 0], "{name:?}");
    }
    assert_eq!(init(&folder, &description(&"a".repeat(64), "id")).code, 0);
}

#[test]
fn a_client_id_that_would_be_read_from_elsewhere_is_refused() {
    let root = TempDir::new().unwrap();
    let mark = root.path().join("mark");
    let command = format!("cmd:/usr/bin/touch {}", mark.display());
    for id in [command.as_str(), "env:HOME", "file:/etc/passwd", "stdin", "keyring:bank", "cmd:", "file:~/x"]
    {
        let told = init(&root.path().join("agent"), &description("standard", id));
        told.failed(3, &["client_id"]);
        assert_eq!(entries(root.path()), [""; 0], "{id}");
    }
}

#[test]
fn an_address_that_is_no_place_for_secrets_is_refused() {
    let root = TempDir::new().unwrap();
    for address in ["", "http://bank.example", "https://user:pa55@bank.example", "http://127.0.0.1/\"\nx = 1"]
    {
        let mut description = description("standard", "id");
        description["realms"]["standard"]["base_url"] = address.into();
        let told = init(&root.path().join("agent"), &description);
        told.failed(3, &["has a wrong address"]);
        assert!(!told.stderr.contains("pa55"), "{told:?}");
        assert_eq!(entries(root.path()), [""; 0], "{address}");
    }
}

#[test]
fn a_value_stays_a_value_whatever_it_has() {
    let root = TempDir::new().unwrap();
    let nasty = "x\"\n'''\n\"\"\"\n[http]\nproxy = \"http://evil.example\"\n\\u0041 # é\u{7f}";
    let mut description = description("standard", nasty);
    let realm = &mut description["realms"]["standard"];
    realm["environment"] = nasty.into();
    realm["clients"][0]["client_secret"] = nasty.into();
    // Each table has one place, and the TOML reader says that nothing was added to any.
    let told = init(root.path(), &description);
    assert_eq!(told.code, 0, "{told:?}");
    let text = fs::read_to_string(root.path().join("agent.toml")).unwrap();
    let config: toml::Table = text.parse().unwrap();
    let keys = |table: &toml::Value| table.as_table().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(keys(&config.clone().into()), "cache http provider");
    assert_eq!(keys(&config["http"]), "ca");
    let provider = &config["provider"]["standard"];
    assert_eq!(
        (provider["client_id"].as_str(), provider["environment"].as_str()),
        (Some(nasty), Some(nasty))
    );
    assert_eq!(fs::read_to_string(root.path().join("standard.secret")).unwrap(), nasty);
    assert_eq!(entries(root.path()), ["agent.toml", "cache.key", "sandbox-ca.pem", "standard.secret"]);
}

#[test]
fn realms_that_would_share_a_file_are_refused() {
    let root = TempDir::new().unwrap();
    let certified = json!({
        "label": "demo", "client_id": "id", "token_endpoint_auth_method": "tls_client_auth",
        "certificate_pem": "PEM", "private_key_pem": "PEM",
    });
    for name in ["cache", "sandbox-ca"] {
        let mut description = description(name, "id");
        description["realms"][name]["clients"][0] = certified.clone();
        init(&root.path().join("agent"), &description).failed(3, &["two files"]);
        assert_eq!(entries(root.path()), [""; 0], "{name}");
    }
}

#[test]
fn what_is_there_is_neither_overwritten_nor_followed_and_nothing_else_is_written() {
    for name in ["agent.toml", "sandbox-ca.pem", "standard.secret", "cache.key"] {
        for link in [false, true] {
            let root = TempDir::new().unwrap();
            let (folder, own) = (root.path().join("agent"), root.path().join("own"));
            fs::create_dir(&folder).unwrap();
            fs::write(&own, "mine").unwrap();
            match (name, link) {
                // A key of this user is used again, and so is never in the way.
                ("cache.key", false) => fs::create_dir(folder.join(name)).unwrap(),
                (_, false) => fs::write(folder.join(name), "mine").unwrap(),
                (_, true) => symlink(&own, folder.join(name)).unwrap(),
            }
            let told = init(&folder, &description("standard", "id"));
            told.failed(3, &[name, "remove it, or name another folder"]);
            assert_eq!(entries(&folder), [name]);
            assert_eq!(fs::read_to_string(&own).unwrap(), "mine");
            let dangling = folder.join(name);
            if link {
                fs::remove_file(&own).unwrap();
                init(&folder, &description("standard", "id")).failed(3, &[name]);
                assert!(dangling.is_symlink() && !own.exists());
            }
        }
    }
}

#[test]
fn a_key_of_this_user_is_used_again() {
    let root = TempDir::new().unwrap();
    fs::write(root.path().join("cache.key"), "k".repeat(64)).unwrap();
    assert_eq!(init(root.path(), &description("standard", "id")).code, 0);
    assert_eq!(fs::read_to_string(root.path().join("cache.key")).unwrap(), "k".repeat(64));
}

#[test]
fn a_relative_folder_gives_a_configuration_that_works_from_everywhere() {
    let bench = Bench::new();
    let root = TempDir::new().unwrap();
    let address = bench.address("");
    let mut command = command();
    let command = command.args(["agent", "init", "--sandbox", &address, "--folder", "here"]);
    assert!(command.current_dir(root.path()).status().unwrap().success());
    let config = root.path().join("here/agent.toml");
    assert!(!fs::read_to_string(&config).unwrap().contains("file:here"));
    let done = bench.run(&["token", "bs2", "--memory", "--config", config.to_str().unwrap()]);
    assert_eq!((done.code, done.stderr.as_str()), (0, ""));
}

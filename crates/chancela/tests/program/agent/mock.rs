//! `chancela agent mock`: the configured names, and a sandbox behind them.

use crate::support::http::Request;
use crate::support::process::{Finished, Process, command};
use serde_json::json;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use tempfile::TempDir;

const CONFIG: &str = "
    [provider.my-bank]
    dialect = \"bs2\"
    environment = \"production\"
    client_id = \"env:REAL_ID\"
    client_secret = \"env:REAL_SECRET\"
    scope = \"cob.read\"
    renew = { ahead = \"20%\" }
    [provider.semear]
    environment = \"homologation\"
    client_id = \"file:/nonexistent/id\"
    certificate = \"file:/nonexistent/certificate\"
";

fn token(config: &str, provider: &str) -> Finished {
    Finished::from(command().args(["token", provider, "--json", "--config", config]).output().unwrap())
}

fn start(folder: &TempDir, options: &[&str]) -> Process {
    let file = folder.path().join("agent.toml");
    fs::write(&file, CONFIG).unwrap();
    let mut command = command();
    command.args(["agent", "mock", "--config", file.to_str().unwrap()]).args(options).stdin(Stdio::null());
    Process::start(&mut command)
}

/// Path of the other configuration, and the sandbox's origin.
fn announced(process: &mut Process) -> (String, String) {
    process.await_output("the announcement", |stdout, _| {
        let path = stdout.lines().find_map(|line| line.strip_prefix("export CHANCELA_AGENT_CONFIG="))?;
        let origin = stdout.split_once("stands in at ")?.1.split_once(';')?.0;
        stdout
            .contains("\nchancela token my-bank\n")
            .then(|| (path.trim_matches('\'').to_owned(), origin.to_owned()))
    })
}

#[test]
fn the_same_names_lead_to_a_sandbox_with_faults_and_no_real_secret_is_needed() {
    let folder = TempDir::new().unwrap();
    let mut process = start(&folder, &[]);
    let (config, origin) = announced(&mut process);
    let first = token(&config, "my-bank").json();
    assert_eq!((&first["provider"], &first["scope"]), (&json!("my-bank"), &json!("cob.read")));
    assert!((280..=300).contains(&first["expires_in"].as_i64().unwrap()), "as in production: {first}");
    let semear = token(&config, "semear").json();
    assert_eq!(semear["headers"].as_object().unwrap().len(), 2, "{semear}");
    let fault = json!({ "kind": "refuse", "realm": "bs2-production", "rule": "unknown_client" });
    assert_eq!(Request::json(format!("{origin}/_sandbox/faults"), &fault).send().status, 201);
    let options = ["token", "my-bank", "--memory", "--config", &config];
    assert_eq!(command().args(options).output().unwrap().status.code(), Some(5));
    assert_eq!(fs::read_to_string(folder.path().join("agent.toml")).unwrap(), CONFIG, "it is not changed");
    let other = Path::new(&config).parent().unwrap().to_owned();
    assert!(other.join("state").is_dir(), "tokens of the sandbox are not among real ones");
    assert_eq!(process.stop(), Some(0), "{}", process.stderr.text());
    assert!(!other.exists());
}

#[test]
fn chosen_providers_alone_stand_in_a_folder_that_stays_and_a_script_plays() {
    let folder = TempDir::new().unwrap();
    let script = folder.path().join("script.toml");
    fs::write(&script, "[[fault]]\nkind = \"refuse\"\nrule = \"unknown_client\"\n").unwrap();
    let into = folder.path().join("mock");
    let options = ["my-bank", "--folder", into.to_str().unwrap(), "--script", script.to_str().unwrap()];
    let mut process = start(&folder, &options);
    let (config, _) = announced(&mut process);
    assert_eq!(config, into.join("agent.toml").to_str().unwrap());
    token(&config, "my-bank").failed(5, &["my-bank: the provider does not accept our credentials"]);
    token(&config, "semear").failed(3, &["no provider \"semear\""]);
    assert_eq!(process.stop(), Some(0));
    assert!(into.join("agent.toml").exists());
    let again = start(&folder, &options).wait().code();
    assert_eq!(again, Some(3), "nothing is overwritten");
    let mut unknown = start(&folder, &["nobody"]);
    assert_eq!(unknown.wait().code(), Some(3));
    assert!(unknown.stderr.text().contains("it has: my-bank, semear"), "{}", unknown.stderr.text());
}

//! Configuration, completions and help.

use crate::support::process::{PROGRAM, run};
use crate::support::server::Site;
use std::io::Write;
use std::process::{Command, Stdio};

const REALM: &str = "[realm.main]\nissuer = \"https://login.example.com/main\"\ndialect = \"standard\"\n";

fn check(realms: &str) -> crate::support::process::Finished {
    Site::with("", realms).run(&["config", "check"])
}

#[test]
fn a_good_configuration_is_checked_and_shown_with_all_defaults() {
    let site = Site::new();
    assert_eq!(
        site.done(&["config", "check"]),
        serde_json::json!({ "ok": true, "realms": ["bank", "main"] })
    );
    let shown = site.done(&["config", "show"]);
    assert_eq!(shown["store"]["access_tokens"], "durable");
    assert_eq!(shown["log"]["filter"], "info");
    assert_eq!(shown["realm"]["main"]["security_profile"], "oauth21");
    let config = site.config();
    let text = run(&["config", "show", "--config", config.to_str().unwrap()]);
    assert_eq!(text.code, 0);
    let again = site.write("again.toml", &text.stdout);
    assert_eq!(
        run(&["config", "check", "--config", again.to_str().unwrap()]).code,
        0,
        "what is shown can be read"
    );
    assert!(!site.data().exists(), "a check makes nothing");
}

#[test]
fn the_schema_is_a_commented_file_and_a_document() {
    let text = run(&["config", "schema"]);
    assert_eq!(text.code, 0);
    assert!(text.stdout.contains("issuer = ") && text.stdout.contains("# "));
    assert_eq!(run(&["config", "schema", "--json"]).json()["realm"]["example"]["dialect"], "standard");
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_allowed_ones() {
    let site = Site::with("", &format!("{REALM}colour = \"blue\"\n"));
    let text = std::fs::read_to_string(site.config()).unwrap();
    let line = text.lines().position(|line| line.starts_with("colour")).unwrap() + 1;
    let place = format!("chancela.toml:{line}:");
    site.run(&["config", "check"]).failed(2, &[&place, "colour", "issuer", "access_token_lifetime"]);
}

#[test]
fn a_wrong_type_and_bad_syntax_name_their_line() {
    check(&format!("{REALM}rate_limit = \"yes\"\n")).failed(2, &["chancela.toml:12:"]);
    check("[realm.main\n").failed(2, &["chancela.toml:9:"]);
}

#[test]
fn an_http_issuer_is_for_loopback_only() {
    let with = |issuer: &str| check(&REALM.replace("https://login.example.com/main", issuer));
    with("http://login.example.com/main").failed(2, &["realm.main", "issuer", "https"]);
    with("http://127.0.0.1.example.com/main").failed(2, &["realm.main", "issuer", "https"]);
    with("http://localhost.example.com/main").failed(2, &["issuer"]);
    for good in ["http://127.0.0.1:8080/main", "http://localhost/main", "http://[::1]:8080/main"] {
        assert_eq!(with(good).code, 0, "{good}");
    }
    for bad in [
        "login.example.com",
        "https://login.example.com/main/",
        "https://a@b.example/",
        "https://b.example/?x",
        "ftp://b.example",
    ] {
        with(bad).failed(2, &["issuer"]);
    }
}

#[test]
fn a_dialect_with_dangers_needs_the_legacy_profile_and_the_message_says_so() {
    let bs2 = "[realm.bank]\nissuer = \"https://b.example/bank\"\ndialect = \"bs2\"\nenvironment = \"production\"\n";
    check(bs2).failed(2, &["realm.bank", "danger_password", "security_profile = \"legacy\""]);
    assert_eq!(check(&format!("{bs2}security_profile = \"legacy\"\n")).code, 0);
}

#[test]
fn a_realm_names_an_existing_dialect_and_environment() {
    check(&REALM.replace("standard", "unheard-of")).failed(2, &["realm.main", "unheard-of"]);
    let bs2 = "[realm.bank]\nissuer = \"https://b.example/bank\"\ndialect = \"bs2\"\nsecurity_profile = \"legacy\"\n";
    check(bs2).failed(2, &["environment", "homologation, production"]);
    check(&format!("{bs2}environment = \"moon\"\n")).failed(2, &["environment", "homologation, production"]);
    check(&REALM.replace("realm.main", "realm.Main_1")).failed(2, &["name"]);
    check("realm = {}\n").failed(2, &[]);
}

#[test]
fn a_lifetime_that_the_token_format_cannot_carry_is_refused() {
    check(&format!("{REALM}access_token_format = \"uuid\"\naccess_token_lifetime = 99999999\n"))
        .failed(2, &["access_token_lifetime"]);
    check(&format!("{REALM}access_token_lifetime = 0\n")).failed(2, &["access_token_lifetime"]);
}

#[test]
fn a_missing_file_is_named_with_what_to_try() {
    for command in [vec!["serve"], vec!["config", "check"], vec!["client", "list", "--realm", "main"]] {
        let mut arguments = command.clone();
        arguments.extend(["--config", "/nonexistent/chancela.toml"]);
        run(&arguments).failed(2, &["/nonexistent/chancela.toml", "--config", "chancela sandbox"]);
    }
}

#[test]
fn wrong_usage_exits_with_two() {
    for arguments in [vec!["unheard-of"], vec!["client", "show"], vec!["serve", "--colour"], vec![]] {
        assert_eq!(run(&arguments).code, 2, "{arguments:?}");
    }
    let site = Site::new();
    site.run(&["client", "create", "--realm", "main", "--grant-type", "telepathy"])
        .failed(2, &["grant type", "client_credentials"]);
    for days in ["0", "399", "49711"] {
        let issue = ["certificate", "issue", "--realm", "main", "--client", "c", "--days", days];
        let refused = site.run(&issue);
        assert!(refused.code == 2 && refused.stderr.contains("--days"), "{refused:?}");
    }
    site.run(&["client", "create", "--realm", "main", "--auth-method", "telepathy"])
        .failed(2, &["method", "client_secret_basic"]);
}

#[test]
fn a_second_server_on_the_same_folder_is_refused() {
    let site = Site::new();
    let _first = site.serve();
    let config = site.config();
    let second = run(&["serve", "--config", config.to_str().unwrap()]);
    assert_eq!(second.code, 1, "{second:?}");
    assert!(second.stderr.contains("another process"), "{second:?}");
}

#[test]
fn a_port_in_use_is_named_with_its_key() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for key in ["address", "management"] {
        let site = Site::new();
        let config = std::fs::read_to_string(site.config()).unwrap();
        let config = config.replace(&format!("{key} = \"127.0.0.1:0\""), &format!("{key} = \"{address}\""));
        let file = site.write("taken.toml", &config);
        let outcome = run(&["serve", "--config", file.to_str().unwrap()]);
        assert_eq!(outcome.code, 1, "{outcome:?}");
        for word in [address.as_str(), &format!("listen.{key}"), "in use"] {
            assert!(outcome.stderr.contains(word), "{outcome:?}");
        }
    }
}

#[test]
fn completions_are_scripts_of_their_shell() {
    let script = run(&["completions", "bash"]);
    assert_eq!(script.code, 0);
    let mut bash = Command::new("bash").args(["-n", "/dev/stdin"]).stdin(Stdio::piped()).spawn().unwrap();
    bash.stdin.take().unwrap().write_all(script.stdout.as_bytes()).unwrap();
    assert!(bash.wait().unwrap().success());
    let works = format!("{}\ncomplete -p chancela", script.stdout);
    let mut bash =
        Command::new("bash").arg("-s").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    bash.stdin.take().unwrap().write_all(works.as_bytes()).unwrap();
    assert!(bash.wait().unwrap().success(), "bash completes chancela");
    assert!(run(&["completions", "zsh"]).stdout.starts_with("#compdef chancela"));
    assert!(run(&["completions", "fish"]).stdout.contains("complete -c chancela"));
    assert_eq!(run(&["completions", "tcsh"]).code, 2);
}

/// Every subcommand, by the words that lead to it.
pub(crate) fn subcommands(path: &[String], out: &mut Vec<(Vec<String>, String)>) {
    let output = Command::new(PROGRAM).args(path).arg("--help").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{path:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let listed =
        text.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let entries = listed.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    for name in entries.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help") {
        let below = path.iter().cloned().chain([name.to_owned()]).collect::<Vec<_>>();
        subcommands(&below, out);
    }
    out.push((path.to_vec(), text));
}

#[test]
fn every_subcommand_has_help_in_words_of_its_users() {
    let mut all = Vec::new();
    subcommands(&[], &mut all);
    assert!(all.len() >= 30, "only {} subcommands", all.len());
    let internal = [
        "todo",
        "fixme",
        "unimplemented",
        "effect",
        "pepper",
        "digest",
        "serde",
        "tokio",
        "hyper",
        "axum",
        "rusqlite",
        "struct",
        "crate",
        "trait",
        "enum",
        "panic",
        "flatten",
        "issue #",
        "skeleton",
        "milestone",
    ];
    for (path, text) in all {
        let lower = text.to_lowercase();
        for word in internal {
            assert!(!lower.contains(word), "{path:?} says {word:?}:\n{text}");
        }
        assert!(text.contains("Usage: chancela"), "{path:?}");
        // Each option and argument says what it is for.
        for line in text.lines().filter(|line| line.starts_with("      --") || line.starts_with("  -")) {
            let explained = line.trim().contains("  ") || text.contains(&format!("{line}\n          "));
            assert!(explained, "{path:?}: {line:?} has no text");
        }
    }
}

#[test]
fn the_version_is_told() {
    let outcome = run(&["--version"]);
    assert_eq!((outcome.code, outcome.stdout.trim()), (0, concat!("chancela ", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn dialects_are_listed_shown_and_checked() {
    let listed = run(&["dialect", "list", "--json"]).json();
    let names: Vec<_> =
        listed.as_array().unwrap().iter().map(|dialect| dialect["name"].as_str().unwrap()).collect();
    for name in ["bankly", "bs2", "celcash", "inter", "semear", "sicoob", "standard", "vantage"] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    let shown = run(&["dialect", "show", "bs2"]);
    assert!(shown.code == 0 && shown.stdout.contains("/auth/oauth/v2/token"), "{shown:?}");
    // What stands once for all token endpoints of the file is shown at each.
    let shown = run(&["dialect", "show", "sicoob", "--json"]).json();
    let token = &shown["token_endpoint"]["token"];
    assert_eq!(token["client_authentication"]["methods"], serde_json::json!(["tls_client_auth"]), "{token}");
    assert_eq!(token["api"]["headers"][0]["name"], "client_id");
    let checked = run(&["dialect", "check", "--json"]).json();
    assert!(checked.as_array().unwrap().iter().all(|report| report["ok"] == true), "{checked}");
    run(&["dialect", "show", "unheard-of"]).failed(2, &["unheard-of"]);
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("acme.toml");
    std::fs::write(&file, "format = 1\nname = \"acme\"\ncolour = 1\n").unwrap();
    let outcome = run(&["dialect", "check", file.to_str().unwrap()]);
    assert_eq!(outcome.code, 2, "{outcome:?}");
    assert!(outcome.stderr.contains("acme.toml") && outcome.stderr.contains("colour"), "{outcome:?}");
}

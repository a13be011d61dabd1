//! The client side against the sandbox, as a partner uses both: three commands to a token, and what goes wrong then.

use crate::support::browser::{Browser, Wish};
use crate::support::http::{Request, get};
use crate::support::process::{Finished, PROGRAM, Process, command};
use crate::support::sandbox::Sandbox;
use crate::support::text;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;

mod credential;
mod doctor;
mod exec;
mod explanations;
mod inspect;
mod mock;
mod places;
mod portuguese;
mod reverse_proxy;
mod secrets;
mod setup;
mod status;

/// A sandbox that takes orders, and a configuration for it.
struct Bench {
    sandbox: Sandbox,
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        Self::with(&["--danger-fault-control", "--danger-clock-control"])
    }

    fn with(options: &[&str]) -> Self {
        let sandbox = Sandbox::with(options);
        let bench = Self { sandbox, folder: TempDir::new().unwrap() };
        let address = bench.address("");
        let written = bench.run(&["agent", "init", "--sandbox", &address, "--folder", bench.path("")]);
        assert_eq!(written.code, 0, "{written:?}");
        bench
    }

    fn address(&self, path: &str) -> String {
        text(self.sandbox.realm("standard"), "base_url").replace("/standard", path)
    }

    fn path(&self, name: &str) -> &str {
        let path = self.folder.path().join("agent").join(name);
        Box::leak(path.to_str().unwrap().to_owned().into_boxed_str())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command();
        command
            .env("CHANCELA_AGENT_CONFIG", self.path("agent.toml"))
            .env("XDG_STATE_HOME", self.folder.path().join("state"))
            .env_remove("HTTPS_PROXY")
            .args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Finished {
        Finished::from(self.command(arguments).output().unwrap())
    }

    fn token(&self, provider: &str) -> String {
        let done = self.run(&["token", provider]);
        assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{provider}: {done:?}");
        done.stdout
    }

    fn fault(&self, fault: &Value) {
        let answer = Request::json(self.address("/_sandbox/faults"), fault).send();
        assert_eq!(answer.status, 201, "{}", answer.text());
    }

    fn advance(&self, seconds: u32) {
        let body = json!({ "advance_seconds": seconds });
        assert_eq!(Request::json(self.address("/_sandbox/clock"), &body).send().status, 200);
    }

    /// Token requests that arrived for a realm.
    fn requests(&self, realm: &str) -> usize {
        let list = get(&self.address("/_sandbox/requests")).json();
        let all = list["requests"].as_array().unwrap().iter();
        all.filter(|one| one["realm"] == realm && one["endpoint"] == "token").count()
    }
}

#[test]
fn three_commands_lead_to_a_token_of_every_dialect() {
    let bench = Bench::new();
    for provider in ["bankly", "bs2", "bs2-production", "celcash", "semear", "standard", "standard-mtls"] {
        let token = bench.token(provider);
        assert!(token.len() >= 32 && !token.ends_with('\n'), "{provider}: {token:?}");
        assert_eq!(bench.token(provider), token, "{provider}: it is kept");
    }
    let headers = bench.run(&["token", "semear", "--format", "header"]).stdout;
    let lines: Vec<_> = headers.lines().collect();
    assert!(lines.len() == 2 && lines[0].starts_with("Authorization: Bearer eyJ"), "{headers}");
    assert!(lines[1].starts_with("access_token: "), "{headers}");
    // Each provider was asked once for each of its steps.
    assert_eq!((bench.requests("bs2"), bench.requests("semear"), bench.requests("standard")), (1, 2, 2));
}

#[test]
fn the_neighbours_give_tokens_too() {
    let bench = Bench::with(&["--all"]);
    for provider in [
        "banco-do-brasil",
        "btg",
        "celcoin",
        "cora",
        "cora-mtls",
        "efi",
        "inter",
        "itau",
        "santander",
        "sicoob",
        "vantage",
    ] {
        assert!(bench.token(provider).len() >= 32, "{provider}");
    }
    let headers = bench.run(&["token", "sicoob", "--format", "header"]).stdout;
    assert!(headers.contains("\nclient_id: "), "its API wants the client's id in each call: {headers}");
    let correlation = || {
        let headers = bench.run(&["token", "itau", "--json"]).json()["headers"].clone();
        text(&headers, "x-itau-correlationid").to_owned()
    };
    let curl = bench.run(&["token", "banco-do-brasil", "--format", "curl"]).stdout;
    assert!(curl.starts_with("url-query = \"gw-dev-app-key=sandbox\"\n"), "{curl}");
    let (one, other) = (correlation(), correlation());
    assert!(one.len() == 36 && one != other, "each call has an id of its own: {one} {other}");
}

#[test]
fn programs_keep_to_a_documented_limit_together() {
    let bench = Bench::with(&["--dialect", "inter", "--dialect", "standard", "--danger-fault-control"]);
    let scopes =
        ["cob.read", "cob.write", "cobv.read", "cobv.write", "pix.read", "pix.write", "extrato.read"];
    let codes: Vec<i32> = scopes
        .map(|scope| bench.command(&["token", "inter", "--scope", scope, "--timeout", "2s"]).spawn().unwrap())
        .map(|mut child| child.wait().unwrap().code().unwrap())
        .into();
    // Five a minute, one of which is kept for a token that an API refuses.
    let count = |code: i32| codes.iter().filter(|own| **own == code).count();
    assert_eq!((count(0), count(6), bench.requests("inter")), (4, 3, 4), "{codes:?}");
    let told = bench.run(&["token", "inter", "--scope", "webhook.read", "--timeout", "1s"]);
    assert!(told.code == 6 && told.stderr.contains("next attempt in"), "{told:?}");
}

#[test]
fn a_token_is_printed_in_the_form_that_a_program_wants() {
    let bench = Bench::new();
    let token = bench.token("bs2");
    let document = bench.run(&["token", "bs2", "--json"]).json();
    assert_eq!(document["format_version"], 1);
    assert_eq!(document["access_token"], token.as_str());
    assert_eq!(document["headers"]["Authorization"], format!("Bearer {token}"));
    assert!((400..420).contains(&document["expires_in"].as_i64().unwrap()), "{document}");
    let curl = bench.run(&["token", "bs2", "--format", "curl"]).stdout;
    assert_eq!(curl, format!("header = \"Authorization: Bearer {token}\"\n"));
    let variables = bench.run(&["token", "bs2", "--format", "env"]).stdout;
    assert_eq!(variables, format!("ACCESS_TOKEN='{token}'\nHEADER_AUTHORIZATION='Bearer {token}'\n"));
}

#[test]
fn what_is_written_is_for_this_user_alone_and_never_overwritten() {
    let bench = Bench::new();
    bench.token("bs2");
    let state = bench.folder.path().join("state/chancela");
    for folder in [bench.folder.path().join("agent"), state] {
        assert_eq!(
            fs::metadata(&folder).unwrap().permissions().mode() & 0o777,
            0o700,
            "{}",
            folder.display()
        );
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.path());
            let bytes = fs::read(entry.path()).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains(&bench.token("bs2")), "{:?} has the token in clear", entry.path());
        }
    }
    let again = bench.run(&["agent", "init", "--sandbox", &bench.address(""), "--folder", bench.path("")]);
    again.failed(3, &["is there already", "--folder"]);
}

#[test]
fn sixteen_programs_at_once_make_one_call() {
    let bench = Bench::new();
    let running: Vec<_> = (0..16)
        .map(|_| Process::start(bench.command(&["token", "bs2"]).stdin(std::process::Stdio::null())))
        .collect();
    let mut tokens: Vec<_> = running
        .into_iter()
        .map(|mut process| {
            assert!(process.wait().success());
            process.stdout.text()
        })
        .collect();
    tokens.sort();
    tokens.dedup();
    assert_eq!((tokens.len(), bench.requests("bs2")), (1, 1));
}

#[test]
fn an_expired_token_is_never_printed_and_a_new_one_is_asked_for() {
    let bench = Bench::new();
    let first = bench.token("bs2-production");
    // The machine's clock stands; the provider's moves. A caller that was refused asks for a token that lives longer.
    bench.advance(200);
    assert_eq!(bench.token("bs2-production"), first);
    std::thread::sleep(Duration::from_millis(1100));
    let longer = bench.run(&["token", "bs2-production", "--min-ttl", "299s"]);
    assert_eq!(longer.code, 0, "{longer:?}");
    assert_ne!(longer.stdout, first);
    bench.run(&["token", "bs2-production", "--min-ttl", "1h"]).failed(5, &["bs2-production", "--min-ttl"]);
}

#[test]
fn what_passes_is_waited_through() {
    let bench = Bench::new();
    for fault in [
        json!({ "kind": "status", "status": 503 }),
        json!({ "kind": "close" }),
        json!({ "kind": "truncate" }),
        json!({ "kind": "replace" }),
        json!({ "kind": "replace", "body": "" }),
        json!({ "kind": "lose_answer" }),
    ] {
        let mut fault = fault;
        fault["realm"] = "celcash".into();
        bench.fault(&fault);
        let done = bench.run(&["token", "celcash", "--memory"]);
        assert_eq!(done.code, 0, "{fault}: {done:?}");
        assert_eq!(done.stdout.len(), 32, "{fault}");
    }
}

#[test]
fn odd_answers_are_understood() {
    let bench = Bench::new();
    for (edit, life) in [
        (json!({ "as_text": ["expires_in"] }), 599),
        (json!({ "remove": ["expires_in"] }), 599),
        (json!({ "remove": ["token_type"] }), 599),
        (json!({ "set": { "expires_in": 120.0, "more": { "a": [1] } } }), 119),
    ] {
        let mut fault = edit.clone();
        (fault["kind"], fault["realm"]) = ("edit".into(), "celcash".into());
        bench.fault(&fault);
        let document = bench.run(&["token", "celcash", "--memory", "--json"]).json();
        assert!(
            (life - 2..=life + 1).contains(&document["expires_in"].as_i64().unwrap()),
            "{edit}: {document}"
        );
    }
}

#[test]
fn what_lasts_is_told_at_once_and_not_asked_again_until_something_changes() {
    let bench = Bench::new();
    let secret = bench.path("bs2.secret");
    let good = fs::read_to_string(secret).unwrap();
    fs::write(secret, "wrong-secret-wrong-secret").unwrap();
    for _ in 0..3 {
        let begin = Instant::now();
        let done = bench.run(&["token", "bs2"]);
        done.failed(5, &["bs2: the provider does not accept our credentials", "401", "next attempt in"]);
        assert!(!done.stderr.contains("wrong-secret") && done.stdout.is_empty(), "{done:?}");
        assert!(begin.elapsed() < Duration::from_secs(5));
    }
    assert_eq!(bench.requests("bs2"), 1, "the account is not locked by trying");
    let status = bench.run(&["agent", "status", "--json"]).json();
    let bs2 = status["providers"].as_array().unwrap().iter().find(|one| one["provider"] == "bs2").unwrap();
    assert_eq!((&bs2["state"], &bs2["refused"]), (&json!("none yet"), &json!("credentials")));
    fs::write(secret, good).unwrap();
    bench.token("bs2");
}

#[test]
fn a_pause_can_be_ended_by_hand() {
    let bench = Bench::new();
    bench.fault(&json!({ "kind": "refuse", "realm": "bs2", "rule": "unknown_client" }));
    bench.run(&["token", "bs2"]).failed(5, &["next attempt in"]);
    bench.run(&["token", "bs2"]).failed(5, &["next attempt in"]);
    let reset = bench.run(&["agent", "reset", "bs2"]);
    assert_eq!(
        (reset.code, reset.stderr.as_str()),
        (0, "chancela: bs2: is asked again with the next request\n")
    );
    bench.token("bs2");
    assert_eq!(bench.requests("bs2"), 2);
    assert!(bench.run(&["agent", "reset", "bs2"]).stderr.contains("was not paused"));
}

#[test]
fn a_person_logs_in_once_and_programs_have_tokens_until_logout() {
    let bench = Bench::new();
    bench
        .run(&["token", "vantage-login"])
        .failed(4, &["nobody is logged in", "chancela agent login vantage-login"]);
    let mut login = Process::start(
        bench
            .command(&["agent", "login", "vantage-login", "--no-browser"])
            .stdin(std::process::Stdio::null()),
    );
    let url = login.await_output("the address", |_, stderr| {
        stderr.lines().map(str::trim).find(|line| line.starts_with("http://")).map(str::to_owned)
    });
    let user = &bench.sandbox.realm("vantage")["users"][0];
    let end = Browser::log_in(&url, text(user, "username"), text(user, "password"), Wish::Allow);
    let page = get(&end);
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(login.wait().success(), "{}", login.stderr.text());
    assert!(login.stderr.text().contains("logged in until 20"), "{}", login.stderr.text());
    let first = bench.token("vantage-login");
    assert_eq!(bench.token("vantage-login"), first);
    let status = bench.run(&["agent", "status"]);
    let session = status.stdout.lines().find(|line| line.ends_with("vantage-login  session"));
    assert!(session.is_some_and(|line| line.starts_with("20")), "{}", status.stdout);
    let out = bench.run(&["agent", "logout", "vantage-login"]);
    assert!(out.code == 0 && out.stderr.contains("logged out, here and at the provider"), "{out:?}");
    bench.run(&["token", "vantage-login"]).failed(4, &["nobody is logged in"]);
}

#[test]
fn a_process_serves_tokens_to_others_on_this_machine() {
    let bench = Bench::new();
    let socket = bench.folder.path().join("agent.sock");
    let config = fs::read_to_string(bench.path("agent.toml")).unwrap();
    let config = format!("{config}\n[agent]\nsocket = \"{}\"\nprefetch = [\"bs2\"]\n", socket.display());
    fs::write(bench.path("agent.toml"), config).unwrap();
    let mut agent = Process::start(bench.command(&["agent", "run"]).stdin(std::process::Stdio::null()));
    agent.await_output("the socket", |_, stderr| stderr.contains("serving tokens at").then_some(()));
    let asked = Command::new("curl")
        .args(["-s", "--unix-socket", socket.to_str().unwrap(), "-H", "Content-Type: application/json"])
        .args(["-d", "{\"provider\": \"bs2\"}", "http://agent/v1/token"])
        .output()
        .unwrap();
    let answer: Value = serde_json::from_slice(&asked.stdout).unwrap();
    assert_eq!(
        answer["access_token"],
        bench.token("bs2").as_str(),
        "the command and the process share a token"
    );
    assert_eq!(bench.requests("bs2"), 1);
    assert_eq!(agent.stop(), Some(0), "{}", agent.stderr.text());
    assert!(!socket.exists());
}

#[test]
fn a_provider_that_is_away_or_busy_is_said_with_the_time() {
    let bench = Bench::new();
    bench.fault(&json!({ "kind": "refuse", "realm": "bs2", "rule": "rate_limited", "retry_after": 90, "forever": true }));
    let done = bench.run(&["token", "bs2", "--timeout", "2s"]);
    done.failed(6, &["bs2: the provider is not available", "429", "next attempt in 90 s"]);
    bench.run(&["token", "bs2", "--timeout", "2s"]).failed(6, &["next attempt in"]);
    assert_eq!(bench.requests("bs2"), 1);
    bench.fault(&json!({ "kind": "hang", "realm": "celcash", "seconds": 20, "forever": true }));
    let begin = Instant::now();
    bench.run(&["token", "celcash", "--timeout", "1s"]).failed(8, &["celcash", "in time", "--timeout"]);
    assert!(begin.elapsed() < Duration::from_secs(4), "{:?}", begin.elapsed());
}

#[test]
fn a_server_that_shows_a_bad_certificate_gets_no_credentials() {
    let bench = Bench::new();
    bench.fault(&json!({ "kind": "expired_certificate", "forever": true }));
    let done = bench.run(&["token", "standard-mtls", "--timeout", "2s"]);
    done.failed(6, &["certificate", "not trusted"]);
    assert_eq!(bench.requests("standard"), 0);
    let file = bench.path("agent.toml");
    let config = fs::read_to_string(file)
        .unwrap()
        .replace("address = \"http://127.0.0.1", "address = \"http://192.0.2.1");
    fs::write(file, config).unwrap();
    bench.run(&["token", "bs2"]).failed(3, &["not https", "this machine alone"]);
}

#[test]
fn a_redirect_is_not_followed() {
    let bench = Bench::new();
    let away = json!({ "kind": "status", "realm": "bs2", "status": 307, "headers": { "Location": "https://elsewhere.example/" } });
    bench.fault(&away);
    bench.run(&["token", "bs2"]).failed(5, &["redirects to the host elsewhere.example", "address"]);
}

#[test]
fn a_damaged_cache_costs_one_call_and_is_set_aside() {
    let bench = Bench::new();
    let first = bench.token("bs2");
    let state = bench.folder.path().join("state/chancela");
    let record = || {
        let mut entries = fs::read_dir(&state).unwrap().map(|entry| entry.unwrap().path());
        entries.find(|path| path.extension().is_some_and(|extension| extension == "record")).unwrap()
    };
    let mut bytes = fs::read(record()).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(record(), bytes).unwrap();
    let second = bench.token("bs2");
    assert_ne!(first, second);
    assert_eq!(bench.token("bs2"), second);
    assert!(
        fs::read_dir(&state).unwrap().any(|entry| entry.unwrap().path().to_str().unwrap().contains(".bad"))
    );
}

#[test]
fn explanations_show_the_request_and_no_secret() {
    let bench = Bench::new();
    for provider in ["bankly", "bs2", "celcash", "semear", "standard", "standard-mtls"] {
        let told = bench.run(&["agent", "explain", provider]);
        assert_eq!(told.code, 0, "{told:?}");
        assert!(told.stdout.contains("curl -X POST") && told.stdout.contains("is renewed when"), "{told:?}");
        for entry in fs::read_dir(bench.folder.path().join("agent")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "secret") {
                let secret = fs::read_to_string(&path).unwrap();
                assert!(!told.stdout.contains(&secret), "{provider} shows {}", path.display());
            }
        }
    }
    let semear = bench.run(&["agent", "explain", "semear"]).stdout;
    assert_eq!(semear.matches("curl -X POST").count(), 2);
    assert_eq!(bench.requests("semear"), 0, "nothing is sent");
}

#[test]
fn mistakes_of_the_configuration_say_what_to_do() {
    let bench = Bench::new();
    bench.run(&["token", "nobody"]).failed(3, &["no provider \"nobody\"", "bankly, bankly-mtls, bs2"]);
    let file = bench.path("agent.toml");
    let config = fs::read_to_string(file).unwrap();
    let secret = fs::read_to_string(bench.path("bs2.secret")).unwrap();
    for (from, to, words) in [
        ("client_secret = ", "client_sekret = ", ["agent.toml:", "unknown field `client_sekret`"]),
        ("dialect = \"bs2\"", "dialect = \"bs3\"", ["no dialect \"bs3\"", "known are"]),
        (
            "environment = \"homologation\"",
            "environment = \"moon\"",
            ["homologation, production", "environment"],
        ),
        ("\nendpoint = \"token\"", "\nendpoint = \"tokens\"", ["token endpoints", "`endpoint`"]),
        ("bs2.secret", "absent.secret", ["bs2: ", "absent.secret"]),
    ] {
        fs::write(file, config.replace(from, to)).unwrap();
        let told = bench.run(&["token", "bs2"]);
        told.failed(3, &words);
    }
    let path = format!("file:{}", bench.path("bs2.secret"));
    fs::write(file, config.replace(&path, &secret)).unwrap();
    let told = bench.run(&["token", "bs2"]);
    told.failed(3, &["a secret never stands in a configuration"]);
    assert!(!told.stderr.contains(&secret), "{told:?}");
    let mut alone = Command::new(PROGRAM);
    alone.env_clear().env("HOME", "/nonexistent").args(["token", "bs2"]);
    let told = alone.output().unwrap();
    assert_eq!(told.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&told.stderr).contains("chancela agent init"), "{told:?}");
}

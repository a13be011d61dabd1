//! `chancela agent doctor` where all is well, and where one thing after the other is not.

use super::Bench;
use crate::support::process::Process;
use crate::support::tls_server::TlsServer;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;

impl Bench {
    /// What the doctor finds, with its exit code.
    fn doctor(&self, options: &[&str]) -> (i32, Vec<Value>) {
        let done = self.run(&[&["agent", "doctor", "--json"], options].concat());
        let document: Value = serde_json::from_str(&done.stdout).unwrap_or_else(|_| panic!("{done:?}"));
        let findings = document["findings"].as_array().unwrap().clone();
        let failed = findings.iter().filter(|one| one["outcome"] == "failed").count();
        assert_eq!(document["failed"], failed);
        assert_eq!((done.code, done.stderr.as_str()), (i32::from(failed > 0), ""));
        (done.code, findings)
    }

    /// Checks that this is found of `bs2`, or of what is named.
    fn finds(&self, options: &[&str], subject: &str, check: &str, outcome: &str, words: &str) {
        let (_, findings) = self.doctor(options);
        let found = findings.iter().any(|one| {
            one["subject"] == subject
                && one["check"] == check
                && one["outcome"] == outcome
                && one["text"].as_str().unwrap().contains(words)
        });
        assert!(found, "no {outcome} {subject} {check} {words:?} in {findings:#?}");
    }

    /// Lets `bs2` be somewhere else.
    pub(super) fn move_bs2(&self, address: &str) {
        let file = self.path("agent.toml");
        let text = fs::read_to_string(file).unwrap();
        let mut config: toml::Table = text.parse().unwrap();
        config["provider"]["bs2"]["address"] = address.into();
        fs::write(file, config.to_string()).unwrap();
    }

    fn mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }
}

#[test]
fn where_all_is_well_every_check_says_so_and_no_credentials_leave() {
    let bench = Bench::new();
    let (code, findings) = bench.doctor(&[]);
    assert_eq!(code, 0, "{findings:#?}");
    let doubtful: Vec<_> = findings.iter().filter(|one| one["outcome"] == "warning").collect();
    let unenrolled = |one: &Value| one["text"].as_str().unwrap().contains("run `chancela agent enroll");
    let expected = |one: &&Value| one["check"] == "client certificate" || unenrolled(one);
    assert!(doubtful.iter().all(expected), "{doubtful:#?}");
    assert_eq!(doubtful.iter().filter(|one| unenrolled(one)).count(), 1, "{doubtful:#?}");
    let of = |subject: &str| -> Vec<&str> {
        let own = findings.iter().filter(|one| one["subject"] == subject);
        own.map(|one| one["check"].as_str().unwrap()).collect()
    };
    assert_eq!(of("configuration"), ["file", "rights"]);
    assert_eq!(of("cache"), ["key", "folder"]);
    assert_eq!(of("bs2"), ["secret", "provider", "request", "connection", "clock"]);
    let mtls = [
        "secret",
        "secret",
        "provider",
        "certificate",
        "chain",
        "request",
        "connection",
        "tls",
        "server certificate",
        "client certificate",
        "clock",
    ];
    assert_eq!(of("standard-mtls"), mtls);
    assert_eq!(bench.requests("bs2") + bench.requests("standard"), 0);
    let text = bench.run(&["agent", "doctor", "bs2"]).stdout;
    assert!(text.contains("ok       bs2: request: it can be made: http://127.0.0.1:"), "{text}");
    assert!(text.ends_with("0 failed, 0 warnings, 10 checks\n"), "{text}");
    for entry in fs::read_dir(bench.path("")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "secret") {
            assert!(!text.contains(&fs::read_to_string(&path).unwrap()), "{}", path.display());
        }
    }
}

#[test]
fn rights_that_are_too_wide_are_told() {
    let bench = Bench::new();
    bench.mode("bs2.secret", 0o644);
    bench.finds(&["bs2", "--offline"], "bs2", "secret", "warning", "chmod 0600");
    bench.mode("bs2.secret", 0o666);
    bench.finds(&["bs2", "--offline"], "bs2", "secret", "failed", "anyone on this machine may change it");
    bench.mode("bs2.secret", 0o600);
    bench.mode("cache.key", 0o640);
    bench.finds(&["bs2", "--offline"], "cache", "key", "warning", "chmod 0600");
    bench.mode("cache.key", 0o600);
    bench.mode("agent.toml", 0o620);
    bench.finds(&["bs2", "--offline"], "configuration", "rights", "warning", "its group may change it");
    bench.mode("agent.toml", 0o602);
    bench.finds(&["bs2", "--offline"], "configuration", "rights", "failed", "chmod go-w");
    bench.mode("agent.toml", 0o600);
    bench.mode("", 0o777);
    bench.finds(
        &["bs2", "--offline"],
        "configuration",
        "rights",
        "failed",
        "may put another file in the place",
    );
    bench.mode("", 0o1777);
    bench.finds(&["bs2", "--offline"], "configuration", "rights", "ok", "nobody else may change it");
    bench.token("bs2");
    let state = bench.folder.path().join("state/chancela");
    bench.finds(&["bs2", "--offline"], "cache", "disk", "ok", "can be written");
    bench.finds(&["bs2", "--offline"], "cache", "records", "ok", "1 can be read");
    fs::set_permissions(&state, fs::Permissions::from_mode(0o755)).unwrap();
    bench.finds(&["bs2", "--offline"], "cache", "folder", "failed", "chmod 0700");
}

#[test]
fn what_is_missing_or_does_not_fit_is_told_before_a_token_is() {
    let bench = Bench::new();
    fs::rename(bench.path("bs2.secret"), bench.path("away")).unwrap();
    bench.finds(&["bs2", "--offline"], "bs2", "secret", "failed", "check that it exists");
    bench.finds(&["bs2", "--offline"], "bs2", "request", "failed", "bs2.secret");
    let place = format!("file:{}", bench.path("bs2.secret"));
    let config = fs::read_to_string(bench.path("agent.toml")).unwrap();
    fs::write(bench.path("agent.toml"), config.replace(&place, "stdin")).unwrap();
    bench.finds(&["bs2", "--offline"], "bs2", "request", "skipped", "standard input");
    let mtls = ["standard-mtls", "--offline"];
    bench.finds(&mtls, "standard-mtls", "certificate", "ok", "it is its key's");
    fs::copy(bench.path("semear.key"), bench.path("standard-mtls.key")).unwrap();
    bench.finds(&mtls, "standard-mtls", "provider", "failed", "no certificate there is of this private key");
    bench.run(&["agent", "doctor", "nobody"]).failed(3, &["no provider \"nobody\""]);
    fs::write(bench.path("agent.toml"), "[provider.a]\nclient_sekret = 1\n").unwrap();
    bench.finds(&[], "configuration", "file", "failed", "agent.toml:2: unknown field");
}

#[test]
fn a_server_that_is_not_there_or_not_itself_is_told_apart() {
    let bench = Bench::new();
    bench.move_bs2("http://127.0.0.1:1");
    bench.finds(&["bs2"], "bs2", "connection", "failed", "cannot be reached");
    let port = bench.address("").rsplit_once(':').unwrap().1.to_owned();
    bench.move_bs2(&format!("http://localhost:{port}/bs2"));
    bench.finds(&["bs2"], "bs2", "dns", "ok", "127.0.0.1");
    bench.move_bs2("https://chancela.invalid");
    bench.finds(&["bs2"], "bs2", "dns", "failed", "chancela.invalid cannot be resolved");
    bench.finds(&["standard-mtls"], "standard-mtls", "tls", "ok", "TLS 1.3");
    bench.finds(
        &["standard-mtls"],
        "standard-mtls",
        "client certificate",
        "ok",
        "asks for one and takes ours",
    );
    bench.fault(&json!({ "kind": "expired_certificate", "forever": true }));
    bench.finds(&["standard-mtls"], "standard-mtls", "server certificate", "failed", "not trusted");
}

impl Bench {
    /// Lets `bs2` be at a server of ours, whom the agent trusts.
    fn move_bs2_to(&self, server: &TlsServer) {
        self.trust(server);
        self.move_bs2(&server.address);
    }

    /// Lets the agent trust a server of ours, and the sandbox no more.
    pub(super) fn trust(&self, server: &TlsServer) {
        let ca = self.path("own-ca.pem");
        fs::write(ca, &server.ca_pem).unwrap();
        let file = self.path("agent.toml");
        let text = fs::read_to_string(file).unwrap();
        fs::write(file, text.replace(self.path("sandbox-ca.pem"), ca)).unwrap();
    }
}

#[test]
fn clocks_that_differ_are_told_and_the_look_says_nothing_of_us() {
    let bench = Bench::new();
    let late = "HTTP/1.1 404 Not Found\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n";
    let server = TlsServer::answering(|_| late.to_owned());
    bench.move_bs2_to(&server);
    bench.finds(&["bs2"], "bs2", "clock", "warning", " s; set it");
    let asked = server.requests().concat();
    assert!(
        asked.starts_with("HEAD / HTTP/1.1\r\n") && !asked.to_lowercase().contains("authorization"),
        "{asked}"
    );
    let silent = TlsServer::answering(|_| String::new());
    bench.move_bs2_to(&silent);
    bench.finds(&["bs2"], "bs2", "answer", "warning", "the connection ended");
}

#[test]
fn a_server_that_demands_a_certificate_is_understood() {
    let bench = Bench::new();
    let server = TlsServer::demanding_certificates();
    bench.move_bs2_to(&server);
    bench.finds(&["bs2"], "bs2", "tls", "ok", "TLS 1.3");
    bench.finds(
        &["bs2"],
        "bs2",
        "client certificate",
        "failed",
        "demands one; name yours with `certificate`",
    );
    assert_eq!(server.requests(), [""; 0]);
}

#[test]
fn a_token_is_asked_for_on_request_alone() {
    let bench = Bench::new();
    bench.finds(&["bs2", "--probe"], "bs2", "token", "ok", "the provider gives one, for 4");
    assert_eq!(bench.requests("bs2"), 1);
    bench.finds(&["vantage-login", "--probe"], "vantage-login", "token", "skipped", "a person logs in");
    fs::write(bench.path("bs2.secret"), "wrong-secret-wrong-secret").unwrap();
    bench.finds(&["bs2", "--probe"], "bs2", "token", "failed", "does not accept our credentials");
}

#[test]
fn the_agents_socket_is_tried() {
    let bench = Bench::new();
    let socket = bench.folder.path().join("agent.sock");
    let config = fs::read_to_string(bench.path("agent.toml")).unwrap();
    let config = format!("{config}\n[agent]\nsocket = \"{}\"\n", socket.display());
    fs::write(bench.path("agent.toml"), config).unwrap();
    let only = ["bs2", "--offline"];
    bench.finds(&only, "agent", "socket", "skipped", "no agent runs");
    drop(UnixListener::bind(&socket).unwrap());
    bench.finds(&only, "agent", "socket", "warning", "is the agent running?");
    let mut agent = Process::start(bench.command(&["agent", "run"]).stdin(std::process::Stdio::null()));
    agent.await_output("the socket", |_, stderr| stderr.contains("serving tokens at").then_some(()));
    bench.finds(&only, "agent", "socket", "ok", "answers and shows");
    assert_eq!(agent.stop(), Some(0));
}

//! `chancela agent exec`: programs that have tokens, and what becomes of them.

use super::Bench;
use crate::support::process::{Finished, Process};
use crate::support::tls_server::TlsServer;
use rustix::process::Signal;
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

impl Bench {
    fn exec(&self, options: &[&str], script: &str) -> Finished {
        self.run(&[&["agent", "exec"], options, &["--", "sh", "-c", script]].concat())
    }

    fn start(&self, options: &[&str], script: &str) -> Process {
        let arguments = [&["agent", "exec"], options, &["--", "sh", "-c", script]].concat();
        let mut command = self.command(&arguments);
        command.env("XDG_RUNTIME_DIR", self.folder.path()).stdin(Stdio::null());
        Process::start(&mut command)
    }

    /// Lets every token of a realm live four seconds.
    fn hurry(&self, realm: &str) {
        self.fault(&json!({ "kind": "edit", "realm": realm, "set": { "expires_in": 4 }, "forever": true }));
    }

    pub(super) fn edit(&self, from: &str, to: &str) {
        let file = self.path("agent.toml");
        let text = fs::read_to_string(file).unwrap();
        assert!(text.contains(from), "{from} is not in {text}");
        fs::write(file, text.replacen(from, to, 1)).unwrap();
    }
}

/// Lines that the program has printed so far, if there are so many that differ.
fn differing(count: usize) -> impl Fn(&str, &str) -> Option<Vec<String>> {
    move |stdout, _| {
        let mut lines: Vec<String> = stdout.lines().map(str::to_owned).collect();
        lines.dedup();
        (lines.len() >= count && stdout.ends_with('\n')).then_some(lines)
    }
}

#[test]
fn a_program_has_the_token_in_its_environment_and_nobody_sees_it_elsewhere() {
    let bench = Bench::new();
    let token = bench.token("bs2");
    let script = "echo \"$ACCESS_TOKEN\"; echo \"$HEADER_AUTHORIZATION\"; tr '\\0' ' ' < /proc/$PPID/cmdline";
    let done = bench.exec(&["-p", "bs2"], script);
    let lines: Vec<&str> = done.stdout.lines().collect();
    assert_eq!((done.code, lines[0], lines[1]), (0, token.as_str(), format!("Bearer {token}").as_str()));
    assert!(lines[2].contains("agent exec -p bs2") && !lines[2].contains(&token), "{done:?}");
    assert_eq!(done.stderr, "");
}

#[test]
fn variables_of_several_providers_begin_with_their_names() {
    let bench = Bench::new();
    let script = "echo \"$BS2_ACCESS_TOKEN $PIX_HEADER_AUTHORIZATION $PIX_HEADER_ACCESS_TOKEN\"";
    let done = bench.exec(&["-p", "bs2", "-p", "semear=PIX"], script);
    let headers = bench.run(&["token", "semear", "--format", "header"]).stdout;
    let values: Vec<&str> = headers.lines().map(|line| line.split_once(": ").unwrap().1).collect();
    let expected = format!("{} {} {}\n", bench.token("bs2"), values[0], values[1]);
    assert_eq!((done.code, done.stdout), (0, expected));
    bench.exec(&[], "true").failed(2, &["--provider", "bs2"]);
    bench.exec(&["-p", "bs2=a b"], "true").failed(2, &["--provider bs2=PREFIX"]);
    let two = ["-p", "bs2", "-p", "semear", "--scope", "cob.read"];
    bench.exec(&two, "true").failed(2, &["--scope and --resource are of one provider"]);
}

#[test]
fn the_exit_status_is_the_programs() {
    let bench = Bench::new();
    bench.token("bs2");
    for (script, code) in [("exit 0", 0), ("exit 7", 7), ("kill -KILL $$", 137), ("kill -TERM $$", 143)] {
        let done = bench.exec(&["-p", "bs2"], script);
        assert_eq!((done.code, done.stderr.as_str()), (code, ""), "{script}: {done:?}");
    }
    let exec = |program: &str| bench.run(&["agent", "exec", "-p", "bs2", "--", program]);
    exec("chancela-no-such-program").failed(127, &["chancela-no-such-program"]);
    exec(bench.path("agent.toml")).failed(126, &["agent.toml", "may run"]);
    bench.exec(&["-p", "nobody"], "echo started").failed(3, &["no provider \"nobody\""]);
    bench.fault(&json!({ "kind": "refuse", "realm": "celcash", "rule": "unknown_client" }));
    let done = bench.exec(&["-p", "celcash"], "echo started");
    assert_eq!((done.code, done.stdout.as_str()), (5, ""), "nothing runs without its token");
}

#[test]
fn a_program_does_not_get_the_secrets_that_it_has_a_token_for() {
    let bench = Bench::new();
    let place = format!("client_secret = \"file:{}\"", bench.path("bs2.secret"));
    bench.edit(&place, "client_secret = \"env:OUR_SECRET\"");
    let secret = fs::read_to_string(bench.path("bs2.secret")).unwrap();
    let run = |options: &[&str]| {
        let arguments =
            [&["agent", "exec", "-p", "bs2"], options, &["--", "sh", "-c", "echo \"=$OUR_SECRET=\""]]
                .concat();
        let output = bench.command(&arguments).env("OUR_SECRET", &secret).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(run(&[]), "==\n");
    assert_eq!(run(&["--danger-keep-secrets"]), format!("={secret}=\n"));
}

#[test]
fn signals_reach_the_program_and_it_says_how_it_ends() {
    let bench = Bench::new();
    let script =
        "trap 'echo told; exit 5' TERM; trap 'echo hup' HUP; echo ready; while :; do sleep 0.05; done";
    let mut process = bench.start(&["-p", "bs2"], script);
    process.await_output("the program", |stdout, _| stdout.contains("ready").then_some(()));
    process.signal(Signal::HUP);
    process.await_output("SIGHUP", |stdout, _| stdout.contains("hup").then_some(()));
    assert_eq!(process.stop(), Some(5), "{}", process.stderr.text());
    assert!(process.stdout.text().contains("told"));
}

#[test]
fn files_are_replaced_whole_when_a_token_is_renewed_and_vanish_with_the_program() {
    let bench = Bench::new();
    bench.hurry("bs2");
    let script = "trap 'cat \"$ACCESS_TOKEN_FILE\"; echo' HUP; echo \"$ACCESS_TOKEN_FILE $HEADERS_FILE\"; \
                  cat \"$ACCESS_TOKEN_FILE\"; echo; while :; do sleep 0.05; done";
    let mut process = bench.start(&["-p", "bs2", "--files", "--renew", "signal"], script);
    let lines = process.await_output("two tokens", differing(3));
    let (token, headers) = lines[0].split_once(' ').unwrap();
    let folder = Path::new(token).parent().unwrap();
    assert!(folder.starts_with(bench.folder.path()), "in the session's folder: {token}");
    for (path, mode) in [(folder, 0o700), (Path::new(token), 0o600), (Path::new(headers), 0o600)] {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, mode, "{}", path.display());
    }
    assert!(fs::read_to_string(headers).unwrap().starts_with("Authorization: Bearer "));
    assert_eq!(fs::read_dir(folder).unwrap().count(), 2, "nothing half is left behind");
    process.stop();
    assert!(!folder.exists(), "{token}");
}

#[test]
fn a_program_is_started_again_with_the_renewed_token() {
    let bench = Bench::new();
    bench.hurry("bs2");
    let script = "trap 'echo ending; exit 1' TERM; echo \"$ACCESS_TOKEN\"; while :; do sleep 0.05; done";
    let mut process = bench.start(&["-p", "bs2", "--renew", "restart"], script);
    let lines = process.await_output("two starts", differing(3));
    assert_eq!(lines[1], "ending", "it was asked to end: {lines:?}");
    assert_ne!(lines[0], lines[2]);
    assert_eq!(process.stop(), Some(1));
    bench.exec(&["-p", "bs2", "--renew", "signal"], "true").failed(2, &["--files", "--renew restart"]);
}

#[test]
fn a_token_for_one_call_is_not_asked_for_again_and_again() {
    let bench = Bench::new();
    bench.fault(&json!({ "kind": "edit", "realm": "bs2", "set": { "expires_in": 0 }, "forever": true }));
    let done = bench.exec(&["-p", "bs2", "--renew", "restart"], "echo \"$ACCESS_TOKEN\"; sleep 1.5");
    assert_eq!((done.code, done.stdout.len()), (0, 37), "{done:?}");
    assert!(done.stderr.contains("good for one call, and is not renewed"), "{done:?}");
    assert_eq!(bench.requests("bs2"), 1);
}

/// RFC 9449 section 7.1: such a token alone is of no use, and no other protocol carries a proof.
#[test]
fn a_token_that_is_bound_to_a_key_is_given_to_no_program_that_cannot_prove_it() {
    let bench = Bench::new();
    let server = TlsServer::answering(|_| {
        let body = r#"{"access_token":"bound-to-a-key","token_type":"DPoP","expires_in":300}"#;
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    });
    bench.move_bs2(&server.address);
    bench.trust(&server);
    bench.edit("[provider.bs2]\n", "[provider.bs2]\ndpop = true\n");
    let words = ["bs2: its tokens are bound to a key", "DPoP", "[[reverse_proxy]]"];
    let done = bench.exec(&["-p", "bs2"], "echo started");
    done.failed(3, &words);
    assert_eq!(done.stdout, "");
    bench.run(&["agent", "helper", "kubernetes", "bs2"]).failed(3, &words);
    assert!(server.requests().concat().contains("dpop: "), "it was asked for with a proof");
}

#[test]
fn a_program_that_ends_by_itself_is_not_started_again() {
    let bench = Bench::new();
    bench.hurry("bs2");
    let done = bench.exec(&["-p", "bs2", "--renew", "restart"], "echo once; exit 3");
    assert_eq!((done.code, done.stdout.as_str()), (3, "once\n"));
}

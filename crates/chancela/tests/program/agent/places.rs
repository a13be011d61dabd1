//! Secrets from standard input, and files of secrets that are open to others.

use super::Bench;
use crate::support::browser::{Browser, Wish};
use crate::support::http::get;
use crate::support::process::Process;
use crate::support::text;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

#[test]
fn a_secret_comes_from_standard_input() {
    let bench = Bench::new();
    let place = format!("client_secret = \"file:{}\"", bench.path("bs2.secret"));
    bench.edit(&place, "client_secret = \"stdin\"");
    let secret = fs::read_to_string(bench.path("bs2.secret")).unwrap();
    let mut process = Process::start(bench.command(&["token", "bs2"]).stdin(Stdio::piped()));
    process.input().write_all(secret.as_bytes()).unwrap();
    assert!(process.wait().success(), "{}", process.stderr.text());
    assert_eq!(process.stdout.text().len(), 36, "a token: {}", process.stdout.text());
}

#[test]
fn a_secret_that_others_may_read_is_warned_of() {
    let bench = Bench::new();
    let secret = bench.path("bs2.secret");
    fs::set_permissions(secret, fs::Permissions::from_mode(0o644)).unwrap();
    let done = bench.run(&["token", "bs2"]);
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(
        done.stderr,
        format!("chancela: warning: {secret} is open to others (mode 644); run: chmod 0600 {secret}\n")
    );
}

#[test]
fn a_person_logs_in_though_the_clients_secret_is_on_standard_input() {
    let bench = Bench::new();
    let file = bench.path("vantage-login.secret");
    bench.edit(&format!("client_secret = \"file:{file}\""), "client_secret = \"stdin\"");
    let arguments = ["agent", "login", "vantage-login", "--no-browser"];
    let mut login = Process::start(bench.command(&arguments).stdin(Stdio::piped()));
    login.input().write_all(&fs::read(file).unwrap()).unwrap();
    let url = login.await_output("the address", |_, stderr| {
        stderr.lines().map(str::trim).find(|line| line.starts_with("http://")).map(str::to_owned)
    });
    let user = &bench.sandbox.realm("vantage")["users"][0];
    let end = Browser::log_in(&url, text(user, "username"), text(user, "password"), Wish::Allow);
    assert_eq!(get(&end).status, 200);
    assert!(login.wait().success(), "{}", login.stderr.text());
}

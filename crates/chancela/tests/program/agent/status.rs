//! `chancela agent status` for people and as it goes on.

use super::Bench;
use crate::support::process::Process;
use serde_json::{Value, json};
use std::process::Stdio;

#[test]
fn people_see_a_table_and_what_ends_next() {
    let bench = Bench::new();
    bench.token("bs2");
    bench.token("standard");
    bench.fault(&json!({ "kind": "refuse", "realm": "celcash", "rule": "unknown_client" }));
    bench.run(&["token", "celcash"]).failed(5, &["celcash"]);
    let told = bench.run(&["agent", "status"]);
    assert_eq!((told.code, told.stderr.as_str()), (0, ""));
    let lines: Vec<&str> = told.stdout.lines().collect();
    assert!(lines[0].starts_with("PROVIDER ") && lines[0].contains("  STATE  "), "{}", told.stdout);
    let row = |name: &str| *lines.iter().find(|line| line.starts_with(&format!("{name} "))).unwrap();
    assert!(row("bs2").contains("  ready  ") && row("bs2").contains("6 min"), "{}", told.stdout);
    assert!(row("vantage-login").contains("login required"), "{}", told.stdout);
    let (_, wrong) = told.stdout.split_once("WHAT IS WRONG\n").unwrap();
    assert!(wrong.lines().any(|line| line.starts_with("celcash: credentials: ")), "{}", told.stdout);
    let (_, ends) = told.stdout.split_once("WHAT ENDS NEXT\n").unwrap();
    let order: Vec<&str> =
        ends.lines().filter_map(|line| line.rsplit_once("  ")).map(|(_, what)| what).collect();
    assert_eq!((order[0], order[1], order.last()), ("token", "token", Some(&"certificate")), "{ends}");
}

#[test]
fn each_change_is_a_line_to_a_program_that_watches() {
    let bench = Bench::new();
    let watch = |options: &[&str]| {
        let arguments = [&["agent", "status", "--watch", "--interval", "100ms"], options].concat();
        Process::start(bench.command(&arguments).stdin(Stdio::null()))
    };
    let (mut lines, mut documents) = (watch(&[]), watch(&["--json"]));
    lines.await_output("the first look", |stdout, _| stdout.contains(" bs2: none yet\n").then_some(()));
    documents.await_output("the first look", |stdout, _| stdout.ends_with('\n').then_some(()));
    bench.token("bs2");
    lines.await_output("the token", |stdout, _| stdout.contains(" bs2: ready, token ").then_some(()));
    let document: Value = documents.await_output("the token", |stdout, _| {
        let second = stdout.split_once('\n')?.1.strip_suffix('\n')?;
        serde_json::from_str(second).ok()
    });
    let bs2 = document["providers"].as_array().unwrap().iter().find(|one| one["provider"] == "bs2").unwrap();
    assert_eq!(bs2["state"], "ready");
    std::thread::sleep(std::time::Duration::from_millis(400));
    assert_eq!(lines.stdout.text().matches(" bs2: ").count(), 2, "time that passes is no news");
}

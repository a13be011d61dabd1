//! Kills and lost answers: what was done is not done again, and what nobody knows is told.

use super::{Bench, await_stage, bound_to, start, thumbprint};
use crate::support::await_some;
use crate::support::http::get;
use chancela_agent::socket::{Ask, Client};
use serde_json::{Value, json};

/// Waits until a request hangs at an endpoint.
fn await_request(bench: &Bench, endpoint: &str, count: usize) {
    await_some(endpoint, || (bench.requests(endpoint) >= count).then_some(()));
}

#[test]
fn a_kill_between_any_two_steps_goes_on_where_it_was() {
    let bench = Bench::bankly();
    let hang = |endpoint: &str, with_certificate: bool| {
        bench.fault(&json!({
            "kind": "hang", "realm": "bankly", "endpoint": endpoint, "seconds": 300,
            "client_certificate": with_certificate,
        }));
    };
    // Before the order: nothing counts yet.
    hang("token", false);
    let mut process = start(&bench, &["agent", "enroll", "bankly"]);
    await_request(&bench, "token", 1);
    process.kill();
    assert_eq!(bench.stage("keys/bankly.pem.enrolment"), None);

    // With the certificate here, before its registration.
    hang("registration", true);
    let mut process = start(&bench, &["agent", "enroll", "bankly"]);
    await_stage(&bench, "certified");
    await_request(&bench, "registration", 1);
    process.kill();
    assert!(!bench.path("keys/bankly.pem").exists(), "what has given no token is in nobody's way");

    // Registered, before the proof.
    hang("token", true);
    let asked = bench.requests("token");
    let mut process = start(&bench, &["agent", "enroll", "bankly"]);
    await_stage(&bench, "registered");
    await_request(&bench, "token", asked + 1);
    process.kill();

    bench.good(&["agent", "enroll", "bankly"]);
    let own = bench.certificate("keys/bankly.pem");
    assert_eq!(bound_to(&bench.good(&["token", "bankly"])), thumbprint(&own));
    assert_eq!(bench.requests("certificates"), 1, "it was ordered once");

    // The same of a renewal: the old certificate goes on until the new one is proven, and the agent's process finishes it.
    hang("token", true);
    let asked = bench.requests("token");
    let mut process = start(&bench, &["agent", "enroll", "bankly", "--renew"]);
    await_stage(&bench, "registered");
    // One for the order, and the proof.
    await_request(&bench, "token", asked + 2);
    process.kill();
    assert_eq!(thumbprint(&bench.certificate("keys/bankly.pem")), thumbprint(&own));
    assert_eq!(bound_to(&bench.good(&["token", "bankly"])), thumbprint(&own));
    let socket = bench.path("agent.sock");
    let config = std::fs::read_to_string(bench.path("agent.toml")).unwrap();
    let serve = format!("[agent]\nsocket = \"{}\"\nprefetch = [\"bankly\"]\n", socket.display());
    bench.write("agent.toml", &format!("{config}\n{serve}"));
    let mut agent = start(&bench, &["agent", "run"]);
    agent.await_output("the renewal", |_, stderr| stderr.contains("was renewed").then_some(()));
    let next = bench.certificate("keys/bankly.pem");
    assert_ne!(thumbprint(&next), thumbprint(&own));
    assert_eq!(bound_to(&bench.good(&["token", "bankly"])), thumbprint(&next));
    // The process itself has taken the new pair, without a restart.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client = runtime.block_on(Client::connect(&socket)).unwrap();
    await_some("the agent's next token", || {
        let ask = Ask { provider: "bankly".into(), ..Ask::default() };
        let token = runtime.block_on(client.token(&ask)).unwrap();
        (bound_to(token.access_token.expose()) == thumbprint(&next)).then_some(())
    });
    assert_eq!(bench.requests("certificates"), 2);
    assert_eq!(agent.stop(), Some(0));
}

#[test]
fn an_order_whose_answer_is_lost_is_never_repeated_by_itself() {
    let bench = Bench::bankly();
    bench.fault(&json!({ "kind": "lose_answer", "realm": "bankly", "endpoint": "certificates" }));
    let lost = bench.run(&["agent", "enroll", "bankly"]);
    lost.failed(9, &["whether the provider issued it is not known", "at most 2 at a time", "--again"]);
    for _ in 0..2 {
        bench.run(&["agent", "enroll", "bankly"]).failed(9, &["--again"]);
    }
    assert_eq!(bench.requests("certificates"), 1);
    bench.good(&["agent", "enroll", "bankly", "--again"]);
    bench.good(&["token", "bankly"]);
    assert_eq!(bench.requests("certificates"), 2);
    // The lost one counts at the provider.
    bench.run(&["agent", "enroll", "bankly", "--renew"]).failed(5, &["409", "at most 2 valid certificates"]);
}

#[test]
fn what_the_provider_refuses_or_cannot_do_now_costs_nothing() {
    let bench = Bench::bankly();
    let certificates = |fault: Value| {
        let mut fault = fault;
        fault["realm"] = "bankly".into();
        fault["endpoint"] = "certificates".into();
        bench.fault(&fault);
    };
    certificates(json!({ "kind": "status", "status": 503 }));
    bench
        .run(&["agent", "enroll", "bankly"])
        .failed(5, &["ordering the certificate: the provider answered 503"]);
    assert_eq!(bench.stage("keys/bankly.pem.enrolment").as_deref(), Some("begun"));
    // A gateway's answer says nothing of what stands behind it.
    certificates(json!({ "kind": "status", "status": 502 }));
    bench.run(&["agent", "enroll", "bankly"]).failed(9, &["not known"]);
    certificates(json!({ "kind": "replace", "body": "<html>thank you</html>" }));
    bench.run(&["agent", "enroll", "bankly", "--again"]).failed(9, &["no certificate that can be read"]);

    // A registration that was done and whose answer was lost is repeated: it is the same client again.
    bench.fault(&json!({ "kind": "lose_answer", "realm": "bankly", "endpoint": "registration" }));
    let lost = bench.run(&["agent", "enroll", "bankly", "--again"]);
    lost.failed(6, &["registering the client"]);
    bench.good(&["agent", "enroll", "bankly"]);
    bench.good(&["token", "bankly"]);
    let list = get(&bench.control("/_sandbox/requests")).json();
    let told = list["requests"].as_array().unwrap().iter();
    let answered = told.filter(|one| one["endpoint"] == "certificates" && one["endpoint_status"] == 201);
    assert_eq!(answered.count(), 2, "the one behind the page, and the one that is used");
}

#[test]
fn two_at_once_are_one_enrolment() {
    let bench = Bench::bankly();
    let mut all: Vec<_> = (0..3).map(|_| start(&bench, &["agent", "enroll", "bankly"])).collect();
    for process in &mut all {
        assert!(process.wait().success(), "{}", process.stderr.text());
    }
    assert_eq!((bench.requests("certificates"), bench.requests("registration")), (1, 1));
    bench.good(&["token", "bankly"]);
}

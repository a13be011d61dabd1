//! What ends, for people, for cron and for a program of the partner's.

use super::Bench;
use std::fs;

#[test]
fn the_calendar_has_everything_that_ends_by_what_ends_first() {
    let bench = Bench::bankly();
    let before = bench.run(&["agent", "certificate", "show"]);
    assert!(before.code == 0 && before.stdout.contains("authority"), "{before:?}");
    bench.good(&["agent", "enroll", "bankly"]);
    let table = bench.good(&["agent", "certificate", "show"]);
    assert!(table.starts_with("ENDS         DAYS  PROVIDER"), "{table}");
    let listed = bench.run(&["agent", "certificate", "show", "--json"]).json();
    let all = listed["ends"].as_array().unwrap();
    let ends: Vec<i64> = all.iter().map(|one| one["ends_at"].as_i64().unwrap()).collect();
    assert!(ends.is_sorted() && listed["unreadable"].as_array().unwrap().is_empty(), "{listed}");
    let of = |what: &str| all.iter().filter(|one| one["what"] == what).count();
    assert_eq!((of("certificate"), of("authority")), (1, 1));
    assert!(of("chain") >= 1);
    let own = all.iter().find(|one| one["what"] == "certificate").unwrap();
    assert_eq!(own["ends_at"], bench.certificate("keys/bankly.pem").not_after);
    assert_eq!(own["days_left"], 364);

    assert_eq!(bench.run(&["agent", "certificate", "check"]).code, 0);
    let due = bench.run(&["agent", "certificate", "check", "bankly", "--within", "366d"]);
    due.failed(7, &["1 of what is listed end within 366 days, the first in 364", "certificate renew"]);
    assert!(due.stdout.contains("bankly") && !due.stdout.contains("authority"), "{due:?}");
    bench.run(&["agent", "certificate", "check", "nobody"]).failed(3, &["there is no provider"]);
    bench.write("keys/bankly.pem", "no certificate");
    bench.run(&["agent", "certificate", "check"]).failed(3, &["bankly:", "not everything"]);
}

#[test]
fn a_program_is_told_once_of_each_threshold_and_of_no_secret() {
    let bench = Bench::bankly_with("warn_before = [\"400d\", \"7d\"]\non_due = \"cmd:TELL\"");
    let (told, program) = (bench.path("told"), bench.path("tell.sh"));
    fs::write(&program, format!("#!/bin/sh\n/usr/bin/env >> {}\n", told.display())).unwrap();
    let text = fs::read_to_string(bench.path("agent.toml")).unwrap();
    bench.write("agent.toml", &text.replace("TELL", &format!("/bin/sh {}", program.display())));
    bench.good(&["agent", "enroll", "bankly"]);
    let check = || {
        let mut command = bench.command(&["agent", "certificate", "check", "bankly", "--hooks"]);
        assert!(command.env("BANK_SECRET", "hunter2-hunter2").output().unwrap().status.success());
        fs::read_to_string(&told).unwrap()
    };
    let first = check();
    let ends_at = bench.certificate("keys/bankly.pem").not_after;
    for line in [
        "CHANCELA_PROVIDER=bankly\n",
        "CHANCELA_WHAT=certificate\n",
        &format!("CHANCELA_ENDS_AT={ends_at}\n"),
        "CHANCELA_DAYS_LEFT=364\n",
        "CHANCELA_WARN_BEFORE_DAYS=400\n",
    ] {
        assert_eq!(first.matches(line).count(), 1, "{line:?}: {first}");
    }
    assert!(!first.contains("hunter2"), "{first}");
    assert_eq!(check(), first, "nobody is told twice");
    // The next certificate has an end of its own: certificates count in seconds.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    bench.good(&["agent", "certificate", "renew", "bankly"]);
    assert_eq!(check().matches("CHANCELA_WHAT=certificate\n").count(), 2);
}

//! Numbers to look at, not to pass: they depend on the machine and on how the program was built.

use crate::support::http::get;
use crate::support::server::Site;
use std::time::Instant;

const ONE_REALM: &str = "[realm.main]\nissuer = \"http://127.0.0.1:1/main\"\ndialect = \"standard\"\n";

#[test]
fn memory_when_idle_and_time_to_start_are_told() {
    let site = Site::with("", ONE_REALM);
    for run in ["first start, keys made", "second start"] {
        let start = Instant::now();
        let mut server = site.serve();
        assert_eq!(get(&server.management("/readyz")).status, 200);
        let ready = start.elapsed();
        let status = std::fs::read_to_string(format!("/proc/{}/status", server.process.id())).unwrap();
        let resident = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or("VmRSS unknown");
        let resident = resident.split_whitespace().skip(1).collect::<Vec<_>>().join(" ");
        println!("{run}: ready after {} ms, resident {resident}", ready.as_millis());
        assert_eq!(server.process.stop(), Some(0));
    }
}

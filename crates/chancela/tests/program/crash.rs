//! What was acknowledged is there after a kill: a server under load is killed with SIGKILL, again and again on one
//! folder, and started again with no manual step.

use crate::support::http::{Connection, Request};
use crate::support::server::{Server, Site};
use crate::support::text;
use serde_json::Value;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How often it is killed.
const KILLS: usize = 20;
/// Clients at once.
const THREADS: usize = 8;
/// Acknowledgements after which it is killed.
const ENOUGH: usize = 250;

const REALMS: &str = r#"
[realm.main]
issuer = "http://127.0.0.1:1/main"
dialect = "standard"
access_token_format = "opaque"

[realm.bank]
issuer = "http://127.0.0.1:1/bank"
dialect = "bs2"
environment = "homologation"
security_profile = "legacy"
"#;

/// A realm as clients see it.
struct Bank {
    token: &'static str,
    introspection: &'static str,
    revocation: &'static str,
    scope: &'static str,
    client: Value,
}

impl Bank {
    fn request(&self, server: &Server, path: &str, fields: &[(&str, &str)]) -> Request {
        let (id, secret) = (text(&self.client, "client_id"), text(&self.client, "client_secret"));
        Request::form(server.url(path), fields).basic(id, secret)
    }

    fn issue(&self, server: &Server) -> Request {
        self.request(server, self.token, &[("grant_type", "client_credentials"), ("scope", self.scope)])
    }
}

/// One line of the log of what the server acknowledged.
enum Entry {
    /// It answered with this token of this realm.
    Issued(usize, String),
    /// It was asked to revoke the token: from here on nothing is known of it until the answer.
    Revoking(String),
    /// It answered that the token is revoked.
    Revoked(usize, String),
}

/// Asks for tokens, and revokes each fourth, until the server is gone.
fn load(server: &Server, banks: &[Bank], log: &mpsc::Sender<Entry>, acknowledged: &AtomicUsize) {
    let Ok(mut connection) = Connection::open(server.address()) else { return };
    for n in 0.. {
        let which = n % banks.len();
        let bank = &banks[which];
        let Ok(answer) = connection.send(&bank.issue(server)) else { return };
        let token = answer.token();
        log.send(Entry::Issued(which, token.clone())).unwrap();
        if n % 4 == 0 {
            log.send(Entry::Revoking(token.clone())).unwrap();
            let Ok(answer) = connection.send(&bank.request(server, bank.revocation, &[("token", &token)]))
            else {
                return;
            };
            assert_eq!(answer.status, 200);
            log.send(Entry::Revoked(which, token)).unwrap();
        }
        acknowledged.fetch_add(1, Relaxed);
    }
}

/// Loads the server until it acknowledged enough, and kills it in the middle of it.
fn kill_under_load(server: &mut Server, banks: &[Bank], enough: usize) -> Vec<Entry> {
    let (log, entries) = mpsc::channel();
    let acknowledged = AtomicUsize::new(0);
    let id = server.process.id();
    let seen = &*server;
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            let (log, acknowledged) = (log.clone(), &acknowledged);
            scope.spawn(move || load(seen, banks, &log, acknowledged));
        }
        crate::support::await_some("load", || (acknowledged.load(Relaxed) >= enough).then_some(()));
        let id = rustix::process::Pid::from_raw(id.cast_signed()).unwrap();
        rustix::process::kill_process(id, rustix::process::Signal::KILL).unwrap();
    });
    drop(log);
    server.process.kill();
    entries.into_iter().collect()
}

/// What must be known of each acknowledged token: its realm and whether it is active.
fn expected(entries: Vec<Entry>) -> Vec<(usize, String, bool)> {
    let mut out: std::collections::HashMap<String, (usize, bool)> = std::collections::HashMap::new();
    for entry in entries {
        match entry {
            Entry::Issued(bank, token) => assert!(out.insert(token, (bank, true)).is_none(), "a token twice"),
            Entry::Revoking(token) => drop(out.remove(&token)),
            Entry::Revoked(bank, token) => drop(out.insert(token, (bank, false))),
        }
    }
    out.into_iter().map(|(token, (bank, active))| (bank, token, active)).collect()
}

fn check(server: &Server, banks: &[Bank], tokens: &[(usize, String, bool)]) {
    std::thread::scope(|scope| {
        for part in tokens.chunks(tokens.len().div_ceil(4).max(1)) {
            scope.spawn(move || {
                let mut connection = Connection::open(server.address()).unwrap();
                for (bank, token, active) in part {
                    let bank = &banks[*bank];
                    let request = bank.request(server, bank.introspection, &[("token", token)]);
                    let answer = connection.send(&request).unwrap().json();
                    assert_eq!(answer["active"], *active, "{token}: {answer}");
                }
            });
        }
    });
}

/// RL-02, at the socket.
#[test]
fn nothing_acknowledged_is_lost_by_kill_minus_nine_under_load() {
    let start = Instant::now();
    let site = Site::with("", REALMS);
    let client =
        |realm: &str, scope: &str| site.done(&["client", "create", "--realm", realm, "--scope", scope]);
    let banks = [
        Bank {
            token: "/main/oauth/token",
            introspection: "/main/oauth/introspect",
            revocation: "/main/oauth/revoke",
            scope: "read",
            client: client("main", "read"),
        },
        Bank {
            token: "/bank/auth/oauth/v2/token",
            introspection: "/bank/oauth/introspect",
            revocation: "/bank/auth/oauth/v2/token/revoke",
            scope: "pix.read",
            client: client("bank", "pix.read"),
        },
    ];
    let mut all = Vec::new();
    let mut last = Vec::new();
    let mut slowest = Duration::ZERO;
    for kill in 0..KILLS {
        let starting = Instant::now();
        let mut server = site.serve();
        slowest = slowest.max(starting.elapsed());
        check(&server, &banks, &last);
        last = expected(kill_under_load(&mut server, &banks, ENOUGH + 7 * kill));
        assert!(last.len() >= ENOUGH / 2, "only {} acknowledged", last.len());
        all.extend(last.iter().cloned());
    }
    let mut server = site.serve();
    // The oldest live 300 seconds; this test does not last that long.
    check(&server, &banks, &all);
    assert_eq!(server.process.stop(), Some(0));
    let dead = all.iter().filter(|(_, _, active)| !active).count();
    println!(
        "{} tokens acknowledged, {dead} of them revoked; slowest start {slowest:?}; {:?}",
        all.len(),
        start.elapsed()
    );
    assert!(dead > 0 && slowest < Duration::from_secs(5), "{slowest:?}");
}

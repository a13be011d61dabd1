//! What was acknowledged is there after a crash: a child process is killed with SIGKILL under load, again and again in
//! one directory, and every key that it had reported as committed is looked for.
//!
//! A kill proves the grouping, the recovery and the lock's release, not fsync: the kernel keeps what was written.

#![allow(clippy::disallowed_methods, reason = "the parent tells its child by environment what to do")]
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

use chancela_core::effect::Effect;
use chancela_core::id::AccessTokenKey;
use chancela_core::record::Grant;
use chancela_store::conformance::samples::{NOW, grant, grant_id, rotate, token};
use chancela_store::{CommitOutcome, Store};
use chancela_store_sqlite::{Options, SqliteStore};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use tokio::runtime::Runtime;

const DIRECTORY: &str = "CHANCELA_TEST_CRASH_DIRECTORY";
const CYCLE: &str = "CHANCELA_TEST_CRASH_CYCLE";
const CYCLES: u64 = 5;
/// Acknowledgements after which the child is killed.
const ENOUGH: usize = 3000;

/// The `n`th token of a cycle, of a lifetime in either ring.
fn issued(cycle: u64, n: u64) -> chancela_core::record::AccessToken {
    token(
        cycle * 1_000_000_000 + n,
        NOW + n.cast_signed() / 100,
        if n.is_multiple_of(3) { 86_400 } else { 300 },
    )
}

/// The child: issues from 32 tasks, tells each acknowledged number, and rotates one grant as fast as it can.
#[test]
fn a_child_issues_until_it_is_killed() {
    let Ok(directory) = std::env::var(DIRECTORY) else { return };
    let cycle: u64 = std::env::var(CYCLE).unwrap().parse().unwrap();
    let store = Arc::new(SqliteStore::open(Path::new(&directory), Options::default()).unwrap());
    Runtime::new().unwrap().block_on(async move {
        let next = Arc::new(AtomicU64::new(0));
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..32 {
            let (store, next) = (Arc::clone(&store), Arc::clone(&next));
            tasks.spawn(async move {
                loop {
                    let n = next.fetch_add(1, Relaxed);
                    let outcome = store.commit(vec![Effect::InsertAccessToken(issued(cycle, n))]).await;
                    assert_eq!(outcome.unwrap(), CommitOutcome::Committed);
                    say(&format!("token {n}"));
                }
            });
        }
        let new = Grant { generation: 0, ..grant(cycle) };
        let _ = store.commit(vec![Effect::InsertGrant(new)]).await.unwrap();
        for generation in 0.. {
            let outcome = store.commit(vec![rotate(grant_id(cycle), generation)]).await;
            assert_eq!(outcome.unwrap(), CommitOutcome::Committed);
            say(&format!("rotated {generation}"));
        }
    });
}

/// One write call per line, so that a kill never leaves half of one.
fn say(line: &str) {
    std::io::stderr().write_all(format!("ACK {line}\n").as_bytes()).unwrap();
}

/// RL-02.
#[test]
fn nothing_acknowledged_is_lost_by_kill_minus_nine() {
    if std::env::var(DIRECTORY).is_ok() {
        return; // in the child
    }
    let directory = tempfile::TempDir::new().unwrap();
    let mut total = 0;
    for cycle in 0..CYCLES {
        let (tokens, rotations) = kill_under_load(directory.path(), cycle);
        total += tokens.len();
        let store = SqliteStore::open(directory.path(), Options::default()).unwrap();
        Runtime::new().unwrap().block_on(async {
            for n in tokens {
                let token = issued(cycle, n);
                assert_eq!(store.access_token(token.key).await.unwrap(), Some(token), "{cycle} {n}");
            }
            let kept = store.grant(grant_id(cycle)).await.unwrap().unwrap();
            let ahead = u64::from(kept.generation) - rotations;
            assert!(ahead <= 1, "at most the rotation in flight was not told");
            assert_eq!(store.access_token(AccessTokenKey { tick: 0, tag: [0; 16] }).await.unwrap(), None);
        });
    }
    println!("{total} acknowledged, none lost");
}

/// Answers the acknowledged tokens and the number of acknowledged rotations.
fn kill_under_load(directory: &Path, cycle: u64) -> (Vec<u64>, u64) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_child_issues_until_it_is_killed", "--nocapture"])
        .env(DIRECTORY, directory)
        .env(CYCLE, cycle.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut tokens, mut rotations) = (Vec::new(), 0);
    let mut alive = true;
    for line in BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok) {
        match line.split_once("ACK ").and_then(|(_, rest)| rest.split_once(' ')) {
            Some(("token", n)) => tokens.push(n.parse().unwrap()),
            Some(("rotated", n)) => rotations = n.parse::<u64>().unwrap() + 1,
            _ => {}
        }
        if alive && tokens.len() >= ENOUGH {
            child.kill().unwrap(); // SIGKILL; what it said before is still read
            alive = false;
        }
    }
    let _ = child.wait().unwrap();
    assert!(!alive, "the child ended by itself");
    (tokens, rotations)
}

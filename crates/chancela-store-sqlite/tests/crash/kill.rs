//! `kill -9` under load, and what holds while the process lives.

use crate::child::{alone, command, lost, run};
use chancela_store_sqlite::{OpenError, Options, SqliteStore};
use std::io::{BufRead, BufReader};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const CYCLES: u64 = 20;
/// Acknowledgements after which a child is killed.
const ENOUGH: usize = 1000;

/// RL-02. In one directory, so that each start is one after a crash; none needs a hand.
#[test]
fn nothing_acknowledged_is_lost_by_twenty_kills() {
    let _alone = alone();
    let directory = TempDir::new().unwrap();
    let (mut total, mut codes, mut slowest) = (0, 0, Duration::ZERO);
    for cycle in 0..CYCLES {
        let heard = run(&mut command("load", directory.path(), cycle), Some(ENOUGH));
        assert_eq!(heard.status.code(), None, "killed, not ended by itself");
        assert!(heard.rotations.is_some());
        total += heard.tokens.len();
        codes += heard.codes;
        let start = Instant::now();
        let store = SqliteStore::open(directory.path(), Options::default()).unwrap();
        slowest = slowest.max(start.elapsed());
        assert_eq!(lost(&store, cycle, &heard), 0, "cycle {cycle}");
    }
    assert!(codes > 0);
    println!(
        "{CYCLES} kills: {total} tokens and {codes} redemptions acknowledged, none lost; slowest start {slowest:?}"
    );
}

#[test]
fn a_second_process_is_refused_while_the_first_lives() {
    let _alone = alone();
    let directory = TempDir::new().unwrap();
    let mut child = command("load", directory.path(), 0).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("ACK token")));
    let refused = SqliteStore::open(directory.path(), Options::default()).unwrap_err();
    assert!(matches!(refused, OpenError::LockedByAnotherProcess(_)), "{refused}");
    for _ in 0..500 {
        assert!(lines.next().unwrap().unwrap().contains("ACK"), "the first is not disturbed");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    drop(SqliteStore::open(directory.path(), Options::default()).unwrap());
}

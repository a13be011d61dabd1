//! The child, and what its parent knows of it.

use chancela_core::effect::Effect;
use chancela_core::record::{AccessToken, Grant, Spent};
use chancela_core::time::Timestamp;
use chancela_store::conformance::samples::{
    NOW, code, code_id, grant, grant_id, insert, rotate, spend, token,
};
use chancela_store::{CommitOutcome, Store};
use chancela_store_sqlite::{Options, SqliteStore};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::runtime::Runtime;

const ROLE: &str = "CHANCELA_TEST_ROLE";
const DIRECTORY: &str = "CHANCELA_TEST_DIRECTORY";
const CYCLE: &str = "CHANCELA_TEST_CYCLE";

/// What a child was heard to say.
#[derive(Debug, Default)]
pub(crate) struct Acknowledged {
    /// Numbers of tokens, see [`issued`].
    pub(crate) tokens: Vec<u64>,
    /// Rotations of the cycle's grant; `None` if not even the grant was acknowledged.
    pub(crate) rotations: Option<u64>,
    /// Codes redeemed in the cycle, one after the other, see [`redeemed`].
    pub(crate) codes: u64,
    /// How the child ended.
    pub(crate) status: ExitStatus,
}

/// Held by each test that starts children: a process that another thread starts has a copy of this one's lock files
/// for a moment, and the store would seem to be in use.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A command that runs this program as a child in `role`.
pub(crate) fn command(role: &str, directory: &Path, cycle: u64) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "child::a_child_does_what_it_is_told", "--nocapture"])
        .env(ROLE, role)
        .env(DIRECTORY, directory)
        .env(CYCLE, cycle.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// Runs a child to its end, or kills it (SIGKILL) when it has acknowledged `enough` tokens.
pub(crate) fn run(command: &mut Command, enough: Option<usize>) -> Acknowledged {
    let mut child = command.spawn().unwrap();
    let mut heard = Acknowledged::default();
    for line in BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok) {
        match line.split_once("ACK ").and_then(|(_, rest)| rest.split_once(' ')) {
            Some(("token", n)) => heard.tokens.push(n.parse().unwrap()),
            Some(("rotated", n)) => heard.rotations = Some(n.parse().unwrap()),
            Some(("redeemed", n)) => heard.codes = n.parse().unwrap(),
            _ => println!("child: {line}"),
        }
        if enough.is_some_and(|enough| heard.tokens.len() == enough) {
            child.kill().unwrap(); // what it said before is still read
        }
    }
    heard.status = child.wait().unwrap();
    heard
}

/// Counts what a child had acknowledged and `store` does not hold.
pub(crate) fn lost(store: &SqliteStore, cycle: u64, heard: &Acknowledged) -> usize {
    Runtime::new().unwrap().block_on(async {
        let mut lost = 0;
        for token in heard.tokens.iter().map(|n| issued(cycle, *n)).filter(|token| token.expires_at > NOW) {
            lost += usize::from(store.access_token(token.key).await.unwrap() != Some(token));
        }
        if let Some(rotations) = heard.rotations {
            let generation =
                store.grant(grant_id(cycle)).await.unwrap().map(|grant| u64::from(grant.generation));
            let ahead = generation.and_then(|generation| generation.checked_sub(rotations));
            assert!(ahead.is_none_or(|ahead| ahead <= 1), "at most the rotation in flight was not told");
            lost += usize::from(ahead.is_none());
        }
        for n in 1..=heard.codes {
            lost += usize::from(!is_redeemed(store, cycle, n).await);
        }
        is_redeemed(store, cycle, heard.codes + 1).await; // in flight: whole or not at all
        lost
    })
}

/// The number of the `n`th code of a cycle, of its grant and its token.
fn redeemed(cycle: u64, n: u64) -> u64 {
    (cycle + 1) * 1_000_000_000 + n
}

/// CD-07. A redemption is there with its grant and its token, or not at all; one that is there cannot be repeated.
async fn is_redeemed(store: &SqliteStore, cycle: u64, n: u64) -> bool {
    let number = redeemed(cycle, n);
    let spent = store.authorization_code(code_id(number)).await.unwrap().and_then(|code| code.spent);
    let whole = spent == Some(Spent::Redeemed(grant_id(number)));
    assert!(whole || spent.is_none());
    assert_eq!(store.grant(grant_id(number)).await.unwrap().is_some(), whole);
    assert_eq!(store.access_token(token(number, NOW, 300).key).await.unwrap().is_some(), whole);
    if whole {
        assert_eq!(store.commit(vec![spend(number, Spent::Burnt)]).await.unwrap(), CommitOutcome::Conflict);
    }
    whole
}

/// The `n`th token of a cycle: of either ring, and every third dead before it is issued, so that there is something
/// to expire.
pub(crate) fn issued(cycle: u64, n: u64) -> AccessToken {
    let (since, lifetime) = match n % 3 {
        0 => (0, 86_400),
        1 => (-10_000, 300),
        _ => (0, 300),
    };
    token(cycle * 1_000_000_000 + n, NOW + since + n.cast_signed() / 100, lifetime)
}

#[test]
fn a_child_does_what_it_is_told() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let directory = std::env::var(DIRECTORY).unwrap();
    let cycle: u64 = std::env::var(CYCLE).unwrap().parse().unwrap();
    let store = Arc::new(SqliteStore::open(Path::new(&directory), Options::default()).unwrap());
    Runtime::new().unwrap().block_on(async {
        match role.as_str() {
            "load" => load(store, cycle).await,
            "full disk" => crate::disk::fill(&store, &Path::new(&directory).join("full")).await,
            "failing fsync" => crate::disk::fail(&store).await,
            other => panic!("no role {other}"),
        }
    });
}

/// Issues from 32 tasks, tells each acknowledged number, expires meanwhile and rotates one grant as fast as it can.
async fn load(store: Arc<SqliteStore>, cycle: u64) {
    let next = Arc::new(AtomicU64::new(0));
    for _ in 0..32 {
        let (store, next) = (Arc::clone(&store), Arc::clone(&next));
        tokio::spawn(async move {
            loop {
                issue(&store, cycle, next.fetch_add(1, Relaxed)).await;
            }
        });
    }
    let expiring = Arc::clone(&store);
    tokio::spawn(async move {
        loop {
            expiring.expire(Timestamp::from_seconds(NOW)).await.unwrap();
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    tokio::spawn(redeem(Arc::clone(&store), cycle));
    let new = Grant { generation: 0, ..grant(cycle) };
    assert_eq!(store.commit(vec![Effect::InsertGrant(new)]).await.unwrap(), CommitOutcome::Committed);
    for generation in 0.. {
        say(&format!("rotated {generation}"));
        let outcome = store.commit(vec![rotate(grant_id(cycle), generation)]).await;
        assert_eq!(outcome.unwrap(), CommitOutcome::Committed);
    }
}

/// Issues codes and redeems each as the token endpoint does, in one list.
async fn redeem(store: Arc<SqliteStore>, cycle: u64) {
    for n in 1.. {
        let number = redeemed(cycle, n);
        let issued = store.commit(vec![Effect::InsertAuthorizationCode(code(number))]).await;
        assert_eq!(issued.unwrap(), CommitOutcome::Committed);
        let spent = spend(number, Spent::Redeemed(grant_id(number)));
        let list = vec![spent, Effect::InsertGrant(grant(number)), insert(&token(number, NOW, 300))];
        assert_eq!(store.commit(list).await.unwrap(), CommitOutcome::Committed);
        say(&format!("redeemed {n}"));
    }
}

/// Issues one token and tells it.
pub(crate) async fn issue(store: &SqliteStore, cycle: u64, n: u64) {
    let outcome = store.commit(vec![Effect::InsertAccessToken(issued(cycle, n))]).await;
    assert_eq!(outcome.unwrap(), CommitOutcome::Committed);
    say(&format!("token {n}"));
}

/// One write call per line, so that no end leaves half of one.
fn say(line: &str) {
    std::io::stderr().write_all(format!("ACK {line}\n").as_bytes()).unwrap();
}

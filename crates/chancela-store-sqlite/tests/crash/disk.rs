//! A disk that is full for a while, and an fsync that fails. Both through the shim of the power cut.

use crate::child::{alone, command, issue, issued, lost, run};
use crate::power_cut::shim;
use chancela_core::effect::Effect;
use chancela_core::time::Timestamp;
use chancela_store::conformance::samples::{NOW, grant_id};
use chancela_store::{Store, StoreError};
use chancela_store_sqlite::{Options, SqliteStore};
use std::path::Path;
use tempfile::TempDir;

/// Commits until one fails; answers the first number that was not acknowledged.
async fn until_refused(store: &SqliteStore, from: u64) -> u64 {
    for n in from..from + 100_000 {
        match store.commit(vec![Effect::InsertAccessToken(issued(0, n))]).await {
            Ok(_) => issue(store, 0, n).await, // again, which changes nothing, and tells it
            Err(StoreError::Engine(_)) => return n,
            Err(other) => panic!("{other}"),
        }
    }
    panic!("nothing was refused");
}

/// The child: while `flag` exists no file can grow.
pub(crate) async fn fill(store: &SqliteStore, flag: &Path) {
    for n in 0..300 {
        issue(store, 0, n).await;
    }
    for round in 1..4 {
        std::fs::write(flag, "").unwrap();
        let refused = until_refused(store, round * 1_000_000).await;
        for n in refused..refused + 10 {
            let answer = store.commit(vec![Effect::InsertAccessToken(issued(0, n))]).await;
            assert!(matches!(answer, Err(StoreError::Engine(_))), "{answer:?}");
        }
        assert!(store.probe().await.is_err(), "not ready");
        assert_eq!(store.failure(), None, "it passes");
        assert_eq!(store.access_token(issued(0, 0).key).await.unwrap(), Some(issued(0, 0)), "reads go on");
        assert_eq!(store.access_token(issued(0, refused).key).await.unwrap(), None);
        std::fs::remove_file(flag).unwrap();
        store.probe().await.unwrap();
        issue(store, 0, refused).await;
    }
}

/// The child: an fsync will fail.
pub(crate) async fn fail(store: &SqliteStore) {
    let refused = until_refused(store, 0).await;
    let why = store.failure().unwrap().to_owned();
    assert!(why.contains("disk I/O error"), "{why}");
    let engine = |answer: Result<(), StoreError>| matches!(answer, Err(StoreError::Engine(text)) if text.contains(&why));
    let again = store.commit(vec![Effect::InsertAccessToken(issued(0, refused))]).await;
    assert!(engine(again.map(drop)));
    assert!(engine(store.access_token(issued(0, 0).key).await.map(drop)));
    assert!(engine(store.grant(grant_id(0)).await.map(drop)));
    assert!(engine(store.clients().await.map(drop)));
    assert!(engine(store.expire(Timestamp::from_seconds(NOW)).await.map(drop)));
    assert!(engine(store.probe().await));
}

fn run_through_shim(role: &str, setting: (&str, &str)) {
    let _alone = alone();
    let (tools, directory) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let Some(shim) = shim(&tools) else { return };
    drop(SqliteStore::open(directory.path(), Options::default()).unwrap());
    let full = directory.path().join("full");
    let (name, value) = setting;
    let value = if value.is_empty() { full.as_os_str() } else { value.as_ref() };
    let mut child = command(role, directory.path(), 0);
    let heard = run(child.env("LD_PRELOAD", &shim).env(name, value), None);
    assert!(heard.status.success(), "{:?}", heard.status);
    assert!(heard.tokens.len() > 20);
    let store = SqliteStore::open(directory.path(), Options::default()).unwrap();
    assert_eq!(lost(&store, 0, &heard), 0);
}

#[test]
fn a_full_disk_refuses_commits_loses_nothing_and_passes() {
    run_through_shim("full disk", ("CUT_FULL", ""));
}

#[test]
fn a_failed_fsync_ends_the_store_and_says_so() {
    run_through_shim("failing fsync", ("CUT_FSYNC_FAIL", "40"));
}

//! The ledger of calls that all processes share.

use crate::world::{files, open};
use chancela_agent::engine::{Budget, Moment, TokenKey};
use std::thread;
use tempfile::tempdir;

const BUDGET: Budget = Budget { calls: 5, window: 60_000, reserve: 1 };

fn endpoint() -> TokenKey {
    TokenKey::of(&["https://id.example/token"])
}

fn at(millis: i64) -> Moment {
    Moment { wall: 1_767_700_800_000 + millis, boot: 1_000_000 + millis }
}

#[test]
fn caches_of_one_folder_have_one_budget_and_keep_a_call_for_a_refusal() {
    let folder = tempdir().unwrap();
    let (one, other) = (open(folder.path()), open(folder.path()));
    for (number, cache) in [&one, &other, &one, &other].into_iter().enumerate() {
        let now = at(i64::try_from(number).unwrap() * 1000);
        assert_eq!(cache.spend(&endpoint(), BUDGET, now, false).unwrap(), Ok(()));
    }
    assert_eq!(one.spend(&endpoint(), BUDGET, at(5000), false).unwrap(), Err(55_000));
    assert_eq!(other.spend(&endpoint(), BUDGET, at(5000), true).unwrap(), Ok(()));
    assert_eq!(one.spend(&endpoint(), BUDGET, at(6000), true).unwrap(), Err(54_000));
    let elsewhere = TokenKey::of(&["https://other.example/token"]);
    assert_eq!(one.spend(&elsewhere, BUDGET, at(6000), false).unwrap(), Ok(()));
    assert_eq!(one.spend(&endpoint(), BUDGET, at(61_000), false).unwrap(), Ok(()));
}

#[test]
fn tasks_at_once_make_no_call_too_many() {
    let folder = tempdir().unwrap();
    let cache = open(folder.path());
    let allowed: usize = thread::scope(|scope| {
        let all: Vec<_> = (0..16)
            .map(|_| {
                let cache = cache.clone();
                scope.spawn(move || {
                    usize::from(cache.spend(&endpoint(), BUDGET, at(0), true).unwrap().is_ok())
                })
            })
            .collect();
        all.into_iter().map(|task| task.join().unwrap()).sum()
    });
    assert_eq!(allowed, 5);
}

#[test]
fn a_damaged_file_and_a_clock_that_was_set_shut_nothing_for_good() {
    let folder = tempdir().unwrap();
    let cache = open(folder.path());
    assert_eq!(cache.spend(&endpoint(), BUDGET, at(0), false).unwrap(), Ok(()));
    let file = files(folder.path(), "calls").remove(0);
    for text in ["", "\u{0}", "x\n1\n2 y\n", "another start\n99999999999999 99999999999999\n1 1\n"] {
        std::fs::write(&file, text).unwrap();
        assert_eq!(cache.spend(&endpoint(), BUDGET, at(1000), false).unwrap(), Ok(()), "{text:?}");
    }
    // Five calls of a start that is over, a moment ago by the wall clock.
    let lines = "\n7 1767700800000".repeat(5);
    std::fs::write(&file, format!("another start{lines}")).unwrap();
    assert_eq!(cache.spend(&endpoint(), BUDGET, at(1000), false).unwrap(), Err(59_000));
    assert_eq!(cache.spend(&endpoint(), BUDGET, at(61_000), false).unwrap(), Ok(()));
    // Five that lie hours ahead, because the clock was wrong: they count for one window, by the clock that is not set.
    let lines = "\n7 1767711600000".repeat(5);
    std::fs::write(&file, format!("another start{lines}")).unwrap();
    assert_eq!(cache.spend(&endpoint(), BUDGET, at(70_000), false).unwrap(), Err(60_000));
    assert_eq!(cache.spend(&endpoint(), BUDGET, at(80_000), true).unwrap(), Err(50_000));
    assert_eq!(cache.spend(&endpoint(), BUDGET, at(130_000), false).unwrap(), Ok(()));
}

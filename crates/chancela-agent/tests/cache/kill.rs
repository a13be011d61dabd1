//! `kill -9` in the middle of writes.

use crate::child::{command, told};
use crate::world::{files, open, record, token_key};
use chancela_agent::cache::Persist;
use std::collections::HashSet;
use tempfile::tempdir;

const CYCLES: u64 = 25;

/// In one directory, so that each start is one after a crash. A kill proves the order of writing and that a lock dies with
/// its holder, not that the disk keeps what the kernel was given.
#[test]
fn nothing_durable_is_lost_by_kills() {
    let directory = tempdir().unwrap();
    let mut left_behind = HashSet::new();
    for cycle in 0..CYCLES {
        let mut child = command(&[], "count for ever", directory.path()).spawn().unwrap();
        let mut last = 0;
        for number in told(&mut child) {
            assert!(number > last, "after {last}, {number}");
            last = number;
            if number % 20 == cycle % 20 {
                child.kill().unwrap(); // what it said before is still read
            }
        }
        assert_eq!(child.wait().unwrap().code(), None, "killed, not ended by itself");
        left_behind.insert(files(directory.path(), "new").len());
        let cache = open(directory.path());
        let locked = cache.try_lock(&token_key()).unwrap().unwrap(); // it died with its holder
        let found = locked.load().unwrap().unwrap();
        assert!(last > 0 && (found.generation == last || found.generation == last + 1), "{last}, {found:?}");
        assert_eq!(found, record(found.generation), "whole");
        locked.store(&record(found.generation + 1), Persist::Both).unwrap();
        assert_eq!(files(directory.path(), "new").len(), 0);
    }
    println!("{CYCLES} kills; files of a writing that was cut short: {left_behind:?} at a time");
}

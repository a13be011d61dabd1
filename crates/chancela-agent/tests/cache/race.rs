//! Several processes at one record.

use crate::child::{COUNTS, command, told};
use crate::world::{open, record, token_key};
use std::thread;
use tempfile::tempdir;

const PROCESSES: u64 = 4;

/// No change is lost, none is made twice, and who reads without the lock sees whole records alone.
#[test]
fn processes_that_change_one_record_take_turns() {
    let directory = tempdir().unwrap();
    let children: Vec<_> = (0..PROCESSES)
        .map(|_| {
            let mut child = command(&[], "count", directory.path()).spawn().unwrap();
            let numbers = told(&mut child);
            (child, thread::spawn(move || numbers.collect::<Vec<u64>>()))
        })
        .collect();
    let cache = open(directory.path());
    let (mut seen, mut reads) = (0, 0_u64);
    while children.iter().any(|(_, numbers)| !numbers.is_finished()) {
        let Some(found) = cache.load(&token_key()).unwrap() else { continue };
        assert!(found.generation >= seen, "no older record comes back");
        assert_eq!(found, record(found.generation), "whole");
        (seen, reads) = (found.generation, reads + 1);
    }
    let mut all = Vec::new();
    for (mut child, numbers) in children {
        let numbers = numbers.join().unwrap();
        assert!(child.wait().unwrap().success() && numbers.len() as u64 == COUNTS);
        all.extend(numbers);
    }
    all.sort_unstable();
    assert_eq!(all, (1..=PROCESSES * COUNTS).collect::<Vec<_>>());
    assert_eq!(cache.load(&token_key()).unwrap().unwrap().generation, PROCESSES * COUNTS);
    assert!(reads > 0);
}

//! The lock, within one process and among several.

use crate::child::{PATIENCE, command, told};
use crate::world::{files, open, record, token_key};
use chancela_agent::cache::{CacheError, Persist};
use chancela_agent::engine::TokenKey;
use std::thread;
use std::time::{Duration, Instant};
use tempfile::tempdir;

#[test]
fn a_lock_is_held_by_one_and_ends_when_it_is_dropped() {
    let directory = tempdir().unwrap();
    let (cache, other) = (open(directory.path()), open(directory.path()));
    let locked = cache.try_lock(&token_key()).unwrap().unwrap();
    assert!(cache.try_lock(&token_key()).unwrap().is_none(), "not even the same cache");
    assert!(other.try_lock(&token_key()).unwrap().is_none());
    assert!(other.try_lock(&TokenKey::of(&["another"])).unwrap().is_some(), "each key has its own");
    let begin = Instant::now();
    let busy = other.lock(&token_key(), Duration::from_millis(100)).unwrap_err();
    assert!(
        matches!(busy, CacheError::Busy { .. }) && begin.elapsed() >= Duration::from_millis(100),
        "{busy}"
    );
    let waiting = thread::spawn(move || other.lock(&token_key(), PATIENCE).unwrap().load().unwrap());
    let storing = thread::spawn(move || locked.store(&record(1), Persist::Both)); // and drops it
    storing.join().unwrap().unwrap();
    assert_eq!(waiting.join().unwrap(), Some(record(1)), "who waited sees what was stored meanwhile");
    assert!(cache.try_lock(&token_key()).unwrap().is_some());
}

#[test]
fn a_lock_dies_with_its_process_and_its_file_stays() {
    let directory = tempdir().unwrap();
    let cache = open(directory.path());
    let mut child = command(&[], "hold", directory.path()).spawn().unwrap();
    assert_eq!(told(&mut child).next(), Some(0));
    assert!(cache.try_lock(&token_key()).unwrap().is_none());
    assert!(cache.load(&token_key()).unwrap().is_none(), "reading needs no lock");
    child.kill().unwrap();
    child.wait().unwrap();
    let locked = cache.try_lock(&token_key()).unwrap().unwrap();
    locked.store(&record(1), Persist::Both).unwrap();
    locked.remove().unwrap();
    drop(locked);
    assert_eq!(files(directory.path(), "lock").len(), 1);
}

//! Files that cannot be read: nothing overwrites them until somebody says so.

use crate::world::{files, keys, open, open_with, record, token_key};
use chancela_agent::cache::{Cache, CacheError, Persist, Unreadable};
use chancela_agent::engine::TokenKey;
use std::fs;
use tempfile::{TempDir, tempdir};

type Change = Box<dyn FnOnce(Vec<u8>) -> Vec<u8>>;

/// A cache with a record, whose file is then changed.
fn with_file(change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> (TempDir, Cache) {
    let directory = tempdir().unwrap();
    let cache = open(directory.path());
    cache.try_lock(&token_key()).unwrap().unwrap().store(&record(1), Persist::Both).unwrap();
    let path = &files(directory.path(), "record")[0];
    fs::write(path, change(fs::read(path).unwrap())).unwrap();
    (directory, cache)
}

fn reason(error: CacheError) -> Unreadable {
    match error {
        CacheError::Unreadable { reason, path } => {
            assert!(path.exists(), "it stays where it is");
            reason
        }
        other => panic!("{other}"),
    }
}

#[test]
fn an_unreadable_file_is_neither_read_nor_overwritten_before_it_is_set_aside() {
    let newer = |mut bytes: Vec<u8>| {
        bytes[8] = 2;
        bytes
    };
    let cases: [(Change, Unreadable); 5] = [
        (Box::new(|bytes: Vec<u8>| bytes[..bytes.len() - 1].to_vec()), Unreadable::Damaged),
        (Box::new(|_| Vec::new()), Unreadable::Damaged),
        (Box::new(|_| b"{\"refresh_token\":\"x\"}".to_vec()), Unreadable::Damaged),
        (Box::new(|_| vec![0; 2 * 1024 * 1024]), Unreadable::Damaged),
        (Box::new(newer), Unreadable::NewerFormat(2)),
    ];
    for (change, expected) in cases {
        let (directory, cache) = with_file(change);
        let before = fs::read(&files(directory.path(), "record")[0]).unwrap();
        let locked = cache.try_lock(&token_key()).unwrap().unwrap();
        assert_eq!(reason(cache.load(&token_key()).unwrap_err()), expected);
        assert_eq!(reason(locked.store(&record(9), Persist::Both).unwrap_err()), expected);
        let aside = locked.set_aside().unwrap();
        assert_eq!(fs::read(&aside).unwrap(), before);
        assert_eq!(locked.load().unwrap(), None);
        locked.store(&record(1), Persist::Both).unwrap();
        assert_eq!(cache.list().unwrap().set_aside, [aside]);
    }
}

#[test]
fn files_that_are_set_aside_do_not_replace_each_other() {
    let directory = tempdir().unwrap();
    let locked = open(directory.path()).try_lock(&token_key()).unwrap().unwrap();
    for expected in ["bad", "1", "2"] {
        locked.store(&record(1), Persist::Both).unwrap();
        assert_eq!(locked.set_aside().unwrap().extension().unwrap(), expected);
    }
    assert!(matches!(locked.set_aside(), Err(CacheError::Write { .. })), "there is none");
}

#[test]
fn a_file_that_is_moved_to_another_token_is_not_read() {
    let (directory, cache) = with_file(|bytes| bytes);
    let other = TokenKey::of(&["another client"]);
    cache.try_lock(&other).unwrap().unwrap().store(&record(1), Persist::Both).unwrap();
    let [one, two] = <[_; 2]>::try_from(files(directory.path(), "record")).unwrap();
    let third = directory.path().join("third");
    for (from, to) in [(&one, &third), (&two, &one), (&third, &two)] {
        fs::rename(from, to).unwrap();
    }
    for key in [token_key(), other] {
        assert_eq!(reason(cache.load(&key).unwrap_err()), Unreadable::Damaged);
    }
}

#[test]
fn a_key_is_rotated_by_keeping_the_old_one_for_reading() {
    let (directory, _) = with_file(|bytes| bytes);
    let lost = open_with(directory.path(), keys(2, &[]));
    let said = lost.load(&token_key()).unwrap_err();
    assert!(said.to_string().contains("add that key to the old keys"), "{said}");
    assert!(matches!(reason(said), Unreadable::UnknownKey(_)));
    let both = open_with(directory.path(), keys(2, &[3, 1]));
    assert_eq!(both.load(&token_key()).unwrap(), Some(record(1)));
    both.try_lock(&token_key()).unwrap().unwrap().store(&record(2), Persist::Both).unwrap();
    assert_eq!(lost.load(&token_key()).unwrap(), Some(record(2)), "written under the new key");
}

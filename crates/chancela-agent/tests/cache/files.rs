//! What lies on the disk, and who may look at it.

use crate::world::{files, keys, open, record, token_key};
use chancela_agent::cache::{Cache, CacheError, Listing, Persist};
use chancela_agent::engine::{Record, TokenKey};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use tempfile::tempdir;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_record_is_kept_sealed_in_files_of_this_user_alone() {
    let directory = tempdir().unwrap();
    let cache = open(directory.path());
    assert_eq!(cache.load(&token_key()).unwrap(), None);
    let locked = cache.try_lock(&token_key()).unwrap().unwrap();
    locked.store(&record(1), Persist::Both).unwrap();
    drop(locked);
    assert_eq!(open(directory.path()).load(&token_key()).unwrap(), Some(record(1)));
    assert_eq!(mode(&directory.path().join("cache")), 0o700);
    for extension in ["record", "lock"] {
        assert_eq!(mode(&files(directory.path(), extension)[0]), 0o600);
    }
    let bytes = fs::read(&files(directory.path(), "record")[0]).unwrap();
    let shown = String::from_utf8_lossy(&bytes);
    assert!(!shown.contains("token") && !shown.contains("Bearer"), "{shown}");
}

#[test]
fn only_a_later_generation_is_stored() {
    let directory = tempdir().unwrap();
    let cache = open(directory.path());
    let locked = cache.try_lock(&token_key()).unwrap().unwrap();
    locked.store(&record(3), Persist::Both).unwrap();
    for ours in [0, 2, 3] {
        match locked.store(&record(ours), Persist::Both) {
            Err(CacheError::Newer { on_disk: 3, ours: refused, .. }) => assert_eq!(refused, ours),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(locked.load().unwrap(), Some(record(3)));
    locked.store(&record(4), Persist::Both).unwrap();
    assert_eq!(locked.load().unwrap(), Some(record(4)));
}

#[test]
fn a_provider_may_forbid_either_token_on_disk() {
    let directory = tempdir().unwrap();
    let cache = open(directory.path());
    let locked = cache.try_lock(&token_key()).unwrap().unwrap();
    locked.store(&record(1), Persist::RefreshToken).unwrap();
    assert_eq!(locked.load().unwrap(), Some(Record { token: None, ..record(1) }));
    locked.store(&record(2), Persist::AccessToken).unwrap();
    assert_eq!(locked.load().unwrap(), Some(Record { session: None, journal: None, ..record(2) }));
}

#[test]
fn what_is_there_is_listed_and_what_is_removed_is_gone() {
    let directory = tempdir().unwrap();
    let cache = open(directory.path());
    let mut all = ["a", "b", "c"].map(|name| TokenKey::of(&[name]));
    for key in &all {
        cache.try_lock(key).unwrap().unwrap().store(&record(1), Persist::Both).unwrap();
    }
    all.sort();
    fs::write(directory.path().join("cache/README"), "").unwrap();
    assert_eq!(cache.list().unwrap(), Listing { records: all.to_vec(), set_aside: vec![] });
    let locked = cache.try_lock(&all[1]).unwrap().unwrap();
    locked.remove().unwrap();
    locked.remove().unwrap();
    assert_eq!(locked.load().unwrap(), None);
    assert_eq!(cache.list().unwrap().records, [all[0], all[2]]);
    locked.store(&record(1), Persist::Both).unwrap();
}

#[test]
fn a_folder_that_is_open_to_others_or_not_ours_is_refused() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("cache");
    drop(open(directory.path()));
    fs::set_permissions(&path, Permissions::from_mode(0o750)).unwrap();
    let refused = Cache::open(&path, keys(1, &[]), None).unwrap_err();
    assert!(matches!(refused, CacheError::OpenToOthers { mode: 0o750, .. }), "{refused}");
    fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
    // Only root can give a folder away; whoever is not root is no owner of the root folder.
    let foreign = if chown(&path, Some(1), None).is_ok() { path.as_path() } else { Path::new("/") };
    let refused = Cache::open(foreign, keys(1, &[]), None).unwrap_err();
    assert!(matches!(refused, CacheError::Foreign { .. }), "{refused}");
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let refused = Cache::open(&file, keys(1, &[]), None).unwrap_err();
    assert!(matches!(refused, CacheError::Directory { .. }), "{refused}");
}

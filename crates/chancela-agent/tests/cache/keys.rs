//! Where the cache's key comes from.

use chancela_agent::cache::{CacheKey, CacheKeyError, CacheKeys, create_key};
use chancela_agent::source::{Source, Surroundings};
use chancela_core::entropy::Seeded;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use tempfile::tempdir;

fn nothing() -> Surroundings {
    Surroundings::new(|_| None, &b""[..])
}

#[test]
fn without_a_key_there_is_no_cache() {
    let refused = CacheKeys::read(None, &[], &nothing()).unwrap_err();
    let said = refused.to_string();
    assert!(matches!(refused, CacheKeyError::Missing) && said.contains("--memory"), "{said}");
    assert!(said.contains("openssl rand -hex 32"), "{said}");
}

#[test]
fn a_key_is_made_once_and_for_this_user_alone() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("key");
    create_key(&path, &Seeded::new(1)).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    let before = fs::read(&path).unwrap();
    assert!(matches!(create_key(&path, &Seeded::new(2)), Err(CacheKeyError::File { .. })));
    assert_eq!(fs::read(&path).unwrap(), before, "what it sealed would be lost");
    let source = Source::File(path);
    let (_, warnings) = CacheKeys::read(Some(&source), std::slice::from_ref(&source), &nothing()).unwrap();
    assert!(warnings.is_empty());
    let key = source.read(&nothing()).unwrap().text().unwrap();
    assert_eq!(key.expose().len(), 64);
    assert!(CacheKey::from_secret(&key).is_ok());
}

#[test]
fn a_key_that_others_may_read_is_warned_of_and_a_short_one_refused() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("key");
    fs::write(&path, "0123456789abcdef0123456789abcdef\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let source = Source::File(path.clone());
    let (_, warnings) = CacheKeys::read(Some(&source), &[], &nothing()).unwrap();
    assert_eq!(warnings.len(), 1);
    fs::write(&path, "0123456789abcdef0123456789abcde\n").unwrap();
    let refused = CacheKeys::read(Some(&source), &[], &nothing()).unwrap_err();
    assert!(matches!(refused, CacheKeyError::Short), "{refused}");
}

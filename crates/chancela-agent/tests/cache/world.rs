//! Caches and records of tests.

use chancela_agent::cache::{BootId, Cache, CacheKey, CacheKeys};
use chancela_agent::engine::{Fingerprint, Issued, Journal, Life, Moment, Record, Session, TokenKey};
use chancela_core::secret::{Secret, hex};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) fn cache_key(seed: u8) -> CacheKey {
    CacheKey::from_secret(&Secret::new(hex(&[seed; 32]))).unwrap()
}

pub(crate) fn keys(current: u8, old: &[u8]) -> CacheKeys {
    CacheKeys::new(cache_key(current), old.iter().map(|seed| cache_key(*seed)).collect())
}

pub(crate) fn open(directory: &Path) -> Cache {
    open_with(directory, keys(1, &[]))
}

pub(crate) fn open_with(directory: &Path, keys: CacheKeys) -> Cache {
    Cache::open(&directory.join("cache"), keys, BootId::new("this start")).unwrap()
}

pub(crate) fn token_key() -> TokenKey {
    TokenKey::of(&["https://id.example", "client"])
}

/// A record of this generation, which its tokens tell.
pub(crate) fn record(generation: u64) -> Record {
    sized(generation, 0)
}

/// The same, with an access token of so many bytes more.
pub(crate) fn sized(generation: u64, more: usize) -> Record {
    let access = format!("access-token-{generation}{}", "x".repeat(more));
    let refresh = format!("refresh-token-{generation}");
    let spent = Fingerprint::of(&refresh);
    Record {
        generation,
        token: Some(Arc::new(Issued {
            fingerprint: Fingerprint::of(&access),
            access_token: Secret::new(access),
            token_type: Some("Bearer".into()),
            life: Life::new(Moment { wall: 1_700_000_000_000, boot: 5_000 }, 300_000),
            scope: None,
        })),
        session: Some(Session {
            refresh_token: Secret::new(refresh),
            login_at: 1_700_000_000,
            refreshed_at: 1_700_000_100,
            not_before: None,
            expires_at: Some(1_800_000_000),
        }),
        journal: Some(Journal { spent, at: 1_700_000_200, tries: 1 }),
        ..Record::default()
    }
}

/// Files in the cache's folder with this extension.
pub(crate) fn files(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory.join("cache")).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = entries.filter(|path| path.extension() == Some(OsStr::new(extension))).collect();
    found.sort();
    found
}

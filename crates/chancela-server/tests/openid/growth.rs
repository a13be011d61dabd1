//! Self-contained access tokens leave nothing behind. `examples/zero_growth.rs` shows the same for five million.

use super::Scene;
use chancela_core::dialect::TokenFormat;
use chancela_store_sqlite::{Options, SqliteStore};
use std::path::Path;

/// Bytes of all files in a folder.
fn size(folder: &Path) -> u64 {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
}

#[tokio::test]
async fn twenty_thousand_tokens_add_no_byte_to_the_store() {
    for (realm, format, count) in [("sealed", TokenFormat::Sealed, 18_000), ("jwt", TokenFormat::Jwt, 2000)] {
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(directory.path(), Options::default()).unwrap();
        let scene = Scene::over(store, realm, format).await;
        let fields = [("grant_type", "client_credentials"), ("scope", "read")];
        let before = size(directory.path());
        let mut last = String::new();
        for _ in 0..count {
            last = scene.token_request(&scene.client, &fields).await.token();
        }
        assert!(scene.is_active(&last).await);
        assert_eq!(size(directory.path()), before, "{format:?}");
    }
}

//! The key that the cache makes and keeps: it lives as long as what is bound to it.

use super::world::{Provider, proven, token};
use std::collections::HashSet;
use std::path::Path;

const BOUND: &str = "method = \"none\"\ndpop = true\nrenew = { hard_margin = \"1s\" }\n";

fn secrets(folder: &Path) -> Vec<std::path::PathBuf> {
    let all = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    all.filter(|path| path.extension().is_some_and(|extension| extension == "secret")).collect()
}

#[tokio::test]
async fn programs_that_come_and_go_have_one_key_and_share_its_token() {
    let folder = tempfile::tempdir().unwrap();
    let provider = Provider::start().await;
    provider.will_grant("bound", "DPoP");
    let mut keys = HashSet::new();
    for _ in 0..3 {
        let agent = provider.agent_in(Some(&folder.path().join("cache")), BOUND);
        let authorized = token(&agent).await.unwrap();
        assert_eq!(authorized.served.token.access_token.expose(), "bound");
        let headers =
            authorized.headers_for(&http::Method::GET, &"https://a.example/".parse().unwrap()).unwrap();
        keys.insert(proven(headers.last().unwrap().1.to_str().unwrap()).1.jwk().thumbprint());
    }
    assert_eq!((keys.len(), provider.asked().len()), (1, 1));
    let files = secrets(&folder.path().join("cache"));
    assert_eq!(files.len(), 1);
    let text = std::fs::read(&files[0]).unwrap();
    assert!(!text.windows(7).any(|window| window == b"PRIVATE"), "it is sealed");
}

#[tokio::test]
async fn eight_that_come_at_once_make_one_key() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let provider = Provider::start().await;
    provider.will_grant("bound", "DPoP");
    let agents: Vec<_> = (0..8).map(|_| provider.agent_in(Some(&cache), BOUND)).collect();
    let mut tasks = tokio::task::JoinSet::new();
    for agent in agents {
        tasks
            .spawn(async move { token(&agent).await.unwrap().served.token.access_token.expose().to_owned() });
    }
    let tokens: HashSet<String> = tasks.join_all().await.into_iter().collect();
    assert_eq!((tokens.len(), provider.asked().len(), secrets(&cache).len()), (1, 1, 1));
}

/// Nobody logs in again for a key that a client can have anew; a session may be bound to the other one.
#[tokio::test]
async fn a_damaged_key_is_made_anew_for_a_client_and_stays_for_a_person() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let provider = Provider::start().await;
    provider.will_grant("first", "DPoP");
    token(&provider.agent_in(Some(&cache), BOUND)).await.unwrap();
    let file = secrets(&cache).remove(0);
    std::fs::write(&file, "damaged").unwrap();
    let person = provider.agent_in(Some(&cache), &format!("{BOUND}grant = \"authorization_code\"\n"));
    let error = token(&person).await.unwrap_err().to_string();
    assert!(error.contains("the key that its tokens are bound to"), "{error}");
    assert_eq!(std::fs::read(&file).unwrap(), b"damaged");
    provider.will_grant("second", "DPoP");
    let authorized = token(&provider.agent_in(Some(&cache), BOUND)).await.unwrap();
    assert_eq!(authorized.served.token.access_token.expose(), "second");
    assert_ne!(std::fs::read(&file).unwrap(), b"damaged");
}

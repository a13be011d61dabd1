//! Every realm of the sandbox gives the agent what its dialect promises.

use super::PATIENCE;
use chancela_agent::provider::Request;
use chancela_testkit::pair::{Pair, realms};
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn every_dialect_gives_the_agent_tokens_that_its_server_knows_and_renews_them() {
    let mut tried = Vec::new();
    for planned in realms() {
        let pair = Pair::open(&planned).await;
        for client in planned.clients().iter().filter(|own| own.has_grant("client_credentials")) {
            let what = format!("{} {}", planned.name(), client.label());
            pair.wire.take();
            let agent = pair.agent(client.label(), "");
            let provider = agent.provider("p").unwrap();
            let first = provider
                .token(Request::default(), PATIENCE)
                .await
                .unwrap_or_else(|error| panic!("{what}: {error}"));
            let token = first.served.token.access_token.expose().to_owned();
            let known = pair.inspect(&token).await;
            assert_eq!(known["active"], true, "{what}: {known}");
            let arrived = pair.wire.take();
            let asked = arrived.len();
            assert!((1..=2).contains(&asked), "{what}: {arrived:?}");
            let again = provider.token(Request::default(), PATIENCE).await.unwrap();
            assert_eq!(
                (again.served.token.access_token.expose(), pair.wire.take().len()),
                (token.as_str(), 0),
                "{what}"
            );
            let left = known["seconds_left"].as_u64().unwrap();
            tokio::time::sleep(Duration::from_secs(left)).await;
            let next = provider.token(Request::default(), PATIENCE).await.unwrap();
            let next = next.served.token.access_token.expose().to_owned();
            assert!(next != token && pair.inspect(&next).await["active"] == true, "{what}");
            tried.push(planned.dialect().to_owned());
        }
    }
    tried.sort_unstable();
    tried.dedup();
    let all: Vec<_> = chancela_core::dialect::Library::builtin().names().map(str::to_owned).collect();
    assert_eq!(tried, all);
}

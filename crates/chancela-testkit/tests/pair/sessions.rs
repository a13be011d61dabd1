//! People who log in once, and tokens that are renewed for them until the provider wants to see them again.

use super::{PATIENCE, log_in, spent};
use chancela_agent::provider::{ProviderError, Request};
use chancela_testkit::pair::{Pair, realms};
use std::collections::BTreeSet;
use tokio::time::{Duration, sleep};

#[tokio::test(start_paused = true)]
async fn one_login_is_good_for_as_long_as_the_provider_lets_it_be() {
    let mut tried = Vec::new();
    for planned in realms() {
        let Some((label, scope)) = planned.login() else { continue };
        let what = planned.name();
        let pair = Pair::open(&planned).await;
        let agent = pair.agent(label, "grant = \"authorization_code\"\n");
        let agent_scope = Request { scope: Some(&scope), ..Request::default() };
        let before = agent.provider("p").unwrap().token(agent_scope, PATIENCE).await;
        let needs = matches!(before, Err(ProviderError::LoginRequired { .. }));
        assert!(needs, "{what}: {:?}", before.map(|got| got.served.token.fingerprint));
        let logged_in = log_in(&pair, &agent, &scope).await;
        assert!(logged_in.renewable, "{what}: {logged_in:?}");
        pair.wire.take();
        let mut seen = BTreeSet::new();
        for _ in 0..5 {
            let got = agent.provider("p").unwrap().token(agent_scope, PATIENCE).await;
            let got = got.unwrap_or_else(|error| panic!("{what}: {error}"));
            let token = got.served.token.access_token.expose().to_owned();
            let known = pair.inspect(&token).await;
            assert_eq!(known["active"], true, "{what}: {known}");
            let left = known["seconds_left"].as_u64().unwrap();
            assert!(seen.insert(token), "{what}: a token twice, {left} s before its end");
            sleep(Duration::from_secs(left)).await;
        }
        let arrived = pair.wire.take();
        let spent = spent(&arrived);
        assert_eq!(spent.len(), arrived.len(), "{what}: {arrived:?}");
        assert!(spent.len() >= 4, "{what}: {arrived:?}");
        tried.push(what.to_owned());
    }
    assert_eq!(tried, ["bs2", "vantage", "standard", "btg", "cora"]);
}

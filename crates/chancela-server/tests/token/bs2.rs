//! BS2: ten requests a minute, and refresh tokens that rotate.

use super::good::{self, Auth, Good};
use crate::support::{Answer, Ask, RealmPlan, World, new_client};
use chancela_core::grant::GrantType;
use chancela_server::control::NewClient;
use chancela_store::{MemoryStore, Store};
use chancela_store_sqlite::{Options, SqliteStore};
use std::collections::HashSet;
use std::sync::Arc;

const PASSWORD: &str = "senha do cliente";

/// A limit of the dialect: exactly ten in any sixty seconds, of one client, counted only when it proved who it is.
#[tokio::test]
async fn the_eleventh_request_in_a_minute_waits_and_nobody_else_does() {
    let world = World::open(vec![RealmPlan::bs2_limited(), RealmPlan::bs2()]).await;
    let good = good::bs2(&world, "bs2-limited").await;
    let other = good::bs2(&world, "bs2-limited").await;
    for _ in 0..50 {
        assert_eq!(good.clone().with_secret("wrong").ask().send(&world).await.status, 401);
        assert_eq!(good.ask().and("&x=%").send(&world).await.status, 400);
    }
    for second in 0..10 {
        assert_eq!(good.ask().send(&world).await.status, 200, "{second}");
        world.clock.advance_seconds(1);
    }
    let refused = good.ask().exchange("The eleventh", &world, &good.masks()).await;
    insta::assert_snapshot!(refused);
    assert_eq!(
        good.clone().with_secret("wrong").ask().send(&world).await.status,
        401,
        "no oracle for secrets"
    );
    assert_eq!(other.ask().send(&world).await.status, 200);
    assert_eq!(
        good.clone().by(Auth::Post).ask().send(&world).await.status,
        429,
        "another way of proof is no way out"
    );
    world.clock.advance_seconds(49);
    assert_eq!(good.ask().send(&world).await.status, 429, "a second too early");
    world.clock.advance_seconds(1);
    assert_eq!(good.ask().send(&world).await.status, 200, "when Retry-After said");
    assert_eq!(good.ask().send(&world).await.status, 429, "one left the window, one came");
}

/// A world with a user who logged in, and the login's answer.
async fn login<S: Store>(store: S) -> (World<S>, Good, Answer) {
    let world = World::over(store, vec![RealmPlan::bs2(), RealmPlan::bs2_production()]).await;
    let good = good::bs2(&world, "bs2").await;
    world.user("bs2", "empresa", PASSWORD, None).await;
    let ask =
        good.clone().field("grant_type", "password").field("username", "empresa").field("password", PASSWORD);
    let answer = ask.ask().send(&world).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    (world, good, answer)
}

fn renew(good: &Good, token: &str) -> Good {
    good.clone().without_field("scope").field("grant_type", "refresh_token").field("refresh_token", token)
}

async fn is_active<S: Store>(world: &World<S>, good: &Good, token: &str) -> bool {
    let ask =
        Ask::form("/bs2/oauth/introspect", &[("token", token)]).header("authorization", good.client.basic());
    ask.send(world).await.json()["active"].as_bool().unwrap()
}

/// RT-05: an answer can be lost, or its client crash; the same successor again, as late as it may be, until that is used.
#[tokio::test]
async fn a_repeat_gets_the_same_successor_until_that_is_used() {
    let (world, good, login) = login(MemoryStore::new()).await;
    let first = login.text("refresh_token");
    let second = renew(&good, &first).ask().send(&world).await.text("refresh_token");
    assert_ne!(first, second);
    world.clock.advance_seconds(500);
    let again = renew(&good, &first).ask().send(&world).await;
    assert_eq!(again.text("refresh_token"), second);
    let third = renew(&good, &second).ask().send(&world).await.text("refresh_token");
    assert_ne!(third, second);
    assert_eq!(renew(&good, &second).ask().send(&world).await.text("refresh_token"), third);
}

/// RT-01: a replay ends the family, with every access token in it.
#[tokio::test]
async fn a_replay_after_the_successors_use_ends_the_family() {
    let (world, good, login) = login(MemoryStore::new()).await;
    let first = login.text("refresh_token");
    let renewed = renew(&good, &first).ask().send(&world).await;
    assert!(
        is_active(&world, &good, &login.token()).await && is_active(&world, &good, &renewed.token()).await
    );
    let last = renew(&good, &renewed.text("refresh_token")).ask().send(&world).await;
    let replay = renew(&good, &first)
        .ask()
        .exchange(
            "A replay",
            &world,
            &[(first.clone(), "(refresh token)"), (good.client.basic(), "Basic (id:secret)")],
        )
        .await;
    insta::assert_snapshot!(replay);
    assert_eq!(renew(&good, &last.text("refresh_token")).ask().send(&world).await.status, 400);
    assert!(!is_active(&world, &good, &login.token()).await);
    assert!(!is_active(&world, &good, &renewed.token()).await);
    assert!(!is_active(&world, &good, &last.token()).await);
}

/// RT-02: a generation two back is a replay, all within one second.
#[tokio::test]
async fn two_generations_back_is_a_replay_at_once() {
    let (world, good, login) = login(MemoryStore::new()).await;
    let first = login.text("refresh_token");
    let second = renew(&good, &first).ask().send(&world).await.text("refresh_token");
    let third = renew(&good, &second).ask().send(&world).await.text("refresh_token");
    assert_eq!(renew(&good, &first).ask().send(&world).await.status, 400);
    assert_eq!(renew(&good, &third).ask().send(&world).await.status, 400);
}

/// F-07, and what is no refresh token here: changed, of another client, of another realm, an access token.
#[tokio::test]
async fn a_refresh_token_is_good_for_its_own_client_scope_and_realm_only() {
    let (world, good, login) = login(MemoryStore::new()).await;
    let token = login.text("refresh_token");
    let grant_types = Some(vec![GrantType::RefreshToken]);
    let other =
        world.client("bs2", NewClient { grant_types: grant_types.clone(), ..new_client("cob.read") }).await;
    let other = good.clone().of(&other);
    let production = good::bs2(&world, "bs2-production").await;
    let without = world.client("bs2", new_client("cob.read")).await;
    let without = good.clone().of(&without);
    let (head, last) = token.split_at(token.len() - 1);
    let changed = format!("{head}{}", if last == "0" { "1" } else { "0" });
    for (title, ask) in [
        ("another client", renew(&other, &token)),
        ("another realm", renew(&production, &token)),
        ("a changed token", renew(&good, &changed)),
        ("an access token", renew(&good, &login.token())),
        ("wider scope", renew(&good, &token).field("scope", "cob.read cob.write pix.read")),
        ("unknown scope", renew(&good, &token).field("scope", "nobody.knows")),
        ("a client without the grant", renew(&without, &token)),
        ("no token", renew(&good, "")),
        ("a wrong secret", renew(&good, &token).with_secret("x")),
    ] {
        let answer = ask.ask().send(&world).await;
        assert!(answer.status.is_client_error(), "{title}: {}", answer.body);
    }
    let narrowed = renew(&good, &token).field("scope", "cob.read").ask().send(&world).await;
    assert_eq!(narrowed.text("scope"), "cob.read", "none of these attempts ended or used the family");
    let whole = renew(&good, &narrowed.text("refresh_token")).ask().send(&world).await;
    assert_eq!(whole.text("scope"), "cob.read pix.read", "a later renewal may ask for all again");
}

#[tokio::test]
async fn a_refresh_token_dies_after_exactly_ten_minutes_and_each_renewal_gives_ten_more() {
    let (world, good, login) = login(MemoryStore::new()).await;
    let first = login.text("refresh_token");
    world.clock.advance_seconds(599);
    let second = renew(&good, &first).ask().send(&world).await;
    assert_eq!(second.status, 200, "{}", second.body);
    world.clock.advance_seconds(600);
    assert_eq!(renew(&good, &second.text("refresh_token")).ask().send(&world).await.status, 400);
}

/// RT-05: however many redeem one token at once, it has one successor.
async fn storm<S: Store>(store: S) {
    let (world, good, login) = login(store).await;
    let ask = Arc::new(renew(&good, &login.text("refresh_token")).ask());
    let world = Arc::new(world);
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let (world, ask) = (Arc::clone(&world), Arc::clone(&ask));
            tokio::spawn(async move { ask.send(&world).await })
        })
        .collect();
    let mut successors = HashSet::new();
    let mut access = HashSet::new();
    for task in tasks {
        let answer = task.await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
        successors.insert(answer.text("refresh_token"));
        access.insert(answer.token());
    }
    assert_eq!(successors.len(), 1);
    assert_eq!(access.len(), 64);
    let next = renew(&good, successors.iter().next().unwrap()).ask().send(&world).await;
    assert_eq!(next.status, 200, "{}", next.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_redemptions_at_once_have_one_successor_in_memory() {
    storm(MemoryStore::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_redemptions_at_once_have_one_successor_in_sqlite() {
    let directory = tempfile::tempdir().unwrap();
    storm(SqliteStore::open(directory.path(), Options::default()).unwrap()).await;
}

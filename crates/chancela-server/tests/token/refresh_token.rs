//! Refresh tokens of users: one successor, no reuse, no widening, and an end (group RT).

use crate::support::{Answer, Browser, Flow, PASSWORD, RealmPlan, SCOPE, claims, own_client};
use chancela_core::client_auth::Method;
use chancela_core::record::RefreshTokenPolicy;
use chancela_core::scope::Scope;
use chancela_server::control::{Command, NewClient};
use chancela_store::Store;
use chancela_store_sqlite::{Options, SqliteStore};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const OFFLINE: &str = "openid read write offline_access";

async fn begin() -> (Flow, Answer) {
    let flow = Flow::with(own_client(SCOPE)).await;
    let tokens = flow.tokens(&flow.request().with("scope", OFFLINE)).await;
    (flow, tokens)
}

fn refresh_token(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.text("refresh_token")
}

async fn refused<S: Store>(flow: &Flow<S>, token: &str, title: &str) {
    assert_eq!(flow.refresh(token).await.refusal(), (400, "invalid_grant".into()), "{title}");
}

async fn narrowed<S: Store>(flow: &Flow<S>, token: &str, more: &[(&str, &str)]) -> Answer {
    let fields = [&[("grant_type", "refresh_token"), ("refresh_token", token)], more].concat();
    flow.ask(&flow.client, &fields).send(&flow.world).await
}

async fn one_successor<S: Store>(flow: Flow<S>) {
    let flow = Arc::new(flow);
    let mut current = refresh_token(&flow.tokens(&flow.request().with("scope", OFFLINE)).await);
    for _ in 0..2 {
        let tasks: Vec<_> = (0..64)
            .map(|_| {
                let (flow, token) = (Arc::clone(&flow), current.clone());
                tokio::spawn(async move { flow.refresh(&token).await })
            })
            .collect();
        let mut successors = BTreeSet::new();
        for task in tasks {
            successors.insert(refresh_token(&task.await.unwrap()));
        }
        assert_eq!(successors.len(), 1, "one branch");
        current = successors.pop_first().unwrap();
    }
}

/// RT-01, in memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_refreshes_at_once_all_get_the_same_successor() {
    one_successor(Flow::with(own_client(SCOPE)).await).await;
}

/// RT-01, on disk.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_refreshes_at_once_all_get_the_same_successor_on_disk() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path(), Options::default()).unwrap();
    one_successor(Flow::over(store, RealmPlan::standard(), own_client(SCOPE)).await).await;
}

/// RT-02: within one second, generations alone decide.
#[tokio::test]
async fn the_first_generation_replayed_after_three_ends_the_family() {
    let (flow, first) = begin().await;
    let mut all = vec![first];
    for _ in 0..3 {
        let next = flow.refresh(&refresh_token(all.last().unwrap())).await;
        all.push(next);
    }
    refused(&flow, &refresh_token(&all[0]), "generation 0").await;
    for answer in &all {
        assert!(!flow.is_active(&answer.token()).await);
        refused(&flow, &refresh_token(answer), "the family").await;
    }
}

/// RT-05, RT-03: a lost answer is repeated, however late, until its successor is used.
#[tokio::test]
async fn a_lost_answer_is_the_same_successor_until_that_one_is_used() {
    let (flow, first) = begin().await;
    let old = refresh_token(&first);
    let successor = refresh_token(&flow.refresh(&old).await);
    assert_ne!(successor, old);
    for seconds in [0, 10, 3600, 5 * 24 * 3600] {
        flow.world.clock.advance_seconds(seconds);
        assert_eq!(refresh_token(&flow.refresh(&old).await), successor, "{seconds}");
    }
    let third = flow.refresh(&successor).await;
    refused(&flow, &old, "the successor was used").await;
    refused(&flow, &refresh_token(&third), "the family has ended").await;
    assert!(!flow.is_active(&third.token()).await);
}

/// RT-04: nothing that was minted beside a revocation outlives its answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_refresh_slips_past_a_revocation() {
    let flow = Arc::new(Flow::with(own_client(SCOPE)).await);
    let mut browser = Browser::new();
    for round in 0..8 {
        let code = flow.pass(&mut browser, &flow.request().with("scope", OFFLINE)).await.code();
        let first = flow.redeem(&code).await;
        let (refresh, stop) = (refresh_token(&first), Arc::new(AtomicBool::new(false)));
        let looping = {
            let (flow, stop, mut token) = (Arc::clone(&flow), Arc::clone(&stop), refresh.clone());
            tokio::spawn(async move {
                let mut minted = Vec::new();
                while !stop.load(Ordering::SeqCst) {
                    let answer = flow.refresh(&token).await;
                    if answer.status != 200 {
                        break;
                    }
                    token = answer.text("refresh_token");
                    minted.push(answer.token());
                    tokio::task::yield_now().await;
                }
                (minted, token)
            })
        };
        tokio::time::sleep(std::time::Duration::from_millis(3 * round)).await;
        let by = if round % 2 == 0 { refresh.clone() } else { first.text("refresh_token") };
        assert_eq!(flow.revoke(&by).await.status, 200);
        stop.store(true, Ordering::SeqCst);
        let (minted, last) = looping.await.unwrap();
        for token in minted.iter().chain([&first.token()]) {
            assert!(!flow.is_active(token).await, "round {round}");
        }
        refused(&flow, &last, "the last one").await;
    }
}

/// RT-06, G-05: confidential or public, another client gets nothing, and the family lives.
#[tokio::test]
async fn another_clients_refresh_token_is_nothing() {
    let (flow, tokens) = begin().await;
    let token = refresh_token(&tokens);
    let public = NewClient { token_endpoint_auth_method: Some(Method::None), ..own_client(SCOPE) };
    for client in [flow.register(own_client(SCOPE)).await, flow.register(public).await] {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
        let answer = flow.ask(&client, &fields).send(&flow.world).await;
        assert_eq!(answer.refusal(), (400, "invalid_grant".into()));
    }
    let next = flow.refresh(&token).await;
    assert!(flow.is_active(&next.token()).await && flow.is_active(&tokens.token()).await);
}

/// RT-07, F-07: a refresh may narrow, and the next may ask for all again.
#[tokio::test]
async fn a_refresh_narrows_and_never_widens() {
    let (flow, tokens) = begin().await;
    let token = refresh_token(&tokens);
    for (name, value, error) in [
        ("scope", "openid profile", "invalid_scope"),
        ("scope", "openid read write offline_access email", "invalid_scope"),
        ("scope", "no-such-scope", "invalid_scope"),
        ("scope", "re\"ad", "invalid_scope"),
    ] {
        let answer = narrowed(&flow, &token, &[(name, value)]).await;
        assert_eq!(answer.refusal(), (400, error.into()), "{value}");
    }
    let narrow = narrowed(&flow, &token, &[("scope", "read")]).await;
    assert_eq!(narrow.text("scope"), "read");
    assert!(narrow.json().get("id_token").is_none(), "without openid there is no ID token");
    let all = flow.refresh(&refresh_token(&narrow)).await;
    assert_eq!(all.text("scope"), OFFLINE);
}

/// RT-08, RT-09: nothing but the text itself, and nothing makes the server fail.
#[tokio::test]
async fn a_refresh_token_with_anything_else_is_none() {
    let (flow, tokens) = begin().await;
    let token = refresh_token(&tokens);
    let half = token.len() / 2;
    let cases = [
        token[..80.min(token.len() - 1)].to_owned(),
        format!("{token}A"),
        format!("{token}="),
        format!("{token} "),
        token.to_uppercase(),
        token[1..].to_owned(),
        format!("x{}", &token[1..]),
        format!("{}{}", &token[half..], &token[..half]),
        tokens.token(),
        tokens.text("id_token"),
        "x".into(),
        "\0".into(),
        "....".into(),
        "\u{fffd}ç".into(),
        "A".repeat(10_000),
    ];
    for other in cases.iter().filter(|other| **other != token) {
        refused(&flow, other, other).await;
    }
    for at in 0..token.len() {
        let mut other = token.clone().into_bytes();
        other[at] = if other[at] == b'B' { b'C' } else { b'B' };
        refused(&flow, std::str::from_utf8(&other).unwrap(), &format!("byte {at}")).await;
    }
    assert_eq!(flow.refresh("").await.refusal(), (400, "invalid_request".into()));
    let huge = flow.refresh(&"A".repeat(1 << 20)).await;
    assert!(huge.status.is_client_error(), "{}", huge.status);
    let raw =
        crate::support::Ask::form(&flow.ask(&flow.client, &[]).target, &[("grant_type", "refresh_token")]);
    let raw = raw.and("&refresh_token=%ff%fe").header("authorization", flow.client.basic());
    assert_eq!(raw.send(&flow.world).await.status, 400);
    refresh_token(&flow.refresh(&token).await);
}

/// RT-13, G-10, G-12: what ends a user's tokens ends refreshing.
#[tokio::test]
async fn logout_everywhere_a_new_password_and_disabling_end_refreshing() {
    let flow = Flow::with(own_client(SCOPE)).await;
    let user = |enabled| Command::UserSetEnabled { username: "alice".into(), tenant: None, enabled };
    let password =
        Command::UserSetPassword { username: "alice".into(), tenant: None, password: PASSWORD.into() };
    for (title, commands) in [
        ("a new password", vec![password]),
        ("disabled", vec![user(false)]),
        ("disabled for a moment", vec![user(false), user(true)]),
    ] {
        let tokens = flow.tokens(&flow.request().with("scope", OFFLINE)).await;
        for command in commands {
            flow.world.control(flow.realm, command).await;
        }
        refused(&flow, &refresh_token(&tokens), title).await;
        assert!(!flow.is_active(&tokens.token()).await, "{title}");
        flow.world.control(flow.realm, user(true)).await;
        flow.world.clock.advance_seconds(2);
    }
    for choice in ["sign_out_everywhere", "sign_out"] {
        let mut browser = Browser::new();
        let request = flow.request().with("scope", "openid");
        let code = flow.pass(&mut browser, &request).await.code();
        let tokens = flow.redeem(&code).await;
        let account = browser.open(&flow.world, &flow.account()).await;
        browser.press(&flow.world, &account, choice, &[]).await;
        refused(&flow, &refresh_token(&tokens), choice).await;
        flow.world.clock.advance_seconds(2);
    }
}

/// RT-14, F-06: what the client may no longer have is cut from the next token.
#[tokio::test]
async fn scope_that_the_client_lost_is_cut_at_the_next_refresh() {
    let (flow, tokens) = begin().await;
    flow.change_client(&flow.client, |client| {
        client.scope = Scope::parse("openid read offline_access").unwrap()
    })
    .await;
    let next = flow.refresh(&refresh_token(&tokens)).await;
    assert_eq!(next.text("scope"), "openid read offline_access");
    flow.change_client(&flow.client, |client| client.scope = Scope::parse("email").unwrap()).await;
    assert_eq!(flow.refresh(&refresh_token(&next)).await.refusal(), (400, "invalid_scope".into()));
    flow.change_client(&flow.client, |client| {
        client.scope = Scope::parse(OFFLINE).unwrap();
        client.grant_types.retain(|grant| *grant != chancela_core::grant::GrantType::RefreshToken);
    })
    .await;
    let answer = flow.refresh(&refresh_token(&next)).await;
    assert_eq!(answer.refusal(), (400, "unauthorized_client".into()));
}

/// Fourteen days without use, ninety in all; the answer says how long is left.
#[tokio::test]
async fn a_refresh_token_slides_to_an_absolute_end() {
    let (flow, tokens) = begin().await;
    const DAY: i64 = 24 * 3600;
    assert_eq!(tokens.json()["refresh_token_expires_in"], 14 * DAY);
    let mut token = refresh_token(&tokens);
    for _ in 0..6 {
        flow.world.clock.advance_seconds(13 * DAY);
        let answer = flow.refresh(&token).await;
        assert!(answer.json()["refresh_token_expires_in"].as_i64().unwrap() <= 14 * DAY);
        token = refresh_token(&answer);
    }
    flow.world.clock.advance_seconds(11 * DAY);
    let last = flow.refresh(&token).await;
    assert_eq!(last.json()["refresh_token_expires_in"], DAY, "the end of the ninety days");
    flow.world.clock.advance_seconds(DAY - 1);
    let last = flow.refresh(&refresh_token(&last)).await;
    flow.world.clock.advance_seconds(1);
    refused(&flow, &refresh_token(&last), "ninety days are over").await;
    let unused = refresh_token(&flow.tokens(&flow.request().with("scope", OFFLINE)).await);
    flow.world.clock.advance_seconds(14 * DAY);
    refused(&flow, &unused, "fourteen days without use").await;
}

/// requirements.md 0.1: a client's own policy comes before the dialect's.
#[tokio::test]
async fn a_client_keeps_its_refresh_token_where_its_policy_says_so() {
    let client = NewClient { refresh_token_policy: Some(RefreshTokenPolicy::None), ..own_client(SCOPE) };
    let flow = Flow::with(client).await;
    let tokens = flow.tokens(&flow.request().with("scope", OFFLINE)).await;
    let token = refresh_token(&tokens);
    for _ in 0..5 {
        flow.world.clock.advance_seconds(60);
        let next = flow.refresh(&token).await;
        assert_eq!(refresh_token(&next), token);
    }
    let public = NewClient { token_endpoint_auth_method: Some(Method::None), ..own_client(SCOPE) };
    let public = flow.register(public).await;
    flow.change_client(&public, |client| client.refresh_token_policy = Some(RefreshTokenPolicy::None)).await;
    let code = flow.code(&flow.request_of(&public).with("scope", OFFLINE)).await;
    let answer = flow.redemption_by(&public, &code).send(&flow.world).await;
    let fields = [("grant_type", "refresh_token"), ("refresh_token", &*refresh_token(&answer))];
    let next = flow.ask(&public, &fields).send(&flow.world).await;
    assert_ne!(refresh_token(&next), refresh_token(&answer), "G-02: a public client's rotates anyway");
    let bound = NewClient { refresh_token_policy: Some(RefreshTokenPolicy::Bound), ..own_client(SCOPE) };
    let bound = flow.register(bound).await;
    let code = flow.code(&flow.request_of(&bound).with("scope", OFFLINE)).await;
    let answer = flow.redemption_by(&bound, &code).send(&flow.world).await;
    assert!(answer.json().get("refresh_token").is_none(), "nothing to bind it to");
}

/// OpenID Connect Core §12.2: the same user, the same login, no nonce.
#[tokio::test]
async fn the_id_token_of_a_refresh_tells_of_the_same_login() {
    let (flow, tokens) = begin().await;
    let parts = |answer: &Answer| claims(&answer.text("id_token"));
    let first = parts(&tokens);
    flow.world.clock.advance_seconds(3600);
    let second = parts(&flow.refresh(&refresh_token(&tokens)).await);
    for same in ["iss", "sub", "aud", "auth_time", "sid", "acr", "amr"] {
        assert_eq!(first[same], second[same], "{same}");
    }
    assert_eq!(first["nonce"], "n-0S6_WzA2Mj");
    assert!(second.get("nonce").is_none());
    assert_eq!(second["iat"].as_i64().unwrap() - first["iat"].as_i64().unwrap(), 3600);
}

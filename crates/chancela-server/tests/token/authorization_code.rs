//! Codes become tokens: once, for their client, with their verifier, in time (groups PK and CD).

use crate::support::{
    Ask, Browser, Callback, Flow, PASSWORD, RealmPlan, SCOPE, VERIFIER, challenge, own_client, web_client,
};
use chancela_core::client_auth::Method;
use chancela_core::time::Timestamp;
use chancela_server::control::{Command, NewClient};
use chancela_store::Store;
use chancela_store_sqlite::{Options, SqliteStore};
use std::sync::Arc;

const REFUSED: (u16, &str) = (400, "invalid_grant");

async fn refused<S: Store>(flow: &Flow<S>, ask: &Ask, title: &str) {
    let (status, error) = ask.send(&flow.world).await.refusal();
    assert_eq!((status, error.as_str()), REFUSED, "{title}");
}

/// A client that asks nobody, and a browser in which alice is logged in.
async fn logged_in() -> (Flow, Browser) {
    let flow = Flow::with(own_client(SCOPE)).await;
    let mut browser = Browser::new();
    flow.pass(&mut browser, &flow.request()).await.code();
    (flow, browser)
}

async fn code(flow: &Flow, browser: &mut Browser) -> String {
    flow.pass(browser, &flow.request()).await.code()
}

/// PK-01, PK-06, PK-09, D-04: each with a code of its own, which it burns.
#[tokio::test]
async fn a_verifier_that_is_missing_malformed_or_another_burns_the_code() {
    let (flow, mut browser) = logged_in().await;
    let own = format!("code_verifier={VERIFIER}");
    let long = VERIFIER.repeat(3);
    for verifier in [
        "",
        &challenge(VERIFIER),
        &VERIFIER[..42],
        &long[..128],
        &long[..129],
        &format!("{VERIFIER}="),
        &VERIFIER.replace('d', "ç"),
        &VERIFIER.to_lowercase(),
        &format!(" {VERIFIER}"),
    ] {
        let code = code(&flow, &mut browser).await;
        let field = crate::support::form(&[("code_verifier", verifier)]);
        refused(&flow, &flow.redemption(&code).swap(&own, &field), verifier).await;
        refused(&flow, &flow.redemption(&code), &format!("{verifier}: burnt")).await;
    }
    let code = code(&flow, &mut browser).await;
    refused(&flow, &flow.redemption(&code).swap(&format!("&{own}"), ""), "absent").await;
    refused(&flow, &flow.redemption(&code), "burnt").await;
}

/// PK-01, PK-06: challenges of verifiers that are too short or too long are met by nothing.
#[tokio::test]
async fn a_verifier_of_the_wrong_length_is_refused_even_if_it_fits() {
    let (flow, mut browser) = logged_in().await;
    for verifier in ["v".repeat(42), "v".repeat(129), VERIFIER.replace('d', "ç"), format!("{VERIFIER}=")] {
        let request = flow.request().with("code_challenge", &challenge(&verifier));
        let code = flow.pass(&mut browser, &request).await.code();
        let field = crate::support::form(&[("code_verifier", &verifier)]);
        let ask = flow.redemption(&code).swap(&format!("code_verifier={VERIFIER}"), &field);
        refused(&flow, &ask, &verifier).await;
    }
    for verifier in ["v".repeat(43), "-._~".repeat(32)] {
        let request = flow.request().with("code_challenge", &challenge(&verifier));
        let code = flow.pass(&mut browser, &request).await.code();
        let field = crate::support::form(&[("code_verifier", &verifier)]);
        let ask = flow.redemption(&code).swap(&format!("code_verifier={VERIFIER}"), &field);
        ask.send(&flow.world).await.token();
    }
}

/// PK-07: codes of one flow are nothing for another.
#[tokio::test]
async fn a_code_with_the_verifier_of_another_flow_is_refused() {
    let (flow, mut browser) = logged_in().await;
    let other = "v".repeat(64);
    let one = code(&flow, &mut browser).await;
    let two =
        flow.pass(&mut browser, &flow.request().with("code_challenge", &challenge(&other))).await.code();
    refused(&flow, &flow.redemption(&one).swap(VERIFIER, &other), "A with B").await;
    refused(&flow, &flow.redemption(&two), "B with A").await;
}

/// PK-08: the first wrong guess is the last.
#[tokio::test]
async fn five_hundred_guesses_at_a_verifier_help_nobody() {
    let (flow, mut browser) = logged_in().await;
    let code = code(&flow, &mut browser).await;
    for n in 0..500 {
        let guess = format!("{n:043}");
        refused(&flow, &flow.redemption(&code).swap(VERIFIER, &guess), "a guess").await;
    }
    refused(&flow, &flow.redemption(&code), "the right one, too late").await;
}

/// CD-02, E-03: the replay of a redeemed code ends what the first use issued.
#[tokio::test]
async fn a_replay_is_refused_and_ends_the_first_tokens() {
    let (flow, mut browser) = logged_in().await;
    let request = flow.request().with("scope", "openid offline_access");
    let code = flow.pass(&mut browser, &request).await.code();
    let first = flow.redeem(&code).await;
    let later = flow.refresh(&first.text("refresh_token")).await;
    assert!(flow.is_active(&first.token()).await && flow.is_active(&later.token()).await);
    flow.world.clock.advance_seconds(1);
    refused(&flow, &flow.redemption(&code), "the replay").await;
    for token in [first.token(), later.token()] {
        assert!(!flow.is_active(&token).await);
        assert_eq!(flow.userinfo(&token).await.status, 401);
    }
    for refresh in [first.text("refresh_token"), later.text("refresh_token")] {
        assert_eq!(flow.refresh(&refresh).await.refusal(), (400, "invalid_grant".into()));
    }
}

/// E-03: also where nothing could be refreshed, and long after the code's own end.
#[tokio::test]
async fn a_replay_after_the_codes_end_still_ends_the_tokens() {
    let client = NewClient {
        grant_types: Some(vec![chancela_core::grant::GrantType::AuthorizationCode]),
        ..own_client(SCOPE)
    };
    let flow = Flow::with(client).await;
    let code = flow.code(&flow.request()).await;
    let first = flow.redeem(&code).await;
    assert!(first.json().get("refresh_token").is_none());
    flow.world.clock.advance_seconds(200);
    assert!(flow.is_active(&first.token()).await);
    refused(&flow, &flow.redemption(&code), "the replay").await;
    assert!(!flow.is_active(&first.token()).await);
}

async fn one_winner<S: Store>(flow: Flow<S>) {
    let flow = Arc::new(flow);
    for scope in ["openid", "openid offline_access"] {
        let code = flow.code(&flow.request().with("scope", scope)).await;
        let tasks: Vec<_> = (0..64)
            .map(|_| {
                let (flow, code) = (Arc::clone(&flow), code.clone());
                tokio::spawn(async move { flow.redeem(&code).await })
            })
            .collect();
        let (mut good, mut refusals) = (Vec::new(), Vec::new());
        for task in tasks {
            let answer = task.await.unwrap();
            match answer.status.as_u16() {
                200 => good.push(answer),
                _ => refusals.push(answer.refusal()),
            }
        }
        assert_eq!(good.len(), 1, "{refusals:?}");
        assert!(refusals.iter().all(|refusal| *refusal == (400, "invalid_grant".into())), "{refusals:?}");
        let winner = &good[0];
        assert!(!flow.is_active(&winner.token()).await, "the losers are replays");
        let refresh = winner.text("refresh_token");
        assert_eq!(flow.refresh(&refresh).await.refusal(), (400, "invalid_grant".into()));
    }
}

/// CD-01, in memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_redemptions_at_once_one_wins_and_its_tokens_end() {
    one_winner(Flow::with(own_client(SCOPE)).await).await;
}

/// CD-01, on disk.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_redemptions_at_once_one_wins_on_disk_too() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path(), Options::default()).unwrap();
    one_winner(Flow::over(store, RealmPlan::standard(), own_client(SCOPE)).await).await;
}

/// CD-03, RT-06: another client changes nothing, with whatever it shows.
#[tokio::test]
async fn another_client_gets_nothing_and_burns_nothing() {
    let (flow, mut browser) = logged_in().await;
    let other = flow.register(own_client(SCOPE)).await;
    let public = flow
        .register(NewClient { token_endpoint_auth_method: Some(Method::None), ..own_client(SCOPE) })
        .await;
    let code = code(&flow, &mut browser).await;
    for client in [&other, &public] {
        refused(&flow, &flow.redemption_by(client, &code), &client.id).await;
        refused(&flow, &flow.redemption_by(client, &code).swap(VERIFIER, &"v".repeat(43)), "guess").await;
    }
    flow.redeem(&code).await.token();
    refused(&flow, &flow.redemption_by(&other, &code), "after the owner").await;
}

/// CD-04.
#[tokio::test]
async fn a_code_with_any_other_byte_is_no_code() {
    let (flow, mut browser) = logged_in().await;
    let (one, two) = (code(&flow, &mut browser).await, code(&flow, &mut browser).await);
    for at in 0..one.len() {
        let mut other = one.clone().into_bytes();
        other[at] = if other[at] == b'A' { b'B' } else { b'A' };
        refused(&flow, &flow.redemption(std::str::from_utf8(&other).unwrap()), &format!("byte {at}")).await;
    }
    for at in [16, 22, 32, 43] {
        refused(&flow, &flow.redemption(&format!("{}{}", &one[..at], &two[at..])), "two halves").await;
    }
    for text in [&one[..one.len() - 1], &format!("{one}A"), &format!("{one}="), "x", "\0", &"A".repeat(4096)]
    {
        refused(&flow, &flow.redemption(text), text).await;
    }
    flow.redeem(&one).await.token();
    flow.redeem(&two).await.token();
}

/// CD-05, E-01: to the second, and a clock that is set back revives nothing.
#[tokio::test]
async fn a_code_lives_as_long_as_it_should_and_no_clock_brings_it_back() {
    let (flow, mut browser) = logged_in().await;
    for (own, lives) in
        [(None, 30), (Some(59), 59), (Some(60), 60), (Some(300), 60), (Some(1), 1), (Some(0), 1)]
    {
        flow.change_client(&flow.client, |client| client.authorization_code_lifetime = own).await;
        let (early, late) = (code(&flow, &mut browser).await, code(&flow, &mut browser).await);
        let start = flow.world.clock.now();
        flow.world.clock.advance_seconds(lives - 1);
        flow.redeem(&early).await.token();
        flow.world.clock.advance_seconds(1);
        refused(&flow, &flow.redemption(&late), &format!("{own:?}: too late")).await;
        flow.world.clock.set(Timestamp::from_millis(start.millis() - 120_000));
        refused(&flow, &flow.redemption(&early), "spent, whatever the clock says").await;
        flow.world.clock.set(Timestamp::from_seconds(start.seconds() + 400));
    }
}

/// CD-06, G-12: whatever ends between the login and the exchange ends the code.
#[tokio::test]
async fn a_code_dies_with_its_user_its_client_its_consent_and_its_password() {
    let flow = Flow::with(web_client(SCOPE)).await;
    let mut browser = Browser::new();
    let user = |enabled| Command::UserSetEnabled { username: "alice".into(), tenant: None, enabled };
    let client = |enabled| Command::ClientSetEnabled { client_id: flow.client.id.clone(), enabled };
    let everything = Command::TokenRevokeAll { client_id: None, user: Some("alice".into()), tenant: None };
    let password =
        Command::UserSetPassword { username: "alice".into(), tenant: None, password: PASSWORD.into() };
    let cases: Vec<(&str, Vec<Command>, (u16, &str))> = vec![
        ("the user is disabled", vec![user(false)], REFUSED),
        ("the user was disabled for a moment", vec![user(false), user(true)], REFUSED),
        ("the client is disabled", vec![client(false)], (401, "invalid_client")),
        ("the password was changed", vec![password], REFUSED),
        ("all tokens were revoked", vec![everything], REFUSED),
    ];
    for (title, commands, expected) in cases {
        let code = flow.pass(&mut browser, &flow.request()).await.code();
        for command in commands {
            flow.world.control(flow.realm, command).await;
        }
        let refusal = flow.redeem(&code).await.refusal();
        assert_eq!((refusal.0, refusal.1.as_str()), expected, "{title}");
        flow.world.control(flow.realm, user(true)).await;
        flow.world.control(flow.realm, client(true)).await;
        flow.world.clock.advance_seconds(2);
    }
    let code = flow.pass(&mut browser, &flow.request()).await.code();
    let account = browser.open(&flow.world, &flow.account()).await;
    browser.press(&flow.world, &account, "revoke_application", &[]).await;
    assert_eq!(flow.consents("alice").await, 0);
    refused(&flow, &flow.redemption(&code), "the consent was withdrawn").await;
    flow.world.clock.advance_seconds(2);
    let code = flow.pass(&mut browser, &flow.request()).await.code();
    flow.world.control(flow.realm, Command::UserDelete { username: "alice".into(), tenant: None }).await;
    refused(&flow, &flow.redemption(&code), "the user is gone").await;
}

/// F-06: scope that was taken from the client since then is not in the token.
#[tokio::test]
async fn scope_that_the_client_lost_meanwhile_is_cut() {
    let (flow, mut browser) = logged_in().await;
    let code = flow.pass(&mut browser, &flow.request().with("scope", "openid read write")).await.code();
    flow.change_client(&flow.client, |client| {
        client.scope = chancela_core::scope::Scope::parse("openid read").unwrap();
    })
    .await;
    assert_eq!(flow.redeem(&code).await.text("scope"), "openid read");
}

/// A public client shows its verifier, and no secret; its refresh tokens rotate (requirement G-02).
#[tokio::test]
async fn a_public_client_redeems_with_its_verifier_alone() {
    let client = NewClient { token_endpoint_auth_method: Some(Method::None), ..own_client(SCOPE) };
    let flow = Flow::with(client).await;
    let mut browser = Browser::new();
    let without = flow.request().without("code_challenge").without("code_challenge_method");
    let answer = flow.open(&mut browser, &without).await;
    assert_eq!(Callback::of(&answer).error(), "invalid_request");
    let tokens = flow.tokens(&flow.request().with("scope", "openid offline_access")).await;
    let next = flow.refresh(&tokens.text("refresh_token")).await;
    assert_ne!(next.text("refresh_token"), tokens.text("refresh_token"));
}

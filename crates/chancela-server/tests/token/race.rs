//! A code that is redeemed while something ends: whichever commit is first, nothing outlives the end.

use crate::support::{Answer, Browser, Flow, Gate, RealmPlan, SCOPE, web_client};
use chancela_core::effect::Effect;
use chancela_server::control::Command;
use std::sync::Arc;

const ENDS: [&str; 4] = ["revoke_application", "sign_out", "sign_out_everywhere", "end_session"];

struct Race {
    flow: Arc<Flow<Gate>>,
    /// Where the end comes from.
    browser: Browser,
    account: Answer,
    code: String,
}

async fn begin(choice: &str) -> Race {
    let flow = Arc::new(Flow::over(Gate::default(), RealmPlan::standard(), web_client(SCOPE)).await);
    let mut first = Browser::new();
    let code = flow.pass(&mut first, &flow.request()).await.code();
    let mut browser = match choice {
        "end_session" => Browser::new(),
        _ => first,
    };
    let mut account = browser.open(&flow.world, &flow.account()).await;
    if choice == "end_session" {
        account = flow.log_in(&mut browser, &account, "alice").await;
    }
    Race { flow, browser, account, code }
}

/// Nothing works now, nor when the revocation is forgotten.
async fn assert_over(flow: &Flow<Gate>, answer: &Answer, title: &str) {
    if answer.status != 200 {
        assert_eq!(answer.refusal(), (400, "invalid_grant".into()), "{title}");
        return;
    }
    assert!(!flow.is_active(&answer.token()).await, "{title}");
    flow.world.clock.advance_seconds(600);
    flow.world.server.revoked.expire(flow.world.clock.now());
    let refreshed = flow.refresh(&answer.text("refresh_token")).await;
    assert_eq!(refreshed.refusal(), (400, "invalid_grant".into()), "{title}");
}

/// CD-06, E-04: the end came after the check and before the commit of the redemption.
#[tokio::test]
async fn an_end_during_a_redemption_ends_its_tokens() {
    for choice in ENDS {
        let Race { flow, mut browser, account, code } = begin(choice).await;
        let held =
            flow.world.server.store.close(|effect| matches!(effect, Effect::SpendAuthorizationCode { .. }));
        let redeeming = {
            let flow = Arc::clone(&flow);
            tokio::spawn(async move { flow.redeem(&code).await })
        };
        held.reached().await;
        browser.press(&flow.world, &account, choice, &[]).await;
        held.release();
        assert_over(&flow, &redeeming.await.unwrap(), choice).await;
    }
}

/// G-08: the redemption came after the grants were read and before the commit of the end.
#[tokio::test]
async fn a_redemption_during_an_end_is_ended_too() {
    for choice in ENDS {
        let Race { flow, mut browser, account, code } = begin(choice).await;
        let held =
            flow.world.server.store.close(|effect| {
                matches!(effect, Effect::DeleteConsent { .. } | Effect::DeleteSession { .. })
            });
        let ending = {
            let flow = Arc::clone(&flow);
            tokio::spawn(async move { browser.press(&flow.world, &account, choice, &[]).await })
        };
        held.reached().await;
        let answer = flow.redeem(&code).await;
        assert_eq!(answer.status, 200, "{choice}: {}", answer.body);
        held.release();
        ending.await.unwrap();
        assert_over(&flow, &answer, choice).await;
    }
}

/// The same where an operator ends a user's tokens at one application.
#[tokio::test]
async fn a_redemption_during_an_operators_revocation_is_ended_too() {
    let Race { flow, code, .. } = begin("sign_out").await;
    let held = flow.world.server.store.close(|effect| matches!(effect, Effect::Revoke(_)));
    let ending = {
        let (flow, client_id) = (Arc::clone(&flow), Some(flow.client.id.clone()));
        let command = Command::TokenRevokeAll { client_id, user: Some("alice".into()), tenant: None };
        tokio::spawn(async move { flow.world.control(flow.realm, command).await })
    };
    held.reached().await;
    let answer = flow.redeem(&code).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    held.release();
    ending.await.unwrap();
    assert_over(&flow, &answer, "the operator").await;
}

/// E-04: a code is nothing without the session in which it was made.
#[tokio::test]
async fn a_code_dies_with_its_session() {
    for choice in ["sign_out", "sign_out_everywhere", "end_session"] {
        let Race { flow, mut browser, account, code } = begin(choice).await;
        browser.press(&flow.world, &account, choice, &[]).await;
        assert_eq!(flow.redeem(&code).await.refusal(), (400, "invalid_grant".into()), "{choice}");
    }
}

/// A login of the same user in the same browser is the same session to its applications, and its codes live on.
#[tokio::test]
async fn a_code_survives_another_login_of_its_user() {
    let Race { flow, mut browser, code, .. } = begin("sign_out").await;
    flow.world.clock.advance_seconds(2);
    let later = flow.pass(&mut browser, &flow.request().with("prompt", "login")).await.code();
    assert_eq!(flow.redeem(&code).await.status, 200);
    assert_eq!(flow.redeem(&later).await.status, 200);
}

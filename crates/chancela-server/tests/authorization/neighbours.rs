//! The codes of providers beside those that the project began with: what goldens cannot show, because it needs a browser.

use crate::support::{Answer, Browser, Flow, RealmPlan, VERIFIER, claims, web_client};

/// As documented: response_type, client_id, redirect_uri and scope, without a challenge.
async fn documented(flow: &Flow, scope: &str) -> Answer {
    let request = flow.request().with("scope", scope).without("nonce");
    let request = request.without("code_challenge").without("code_challenge_method");
    let callback = flow.pass(&mut Browser::new(), &request).await;
    assert!(callback.get("iss").is_some());
    let redemption = flow.redemption(&callback.code()).swap(&format!("&code_verifier={VERIFIER}"), "");
    let answer = redemption.send(&flow.world).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer
}

fn members(answer: &Answer) -> Vec<String> {
    answer.json().as_object().unwrap().keys().cloned().collect()
}

/// A renewal gives a new refresh token, and the one before is dead as soon as the new one is used.
async fn rotates(flow: &Flow, first: &Answer) {
    let second = flow.refresh(&first.text("refresh_token")).await;
    assert_eq!(second.status, 200, "{}", second.body);
    assert_ne!(second.text("refresh_token"), first.text("refresh_token"));
    assert_eq!(flow.refresh(&second.text("refresh_token")).await.status, 200);
    assert_eq!(flow.refresh(&first.text("refresh_token")).await.status, 400);
    assert!(!flow.is_active(&second.token()).await, "the family is revoked");
}

#[tokio::test]
async fn btg_answers_a_code_as_its_page_shows() {
    let scope = "apps email openid profile webhooks";
    let flow = Flow::of(RealmPlan::new("btg", "btg", "sandbox"), web_client(scope)).await;
    let tokens = documented(&flow, scope).await;
    assert_eq!(
        members(&tokens),
        ["access_token", "refresh_token", "scope", "id_token", "token_type", "expires_in"]
    );
    assert_eq!(
        (tokens.text("scope"), tokens.json()["expires_in"].as_u64()),
        (scope.to_owned(), Some(86_400))
    );
    let claims = claims(&tokens.token());
    let names: Vec<&String> = claims.as_object().unwrap().keys().collect();
    assert_eq!(names, ["sub", "scope", "iss", "exp", "iat", "client_id", "jti"]);
    rotates(&flow, &tokens).await;
}

#[tokio::test]
async fn cora_answers_a_code_with_the_engines_members() {
    let flow = Flow::of(RealmPlan::new("cora", "cora", "stage"), web_client("invoice account payment")).await;
    let tokens = documented(&flow, "invoice account payment").await;
    assert_eq!(
        members(&tokens),
        [
            "access_token",
            "expires_in",
            "refresh_expires_in",
            "refresh_token",
            "token_type",
            "not-before-policy",
            "scope"
        ]
    );
    assert!(flow.is_active(&tokens.token()).await);
    rotates(&flow, &tokens).await;
}

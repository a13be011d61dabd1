//! Vantage: tenants in the path, and users' passwords.

use super::good::{self, Good};
use crate::support::{Answer, RealmPlan, World, verify_jws};
use chancela_core::effect::Effect;
use chancela_core::grant::GrantType;
use chancela_core::record::User;
use chancela_server::control::NewClient;
use chancela_store::{CommitOutcome, Store as _};
use std::sync::Arc;

const PASSWORD: &str = "correct horse battery staple";

async fn open() -> (World, Good) {
    let world = World::open(vec![RealmPlan::vantage()]).await;
    let good = good::vantage(&world).await;
    (world, good)
}

fn by_password(good: &Good, username: &str, password: &str) -> Good {
    good.clone().field("grant_type", "password").field("username", username).field("password", password)
}

fn at(good: &Good, tenant: &str) -> Good {
    Good { path: format!("/vantage/auth2/{tenant}/connect/token"), ..good.clone() }
}

fn said(answer: &Answer) -> String {
    match answer.status.as_u16() {
        200 => "200".into(),
        404 => format!("404 {}", answer.body),
        status => format!("{status} {}: {}", answer.text("error"), answer.text("error_description")),
    }
}

/// HS-06: a tenant is one segment, exactly as configured.
#[tokio::test]
async fn a_tenant_in_the_path_is_the_clients_own_or_nothing() {
    let (world, good) = open().await;
    let mut out = String::new();
    for tenant in [
        "acme",
        "globex",
        "nobody",
        "ACME",
        "acme%2f",
        "%61cme",
        ".",
        "..",
        "acme;x",
        "{tenant}",
        "acme/acme",
    ] {
        out.push_str(&format!("{tenant}: {}\n", said(&at(&good, tenant).ask().send(&world).await)));
    }
    insta::assert_snapshot!(out);
}

/// EN-06: whatever is wrong with a user looks the same; F-02, F-14.
#[tokio::test]
async fn the_password_grant_tells_nobody_which_users_exist() {
    let (world, good) = open().await;
    world.user("vantage", "ana", PASSWORD, Some("acme")).await;
    world.user("vantage", "ana", "another", Some("globex")).await;
    world.user("vantage", "bia", PASSWORD, Some("globex")).await;
    let ana = world.server.store.user("vantage", "acme", "ana").await.unwrap().unwrap();
    let off =
        User { username: "caio".into(), enabled: false, subject: "user-caio".into(), version: 1, ..ana };
    let put = world.server.store.commit(vec![Effect::PutUser { user: off, expected_version: None }]).await;
    assert_eq!(put.unwrap(), CommitOutcome::Committed);
    let free =
        NewClient { grant_types: Some(vec![GrantType::Password]), ..crate::support::new_client("openid") };
    let free = good.clone().of(&world.client("vantage", free).await).field("scope", "openid");
    let only = NewClient { grant_types: None, ..crate::support::new_client("openid") };
    let only = good.clone().of(&world.client("vantage", only).await).field("scope", "openid");
    let cases = [
        ("the user", by_password(&good, "ana", PASSWORD)),
        ("a wrong password", by_password(&good, "ana", "wrong")),
        ("an unknown user", by_password(&good, "nobody", PASSWORD)),
        ("a disabled user", by_password(&good, "caio", PASSWORD)),
        ("a user of another tenant", by_password(&good, "bia", PASSWORD)),
        ("the password of the same name in another tenant", by_password(&good, "ana", "another")),
        ("no username", by_password(&good, "", PASSWORD)),
        ("no password", by_password(&good, "ana", "")),
        ("a password of 1025 bytes", by_password(&good, "ana", &"p".repeat(1025))),
        ("a username with NUL", by_password(&good, "ana\0", PASSWORD)),
        ("no tenant, a name of two tenants", by_password(&free, "ana", PASSWORD)),
        ("no tenant, a name of one tenant", by_password(&free, "bia", PASSWORD)),
        ("the tenant in the path", at(&by_password(&free, "ana", PASSWORD), "acme")),
        ("another tenant in the path", at(&by_password(&free, "ana", PASSWORD), "globex")),
        ("a client without this grant", by_password(&only, "ana", PASSWORD)),
    ];
    let mut out = String::new();
    for (title, ask) in cases {
        out.push_str(&format!("{title}\n    {}\n", said(&ask.ask().send(&world).await)));
    }
    insta::assert_snapshot!(out);
}

/// DO-06: a client that may not use the grant costs no password hash.
#[tokio::test]
async fn a_client_without_the_password_grant_occupies_no_place_for_hashing() {
    let (world, good) = open().await;
    let only = world.client("vantage", crate::support::new_client("openid")).await;
    let ask = by_password(&good.clone().of(&only).field("scope", "openid"), "ana", PASSWORD).ask();
    let (world, ask) = (Arc::new(world), Arc::new(ask));
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let (world, ask) = (Arc::clone(&world), Arc::clone(&ask));
            tokio::spawn(async move { ask.send(&world).await.status.as_u16() })
        })
        .collect();
    let mut statuses = Vec::new();
    for task in tasks {
        statuses.push(task.await.unwrap());
    }
    assert!(statuses.iter().all(|status| *status == 400), "{statuses:?}");
}

/// A renewal is the same login: subject and scope stay, a password is not asked for again.
#[tokio::test]
async fn a_renewed_token_says_the_same_of_its_user() {
    let (world, good) = open().await;
    world.user("vantage", "ana", PASSWORD, Some("acme")).await;
    let login =
        by_password(&good, "ana", PASSWORD).field("scope", "openid offline_access").ask().send(&world).await;
    assert_eq!(login.status, 200, "{}", login.body);
    let renew = good.clone().without_field("scope").field("grant_type", "refresh_token");
    let renewed = renew.field("refresh_token", &login.text("refresh_token")).ask().send(&world).await;
    assert_eq!(renewed.status, 200, "{}", renewed.body);
    let jwks = crate::support::Ask::get("/vantage/auth2/.well-known/openid-configuration/jwks")
        .send(&world)
        .await
        .json();
    let claims = |answer: &Answer| {
        let (_, mut claims) = verify_jws(&jwks, &answer.token()).unwrap();
        claims.as_object_mut().unwrap().remove("jti");
        claims
    };
    assert_eq!(claims(&login), claims(&renewed));
}

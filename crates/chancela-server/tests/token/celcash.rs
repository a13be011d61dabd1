//! Cel.cash: the partner's header.

use super::good;
use crate::support::{RealmPlan, World, basic, new_client};
use chancela_server::control::{Command, NewClient};

#[tokio::test]
async fn a_partner_is_believed_only_with_its_own_credentials_and_is_never_a_client() {
    let world = World::open(vec![RealmPlan::celcash(), RealmPlan::standard()]).await;
    let good = good::celcash(&world).await;
    let partner = NewClient { partner: true, grant_types: Some(Vec::new()), ..new_client("") };
    let partner = world.client("celcash", partner).await;
    let elsewhere = world.client("standard", NewClient { partner: true, ..new_client("") }).await;
    let bare = |value: String| value.replacen("Basic ", "", 1);
    let with = |value: String| good.ask().header("authorizationpartner", value);
    let wrong = |secret: &str| bare(basic(format!("{}:{secret}", partner.id)));
    let mut out = String::new();
    for (title, ask) in [
        ("the partner", with(bare(partner.basic()))),
        ("an empty header", with(String::new())),
        ("a scheme word", with(partner.basic())),
        ("a wrong secret", with(wrong("wrong"))),
        ("an unknown partner", with(bare(basic("nobody:x")))),
        ("a client as partner", with(bare(good.client.basic()))),
        ("a partner of another realm", with(bare(elsewhere.basic()))),
        ("garbage", with("%%%".into())),
        ("a secret with a line break", with(wrong(&format!("{}\n", partner.secret)))),
        (
            "the header twice",
            with(bare(partner.basic())).header("authorizationpartner", bare(partner.basic())),
        ),
        ("not UTF-8", good.ask().header("authorizationpartner", b"\xff")),
        ("the partner as client", good.clone().of(&partner).ask()),
        (
            "the partner as client and partner",
            good.clone().of(&partner).ask().header("authorizationpartner", bare(partner.basic())),
        ),
        (
            "a good partner beside a wrong client",
            good.clone().with_secret("x").ask().header("authorizationpartner", bare(partner.basic())),
        ),
    ] {
        let answer = ask.send(&world).await;
        let said = if answer.status == 200 { "200".into() } else { format!("{:?}", answer.refusal()) };
        out.push_str(&format!("{title}: {said}\n"));
    }
    world
        .control("celcash", Command::ClientSetEnabled { client_id: partner.id.clone(), enabled: false })
        .await;
    let answer = with(bare(partner.basic())).send(&world).await;
    out.push_str(&format!("a disabled partner: {:?}\n", answer.refusal()));
    insta::assert_snapshot!(out);
}

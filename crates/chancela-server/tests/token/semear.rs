//! Semear's two steps: every part of the chain missing, doubled, wrong, expired, or of somebody else.

use super::good::{self, Good, SEMEAR_SCOPE};
use crate::support::{Answer, Ask, ClientFacts, RealmPlan, World, certificate, new_client};
use chancela_core::dialect::Library;
use chancela_core::grant::GrantType;
use chancela_server::control::{Command, NewClient};
use chancela_store::{MemoryStore, Store as _};

async fn open() -> (World, Good, Good) {
    let world = World::open(vec![RealmPlan::semear(), RealmPlan::bs2()]).await;
    let gateway = good::semear_gateway(&world).await;
    let application = good::semear_application(&world, &gateway).await;
    (world, gateway, application)
}

fn why(answer: &Answer) -> String {
    format!("{} {}: {}", answer.status.as_u16(), answer.text("error"), answer.text("error_description"))
}

/// Each part of the chain has an error of its own.
#[tokio::test]
async fn each_broken_part_of_the_chain_says_what_is_broken() {
    let (world, gateway, application) = open().await;
    let other_gateway = good::semear_gateway(&world).await;
    let foreign = other_gateway.ask().send(&world).await.token();
    let elsewhere = good::bs2(&world, "bs2").await.ask().send(&world).await.token();
    let jwt = application.ask().send(&world).await.token();
    let own = gateway.ask().send(&world).await.token();
    let (other, expired, early) = (certificate(2020, 2030), certificate(2020, 2025), certificate(2029, 2030));
    let mut stale = Vec::new();
    for certificate in [&expired, &early] {
        let new = NewClient {
            token_endpoint: Some("application".into()),
            chained_to: Some(gateway.client.id.clone()),
            certificate_pem: Some(certificate.pem.clone()),
            ..new_client(SEMEAR_SCOPE)
        };
        let client = world.client("semear", new).await;
        stale.push(application.clone().of(&client).ask().with("client-cert", certificate.with_spaces()));
    }
    let ask = application.ask();
    let garbage = "-----BEGIN CERTIFICATE----- AAAA -----END CERTIFICATE-----";
    let cases: Vec<(&str, Ask)> = vec![
        ("no token", ask.clone().without("access_token")),
        ("an empty token", ask.clone().with("access_token", "")),
        ("the token twice", ask.clone().header("access_token", &own)),
        ("a token that is no UUID", ask.clone().with("access_token", "abc")),
        ("a UUID of nobody", ask.clone().with("access_token", "36ee37ec-a475-4068-8f6e-e08dd2b8880d")),
        ("the token with one digit changed", ask.clone().with("access_token", turn(&own))),
        ("the token in capitals", ask.clone().with("access_token", own.to_uppercase())),
        ("the token after a scheme word", ask.clone().with("access_token", format!("Bearer {own}"))),
        ("a token of the second step", ask.clone().with("access_token", &jwt)),
        ("a token of another gateway client", ask.clone().with("access_token", &foreign)),
        ("a token of another realm", ask.clone().with("access_token", &elsewhere)),
        (
            "the token in Authorization",
            ask.clone().without("access_token").header("authorization", format!("Bearer {own}")),
        ),
        ("no certificate", ask.clone().without("client-cert")),
        ("the certificate twice", ask.clone().header("client-cert", "x")),
        ("garbage", ask.clone().with("client-cert", garbage)),
        ("half a certificate", ask.clone().with("client-cert", "-----BEGIN CERTIFICATE----- MIIB")),
        ("not UTF-8", ask.clone().with("client-cert", b"\xff\xfe")),
        ("bad percent signs", ask.clone().with("client-cert", "-----BEGIN%20CERTIFICATE-----%ff%fe")),
        ("another certificate", ask.clone().with("client-cert", other.with_spaces())),
        ("a registered certificate that has expired", stale[0].clone()),
        ("a registered certificate that is not yet valid", stale[1].clone()),
        ("the first step's client at the second", application.clone().of(&gateway.client).ask()),
        ("the second step's client at the first", gateway.clone().of(&application.client).ask()),
        (
            "one scope too few",
            application.clone().field("scope", SEMEAR_SCOPE.rsplit_once(' ').unwrap().0).ask(),
        ),
        (
            "all scopes backwards",
            application
                .clone()
                .field("scope", &SEMEAR_SCOPE.split(' ').rev().collect::<Vec<_>>().join(" "))
                .ask(),
        ),
    ];
    let mut out = String::new();
    for (title, ask) in cases {
        let answer = ask.send(&world).await;
        let said = if answer.status == 200 { "200".to_owned() } else { why(&answer) };
        out.push_str(&format!("{title}\n    {said}\n"));
    }
    insta::assert_snapshot!(out);
}

/// The last digit of a token, changed.
fn turn(token: &str) -> String {
    let (head, last) = token.split_at(token.len() - 1);
    format!("{head}{}", if last == "0" { "1" } else { "0" })
}

#[tokio::test]
async fn a_certificate_is_read_in_every_form_that_header_writers_produce() {
    let (world, _, application) = open().await;
    // Base64 holds a `+` in most certificates; the forms must agree also where it does.
    for _ in 0..4 {
        let certificate = certificate(2020, 2030);
        let own = world.server.realm("semear").unwrap().directory.client(&application.client.id).unwrap();
        let new = NewClient {
            token_endpoint: Some("application".into()),
            chained_to: own.chained_to.as_deref().map(Into::into),
            certificate_pem: Some(certificate.pem.clone()),
            ..new_client(SEMEAR_SCOPE)
        };
        let client = world.client("semear", new).await;
        let ask = application.clone().of(&client).ask();
        let forms = [
            certificate.with_spaces(),
            certificate.escaped(),
            certificate.percent_encoded(),
            certificate.form_encoded(),
            certificate.bare(),
            certificate.bare().trim_end_matches('=').to_owned(),
        ];
        for form in forms {
            let answer = ask.clone().with("client-cert", &form).send(&world).await;
            assert_eq!(answer.status, 200, "{form}: {}", answer.body);
        }
    }
}

/// The chain ends with the first step's token, its client, and the link between the two.
#[tokio::test]
async fn the_chain_breaks_when_its_first_step_ends() {
    let (world, gateway, application) = open().await;
    world.clock.advance_seconds(86_399);
    assert_eq!(application.ask().send(&world).await.status, 200);
    world.clock.advance_seconds(1);
    let answer = application.ask().send(&world).await;
    assert!(answer.text("error_description").contains("expired"), "{}", answer.body);
    let fresh = gateway.ask().send(&world).await.token();
    let ask = application.ask().with("access_token", &fresh);
    assert_eq!(ask.send(&world).await.status, 200);
    world.enable("semear", &gateway.client, false).await;
    assert_eq!(ask.send(&world).await.status, 401);
    world.clock.advance_seconds(1);
    world.enable("semear", &gateway.client, true).await;
    assert_eq!(ask.send(&world).await.status, 401, "a token from before the pause stays dead");
    let fresh = gateway.ask().send(&world).await.token();
    let ask = ask.with("access_token", &fresh);
    assert_eq!(ask.send(&world).await.status, 200);
    world.control("semear", Command::ClientDelete { client_id: gateway.client.id.clone() }).await;
    assert_eq!(ask.send(&world).await.status, 401);
}

/// An expired token of the first step may be dropped from the store at any time; what the client hears must then still
/// tell it to repeat the first step.
#[tokio::test]
async fn a_first_step_that_expired_long_ago_still_says_that_it_may_have_expired() {
    let (world, _, application) = open().await;
    world.clock.advance_seconds(86_400 + 120);
    while world.server.store.expire(world.clock.now()).await.unwrap().more {}
    let answer = application.ask().send(&world).await;
    assert_eq!(answer.status, 401);
    assert!(answer.text("error_description").contains("expired"), "{}", answer.body);
}

#[tokio::test]
async fn an_application_without_a_link_or_a_certificate_gets_nothing() {
    let (world, gateway, application) = open().await;
    let first = gateway.ask().send(&world).await.token();
    let unlinked = NewClient { token_endpoint: Some("application".into()), ..new_client(SEMEAR_SCOPE) };
    let unlinked = world.client("semear", unlinked).await;
    let linked = NewClient {
        token_endpoint: Some("application".into()),
        chained_to: Some(gateway.client.id.clone()),
        ..new_client(SEMEAR_SCOPE)
    };
    let bare = world.client("semear", linked).await;
    let try_as = |client: &ClientFacts| application.clone().of(client).ask().with("access_token", &first);
    assert!(why(&try_as(&unlinked).send(&world).await).contains("another application"));
    assert!(why(&try_as(&bare).send(&world).await).contains("not the one registered"));
}

/// What an endpoint requires stands before every grant, not only before the one that its provider documents.
#[tokio::test]
async fn no_other_grant_leads_around_the_chain() {
    let mut library = Library::builtin();
    let text = "format = 1\nname = \"chained\"\ntitle = \"t\"\nextends = \"semear\"\nsources = [\"s\"]\n\
        [token_endpoint.application.request.grants]\npassword = \"danger_password\"\nrefresh_token = \"refresh_token\"\n\
        [token_endpoint.application.refresh]\npolicy = \"rotate\"\n\
        [token_endpoint.application.token.jwt]\nclaims = [{ name = \"jti\", value = \"token_id\" }, \
        { name = \"client_id\", value = \"client_id\" }, { name = \"iat\", value = \"issued_at\" }, \
        { name = \"exp\", value = \"expires_at\" }, { name = \"cnf\", value = \"confirmation\" }]\n";
    library.add("chained", "chained.toml", text);
    let plan = RealmPlan::new("semear", "chained", "homologation");
    let world = World::with(&library, MemoryStore::new(), vec![plan]).await;
    let gateway = good::semear_gateway(&world).await;
    let token = gateway.ask().send(&world).await.token();
    let certificate = certificate(2020, 2030);
    let new = NewClient {
        token_endpoint: Some("application".into()),
        chained_to: Some(gateway.client.id.clone()),
        certificate_pem: Some(certificate.pem.clone()),
        grant_types: Some(vec![GrantType::Password, GrantType::RefreshToken]),
        ..new_client(SEMEAR_SCOPE)
    };
    let client = world.client("semear", new).await;
    world.user("semear", "ana", "senha", None).await;
    let target = "/semear/oauth-apipix/oauth/token";
    let own = [("client_id", client.id.as_str()), ("client_secret", client.secret.as_str())];
    let login =
        [("grant_type", "password"), ("username", "ana"), ("password", "senha"), ("scope", SEMEAR_SCOPE)];
    let complete =
        |ask: Ask| ask.header("access_token", &token).header("client-cert", certificate.with_spaces());
    let login = Ask::form(target, &[&login[..], &own].concat());
    assert!(why(&login.send(&world).await).contains("first step"));
    assert!(why(&complete(login.clone()).without("client-cert").send(&world).await).contains("certificate"));
    let answer = complete(login).send(&world).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let Some(refresh) = answer.json()["refresh_token"].as_str().map(str::to_owned) else { return };
    let renew = Ask::form(
        target,
        &[&[("grant_type", "refresh_token"), ("refresh_token", &refresh)][..], &own].concat(),
    );
    assert!(why(&renew.send(&world).await).contains("first step"));
    assert_eq!(complete(renew).send(&world).await.status, 200);
}

//! Registration with a certificate (RFC 7591) and its management (RFC 7592).

use super::*;
use crate::support::{Root, client_params};
use chancela_server::control::NewClient;
use http::Method;
use serde_json::{Value, json};

/// A bank, and the certificate of its client.
async fn open() -> (Bank, Holder) {
    let bank = Bank::open().await;
    let holder = bank.ordered().await;
    (bank, holder)
}

fn registration(holder: &Holder, body: &Value) -> Ask {
    Ask::json("/bank/oauth/register", body.to_string()).showing(holder)
}

async fn registered(bank: &Bank, holder: &Holder, body: &Value) -> Answer {
    let answer = registration(holder, body).send(&bank.world).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer
}

fn manage(answer: &Answer, method: Method, token: &str) -> Ask {
    let id = answer.text("client_id");
    Ask::get(&format!("/bank/oauth/register/{id}")).method(method).bearer(token)
}

fn put(answer: &Answer, token: &str, holder: &Holder, body: &Value) -> Ask {
    let ask = manage(answer, Method::PUT, token).header("content-type", "application/json");
    ask.body(body.to_string()).showing(holder)
}

#[tokio::test]
async fn a_registered_client_gets_tokens_with_the_same_certificate() {
    let (bank, holder) = open().await;
    let answer = registered(&bank, &holder, &json!({ "scope": "read", "client_name": "App" })).await;
    assert_eq!(
        answer.text("registration_client_uri"),
        format!("https://mtls.example/bank/oauth/register/{}", answer.text("client_id"))
    );
    let id = answer.text("client_id");
    assert_eq!(bank.world.mtls_token(REALM, &id, "read", &holder).await.status, 200);
    let wide = bank.world.mtls_token(REALM, &id, "write", &holder).await;
    assert_eq!(wide.refusal(), (400, "invalid_scope".into()));
    let other = bank.ordered().await;
    assert_eq!(bank.world.mtls_token(REALM, &id, "read", &other).await.status, 200, "the same subject");
    bank.world.revoke_certificate(REALM, &holder).await;
    assert_eq!(bank.world.mtls_token(REALM, &id, "read", &holder).await.status, 401);
}

/// A program that registers at each start has one client.
#[tokio::test]
async fn the_same_registration_is_the_same_client_with_a_new_token() {
    let (bank, holder) = open().await;
    let first = registered(&bank, &holder, &json!({ "scope": "read" })).await;
    let second = registered(&bank, &holder, &json!({ "scope": "read" })).await;
    let other = registered(&bank, &holder, &json!({ "scope": "write" })).await;
    assert_eq!(first.text("client_id"), second.text("client_id"));
    assert_ne!(first.text("client_id"), other.text("client_id"));
    let [old, new] = [&first, &second].map(|answer| answer.text("registration_access_token"));
    assert_ne!(old, new);
    assert_eq!(manage(&first, Method::GET, &old).send(&bank.world).await.status, 401);
    assert_eq!(manage(&first, Method::GET, &new).send(&bank.world).await.status, 200);
}

#[tokio::test]
async fn a_holder_registers_twenty_clients_at_most() {
    let (bank, holder) = open().await;
    for number in 0..20 {
        registered(&bank, &holder, &json!({ "client_name": format!("App {number}") })).await;
    }
    let refused = registration(&holder, &json!({ "client_name": "App 20" })).send(&bank.world).await;
    assert_eq!(refused.refusal(), (400, "invalid_client_metadata".into()));
    registered(&bank, &holder, &json!({ "client_name": "App 7" })).await;
}

/// M-01: the credential is a certificate of the realm's own authority.
#[tokio::test]
async fn nobody_registers_without_a_certificate_of_the_realm() {
    let root = Root::new("Partner root");
    let bank = Bank::with(|plan| *plan = super::plan().with_mtls(&[&root])).await;
    let holder = bank.ordered().await;
    let body = json!({ "scope": "read" });
    let without = Ask::json("/bank/oauth/register", body.to_string()).send(&bank.world).await;
    assert_eq!(without.status, 401, "{}", without.body);
    let outside = root.issue(&client_params(&bank.client.id));
    assert_eq!(registration(&outside, &body).send(&bank.world).await.status, 403);
    let own = Holder::self_signed(&client_params(&bank.client.id));
    assert_eq!(registration(&own, &body).send(&bank.world).await.status, 401);
    bank.world.enable(REALM, &bank.client, false).await;
    assert_eq!(registration(&holder, &body).send(&bank.world).await.status, 403, "its client is disabled");
    bank.world.enable(REALM, &bank.client, true).await;
    bank.world.revoke_certificate(REALM, &holder).await;
    assert_eq!(registration(&holder, &body).send(&bank.world).await.status, 401, "revoked");
}

#[tokio::test]
async fn a_realm_that_does_not_say_so_registers_nobody() {
    let bank = Bank::with(|plan| plan.mtls().registration = false).await;
    let holder = bank.ordered().await;
    assert_eq!(registration(&holder, &json!({})).send(&bank.world).await.status, 404);
}

/// What a holder may not have, none of its clients gets (M-03 in spirit, M-05, M-07).
#[tokio::test]
async fn a_registration_is_never_more_than_its_holder() {
    let (bank, holder) = open().await;
    for (title, body, expected) in [
        ("more scope", json!({ "scope": "read pix.write" }), 400),
        ("no scope there is", json!({ "scope": "root" }), 400),
        ("another's name", json!({ "tls_client_auth_subject_dn": "CN=victim" }), 403),
        ("another kind of name", json!({ "tls_client_auth_san_dns": "victim.example" }), 403),
        (
            "two names",
            json!({ "tls_client_auth_subject_dn": "CN=a", "tls_client_auth_san_dns": "a.example" }),
            400,
        ),
        ("a secret", json!({ "token_endpoint_auth_method": "client_secret_basic" }), 400),
        ("nothing to prove", json!({ "token_endpoint_auth_method": "none" }), 400),
        ("people's grants", json!({ "grant_types": ["authorization_code"] }), 400),
        ("markup", json!({ "client_name": "<b>Bank</b>" }), 400),
        ("direction", json!({ "client_name": "knab\u{202e}" }), 400),
        ("no object", json!([]), 400),
    ] {
        let answer = registration(&holder, &body).send(&bank.world).await;
        assert_eq!(answer.status, expected, "{title}: {}", answer.body);
    }
    let first = registered(&bank, &holder, &json!({ "scope": "read" })).await;
    let token = first.text("registration_access_token");
    let wider = put(&first, &token, &holder, &json!({ "scope": "read pix.write" }));
    assert_eq!(wider.send(&bank.world).await.status, 400, "M-05: an update is checked as a whole");
}

/// The organization is the holder's own.
#[tokio::test]
async fn another_organization_is_refused() {
    let world = World::open(vec![RealmPlan::bankly().with_mtls(&[])]).await;
    let new = NewClient {
        organization: Some("padaria".into()),
        token_endpoint: Some("token".into()),
        ..new_client("certificate.create boleto.read")
    };
    let client = world.client("bankly", new).await;
    let holder = world.certify("bankly", &client.id, None).await;
    for (organization, expected) in [("padaria", 201), ("banco", 403)] {
        let body = json!({ "company_key": organization, "scope": "boleto.read" });
        let ask = Ask::json("/bankly/oauth2/register", body.to_string()).showing(&holder);
        let answer = ask.send(&world).await;
        assert_eq!(answer.status, expected, "{}", answer.body);
    }
}

/// M-04, M-09: the token is one client's, changes with each update, and is shown once.
#[tokio::test]
async fn a_client_is_read_changed_and_deleted_with_its_own_token() {
    let (bank, holder) = open().await;
    let one = registered(&bank, &holder, &json!({ "scope": "read" })).await;
    let two = registered(&bank, &holder, &json!({ "scope": "write" })).await;
    let token = one.text("registration_access_token");
    let foreign = manage(&two, Method::GET, &token).send(&bank.world).await;
    assert_eq!(foreign.status, 401);
    assert!(foreign.header("www-authenticate").unwrap().contains("invalid_token"));
    let unknown = Ask::get("/bank/oauth/register/nobody").bearer(&token).send(&bank.world).await;
    assert_eq!((unknown.status, &unknown.body), (foreign.status, &foreign.body), "EN-06");

    let shown = manage(&one, Method::GET, &token).send(&bank.world).await;
    assert_eq!(shown.status, 200);
    assert_eq!(shown.json().get("registration_access_token"), None, "M-09");
    assert_eq!(shown.text("scope"), "read");

    let body = json!({ "client_id": one.text("client_id"), "scope": "read write", "client_name": "Nova" });
    let changed = put(&one, &token, &holder, &body).send(&bank.world).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(
        (changed.text("scope").as_str(), changed.text("client_name").as_str()),
        ("read write", "Nova")
    );
    let young = changed.text("registration_access_token");
    assert_eq!(manage(&one, Method::GET, &token).send(&bank.world).await.status, 401, "M-04: rotated");
    let wrong = json!({ "client_id": "another" });
    assert_eq!(put(&one, &young, &holder, &wrong).send(&bank.world).await.status, 400);

    let id = one.text("client_id");
    let access = bank.world.mtls_token(REALM, &id, "write", &holder).await.token();
    assert_eq!(manage(&one, Method::DELETE, &young).send(&bank.world).await.status, 204);
    assert_eq!(manage(&one, Method::GET, &young).send(&bank.world).await.status, 401, "M-04: dead");
    assert_eq!(bank.world.mtls_token(REALM, &id, "read", &holder).await.status, 401);
    let verify = Ask::get("/bank/oauth/verify").bearer(&access).showing(&holder);
    assert_eq!(verify.send(&bank.world).await.status, 401, "its tokens are dead too");
    let patch = manage(&two, Method::PATCH, &two.text("registration_access_token"));
    assert_eq!(patch.send(&bank.world).await.status, 405);
}

/// M-06.
#[tokio::test]
async fn a_disabled_client_neither_reads_nor_changes_itself() {
    let (bank, holder) = open().await;
    let one = registered(&bank, &holder, &json!({ "scope": "read" })).await;
    let token = one.text("registration_access_token");
    let facts = ClientFacts { id: one.text("client_id"), secret: String::new() };
    bank.world.enable(REALM, &facts, false).await;
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(manage(&one, method, &token).send(&bank.world).await.status, 401);
    }
    let body = json!({ "scope": "read" });
    assert_eq!(put(&one, &token, &holder, &body).send(&bank.world).await.status, 401);
    assert_eq!(registration(&holder, &body).send(&bank.world).await.status, 403, "nor comes again");
    assert!(!bank.world.server.realm(REALM).unwrap().directory.client(&facts.id).unwrap().enabled);
}

/// An update needs the certificate as a registration does, and the holder's own.
#[tokio::test]
async fn an_update_needs_the_holders_certificate() {
    let (bank, holder) = open().await;
    let one = registered(&bank, &holder, &json!({ "scope": "read" })).await;
    let token = one.text("registration_access_token");
    let body = json!({ "scope": "read" });
    let ask = put(&one, &token, &holder, &body);
    let without = Ask { peer: chancela_server::transport::peer::Peer::plain(crate::support::PEER), ..ask };
    assert_eq!(without.send(&bank.world).await.status, 401);
    let other = bank.world.client(REALM, new_client("read")).await;
    let foreign = bank.world.certify(REALM, &other.id, None).await;
    assert_eq!(put(&one, &token, &foreign, &body).send(&bank.world).await.status, 403);
}

/// Whoever is gone takes along its certificates, and with them the clients that it registered.
#[tokio::test]
async fn a_deleted_holders_certificates_are_revoked() {
    use chancela_server::control::Command;
    let (bank, holder) = open().await;
    let one = registered(&bank, &holder, &json!({ "scope": "read" })).await;
    let id = one.text("client_id");
    let token = bank.world.mtls_token(REALM, &id, "read", &holder).await.token();
    bank.world.control(REALM, Command::ClientDelete { client_id: bank.client.id.clone() }).await;
    let shown = bank.world.control(REALM, Command::CertificateShow { serial: holder.serial.clone() }).await;
    assert_eq!((&shown["status"], &shown["reason"]), (&json!("revoked"), &json!("cessation_of_operation")));
    assert_eq!(bank.world.mtls_token(REALM, &id, "read", &holder).await.status, 401);
    let verify = Ask::get("/bank/oauth/verify").bearer(&token).showing(&holder);
    assert_eq!(verify.send(&bank.world).await.status, 401);
}

/// Another authority of the realm may call somebody the same; an operator's client with that subject is theirs to use, one
/// that was registered is its holder's.
#[tokio::test]
async fn a_registered_client_belongs_to_the_holder_and_not_to_a_name() {
    let root = Root::new("Partner root");
    let bank = Bank::with(|plan| *plan = super::plan().with_mtls(&[&root])).await;
    let holder = bank.ordered().await;
    let answer = registered(&bank, &holder, &json!({ "scope": "read" })).await;
    let subject = answer.text("tls_client_auth_subject_dn");
    let mut params = client_params(&bank.client.id);
    params.distinguished_name = rcgen::DistinguishedName::new();
    let user_id = rcgen::DnType::CustomDnType(vec![0, 9, 2342, 19_200_300, 100, 1, 1]);
    params.distinguished_name.push(user_id, bank.client.id.as_str());
    params.distinguished_name.push(rcgen::DnType::CommonName, bank.client.id.as_str());
    let outside = root.issue(&params);
    let new =
        NewClient { tls_client_auth_subject_dn: Some(subject), ..crate::support::certificate_client("read") };
    let of_operator = bank.world.register(REALM, new).await;
    assert_eq!(
        bank.world.mtls_token(REALM, &of_operator, "read", &outside).await.status,
        200,
        "the name is the same"
    );
    let refused = bank.world.mtls_token(REALM, &answer.text("client_id"), "read", &outside).await;
    assert_eq!(refused.refusal(), (401, "invalid_client".into()));
}

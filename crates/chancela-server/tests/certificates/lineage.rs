//! What came of a certificate ends with its holder: registered clients; and an operator's word against a client that
//! changes all the time.

use super::*;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use chancela_server::control::{Command, NewClient};
use serde_json::json;
use std::time::Duration;

async fn registered(bank: &Bank, holder: &Holder, name: &str) -> Answer {
    let body = json!({ "scope": "read", "client_name": name });
    let answer = Ask::json("/bank/oauth/register", body.to_string()).showing(holder).send(&bank.world).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer
}

/// The end of a holder reaches everything, because nothing that it registered begins a line of its own.
#[tokio::test]
async fn a_registered_client_orders_no_certificate_and_registers_nobody() {
    let bank = Bank::open().await;
    let holder = bank.ordered().await;
    let body = json!({ "scope": "read certificate.create" });
    let child = Ask::json("/bank/oauth/register", body.to_string()).showing(&holder).send(&bank.world).await;
    assert_eq!((child.status.as_u16(), child.text("scope").as_str()), (201, "read"), "{}", child.body);
    let id = child.text("client_id");
    // Not even one that an operator widened.
    let key = KeyPair::generate().unwrap();
    let csr = request_pem(&key);
    let command = Command::CertificateIssue { client_id: id.clone(), csr, days: None };
    assert!(bank.world.try_control(REALM, command).await.is_err());
    let token = bank.world.mtls_token(REALM, &id, "read", &holder).await.token();
    let order = Ask::post("/bank/certificates").bearer(&token).header("content-type", "application/pkcs10");
    assert_eq!(order.body(request(&key)).showing(&holder).send(&bank.world).await.status, 403);
}

#[tokio::test]
async fn disabling_and_deleting_a_holder_ends_what_it_registered() {
    for delete in [false, true] {
        let bank = Bank::open().await;
        let holder = bank.ordered().await;
        let child = registered(&bank, &holder, "App").await;
        let id = child.text("client_id");
        let token = bank.world.mtls_token(REALM, &id, "read", &holder).await.token();
        let client_id = bank.client.id.clone();
        let command = match delete {
            true => Command::ClientDelete { client_id },
            false => Command::ClientSetEnabled { client_id, enabled: false },
        };
        bank.world.control(REALM, command).await;
        assert_eq!(bank.world.mtls_token(REALM, &id, "read", &holder).await.status, 401);
        let verify = Ask::get("/bank/oauth/verify").bearer(&token).showing(&holder);
        assert_eq!(verify.send(&bank.world).await.status, 401);
        let again = json!({ "scope": "read" }).to_string();
        let again = Ask::json("/bank/oauth/register", again).showing(&holder).send(&bank.world).await;
        assert!([401, 403].contains(&again.status.as_u16()), "{}", again.body);
    }
}

#[tokio::test]
async fn a_renewal_lives_no_longer_than_what_it_renews() {
    let bank = Bank::open().await;
    let old = bank.world.certify(REALM, &bank.client.id, Some(1)).await;
    let key = KeyPair::generate().unwrap();
    let ask = Ask::post("/bank/certificates").header("content-type", "application/pkcs10");
    let answer = ask.body(request(&key)).showing(&old).send(&bank.world).await.json();
    let lifetime = answer["not_after"].as_i64().unwrap() - answer["not_before"].as_i64().unwrap();
    assert_eq!(lifetime, 86_400);
}

/// Ordering and revoking in turns must not fill the store.
#[tokio::test]
async fn a_client_orders_a_few_certificates_in_an_hour() {
    let bank = Bank::with(|plan| plan.authority().max_per_hour = 5).await;
    for _ in 0..5 {
        let holder = bank.ordered().await;
        bank.world.revoke_certificate(REALM, &holder).await;
    }
    let refused = bank.order(&KeyPair::generate().unwrap()).await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, Some("3600")));
    bank.world.certify(REALM, &bank.client.id, None).await;
    bank.world.clock.advance_seconds(3600);
    bank.ordered().await;
}

/// An operator does not wait until a client has finished changing itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_changes_all_the_time_cannot_hinder_its_own_end() {
    let bank = Arc::new(Bank::open().await);
    let holder = Arc::new(bank.ordered().await);
    let mut busy = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (bank, holder) = (Arc::clone(&bank), Arc::clone(&holder));
        busy.spawn(async move {
            loop {
                let body = json!({ "scope": "read" }).to_string();
                Ask::json("/bank/oauth/register", body).showing(&holder).send(&bank.world).await;
                let key = KeyPair::generate().unwrap();
                let ask = Ask::post("/bank/certificates").header("content-type", "application/pkcs10");
                ask.body(request(&key)).showing(&holder).send(&bank.world).await;
                tokio::task::yield_now().await;
            }
        });
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let client_id = bank.client.id.clone();
    let rotate = Command::ClientRotateSecret { client_id: client_id.clone(), overlap: 60 };
    bank.world.control(REALM, rotate).await;
    bank.world.control(REALM, Command::ClientDelete { client_id }).await;
    busy.shutdown().await;
    let realm = bank.world.server.realm(REALM).unwrap();
    assert_eq!(realm.directory.clients().len(), 0, "nothing that it registered is left");
    let listed = bank.world.control(REALM, Command::CertificateList { client_id: None }).await;
    assert!(listed.as_array().unwrap().iter().all(|own| own["status"] == "revoked"), "{listed}");
}

/// What is registered as a client's keys is public, and belongs together.
#[tokio::test]
async fn private_keys_and_keys_of_other_certificates_are_not_registered() {
    let bank = Bank::open().await;
    let holder = Holder::self_signed(&crate::support::client_params("a"));
    let x5c = holder.jwks()["keys"][0]["x5c"].clone();
    let point = holder.key.public_key_raw();
    let (x, y) = (BASE64URL.encode(&point[1..33]), BASE64URL.encode(&point[33..]));
    let (byte, other) = (BASE64URL.encode(&point[1..2]), BASE64URL.encode(&point[1..33]));
    for (key, good) in [
        (json!({ "kty": "EC", "x5c": x5c }), true),
        (json!({ "kty": "EC", "x5c": x5c, "d": "AAAA" }), false),
        (json!({ "kty": "EC", "x5c": x5c, "crv": "P-256", "x": x, "y": y }), true),
        (json!({ "kty": "EC", "x5c": x5c, "crv": "P-256", "x": byte, "y": y }), false),
        (json!({ "kty": "EC", "x5c": x5c, "crv": "P-256", "x": x, "y": other }), false),
        (json!({ "kty": "EC", "x5c": x5c, "crv": "P-256", "x": x }), false),
        (json!({ "kty": "EC", "x5c": x5c, "crv": "P-384", "x": x, "y": y }), false),
        (json!({ "kty": "OKP", "x5c": x5c, "crv": "Ed25519", "x": x }), false),
        (json!({ "kty": "RSA", "x5c": x5c, "n": x, "e": "AQAB" }), false),
    ] {
        let new = NewClient { jwks: Some(json!({ "keys": [key] })), ..new_client("read") };
        let made = bank.world.try_control(REALM, Command::ClientCreate(Box::new(new))).await;
        assert_eq!(made.is_ok(), good, "{made:?}");
    }
}

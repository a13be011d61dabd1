//! Renewal over a connection that shows the certificate there is (I-12).

use super::*;
use crate::support::{Gate, Root, client_params};
use chancela_core::effect::Effect;
use chancela_core::record::RevocationReason;
use chancela_server::control::Command;
use std::time::Duration;

fn renewal(holder: &Holder, key: &KeyPair) -> Ask {
    let ask = Ask::post("/bank/certificates").header("content-type", "application/pkcs10");
    ask.body(request(key)).showing(holder)
}

#[tokio::test]
async fn a_certificate_renews_itself_without_a_token() {
    let bank = Bank::open().await;
    let old = bank.ordered().await;
    bank.world.clock.advance_seconds(300 * 86_400);
    let key = KeyPair::generate().unwrap();
    let answer = renewal(&old, &key).send(&bank.world).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let json = answer.json();
    let young = holder_of(key, &json["certificate"], &json["serial_number"]);
    assert_ne!(young.serial, old.serial);
    assert!(json["not_after"].as_i64().unwrap() > bank.world.clock.now().seconds() + 364 * 86_400);
    let record = bank.world.server.realm(REALM).unwrap().certificate_authority.as_ref().unwrap();
    assert_eq!(record.register.all()[1].client_id, record.register.all()[0].client_id);
}

/// CE-08.
#[tokio::test]
async fn a_certificate_that_is_revoked_expired_or_anothers_renews_nothing() {
    let root = Root::new("Partner root");
    let bank = Bank::with(|plan| *plan = super::plan().with_mtls(&[&root])).await;
    let key = KeyPair::generate().unwrap();
    let old = bank.ordered().await;
    bank.world.revoke_certificate(REALM, &old).await;
    bank.world.clock.advance_seconds(1);
    let refused = renewal(&old, &key).send(&bank.world).await;
    assert_eq!(refused.refusal(), (401, "invalid_client".into()), "revoked a second ago");
    assert_eq!(refused.header("www-authenticate"), Some("Bearer realm=\"bank\""), "a token would do");
    assert!(refused.body.contains("revoked"), "{}", refused.body);
    let outside = root.issue(&client_params(&bank.client.id));
    let refused = renewal(&outside, &key).send(&bank.world).await;
    assert_eq!(refused.status, 400, "of an authority outside: {}", refused.body);
    let own = Holder::self_signed(&client_params(&bank.client.id));
    assert_eq!(renewal(&own, &key).send(&bank.world).await.status, 401);
    let late = bank.ordered().await;
    let disabled = renewal(&late, &key);
    bank.world.enable(REALM, &bank.client, false).await;
    assert_eq!(disabled.clone().send(&bank.world).await.status, 400, "its client is disabled");
    bank.world.enable(REALM, &bank.client, true).await;
    bank.world.clock.advance_seconds(366 * 86_400);
    assert_eq!(disabled.send(&bank.world).await.status, 401, "expired");
}

/// CE-08: whoever waits in line while the certificate is revoked comes too late.
#[tokio::test]
async fn a_revocation_overtakes_a_renewal_that_waits() {
    let bank = Arc::new(Bank::over(Gate::default(), plan()).await);
    let old = Arc::new(bank.ordered().await);
    let other = bank.world.client(REALM, new_client(SCOPE)).await;
    let token = bank.world.secret_token(REALM, &other, "certificate.create").await.token();
    let held = bank.world.server.store.close(|effect| matches!(effect, Effect::PutCertificate { .. }));
    let first = {
        let bank = Arc::clone(&bank);
        let ask = Ask::post("/bank/certificates").header("content-type", "application/pkcs10");
        let ask = ask.bearer(&token).body(request(&KeyPair::generate().unwrap()));
        tokio::spawn(async move { ask.send(&bank.world).await })
    };
    held.reached().await;
    let (of_operator, of_thief) = (Arc::clone(&bank), Arc::clone(&bank));
    let reason = RevocationReason::KeyCompromise;
    let revoke = Command::CertificateRevoke { serial: old.serial.clone(), reason };
    let revoking = tokio::spawn(async move { of_operator.world.try_control(REALM, revoke).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let renewing =
        tokio::spawn(async move { renewal(&old, &KeyPair::generate().unwrap()).send(&of_thief.world).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    held.release();
    assert_eq!(first.await.unwrap().status, 201);
    revoking.await.unwrap().unwrap();
    let late = renewing.await.unwrap();
    assert_eq!(late.status, 401, "{}", late.body);
}

/// CE-06: an order whose client is disabled before the commit issues nothing.
#[tokio::test]
async fn an_order_during_which_its_client_is_disabled_is_refused() {
    let bank = Arc::new(Bank::over(Gate::default(), plan()).await);
    let ask = bank.ask().await.header("content-type", "application/pkcs10");
    let ask = ask.body(request(&KeyPair::generate().unwrap()));
    let held = bank.world.server.store.close(|effect| matches!(effect, Effect::PutCertificate { .. }));
    let ordering = {
        let bank = Arc::clone(&bank);
        tokio::spawn(async move { ask.send(&bank.world).await })
    };
    held.reached().await;
    bank.world.enable(REALM, &bank.client, false).await;
    held.release();
    let answer = ordering.await.unwrap();
    assert!(answer.status.is_client_error(), "{} {}", answer.status, answer.body);
    let shown = bank.world.control(REALM, Command::CertificateList { client_id: None }).await;
    assert_eq!(shown, serde_json::json!([]));
}

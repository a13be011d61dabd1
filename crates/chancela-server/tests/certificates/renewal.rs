//! Renewal over a connection that shows the certificate there is (I-12).

use super::*;
use crate::support::{Root, client_params};

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
    assert_eq!(renewal(&old, &key).send(&bank.world).await.status, 401, "revoked a second ago");
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

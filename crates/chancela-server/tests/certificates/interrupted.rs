//! Whoever hangs up ends the future of their connection. What was committed by then is in memory all the same: otherwise
//! every later change would run into a version that nobody can see.

use super::*;
use crate::support::Gate;
use chancela_core::effect::Effect;
use chancela_core::record::RevocationReason;
use chancela_server::control::Command;
use chancela_store::CommitOutcome;
use serde_json::json;
use std::time::Duration;
use x509_parser::prelude::FromDer;

type Changes = fn(&Effect) -> bool;

/// Sends a request whose client hangs up when its commit is about to be made, and waits until the commit is.
async fn cut_off(bank: &Arc<Bank<Gate>>, ask: Ask, changes: Changes) {
    let held = bank.world.server.store.close(changes);
    let asking = {
        let bank = Arc::clone(bank);
        tokio::spawn(async move { ask.send(&bank.world).await })
    };
    held.reached().await;
    asking.abort();
    assert!(asking.await.unwrap_err().is_cancelled());
    held.release();
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn bank() -> (Arc<Bank<Gate>>, Holder) {
    let bank = Arc::new(Bank::over(Gate::default(), plan()).await);
    let holder = bank.ordered().await;
    (bank, holder)
}

/// Memory and store say the same of the client, or no operator could do anything to it.
async fn assert_governable(bank: &Bank<Gate>) {
    let stored = bank.world.server.store.clients().await.unwrap();
    let realm = bank.world.server.realm(REALM).unwrap();
    assert_eq!(stored.len(), realm.directory.clients().len());
    for client in stored {
        let shown = realm.directory.client(&client.client_id).unwrap();
        assert_eq!(shown.version, client.version);
    }
    bank.world.enable(REALM, &bank.client, false).await;
}

#[tokio::test]
async fn an_order_is_carried_out_to_its_end() {
    let (bank, _) = bank().await;
    let ask = bank.ask().await.header("content-type", "application/pkcs10");
    let ask = ask.body(request(&KeyPair::generate().unwrap()));
    cut_off(&bank, ask, |effect| matches!(effect, Effect::PutCertificate { .. })).await;
    let listed = bank.world.control(REALM, Command::CertificateList { client_id: None }).await;
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_governable(&bank).await;
}

#[tokio::test]
async fn a_revocation_is_carried_out_to_its_end() {
    let (bank, holder) = bank().await;
    let path = format!("/bank/certificates/{}", holder.serial);
    let ask = Ask { method: http::Method::DELETE, ..Ask::get(&path) }.showing(&holder);
    cut_off(&bank, ask, |effect| matches!(effect, Effect::PutCertificate { .. })).await;
    let serial = holder.serial.clone();
    let shown = bank.world.control(REALM, Command::CertificateShow { serial }).await;
    assert_eq!(shown["status"], "revoked");
    let authority = bank.world.server.realm(REALM).unwrap().certificate_authority.as_ref().unwrap();
    assert!(authority.list(&authority.authorities()[0].key().kid()).is_some(), "and published");
}

#[tokio::test]
async fn a_registration_its_change_and_its_end_are_carried_out_to_their_end() {
    let (bank, holder) = bank().await;
    let puts: Changes = |effect| matches!(effect, Effect::PutClient { .. });
    let body = |scope: &str| json!({ "scope": scope, "client_name": "App" }).to_string();
    cut_off(&bank, Ask::json("/bank/oauth/register", body("read")).showing(&holder), puts).await;
    let again = Ask::json("/bank/oauth/register", body("read")).showing(&holder).send(&bank.world).await;
    assert_eq!(again.status, 201, "{}", again.body);
    assert_eq!(bank.world.server.store.clients().await.unwrap().len(), 2, "it was registered once");
    let place = format!("/bank/oauth/register/{}", again.text("client_id"));
    let managed = |method, body: String| {
        let ask = Ask { method, ..Ask::json(&place, body) };
        ask.bearer(&again.text("registration_access_token")).showing(&holder)
    };
    cut_off(&bank, managed(http::Method::PUT, body("write")), puts).await;
    let realm = bank.world.server.realm(REALM).unwrap();
    assert_eq!(realm.directory.client(&again.text("client_id")).unwrap().scope.as_str(), "write");
    // The token of before the change is gone, so a new one is asked for.
    let again = Ask::json("/bank/oauth/register", body("write")).showing(&holder).send(&bank.world).await;
    let ask = Ask { method: http::Method::DELETE, ..Ask::get(&place) }.showing(&holder);
    let ask = ask.bearer(&again.text("registration_access_token"));
    cut_off(&bank, ask, |effect| matches!(effect, Effect::DeleteClient { .. })).await;
    let token = bank.world.mtls_token(REALM, &again.text("client_id"), "write", &holder).await;
    assert_eq!(token.status, 401, "it is gone at once");
    assert_governable(&bank).await;
}

/// A list that could not be published after a revocation, because the program ended, is published when it starts again.
#[tokio::test]
async fn a_list_that_is_owed_is_published_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let open = || {
        let options = chancela_store_sqlite::Options::default();
        chancela_store_sqlite::SqliteStore::open(directory.path(), options).unwrap()
    };
    let bank = Bank::over(open(), plan()).await;
    let holder = bank.ordered().await;
    bank.world.maintain_certificates().await;
    let own = bank.world.server.realm(REALM).unwrap().certificate_authority.as_ref().unwrap();
    let record = own.register.all().remove(0);
    let now = bank.world.clock.now();
    let ended = chancela_core::issuance::revoke(&record, RevocationReason::Unspecified, now);
    let outcome = bank.world.server.store.commit(ended.unwrap().1).await.unwrap();
    assert_eq!(outcome, CommitOutcome::Committed);
    drop(bank);
    let world = World::over(open(), vec![plan()]).await;
    world.maintain_certificates().await;
    let own = world.server.realm(REALM).unwrap().certificate_authority.as_ref().unwrap();
    let list = own.list(&own.authorities()[0].key().kid()).unwrap();
    let (_, read) = x509_parser::revocation_list::CertificateRevocationList::from_der(&list.der).unwrap();
    let serials =
        read.iter_revoked_certificates().map(|own| format!("{:0>32}", own.user_certificate.to_str_radix(16)));
    assert_eq!(serials.collect::<Vec<_>>(), [holder.serial]);
}

//! A key in other hands: whatever its thief did with it ends when the operator says so.

use super::*;
use chancela_core::issuance::Approval;
use chancela_core::record::RevocationReason;
use chancela_server::control::Command;
use serde_json::Value;

async fn revoke(world: &World, serial: &str, reason: RevocationReason) -> Value {
    world.control(REALM, Command::CertificateRevoke { serial: serial.into(), reason }).await
}

async fn status(world: &World, serial: &str) -> String {
    let shown = world.control(REALM, Command::CertificateShow { serial: serial.into() }).await;
    shown["status"].as_str().unwrap().to_owned()
}

async fn renewed(bank: &Bank, old: &Holder, days: u16) -> Holder {
    let key = KeyPair::generate().unwrap();
    let body = serde_json::json!({ "csr": request_pem(&key), "lifetime_days": days }).to_string();
    let answer = Ask::json("/bank/certificates", body).showing(old).send(&bank.world).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let json = answer.json();
    holder_of(key, &json["certificate"], &json["serial_number"])
}

/// Whoever had the key for a moment could have renewed it to one of their own.
#[tokio::test]
async fn a_compromised_key_takes_its_renewals_along_and_another_reason_does_not() {
    for (reason, dead) in [(RevocationReason::KeyCompromise, true), (RevocationReason::Superseded, false)] {
        let bank = Bank::open().await;
        let old = bank.ordered().await;
        let young = renewed(&bank, &old, 365).await;
        revoke(&bank.world, &old.serial, reason).await;
        assert_eq!(status(&bank.world, &young.serial).await == "revoked", dead, "{reason:?}");
    }
}

/// The thief may have thought of a harmless reason first.
#[tokio::test]
async fn a_certificate_that_is_revoked_already_may_still_be_found_compromised() {
    let bank = Bank::open().await;
    let old = bank.ordered().await;
    let young = renewed(&bank, &old, 365).await;
    let path = format!("/bank/certificates/{}?reason=superseded", old.serial);
    let ask = Ask { method: http::Method::DELETE, ..Ask::get(&path) };
    assert_eq!(ask.showing(&old).send(&bank.world).await.status, 204);
    assert_eq!(status(&bank.world, &young.serial).await, "issued");
    bank.world.clock.advance_seconds(60);
    let shown = revoke(&bank.world, &old.serial, RevocationReason::KeyCompromise).await;
    assert_eq!((&shown["reason"], &shown["status"]), (&"key_compromise".into(), &"revoked".into()));
    assert_eq!(status(&bank.world, &young.serial).await, "revoked");
    let verify = bank.world.mtls_token(REALM, &bank.client.id, "read", &young).await;
    assert_eq!(verify.status, 401);
    // Said twice it is as true; and no lesser reason takes its place.
    revoke(&bank.world, &old.serial, RevocationReason::KeyCompromise).await;
    let lesser = Command::CertificateRevoke { serial: old.serial, reason: RevocationReason::Superseded };
    assert!(bank.world.try_control(REALM, lesser).await.is_err());
}

/// CE-08: neither does a renewal that waits for an operator outlive it.
#[tokio::test]
async fn a_renewal_that_waits_ends_with_what_it_renews() {
    for reason in [RevocationReason::KeyCompromise, RevocationReason::Superseded] {
        let bank = Bank::with(|plan| plan.authority().approval = Approval::Operator).await;
        let key = KeyPair::generate().unwrap();
        let serial = bank.order(&key).await.text("serial_number");
        let shown = bank.world.control(REALM, Command::CertificateApprove { serial }).await;
        let old = holder_of(key, &shown["certificate"], &shown["serial_number"]);
        let ask = Ask::post("/bank/certificates").header("content-type", "application/pkcs10");
        let ask = ask.body(request(&KeyPair::generate().unwrap())).showing(&old);
        let waiting = ask.send(&bank.world).await;
        assert_eq!(waiting.status, 202, "{}", waiting.body);
        let serial = waiting.text("serial_number");
        revoke(&bank.world, &old.serial, reason).await;
        let expected = if reason == RevocationReason::KeyCompromise { "refused" } else { "requested" };
        assert_eq!(status(&bank.world, &serial).await, expected);
        let approve = Command::CertificateApprove { serial: serial.clone() };
        assert!(bank.world.try_control(REALM, approve).await.is_err(), "{reason:?}");
    }
}

/// A record is kept as long as that of the certificate that it came from, so that a line has no gaps.
#[tokio::test]
async fn a_line_of_short_renewals_is_followed_to_its_end() {
    let bank = Bank::with(|plan| plan.authority().max_valid = Some(3)).await;
    let first = bank.ordered().await;
    let mut last = renewed(&bank, &first, 1).await;
    for _ in 0..100 {
        bank.world.clock.advance_seconds(86_000);
        bank.world.maintain_certificates().await;
        bank.world.server.store.expire(bank.world.clock.now()).await.unwrap();
        last = renewed(&bank, &last, 1).await;
    }
    revoke(&bank.world, &first.serial, RevocationReason::KeyCompromise).await;
    assert_eq!(status(&bank.world, &last.serial).await, "revoked");
}

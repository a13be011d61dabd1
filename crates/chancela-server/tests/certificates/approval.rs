//! Orders that wait for an operator.

use super::*;
use chancela_core::issuance::Approval;
use chancela_server::control::Command;
use serde_json::json;

#[tokio::test]
async fn an_order_waits_and_is_signed_when_an_operator_says_so() {
    let bank = Bank::with(|plan| plan.authority().approval = Approval::Operator).await;
    let key = KeyPair::generate().unwrap();
    let answer = bank.order(&key).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    assert_eq!((answer.text("status").as_str(), answer.json().get("certificate")), ("requested", None));
    let serial = answer.text("serial_number");
    let get = Ask::get(&format!("/bank/certificates/{serial}")).bearer(&bank.token().await);
    assert_eq!(get.clone().send(&bank.world).await.status, 202);
    let shown = bank.world.control(REALM, Command::CertificateApprove { serial: serial.clone() }).await;
    assert_eq!(shown["status"], json!("issued"));
    let collected = get.send(&bank.world).await;
    assert_eq!((collected.status.as_u16(), collected.text("status").as_str()), (200, "issued"));
    let json = collected.json();
    let holder = holder_of(key, &json["certificate"], &json["serial_number"]);
    assert_eq!(holder.serial, serial);
    let twice = bank.world.try_control(REALM, Command::CertificateApprove { serial }).await;
    assert!(twice.is_err(), "once");
}

/// CE-04: a key that two clients ask for is the first one's.
#[tokio::test]
async fn a_key_that_became_somebodys_while_it_waited_is_not_signed() {
    let bank = Bank::with(|plan| plan.authority().approval = Approval::Operator).await;
    let other = bank.world.client(REALM, new_client(SCOPE)).await;
    let key = KeyPair::generate().unwrap();
    let mine = bank.order(&key).await.text("serial_number");
    let token = bank.world.secret_token(REALM, &other, "certificate.create").await.token();
    let ask = Ask::post("/bank/certificates").header("content-type", "application/pkcs10");
    let theirs = ask.bearer(&token).body(request(&key)).send(&bank.world).await.text("serial_number");
    bank.world.control(REALM, Command::CertificateApprove { serial: mine }).await;
    let refused = bank.world.try_control(REALM, Command::CertificateApprove { serial: theirs.clone() }).await;
    assert!(refused.unwrap_err().to_string().contains("belongs to another certificate"));
    let shown = bank.world.control(REALM, Command::CertificateShow { serial: theirs }).await;
    assert_eq!(shown["status"], json!("requested"));
}

/// Who may get no certificate any more gets none by an old request, nor by one whose time is over.
#[tokio::test]
async fn a_disabled_clients_request_is_not_signed() {
    let bank = Bank::with(|plan| plan.authority().approval = Approval::Operator).await;
    let serial = bank.order(&KeyPair::generate().unwrap()).await.text("serial_number");
    let approve = || bank.world.try_control(REALM, Command::CertificateApprove { serial: serial.clone() });
    bank.world.enable(REALM, &bank.client, false).await;
    assert!(approve().await.is_err(), "disabled");
    bank.world.enable(REALM, &bank.client, true).await;
    bank.world.clock.advance_seconds(31 * 86_400);
    assert!(approve().await.is_err(), "a month later");
    bank.world.clock.advance_seconds(-2 * 86_400);
    approve().await.unwrap();
}

/// A request that waits counts against the limit, one that was refused does not.
#[tokio::test]
async fn a_refused_order_is_over() {
    let bank = Bank::with(|plan| {
        plan.authority().approval = Approval::Operator;
        plan.authority().max_valid = Some(1);
    })
    .await;
    let serial = bank.order(&KeyPair::generate().unwrap()).await.text("serial_number");
    assert_eq!(bank.order(&KeyPair::generate().unwrap()).await.status, 409);
    let shown = bank.world.control(REALM, Command::CertificateRefuse { serial: serial.clone() }).await;
    assert_eq!(shown["status"], json!("refused"));
    let late = bank.world.try_control(REALM, Command::CertificateApprove { serial }).await;
    assert!(late.is_err());
    assert_eq!(bank.order(&KeyPair::generate().unwrap()).await.status, 202);
}

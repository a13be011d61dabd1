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

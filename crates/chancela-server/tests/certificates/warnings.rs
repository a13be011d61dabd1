//! Warnings before a certificate ends, at a webhook that really listens.

use super::*;
use crate::support::{Authority, Conduct, Outside, open_outbound};
use aws_lc_rs::hmac;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;

const DAY: i64 = 86_400;

struct Stage {
    bank: Bank,
    outside: Outside,
    _key: tempfile::NamedTempFile,
}

impl Stage {
    async fn open(conduct: Conduct) -> Self {
        let authority = Authority::new();
        let outside = Outside::tls(&authority, "127.0.0.1", conduct).await;
        let key = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(key.path(), "0b".repeat(32)).unwrap();
        std::fs::set_permissions(key.path(), std::fs::Permissions::from_mode(0o400)).unwrap();
        let mut plan = plan();
        plan.authority().webhook_url = Some(format!("https://127.0.0.1:{}/hook", outside.port()));
        plan.authority().webhook_key_file = Some(key.path().to_owned());
        let world = Arc::new(World::reaching(open_outbound(&authority), vec![plan]).await);
        let client = world.client(REALM, new_client(SCOPE)).await;
        Self { bank: Bank { world, client }, outside, _key: key }
    }

    /// So many days and seconds before the certificate's end.
    async fn at(&self, ends: i64, days: i64, seconds: i64) {
        let now = self.bank.world.clock.now().seconds();
        self.bank.world.clock.advance_seconds(ends - days * DAY - seconds - now);
        self.bank.world.maintain_certificates().await;
    }

    fn expiring(&self) -> i64 {
        self.bank.world.server.realm(REALM).unwrap().metrics.certificates_expiring.get()
    }

    fn ends(&self) -> i64 {
        let realm = self.bank.world.server.realm(REALM).unwrap();
        let all = realm.certificate_authority.as_ref().unwrap().register.all();
        all.last().unwrap().issued().unwrap().not_after
    }
}

/// The bodies that came, each with a good signature.
fn warned(outside: &Outside) -> Vec<Value> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &[0x0b; 32]);
    let read = |request: &String| {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /hook HTTP/1.1\r\n"), "{head}");
        let signature = head.lines().find_map(|line| line.strip_prefix("chancela-signature: ")).unwrap();
        let (time, mac) = signature.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
        let bytes: Vec<u8> =
            (0..mac.len()).step_by(2).map(|at| u8::from_str_radix(&mac[at..at + 2], 16).unwrap()).collect();
        hmac::verify(&key, format!("{time}.{body}").as_bytes(), &bytes).unwrap();
        serde_json::from_str(body).unwrap()
    };
    outside.requests().iter().map(read).collect()
}

#[tokio::test]
async fn thirty_fifteen_and_seven_days_before_the_end_it_is_said_once() {
    let stage = Stage::open(Conduct::ok("")).await;
    let holder = stage.bank.ordered().await;
    let ends = stage.ends();
    for (days, seconds, said) in [
        (30, 1, 0),
        (30, 0, 1),
        (29, 0, 1),
        (15, 1, 1),
        (15, 0, 2),
        (8, 0, 2),
        (7, 0, 3),
        (7, 0, 3),
        (1, 0, 3),
        (0, 0, 3),
        (-1, 0, 3),
    ] {
        stage.at(ends, days, seconds).await;
        assert_eq!(warned(&stage.outside).len(), said, "{days} days and {seconds} seconds");
        let counted = i64::from(said > 0 && days > 0);
        assert_eq!(stage.expiring(), counted, "{days} days and {seconds} seconds");
    }
    let all = warned(&stage.outside);
    assert_eq!([&all[0]["days"], &all[1]["days"], &all[2]["days"]], [30, 15, 7]);
    assert_eq!(
        all[0],
        json!({
            "event": "certificate_expires",
            "realm": REALM,
            "client_id": stage.bank.client.id,
            "serial_number": holder.serial,
            "subject_dn": format!("CN={id},UID={id}", id = stage.bank.client.id),
            "not_after": ends,
            "days": 30,
        })
    );
}

/// Whoever renewed in time, or whose certificate is revoked, hears nothing.
#[tokio::test]
async fn a_certificate_that_was_replaced_or_revoked_is_not_warned_of() {
    let stage = Stage::open(Conduct::ok("")).await;
    stage.bank.ordered().await;
    let ends = stage.ends();
    stage.at(ends, 40, 0).await;
    let young = stage.bank.ordered().await;
    stage.at(ends, 30, 0).await;
    assert_eq!(warned(&stage.outside).len(), 0, "replaced");
    stage.bank.world.revoke_certificate(REALM, &young).await;
    stage.at(ends, 29, 0).await;
    assert_eq!(warned(&stage.outside).len(), 1, "the younger one is gone");
}

/// A webhook that fails costs neither the warning in the log nor the service: it is asked three times, and not again.
#[tokio::test]
async fn a_webhook_that_fails_is_asked_three_times_and_not_again() {
    let stage = Stage::open(Conduct::status("500 Internal Server Error")).await;
    stage.bank.ordered().await;
    let ends = stage.ends();
    stage.at(ends, 30, 0).await;
    stage.at(ends, 29, 0).await;
    assert_eq!(stage.outside.connections(), 3);
    assert_eq!(stage.expiring(), 1);
}

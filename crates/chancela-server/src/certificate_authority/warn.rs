//! Warnings before certificates expire, once for each number of days: in the log, and where the realm's webhook is.

use super::CertificateAuthority;
use crate::fetch::Call;
use crate::realm::Realm;
use crate::server::Server;
use aws_lc_rs::hmac;
use chancela_core::record::{CertificateStatus, ClientCertificate, IssuedCertificate};
use chancela_core::secret::hex;
use chancela_core::time::Timestamp;
use chancela_store::Store;
use http::{HeaderName, HeaderValue};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Seconds of a day.
const DAY: i64 = 86_400;
/// Header that proves a warning: `t=<seconds>,v1=<HMAC-SHA-256 of "<seconds>.<body>" in hexadecimal>`.
const SIGNATURE: HeaderName = HeaderName::from_static("chancela-signature");

/// Days before the end of an authority on which it is first warned of.
const AUTHORITY_WARN_DAYS: i64 = 90;
/// Pauses between tries to reach the webhook.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(5)];

/// Gives every warning that is due.
pub(super) async fn warn<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    authority: &CertificateAuthority,
    now: Timestamp,
) {
    warn_of_authority(authority, now);
    let all = authority.register.all();
    let mut expiring = 0;
    for record in &all {
        let CertificateStatus::Issued(certificate) = &record.status else { continue };
        let Some(days) = due(certificate, &authority.config.warn_days, now) else { continue };
        if is_replaced(certificate, record, &all) {
            continue;
        }
        expiring += 1;
        if record.warned_days.is_some_and(|warned| warned <= days) {
            continue;
        }
        let warned =
            ClientCertificate { warned_days: Some(days), version: record.version + 1, ..(**record).clone() };
        let turn = authority.turn.lock().await;
        // Noted first: after a crash a warning is missing in one place rather than given at every start.
        let noted = authority.replace(server, record, warned).await.is_ok();
        drop(turn);
        if noted {
            tell(server, realm, authority, (record, certificate), (days, now)).await;
        }
    }
    realm.metrics.certificates_expiring.set(expiring);
}

/// The warning that is due: the smallest number of days that are not more than what is left. A number counts only if the
/// certificate lives more than twice as long: short-lived ones are renewed within it.
fn due(certificate: &IssuedCertificate, warn_days: &[u16], now: Timestamp) -> Option<u16> {
    let left = certificate.not_after - now.seconds();
    let life = certificate.not_after - certificate.not_before;
    let counts = |days: &u16| life > 2 * i64::from(*days) * DAY && left <= i64::from(*days) * DAY;
    if left <= 0 { None } else { warn_days.iter().copied().filter(counts).min() }
}

/// Warns once a day in the last quarter of a year of the authority itself: whoever signs it has to sign a new one.
fn warn_of_authority(authority: &CertificateAuthority, now: Timestamp) {
    let all = authority.authorities();
    let Some(own) = all.first() else { return };
    let left = (own.validity().not_after - now.seconds()) / DAY;
    if left > AUTHORITY_WARN_DAYS || authority.warned_left.swap(left, Ordering::Relaxed) == left {
        return;
    }
    let (realm, kid) = (&authority.identity.realm, own.key().kid());
    tracing::error!(
        realm,
        kid,
        days = left,
        "the certificate authority's own certificate ends; see `chancela certificate authority`"
    );
}

/// Whether its client has a younger one that is good for longer: then nobody has to do anything.
fn is_replaced(
    certificate: &IssuedCertificate,
    record: &ClientCertificate,
    all: &[Arc<ClientCertificate>],
) -> bool {
    all.iter().any(|other| match &other.status {
        CertificateStatus::Issued(younger) => {
            other.client == record.client && younger.not_after > certificate.not_after + 7 * DAY
        }
        _ => false,
    })
}

async fn tell<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    authority: &CertificateAuthority,
    (record, certificate): (&ClientCertificate, &IssuedCertificate),
    (days, now): (u16, Timestamp),
) {
    let (client, serial) = (&*record.client_id, hex(&record.serial.0));
    tracing::warn!(realm = realm.name, client, serial, days, "a client certificate expires; renew it");
    let Some(url) = &authority.config.webhook_url else { return };
    let body = json!({
        "event": "certificate_expires",
        "realm": realm.name,
        "client_id": client,
        "serial_number": serial,
        "subject_dn": &*certificate.subject,
        "not_after": certificate.not_after,
        "days": days,
    })
    .to_string();
    let signature = authority.webhook_key.as_deref().and_then(|key| signature(key, &body, now));
    for pause in [None].into_iter().chain(PAUSES.map(Some)) {
        if let Some(pause) = pause {
            tokio::time::sleep(pause).await;
        }
        let mut call = Call::post_json(url, body.clone());
        if let Some(signature) = &signature {
            call = call.header(SIGNATURE, signature.clone());
        }
        match server.fetcher.fetch(call).await {
            Ok(response) if response.status().is_success() => return,
            Ok(response) => {
                let status = response.status().as_u16();
                tracing::warn!(realm = realm.name, status, "the webhook did not take a warning");
            }
            Err(error) => tracing::warn!(realm = realm.name, %error, "the webhook did not take a warning"),
        }
    }
}

fn signature(key: &[u8; 32], body: &str, now: Timestamp) -> Option<HeaderValue> {
    let seconds = now.seconds();
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), format!("{seconds}.{body}").as_bytes());
    HeaderValue::from_str(&format!("t={seconds},v1={}", hex(mac.as_ref()))).ok()
}

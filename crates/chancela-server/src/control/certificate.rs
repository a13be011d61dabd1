//! Commands on certificates and on the realm's certificate authority.

use super::ControlError;
use crate::certificate_authority::{CertificateAuthority, Issued, Order, OrderKey, keys};
use crate::realm::Realm;
use crate::server::Server;
use chancela_core::id::CertificateSerial;
use chancela_core::issuance;
use chancela_core::message::certificate_order::status;
use chancela_core::record::{CertificateStatus, ClientCertificate, RevocationReason};
use chancela_core::rejection::Rejection;
use chancela_core::secret::{from_hex, hex};
use chancela_core::x509::{Certificate, CertificateRequest, encode_pem};
use chancela_store::Store;
use serde_json::{Value, json};

/// Seconds of a day.
const DAY: u32 = 86_400;

pub(super) fn list<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    client_id: Option<&str>,
) -> Result<Value, ControlError> {
    let own = authority_of(realm)?;
    let records = match client_id {
        Some(id) => own.register.of_client(super::client::find(realm, id)?.key),
        None => own.register.all(),
    };
    let now = server.clock.now();
    Ok(records
        .iter()
        .map(|record| {
            let mut shown = describe(record);
            shown["valid"] = issuance::counts(record, now).into();
            shown
        })
        .collect())
}

pub(super) fn show(realm: &Realm, serial: &str) -> Result<Value, ControlError> {
    let own = authority_of(realm)?;
    let record = own.register.get(parse(serial)?).ok_or_else(|| unknown(serial))?;
    Ok(whole(&own.answer((*record).clone(), None)))
}

pub(super) async fn issue<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    client_id: &str,
    (csr, days): (&str, Option<u16>),
) -> Result<Value, ControlError> {
    let own = authority_of(realm)?;
    let client = super::client::find(realm, client_id)?;
    let request = CertificateRequest::parse(csr.as_bytes())
        .map_err(|error| ControlError::Invalid(format!("csr: {error}; make it with `openssl req -new`")))?;
    let key = request.into_public_key();
    key.check().map_err(|error| ControlError::Invalid(format!("csr: {error}")))?;
    let lifetime = days.map(|days| lifetime(own, days)).transpose()?;
    let order = Order {
        client: client.key,
        key: OrderKey::Public(key),
        lifetime,
        renews: None,
        by_operator: true,
        client_secret: None,
    };
    let issued = own.order(server, realm, order).await.map_err(refused)?;
    Ok(whole(&issued))
}

/// Seconds of a lifetime that the realm's rules allow.
fn lifetime(own: &CertificateAuthority, days: u16) -> Result<u32, ControlError> {
    let longest = own.policy().lifetime / DAY;
    let days = u32::from(days);
    if (1..=longest).contains(&days) {
        return Ok(days * DAY);
    }
    Err(ControlError::Invalid(format!(
        "days: must be from 1 to {longest}, the realm's longest; lifetime_days of its certificate_authority sets it"
    )))
}

pub(super) async fn approve<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    serial: &str,
) -> Result<Value, ControlError> {
    let own = authority_of(realm)?;
    let record = own.approve(server, realm, parse(serial)?).await.map_err(refused)?;
    Ok(whole(&own.answer(record, None)))
}

pub(super) async fn refuse<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    serial: &str,
) -> Result<Value, ControlError> {
    let own = authority_of(realm)?;
    Ok(describe(&own.refuse(server, parse(serial)?).await.map_err(refused)?))
}

pub(super) async fn revoke<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    serial: &str,
    reason: RevocationReason,
) -> Result<Value, ControlError> {
    let own = authority_of(realm)?;
    Ok(describe(&own.revoke(server, parse(serial)?, reason).await.map_err(refused)?))
}

pub(super) fn authority(realm: &Realm) -> Result<Value, ControlError> {
    let own = authority_of(realm)?;
    let authorities = own.authorities();
    let shown = authorities.iter().map(|authority| {
        let kid = authority.key().kid();
        let locations = own.identity.locations(&kid);
        let chain: String = authority.chain().iter().map(|der| encode_pem("CERTIFICATE", der)).collect();
        let subject = authority.chain().first().and_then(|der| Certificate::parse_der(der));
        json!({
            "kid": kid,
            "subject_dn": subject.map(|own| own.subject.to_rfc4514()),
            "not_after": authority.validity().not_after,
            "crl": locations.crl,
            "crl_number": own.list(&kid).map(|list| list.number),
            "ocsp": locations.ocsp,
            "certificate_chain": chain,
        })
    });
    Ok(shown.collect())
}

pub(super) async fn authority_request<S: Store>(
    server: &Server<S>,
    realm: &Realm,
) -> Result<Value, ControlError> {
    let own = authority_of(realm)?;
    if !own.identity.external_root {
        return Err(ControlError::Invalid(
            "the realm's authority has a root of its own; set external_root = true in its configuration first".into(),
        ));
    }
    Ok(json!({ "csr": keys::request(&server.store, &server.kek, &own.identity).await? }))
}

pub(super) async fn authority_install<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    chain: &str,
) -> Result<Value, ControlError> {
    let own = authority_of(realm)?;
    let read = Certificate::parse_pem_chain(chain)
        .map_err(|error| ControlError::Invalid(format!("chain: {error}; give PEM, own certificate first")))?;
    let ders = read.iter().map(|certificate| certificate.der.to_vec()).collect();
    let now = server.clock.now();
    keys::install(&server.store, &server.kek, &own.identity, ders, now)
        .await
        .map_err(|error| ControlError::Invalid(error.to_string()))?;
    crate::certificate_authority::maintain(server, realm, now).await?;
    authority(realm)
}

fn authority_of(realm: &Realm) -> Result<&CertificateAuthority, ControlError> {
    realm.certificate_authority.as_ref().ok_or_else(|| {
        ControlError::Invalid(
            "the realm has no certificate authority; add a table [realm.<name>.certificate_authority]".into(),
        )
    })
}

fn parse(serial: &str) -> Result<CertificateSerial, ControlError> {
    let plain: String = serial.chars().filter(|c| !matches!(c, '-' | ':')).collect();
    from_hex::<16>(&plain).map(CertificateSerial).ok_or_else(|| {
        ControlError::Invalid(
            "serial: must be 32 hexadecimal digits, as `chancela certificate list` shows".into(),
        )
    })
}

fn unknown(serial: &str) -> ControlError {
    ControlError::NotFound(format!(
        "the realm has no certificate {serial:?}; `chancela certificate list` shows what it has"
    ))
}

fn refused(rejection: Rejection) -> ControlError {
    let text = rejection.fill(rejection.rule.text());
    if rejection.rule == chancela_core::rejection::Rule::UnknownCertificate {
        return ControlError::NotFound(format!("{text} `chancela certificate list` shows what there is."));
    }
    ControlError::Invalid(text)
}

fn describe(record: &ClientCertificate) -> Value {
    let issued = record.issued();
    let mut shown = json!({
        "serial_number": hex(&record.serial.0),
        "client_id": &*record.client_id,
        "status": status(&record.status),
        "subject_dn": issued.map(|own| &*own.subject),
        "not_before": issued.map(|own| own.not_before),
        "not_after": issued.map(|own| own.not_after),
        "sha256": issued.map(|own| hex(&own.sha256)),
    });
    if let CertificateStatus::Revoked { at, reason, .. } = &record.status {
        shown["revoked_at"] = (*at).into();
        shown["reason"] = json!(reason);
    }
    shown
}

fn whole(issued: &Issued) -> Value {
    let mut shown = describe(&issued.record);
    if issued.record.issued().is_some() {
        shown["certificate"] = issued.certificate_pem.as_str().into();
        shown["certificate_chain"] = issued.chain_pem.as_str().into();
    }
    shown
}

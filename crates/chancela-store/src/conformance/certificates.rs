//! Client certificates, revocation lists, and the certificates of an authority's keys.

use super::samples::{NOW, certificate, crl, issued, key, put_certificate};
use super::{Fixture, committed, conflict};
use crate::Store;
use chancela_core::effect::Effect;
use chancela_core::id::{CertificateSerial, ClientKey};
use chancela_core::record::{
    CertificateStatus, ClientCertificate, Crl, KeyPurpose, KeyRecord, RevocationReason,
};
use chancela_core::time::Timestamp;
use std::slice;

async fn listed(store: &impl Store) -> Vec<ClientCertificate> {
    store.certificates(Timestamp::from_seconds(NOW)).await.unwrap()
}

/// All lists, by name.
async fn crls(store: &impl Store) -> Vec<Crl> {
    let mut crls = store.crls().await.unwrap();
    crls.sort_by(|a, b| (&a.realm, &a.issuer).cmp(&(&b.realm, &b.issuer)));
    crls
}

fn delete_key(realm: &str, kid: &str) -> Effect {
    Effect::DeleteKey { realm: realm.into(), kid: kid.into() }
}

pub async fn a_certificate_of_every_status_reads_back<F: Fixture>(fixture: F) {
    let store = fixture.open();
    assert_eq!(listed(&store).await, []);
    let mut all = Vec::new();
    for status in [
        CertificateStatus::Requested { public_key: vec![0, 1, 254, 255], lifetime: u32::MAX },
        CertificateStatus::Requested { public_key: Vec::new(), lifetime: 0 },
        CertificateStatus::Refused,
        CertificateStatus::Issued(issued(1)),
    ] {
        all.push(ClientCertificate { status, warned_days: None, ..certificate(all.len() as u64) });
    }
    for reason in RevocationReason::ALL {
        let status = CertificateStatus::Revoked { certificate: issued(2), at: NOW, reason };
        all.push(ClientCertificate { status, ..certificate(all.len() as u64) });
    }
    for certificate in &all {
        committed(&store, vec![put_certificate(certificate, None)]).await;
    }
    assert_eq!(listed(&store).await, all);
}

pub async fn replacing_a_certificate_needs_the_expected_version<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let first = certificate(1);
    conflict(&store, vec![put_certificate(&first, Some(1))]).await;
    committed(&store, vec![put_certificate(&first, None)]).await;
    conflict(&store, vec![put_certificate(&first, None)]).await;
    let status =
        CertificateStatus::Revoked { certificate: issued(1), at: NOW, reason: RevocationReason::Superseded };
    let client = ClientKey(u64::MAX);
    let revoked = ClientCertificate { status, client, version: u64::MAX, ..first.clone() };
    conflict(&store, vec![put_certificate(&revoked, Some(0))]).await;
    conflict(&store, vec![put_certificate(&revoked, Some(u64::MAX))]).await;
    assert_eq!(listed(&store).await, [first]);
    committed(&store, vec![put_certificate(&revoked, Some(1))]).await;
    conflict(&store, vec![put_certificate(&revoked, Some(1))]).await;
    committed(&store, vec![put_certificate(&revoked, Some(u64::MAX))]).await;
    conflict(&store, vec![put_certificate(&certificate(2), None), put_certificate(&certificate(2), None)])
        .await;
    assert_eq!(listed(&store).await, [revoked]);
}

pub async fn certificates_are_told_apart_and_listed_by_realm_and_serial<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let mut all = Vec::new();
    for realm in ["bank", "", "ban", "banks", "ç"] {
        for n in [7, 0, u64::MAX, 255, 256] {
            let client_id = format!("{realm}-{n}").into();
            all.push(ClientCertificate { realm: realm.into(), client_id, ..certificate(n) });
        }
    }
    let serial = CertificateSerial([0xff; 16]);
    all.push(ClientCertificate { serial, ..certificate(0) });
    for certificate in &all {
        committed(&store, vec![put_certificate(certificate, None)]).await;
    }
    all.sort_by(|a, b| (&a.realm, a.serial).cmp(&(&b.realm, b.serial)));
    assert_eq!(listed(&store).await, all);
}

pub async fn certificates_are_listed_until_they_expire<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let ends = |n, expires_at| ClientCertificate { expires_at, ..certificate(n) };
    let (early, forever) = (ends(1, NOW + 10), ends(2, i64::MAX));
    committed(&store, vec![put_certificate(&early, None), put_certificate(&forever, None)]).await;
    let listed = async |seconds| store.certificates(Timestamp::from_seconds(seconds)).await.unwrap();
    assert_eq!(listed(NOW + 9).await, [early, forever.clone()]);
    assert_eq!(listed(NOW + 10).await, [forever]);
}

/// RFC 5280 §5.2.3: numbers only rise, with all 64 bits.
pub async fn a_crl_is_replaced_by_one_of_a_higher_number_alone<F: Fixture>(fixture: F) {
    let store = fixture.open();
    assert_eq!(crls(&store).await, []);
    let mut last: Option<Crl> = None;
    for number in [0, 1, 255, 256, 1_800_000_000_000, 1 << 63, (1 << 63) + 1, u64::MAX] {
        let shorter =
            Crl { der: Vec::new(), this_update: i64::MIN, next_update: i64::MAX, ..crl("k", number) };
        committed(&store, vec![Effect::PutCrl(shorter.clone())]).await;
        assert_eq!(crls(&store).await, slice::from_ref(&shorter), "{number}");
        conflict(&store, vec![Effect::PutCrl(crl("k", number))]).await;
        if let Some(last) = &last {
            conflict(&store, vec![Effect::PutCrl(last.clone())]).await;
        }
        assert_eq!(crls(&store).await, slice::from_ref(&shorter), "{number}");
        last = Some(shorter);
    }
    conflict(&store, vec![Effect::PutCrl(crl("l", 2)), Effect::PutCrl(crl("l", 1))]).await;
    assert_eq!(crls(&store).await.len(), 1);
}

pub async fn a_deleted_key_takes_its_crl_along<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let elsewhere = Crl { realm: "other".into(), ..crl("k", 3) };
    let kept = [crl("l", 2), elsewhere.clone()];
    let effects = vec![
        Effect::InsertKey(key("k")),
        Effect::PutCrl(crl("k", 9)),
        Effect::PutCrl(crl("l", 2)),
        Effect::PutCrl(elsewhere),
    ];
    committed(&store, effects).await;
    for _ in 0..2 {
        committed(&store, vec![delete_key("bank", "k")]).await;
        assert_eq!(crls(&store).await, kept);
    }
    committed(&store, vec![Effect::PutCrl(crl("k", 1))]).await; // nothing is left of the number 9
    conflict(&store, vec![delete_key("bank", "k"), Effect::UpdateKey(key("k"))]).await;
    assert_eq!(crls(&store).await, [crl("k", 1), kept[0].clone(), kept[1].clone()]);
}

pub async fn the_certificates_of_a_key_read_back_and_are_replaced<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let chains = [
        vec![],
        vec![vec![0x30, 0, 255]],
        vec![vec![1; 70_000], vec![], vec![0, 0, 0, 9]],
        vec![vec![], vec![]],
    ];
    for (chain, purpose) in chains.iter().zip([
        KeyPurpose::CertificateRoot,
        KeyPurpose::CertificateIssuing,
        KeyPurpose::Pepper,
        KeyPurpose::AccessTokenSigning,
    ]) {
        for other in &chains {
            let first = KeyRecord { purpose, chain: chain.clone(), ..key("k") };
            committed(&store, vec![Effect::InsertKey(first.clone())]).await;
            assert_eq!(store.keys().await.unwrap(), slice::from_ref(&first));
            let changed = KeyRecord { chain: other.clone(), ..first };
            committed(&store, vec![Effect::UpdateKey(changed.clone())]).await;
            assert_eq!(store.keys().await.unwrap(), [changed]);
            committed(&store, vec![delete_key("bank", "k")]).await;
        }
    }
}

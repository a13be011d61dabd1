//! Grants, and revocations of self-contained tokens.

use super::samples::{NOW, grant, grant_id, revoked, rotate};
use super::{Fixture, committed, conflict};
use crate::Store;
use chancela_core::effect::Effect;
use chancela_core::id::{ClientKey, GrantId, TokenId};
use chancela_core::record::{Grant, GrantDetails, Revocation, Revoked};
use chancela_core::time::Timestamp;

pub async fn a_grant_reads_back_in_every_field<F: Fixture>(fixture: F) {
    let store = fixture.open();
    assert_eq!(store.grant(grant_id(1)).await.unwrap(), None);
    let details = GrantDetails {
        claims: serde_json::from_str(r#"{"id_token":{"acr":{"essential":true,"values":["a\u0000b"]}}}"#)
            .unwrap(),
        resource: Some("https://api.example/ç".into()),
        ..grant(3).details
    };
    let without = Grant { details: GrantDetails::default(), generation: u32::MAX, revoked: true, ..grant(2) };
    for grant in [grant(1), without, Grant { details, ..grant(3) }] {
        committed(&store, vec![Effect::InsertGrant(grant.clone())]).await;
        assert_eq!(store.grant(grant.id).await.unwrap(), Some(grant));
    }
}

pub async fn a_second_grant_of_the_same_id_is_a_conflict<F: Fixture>(fixture: F) {
    let store = fixture.open();
    committed(&store, vec![Effect::InsertGrant(grant(1))]).await;
    conflict(&store, vec![Effect::InsertGrant(Grant { subject: "eve".into(), ..grant(1) })]).await;
    assert_eq!(store.grant(grant_id(1)).await.unwrap(), Some(grant(1)));
}

pub async fn rotation_moves_the_generation_and_the_times<F: Fixture>(fixture: F) {
    let store = fixture.open();
    committed(&store, vec![Effect::InsertGrant(grant(1)), Effect::InsertGrant(grant(2))]).await;
    committed(&store, vec![rotate(grant_id(1), 0)]).await;
    let rotated = Grant { generation: 1, rotated_at: NOW + 60, refresh_expires_at: NOW + 7200, ..grant(1) };
    assert_eq!(store.grant(grant_id(1)).await.unwrap(), Some(rotated));
    assert_eq!(store.grant(grant_id(2)).await.unwrap(), Some(grant(2)));
}

pub async fn rotation_from_another_generation_is_a_conflict<F: Fixture>(fixture: F) {
    let store = fixture.open();
    committed(&store, vec![Effect::InsertGrant(Grant { generation: 3, ..grant(1) })]).await;
    for generation in [0, 2, 4, u32::MAX] {
        conflict(&store, vec![rotate(grant_id(1), generation)]).await;
    }
    committed(&store, vec![rotate(grant_id(1), 3)]).await;
    conflict(&store, vec![rotate(grant_id(1), 3)]).await;
    assert_eq!(store.grant(grant_id(1)).await.unwrap().unwrap().generation, 4);
}

pub async fn rotation_of_a_revoked_or_missing_grant_is_a_conflict<F: Fixture>(fixture: F) {
    let store = fixture.open();
    conflict(&store, vec![rotate(grant_id(1), 0)]).await;
    committed(&store, vec![Effect::InsertGrant(grant(1)), Effect::RevokeGrant(grant_id(1))]).await;
    conflict(&store, vec![rotate(grant_id(1), 0)]).await;
    assert_eq!(store.grant(grant_id(1)).await.unwrap(), Some(Grant { revoked: true, ..grant(1) }));
}

pub async fn revoking_is_idempotent_and_a_missing_grant_is_no_conflict<F: Fixture>(fixture: F) {
    let store = fixture.open();
    committed(&store, vec![Effect::RevokeGrant(grant_id(1))]).await;
    assert_eq!(store.grant(grant_id(1)).await.unwrap(), None);
    committed(&store, vec![Effect::InsertGrant(grant(1))]).await;
    for _ in 0..2 {
        committed(&store, vec![Effect::RevokeGrant(grant_id(1))]).await;
        assert_eq!(store.grant(grant_id(1)).await.unwrap(), Some(Grant { revoked: true, ..grant(1) }));
    }
}

pub async fn revocations_are_listed_until_they_expire<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let (early, late) = (revoked(1, NOW + 10), revoked(2, NOW + 20));
    for revocation in [&late, &early, &late] {
        committed(&store, vec![Effect::Revoke(revocation.clone())]).await;
    }
    let listed = async |seconds| {
        let mut tokens = store.revocations(Timestamp::from_seconds(seconds)).await.unwrap();
        tokens.sort_by_key(|revocation| revocation.expires_at);
        tokens
    };
    assert_eq!(listed(NOW).await, [early.clone(), late.clone()]);
    assert_eq!(listed(NOW + 9).await, [early, late.clone()]);
    assert_eq!(listed(NOW + 10).await, [late]);
    assert_eq!(listed(NOW + 20).await, []);
}

pub async fn revocations_of_every_kind_are_told_apart<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let subject = |subject: &str, client, issued_before| Revoked::Subject {
        subject: subject.into(),
        client,
        issued_before,
    };
    let mut all: Vec<Revocation> = [
        Revoked::Token(TokenId([7; 16])),
        Revoked::Grant(GrantId([7; 16])),
        Revoked::Certificate([7; 32]),
        Revoked::Certificate([0; 32]),
        subject("", None, 0),
        subject("maria", None, NOW),
        subject("maria", None, NOW + 1),
        subject("maria", Some(ClientKey(0)), NOW),
        subject("maria", Some(ClientKey(u64::MAX)), NOW),
        subject("joão\0", Some(ClientKey(5)), i64::MIN),
    ]
    .into_iter()
    .map(|what| Revocation { what, expires_at: NOW + 60 })
    .collect();
    all.push(Revocation { expires_at: NOW + 90, ..all[0].clone() });
    for _ in 0..2 {
        committed(&store, all.iter().cloned().map(Effect::Revoke).collect()).await;
        let mut found = store.revocations(Timestamp::from_seconds(NOW)).await.unwrap();
        found.sort_by(|a, b| (&a.what, a.expires_at).cmp(&(&b.what, b.expires_at)));
        let mut expected = all.clone();
        expected.sort_by(|a, b| (&a.what, a.expires_at).cmp(&(&b.what, b.expires_at)));
        assert_eq!(found, expected);
    }
}

pub async fn grants_of_a_user_are_those_that_are_not_revoked<F: Fixture>(fixture: F) {
    let store = fixture.open();
    assert_eq!(store.grants_of("maria").await.unwrap(), []);
    let other = Grant { subject: "maria2".into(), ..grant(9) };
    let (own, dead) = ([grant(1), grant(2), grant(3)], Grant { revoked: true, ..grant(4) });
    let all = own.iter().chain([&other, &dead]).cloned();
    committed(&store, all.map(Effect::InsertGrant).collect()).await;
    committed(&store, vec![Effect::RevokeGrant(grant_id(2)), rotate(grant_id(3), 0)]).await;
    let mut found = store.grants_of("maria").await.unwrap();
    found.sort_by_key(|grant| grant.id);
    let rotated = store.grant(grant_id(3)).await.unwrap().unwrap();
    assert_eq!(found, [grant(1), rotated]);
    assert_eq!(store.grants_of("maria2").await.unwrap(), [other]);
    assert_eq!(store.grants_of("Maria").await.unwrap(), []);
}

//! Sessions and consents.

use super::samples::{NOW, consent, put_consent, put_session, session, session_id};
use super::{Fixture, committed, conflict};
use crate::Store;
use chancela_core::effect::Effect;
use chancela_core::id::ClientKey;
use chancela_core::record::{Authentication, Consent, Session};

/// In the suite's realm.
fn delete_session(n: u64) -> Effect {
    Effect::DeleteSession { realm: "bank".into(), id: session_id(n) }
}

fn delete_consent(subject: &str, client: u64) -> Effect {
    Effect::DeleteConsent { realm: "bank".into(), subject: subject.into(), client: ClientKey(client) }
}

pub async fn a_session_reads_back_and_is_replaced_by_version<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let first = session(1, "maria");
    assert_eq!(store.session("bank", first.id).await.unwrap(), None);
    conflict(&store, vec![put_session(&first, Some(1))]).await;
    committed(&store, vec![put_session(&first, None)]).await;
    conflict(&store, vec![put_session(&first, None)]).await;
    let authentication = Authentication { sid: None, amr: Vec::new(), ..first.authentication.clone() };
    let seen =
        Session { version: 2, last_seen_at: NOW + 99, clients: Vec::new(), authentication, ..first.clone() };
    conflict(&store, vec![put_session(&seen, Some(2))]).await;
    assert_eq!(store.session("bank", first.id).await.unwrap(), Some(first.clone()));
    committed(&store, vec![put_session(&seen, Some(1))]).await;
    conflict(&store, vec![put_session(&first, Some(1))]).await;
    assert_eq!(store.session("bank", first.id).await.unwrap(), Some(seen));
}

/// Whoever knows one realm's session has none in another.
pub async fn a_session_is_known_in_its_realm_alone<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let (own, other) = (session(1, "maria"), Session { realm: "other".into(), ..session(1, "joao") });
    committed(&store, vec![put_session(&own, None)]).await;
    assert_eq!(store.session("other", own.id).await.unwrap(), None);
    committed(&store, vec![put_session(&other, None)]).await;
    committed(&store, vec![Effect::DeleteSession { realm: "other".into(), id: own.id }]).await;
    assert_eq!(store.session("bank", own.id).await.unwrap(), Some(own));
    assert_eq!(store.sessions_of("other", "joao").await.unwrap(), []);
    assert_eq!(store.sessions_of("other", "maria").await.unwrap(), []);
}

pub async fn ending_a_session_is_idempotent<F: Fixture>(fixture: F) {
    let store = fixture.open();
    committed(&store, vec![put_session(&session(1, "maria"), None), put_session(&session(2, "maria"), None)])
        .await;
    for _ in 0..2 {
        committed(&store, vec![delete_session(1)]).await;
        assert_eq!(store.session("bank", session_id(1)).await.unwrap(), None);
        assert_eq!(store.sessions_of("bank", "maria").await.unwrap(), [session(2, "maria")]);
    }
    conflict(&store, vec![put_session(&session(1, "maria"), Some(1))]).await; // an ended one is not revived
}

pub async fn sessions_of_a_user_come_newest_first_and_at_most_256<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let order: Vec<u64> = (0..300).map(|n| n * 7919 % 300).collect();
    for n in &order {
        committed(&store, vec![put_session(&session(*n, "maria"), None)]).await;
        committed(&store, vec![put_session(&session(1000 + n, "mari"), None)]).await;
    }
    let expected: Vec<Session> = (44..300).rev().map(|n| session(n, "maria")).collect();
    assert_eq!(store.sessions_of("bank", "maria").await.unwrap(), expected);
    assert_eq!(store.sessions_of("bank", "MARIA").await.unwrap(), []);
}

pub async fn a_consent_is_put_replaced_and_deleted<F: Fixture>(fixture: F) {
    let store = fixture.open();
    assert_eq!(store.consent("bank", "maria", ClientKey(5)).await.unwrap(), None);
    committed(&store, vec![put_consent("maria", 5, "openid")]).await;
    committed(&store, vec![put_consent("maria", 6, "")]).await;
    let widened = Consent { granted_at: NOW + 1, ..consent("maria", 5, "openid profile") };
    committed(&store, vec![Effect::PutConsent(widened.clone())]).await;
    assert_eq!(store.consent("bank", "maria", ClientKey(5)).await.unwrap(), Some(widened));
    for _ in 0..2 {
        committed(&store, vec![delete_consent("maria", 5)]).await;
        assert_eq!(store.consent("bank", "maria", ClientKey(5)).await.unwrap(), None);
        assert_eq!(store.consents_of("bank", "maria").await.unwrap(), [consent("maria", 6, "")]);
    }
}

pub async fn consents_are_told_apart_by_realm_user_and_client<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let elsewhere = Consent { realm: "other".into(), ..consent("maria", 5, "z") };
    let mut own: Vec<Consent> = (0..40).map(|n| consent("maria", n * 7 % 40, &n.to_string())).collect();
    let unlike = [consent("mari", 5, "x"), consent("maria2", 5, "y"), consent("", u64::MAX, "w"), elsewhere];
    for consent in own.iter().chain(&unlike) {
        committed(&store, vec![Effect::PutConsent(consent.clone())]).await;
    }
    own.sort_by_key(|consent| consent.client);
    let mut found = store.consents_of("bank", "maria").await.unwrap();
    found.sort_by_key(|consent| consent.client);
    assert_eq!(found, own);
    for consent in unlike {
        let found = store.consent(&consent.realm, &consent.subject, consent.client).await.unwrap();
        assert_eq!(found, Some(consent));
    }
    assert_eq!(store.consents_of("bank", "").await.unwrap().len(), 1);
    assert_eq!(store.consents_of("other", "mari").await.unwrap(), []);
}

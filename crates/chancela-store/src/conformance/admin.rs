//! Users, scopes, keys, odd values and the probe.

use super::samples::{
    NOW, certificate, client, code, consent, crl, full_token, insert, key, put, put_certificate, put_session,
    put_user, revoked, scope, session, user,
};
use super::{Fixture, committed, conflict};
use crate::Store;
use chancela_core::effect::Effect;
use chancela_core::id::ClientKey;
use chancela_core::record::{
    AccessToken, AuthorizationCode, Client, ClientCertificate, Consent, Crl, KeyPurpose, KeyRecord,
    Revocation, Revoked, Session, User,
};
use chancela_core::time::Timestamp;

pub async fn a_user_reads_back_and_is_replaced_by_version<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let first = user("acme", "maria");
    conflict(&store, vec![put_user(&first, Some(1))]).await;
    committed(&store, vec![put_user(&first, None)]).await;
    conflict(&store, vec![put_user(&first, None)]).await;
    let changed = User { version: 2, enabled: false, subject: "s".into(), ..first.clone() };
    conflict(&store, vec![put_user(&changed, Some(2))]).await;
    assert_eq!(store.user("bank", "acme", "maria").await.unwrap(), Some(first));
    committed(&store, vec![put_user(&changed, Some(1))]).await;
    assert_eq!(store.user("bank", "acme", "maria").await.unwrap(), Some(changed));
}

pub async fn users_named_answers_none_one_or_two<F: Fixture>(fixture: F) {
    let store = fixture.open();
    for (tenant, count) in [("", 1), ("acme", 2), ("other", 2)] {
        committed(&store, vec![put_user(&user(tenant, "maria"), None)]).await;
        let found = store.users_named("bank", "maria").await.unwrap();
        assert_eq!(found.len(), count);
        assert!(found.iter().all(|user| *user.username == *"maria"));
    }
    assert_eq!(store.users_named("bank", "joao").await.unwrap(), []);
}

pub async fn users_of_other_realms_and_names_are_not_answered<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let elsewhere = User { realm: "other".into(), ..user("acme", "maria") };
    committed(&store, vec![put_user(&elsewhere, None)]).await;
    assert_eq!(store.users_named("bank", "maria").await.unwrap(), []);
    committed(&store, vec![put_user(&user("acme", "mariana"), None)]).await;
    assert_eq!(store.users_named("bank", "maria").await.unwrap(), []);
    assert_eq!(store.users_named("bank", "Mariana").await.unwrap(), []);
    assert_eq!(store.user("bank", "acme", "maria").await.unwrap(), None);
    assert_eq!(store.user("bank", "", "mariana").await.unwrap(), None);
    assert_eq!(store.users_named("other", "maria").await.unwrap(), [elsewhere]);
}

pub async fn scopes_are_put_replaced_and_deleted<F: Fixture>(fixture: F) {
    let store = fixture.open();
    committed(&store, vec![Effect::PutScope(scope("a", "one")), Effect::PutScope(scope("b", "two"))]).await;
    committed(&store, vec![Effect::PutScope(scope("a", "três"))]).await;
    for _ in 0..2 {
        committed(&store, vec![Effect::DeleteScope { realm: "bank".into(), name: "b".into() }]).await;
        committed(&store, vec![Effect::DeleteScope { realm: "other".into(), name: "a".into() }]).await;
    }
    assert_eq!(store.scopes().await.unwrap(), [scope("a", "três")]);
}

pub async fn keys_are_inserted_once<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let pepper = KeyRecord { purpose: KeyPurpose::Pepper, realm: "other".into(), ..key("k") };
    committed(&store, vec![Effect::InsertKey(key("k")), Effect::InsertKey(pepper.clone())]).await;
    conflict(&store, vec![Effect::InsertKey(KeyRecord { sealed: vec![], ..key("k") })]).await;
    let mut keys = store.keys().await.unwrap();
    keys.sort_by(|a, b| a.realm.cmp(&b.realm));
    assert_eq!(keys, [key("k"), pepper]);
}

pub async fn updating_a_key_changes_its_schedule_and_not_its_material<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let schedule = KeyRecord { not_before: 5, not_after: 6, expires_at: 7, ..key("k") };
    conflict(&store, vec![Effect::UpdateKey(schedule.clone())]).await;
    committed(&store, vec![Effect::InsertKey(key("k"))]).await;
    let forged = KeyRecord { sealed: vec![6], algorithm: "none".into(), ..schedule.clone() };
    committed(&store, vec![Effect::UpdateKey(KeyRecord { purpose: KeyPurpose::Pepper, ..forged })]).await;
    assert_eq!(store.keys().await.unwrap(), [schedule]);
}

pub async fn deleting_a_key_is_idempotent<F: Fixture>(fixture: F) {
    let store = fixture.open();
    committed(&store, vec![Effect::InsertKey(key("k"))]).await;
    for _ in 0..2 {
        committed(&store, vec![Effect::DeleteKey { realm: "bank".into(), kid: "k".into() }]).await;
        assert_eq!(store.keys().await.unwrap(), []);
    }
}

pub async fn odd_strings_come_back_as_they_were<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let long = "x".repeat(70_000);
    let odd = [
        "",
        " ",
        "a\0b",
        "'; DROP TABLE client; --",
        "\"",
        "%_",
        "İ",
        "e\u{301}",
        "é",
        "😀",
        "\u{202e}",
        &long,
    ];
    for (n, text) in (1..).zip(odd) {
        let named = User { tenant: text.into(), password_hash: Some(text.into()), ..user("", text) };
        let mut client = Client { client_name: Some(text.into()), ..client(n, text) };
        client.jwks = Some(serde_json::Value::String(text.to_owned()));
        let token = AccessToken { scope: text.into(), subject: Some(text.into()), ..full_token(n, NOW, 60) };
        let code = AuthorizationCode { nonce: Some(text.into()), redirect_uri: text.into(), ..code(n) };
        let session = Session { device: text.into(), ..session(n, text) };
        let consent = consent(text, n, text);
        let revoked = Revoked::Subject { subject: text.into(), client: None, issued_before: NOW };
        let certificate = ClientCertificate { realm: text.into(), client_id: text.into(), ..certificate(n) };
        let crl = Crl { realm: text.into(), ..crl(text, n) };
        let effects = vec![
            put_user(&named, None),
            put(&client, None),
            insert(&token),
            Effect::PutScope(scope(text, text)),
            Effect::InsertKey(KeyRecord { algorithm: text.into(), ..key(text) }),
            Effect::InsertAuthorizationCode(code.clone()),
            put_session(&session, None),
            Effect::PutConsent(consent.clone()),
            Effect::Revoke(Revocation { what: revoked, expires_at: NOW + 9 }),
            put_certificate(&certificate, None),
            Effect::PutCrl(crl.clone()),
        ];
        committed(&store, effects).await;
        assert_eq!(store.user("bank", text, text).await.unwrap(), Some(named), "{text:?}");
        assert_eq!(store.users_named("bank", text).await.unwrap().len(), 1, "{text:?}");
        assert_eq!(store.authorization_code(code.id).await.unwrap(), Some(code), "{text:?}");
        assert_eq!(store.sessions_of("bank", text).await.unwrap(), [session], "{text:?}");
        assert_eq!(store.consents_of("bank", text).await.unwrap(), [consent], "{text:?}");
        assert_eq!(store.access_token(token.key).await.unwrap(), Some(token), "{text:?}");
        assert!(store.clients().await.unwrap().contains(&client), "{text:?}");
        assert!(store.scopes().await.unwrap().contains(&scope(text, text)), "{text:?}");
        assert!(store.keys().await.unwrap().iter().any(|key| *key.kid == *text), "{text:?}");
        let now = Timestamp::from_seconds(NOW);
        assert!(store.certificates(now).await.unwrap().contains(&certificate), "{text:?}");
        assert!(store.crls().await.unwrap().contains(&crl), "{text:?}");
    }
    assert_eq!(store.clients().await.unwrap().len(), odd.len());
    assert_eq!(store.revocations(Timestamp::from_seconds(NOW)).await.unwrap().len(), odd.len());
    let mut sorted = odd;
    sorted.sort_unstable();
    let listed = store.users("bank", None, 100).await.unwrap();
    assert!(listed.iter().map(|user| &*user.username).eq(sorted), "by code points, as everywhere");
}

pub async fn numbers_at_their_limits_come_back_as_they_were<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let huge = Client { version: u64::MAX, ..client(u64::MAX, "a") };
    committed(&store, vec![put(&huge, None)]).await;
    committed(&store, vec![put(&huge, Some(u64::MAX))]).await;
    assert_eq!(store.clients().await.unwrap(), [huge]);
    let user = User { version: u64::MAX, ..user("", "a") };
    committed(&store, vec![put_user(&user, None)]).await;
    assert_eq!(store.user("bank", "", "a").await.unwrap().as_ref(), Some(&user));
    committed(&store, vec![Effect::DeleteUser { user: user.clone() }]).await;
    let session = Session { version: u64::MAX, expires_at: i64::MAX, ..session(1, "a") };
    committed(&store, vec![put_session(&session, None)]).await;
    committed(&store, vec![put_session(&session, Some(u64::MAX))]).await;
    assert_eq!(store.sessions_of("bank", "a").await.unwrap(), [session]);
    let consent = Consent { granted_at: i64::MIN, ..consent("a", u64::MAX, "x") };
    committed(&store, vec![Effect::PutConsent(consent.clone())]).await;
    assert_eq!(store.consent("bank", "a", ClientKey(u64::MAX)).await.unwrap(), Some(consent));
    let token = AccessToken { client: ClientKey(u64::MAX), ..full_token(1, 0, 0) };
    committed(&store, vec![insert(&token)]).await;
    assert_eq!(store.access_token(token.key).await.unwrap(), Some(token));
    let forever = revoked(1, i64::MAX);
    committed(&store, vec![Effect::Revoke(forever.clone())]).await;
    assert_eq!(store.revocations(Timestamp::from_seconds(NOW)).await.unwrap(), [forever]);
}

pub async fn a_probe_succeeds<F: Fixture>(fixture: F) {
    let store = fixture.open();
    store.probe().await.unwrap();
    store.probe().await.unwrap();
}

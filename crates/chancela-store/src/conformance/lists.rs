//! Lists of effects: all or nothing.

use super::samples::{
    NOW, certificate, client, code, code_id, consent, crl, full_token, grant, grant_id, insert, key, put,
    put_certificate, put_consent, put_session, put_user, revoke, rotate, scope, session, session_id, spend,
    token, user,
};
use super::{Fixture, committed, conflict};
use crate::{CommitOutcome, Store};
use chancela_core::effect::Effect;
use chancela_core::id::ClientKey;
use chancela_core::record::{
    Client, ClientCertificate, Grant, KeyRecord, Revocation, Revoked, Session, Spent, User,
};
use chancela_core::time::Timestamp;
use std::sync::Arc;

pub async fn an_empty_list_commits<F: Fixture>(fixture: F) {
    committed(&fixture.open(), Vec::new()).await;
}

pub async fn a_list_whose_last_guard_fails_applies_nothing<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let token = token(1, NOW, 300);
    let effects = vec![insert(&token), Effect::InsertGrant(grant(1)), rotate(grant_id(2), 0)];
    conflict(&store, effects).await;
    assert_eq!(store.access_token(token.key).await.unwrap(), None);
    assert_eq!(store.grant(grant_id(1)).await.unwrap(), None);
}

pub async fn a_list_whose_first_guard_fails_applies_nothing<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let token = token(1, NOW, 300);
    let effects = vec![rotate(grant_id(2), 0), Effect::InsertGrant(grant(1)), insert(&token)];
    conflict(&store, effects).await;
    assert_eq!(store.access_token(token.key).await.unwrap(), None);
    assert_eq!(store.grant(grant_id(1)).await.unwrap(), None);
}

/// As in a database's transaction: effects happen in order.
pub async fn a_guard_sees_the_effects_before_it<F: Fixture>(fixture: F) {
    let store = fixture.open();
    conflict(&store, vec![put(&client(1, "a"), None), put(&client(2, "a"), None)]).await;
    assert_eq!(store.clients().await.unwrap(), []);
    committed(&store, vec![Effect::InsertGrant(grant(1)), rotate(grant_id(1), 0), rotate(grant_id(1), 1)])
        .await;
    let moved = User { subject: "sub--u".into(), ..user("", "v") };
    committed(&store, vec![put_user(&user("", "u"), None)]).await;
    conflict(&store, vec![put_user(&moved, None), Effect::DeleteUser { user: user("", "u") }]).await;
    committed(&store, vec![Effect::DeleteUser { user: user("", "u") }, put_user(&moved, None)]).await;
    assert_eq!(store.user_of("bank", "sub--u").await.unwrap(), Some(moved));
    conflict(&store, vec![Effect::RevokeGrant(grant_id(1)), rotate(grant_id(1), 2)]).await;
    let kept = store.grant(grant_id(1)).await.unwrap().unwrap();
    assert_eq!((kept.generation, kept.revoked), (2, false));
}

pub async fn a_conflict_undoes_every_kind_of_effect<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let kept = full_token(1, NOW, 300);
    let before = vec![
        insert(&kept),
        Effect::InsertGrant(grant(1)),
        put(&client(1, "a"), None),
        put(&client(2, "b"), None),
        put_user(&user("", "u"), None),
        put_user(&user("", "v"), None),
        Effect::InsertAuthorizationCode(code(1)),
        put_session(&session(1, "u"), None),
        put_session(&session(2, "u"), None),
        put_session(&session(3, "sub--v"), None),
        put_consent("u", 1, "one"),
        put_consent("u", 2, "one"),
        put_consent("sub--v", 1, "one"),
        Effect::PutScope(scope("s", "one")),
        Effect::InsertKey(key("k")),
        Effect::InsertKey(KeyRecord { chain: vec![vec![1]], ..key("l") }),
        put_certificate(&certificate(1), None),
        Effect::PutCrl(crl("k", 1)),
        Effect::PutCrl(crl("l", 1)),
    ];
    committed(&store, before).await;
    let new = token(2, NOW, 300);
    let undone = vec![
        insert(&new),
        Effect::DeleteAccessToken(kept.key),
        revoke(1, NOW + 9),
        Effect::InsertAuthorizationCode(code(2)),
        spend(1, Spent::Burnt),
        put_session(&Session { version: 2, expires_at: 0, ..session(1, "other") }, Some(1)),
        Effect::DeleteSession { realm: "bank".into(), id: session_id(2) },
        put_session(&session(4, "u"), None),
        put_consent("u", 1, "two"),
        Effect::DeleteConsent { realm: "bank".into(), subject: "u".into(), client: ClientKey(2) },
        put_consent("u", 3, "one"),
        Effect::DeleteUser { user: user("", "v") },
        put_user(&User { subject: "sub--v".into(), ..user("", "w") }, None),
        rotate(grant_id(1), 0),
        Effect::RevokeGrant(grant_id(1)),
        put(&Client { version: 2, ..client(1, "a") }, Some(1)),
        Effect::DeleteClient { client: client(2, "b") },
        put(&client(2, "c"), None),
        put_user(&User { version: 2, ..user("", "u") }, Some(1)),
        Effect::PutScope(scope("s", "two")),
        Effect::DeleteScope { realm: "bank".into(), name: "s".into() },
        put_certificate(&ClientCertificate { version: 2, expires_at: 0, ..certificate(1) }, Some(1)),
        put_certificate(&certificate(2), None),
        Effect::Revoke(Revocation { what: Revoked::Certificate([7; 32]), expires_at: NOW + 9 }),
        Effect::PutCrl(crl("k", 2)),
        Effect::PutCrl(crl("m", 1)),
        Effect::UpdateKey(KeyRecord { chain: vec![vec![2]], ..key("l") }),
        Effect::UpdateKey(KeyRecord { chain: vec![vec![2]], ..key("k") }),
        Effect::DeleteKey { realm: "bank".into(), kid: "l".into() },
        Effect::InsertKey(key("k")), // the one whose guard fails
    ];
    conflict(&store, undone).await;
    assert_eq!(store.access_token(new.key).await.unwrap(), None);
    assert_eq!(store.access_token(kept.key).await.unwrap(), Some(kept));
    assert_eq!(store.revocations(Timestamp::from_seconds(NOW)).await.unwrap(), []);
    people_are_as_before(&store).await;
    assert_eq!(store.grant(grant_id(1)).await.unwrap(), Some(grant(1)));
    let mut clients = store.clients().await.unwrap();
    clients.sort_by_key(|client| client.key);
    assert_eq!(clients, [client(1, "a"), client(2, "b")]);
    assert_eq!(store.user("bank", "", "u").await.unwrap(), Some(user("", "u")));
    assert_eq!(store.scopes().await.unwrap(), [scope("s", "one")]);
    let mut keys = store.keys().await.unwrap();
    keys.sort_by(|a, b| a.kid.cmp(&b.kid));
    assert_eq!(keys, [key("k"), KeyRecord { chain: vec![vec![1]], ..key("l") }]);
    assert_eq!(store.certificates(Timestamp::from_seconds(NOW)).await.unwrap(), [certificate(1)]);
    let mut crls = store.crls().await.unwrap();
    crls.sort_by(|a, b| a.issuer.cmp(&b.issuer));
    assert_eq!(crls, [crl("k", 1), crl("l", 1)]);
}

/// The part of the above that belongs to users.
async fn people_are_as_before(store: &impl Store) {
    assert_eq!(store.authorization_code(code_id(1)).await.unwrap(), Some(code(1)));
    assert_eq!(store.authorization_code(code_id(2)).await.unwrap(), None);
    assert_eq!(store.sessions_of("bank", "u").await.unwrap(), [session(2, "u"), session(1, "u")]);
    assert_eq!(store.sessions_of("bank", "other").await.unwrap(), []);
    assert_eq!(store.session("bank", session_id(4)).await.unwrap(), None);
    let mut consents = store.consents_of("bank", "u").await.unwrap();
    consents.sort_by_key(|consent| consent.client);
    assert_eq!(consents, [consent("u", 1, "one"), consent("u", 2, "one")]);
    assert_eq!(store.users("bank", None, 9).await.unwrap(), [user("", "u"), user("", "v")]);
    assert_eq!(store.user_of("bank", "sub--v").await.unwrap(), Some(user("", "v")));
    assert_eq!(store.sessions_of("bank", "sub--v").await.unwrap(), [session(3, "sub--v")]);
    assert_eq!(store.consents_of("bank", "sub--v").await.unwrap(), [consent("sub--v", 1, "one")]);
    // An expiry run goes by the ends that are committed.
    assert_eq!(store.expire(Timestamp::from_seconds(NOW)).await.unwrap().rows, 0);
}

/// Lists that are committed at the same time may share a transaction underneath; that must not show.
pub async fn a_conflict_spares_the_lists_committed_beside_it<F: Fixture>(fixture: F) {
    let store = Arc::new(fixture.open());
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..200 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let lost = vec![Effect::InsertGrant(grant(n)), rotate(grant_id(9999), 0)];
            let kept =
                vec![Effect::InsertGrant(Grant { generation: 7, ..grant(n) }), insert(&token(n, NOW, 60))];
            let (lost, kept) = tokio::join!(store.commit(lost), store.commit(kept));
            assert_eq!((lost.unwrap(), kept.unwrap()), (CommitOutcome::Conflict, CommitOutcome::Committed));
            assert_eq!(store.grant(grant_id(n)).await.unwrap().unwrap().generation, 7);
            assert!(store.access_token(token(n, NOW, 60).key).await.unwrap().is_some());
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
}

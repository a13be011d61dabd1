//! What a durable store still knows after it was closed and opened again. A crash is each backend's own test.

use super::samples::{
    NOW, certificate, client, code, code_id, consent, crl, full_token, grant, grant_id, insert, key, put,
    put_certificate, put_consent, put_session, put_user, revoke, revoked, rotate, scope, session, spend,
    token, user,
};
use super::{Fixture, committed, conflict};
use crate::Store;
use chancela_core::effect::Effect;
use chancela_core::record::{AuthorizationCode, KeyRecord, Revocation, Revoked, Spent};
use chancela_core::time::Timestamp;

pub async fn everything_survives_reopening<F: Fixture>(fixture: F) {
    if !F::DURABLE {
        return;
    }
    let store = fixture.open();
    let issued = full_token(1, NOW, 300);
    let certified = KeyRecord { chain: vec![vec![1, 2], vec![3]], ..key("k") };
    let of_certificate = Revocation { what: Revoked::Certificate([7; 32]), expires_at: NOW + 400 };
    let effects = vec![
        insert(&issued),
        Effect::InsertGrant(grant(1)),
        revoke(1, NOW + 300),
        Effect::InsertAuthorizationCode(code(1)),
        put_session(&session(1, "maria"), None),
        put_consent("maria", 5, "openid"),
        put(&client(1, "a"), None),
        put_user(&user("acme", "maria"), None),
        Effect::PutScope(scope("s", "one")),
        Effect::InsertKey(certified.clone()),
        put_certificate(&certificate(1), None),
        put_certificate(&certificate(2), None),
        Effect::PutCrl(crl("k", u64::MAX)),
        Effect::Revoke(of_certificate.clone()),
    ];
    committed(&store, effects).await;
    drop(store);
    let store = fixture.open();
    assert_eq!(store.access_token(issued.key).await.unwrap(), Some(issued));
    assert_eq!(store.grant(grant_id(1)).await.unwrap(), Some(grant(1)));
    let now = Timestamp::from_seconds(NOW);
    assert_eq!(store.revocations(now).await.unwrap(), [revoked(1, NOW + 300), of_certificate]);
    assert_eq!(store.clients().await.unwrap(), [client(1, "a")]);
    assert_eq!(store.user("bank", "acme", "maria").await.unwrap(), Some(user("acme", "maria")));
    assert_eq!(store.users("bank", None, 9).await.unwrap(), [user("acme", "maria")]);
    assert_eq!(store.authorization_code(code_id(1)).await.unwrap(), Some(code(1)));
    assert_eq!(store.sessions_of("bank", "maria").await.unwrap(), [session(1, "maria")]);
    assert_eq!(store.consents_of("bank", "maria").await.unwrap(), [consent("maria", 5, "openid")]);
    assert_eq!(store.grants_of("maria").await.unwrap(), [grant(1)]);
    assert_eq!(store.scopes().await.unwrap(), [scope("s", "one")]);
    assert_eq!(store.keys().await.unwrap(), [certified]);
    assert_eq!(store.certificates(now).await.unwrap(), [certificate(1), certificate(2)]);
    assert_eq!(store.crls().await.unwrap(), [crl("k", u64::MAX)]);
    conflict(&store, vec![Effect::PutCrl(crl("k", 1))]).await;
    conflict(&store, vec![put_certificate(&certificate(1), None)]).await;
}

pub async fn single_use_survives_reopening<F: Fixture>(fixture: F) {
    if !F::DURABLE {
        return;
    }
    let store = fixture.open();
    committed(&store, vec![Effect::InsertGrant(grant(1)), rotate(grant_id(1), 0)]).await;
    drop(store);
    let store = fixture.open();
    conflict(&store, vec![rotate(grant_id(1), 0)]).await;
    let codes = [code(1), code(2)].map(Effect::InsertAuthorizationCode);
    committed(&store, vec![Effect::RevokeGrant(grant_id(1))]).await;
    committed(&store, codes.to_vec()).await;
    committed(&store, vec![spend(1, Spent::Redeemed(grant_id(1)))]).await;
    drop(store);
    let store = fixture.open();
    conflict(&store, vec![rotate(grant_id(1), 1)]).await;
    conflict(&store, vec![spend(1, Spent::Burnt)]).await;
    let spent = AuthorizationCode { spent: Some(Spent::Redeemed(grant_id(1))), ..code(1) };
    assert_eq!(store.authorization_code(code_id(1)).await.unwrap(), Some(spent));
    committed(&store, vec![spend(2, Spent::Burnt)]).await;
}

/// Also where clocks went back and forth in between.
pub async fn tokens_of_every_lifetime_survive_reopening<F: Fixture>(fixture: F) {
    if !F::DURABLE {
        return;
    }
    let mut tokens = Vec::new();
    for (n, step) in (0..).zip([0, 4096, -4096, -86_400 * 32]) {
        let store = fixture.open();
        for (m, lifetime) in (0..).zip([60, 3600, 86_400, 86_400 * 30]) {
            let token = token(n * 10 + m, NOW + step, lifetime);
            committed(&store, vec![insert(&token)]).await;
            tokens.push(token);
        }
    }
    let store = fixture.open();
    for token in tokens.into_iter().filter(|token| token.expires_at > NOW + 4096) {
        committed(&store, vec![insert(&token)]).await;
        assert_eq!(store.access_token(token.key).await.unwrap(), Some(token));
    }
}

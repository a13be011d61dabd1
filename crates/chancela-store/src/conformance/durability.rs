//! What a durable store still knows after it was closed and opened again. A crash is each backend's own test.

use super::samples::{
    NOW, client, full_token, grant, grant_id, insert, key, put, put_user, revoked, rotate, scope, token, user,
};
use super::{Fixture, committed, conflict};
use crate::Store;
use chancela_core::effect::Effect;
use chancela_core::time::Timestamp;

pub async fn everything_survives_reopening<F: Fixture>(fixture: F) {
    if !F::DURABLE {
        return;
    }
    let store = fixture.open();
    let issued = full_token(1, NOW, 300);
    let effects = vec![
        insert(&issued),
        Effect::InsertGrant(grant(1)),
        Effect::Revoke(revoked(1, NOW + 300)),
        put(&client(1, "a"), None),
        put_user(&user("acme", "maria"), None),
        Effect::PutScope(scope("s", "one")),
        Effect::InsertKey(key("k")),
    ];
    committed(&store, effects).await;
    drop(store);
    let store = fixture.open();
    assert_eq!(store.access_token(issued.key).await.unwrap(), Some(issued));
    assert_eq!(store.grant(grant_id(1)).await.unwrap(), Some(grant(1)));
    assert_eq!(store.revocations(Timestamp::from_seconds(NOW)).await.unwrap(), [revoked(1, NOW + 300)]);
    assert_eq!(store.clients().await.unwrap(), [client(1, "a")]);
    assert_eq!(store.user("bank", "acme", "maria").await.unwrap(), Some(user("acme", "maria")));
    assert_eq!(store.scopes().await.unwrap(), [scope("s", "one")]);
    assert_eq!(store.keys().await.unwrap(), [key("k")]);
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
    committed(&store, vec![Effect::RevokeGrant(grant_id(1))]).await;
    drop(store);
    conflict(&fixture.open(), vec![rotate(grant_id(1), 1)]).await;
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

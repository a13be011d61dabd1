//! Expiry: what is dead goes, in slices; what is alive stays, whatever the clock does.

use super::samples::{
    NOW, Random, certificate, code, crl, grant, grant_id, insert, put_certificate, put_session, revoked,
    session, session_id, spend, token,
};
use super::{Fixture, committed};
use crate::Store;
use chancela_core::effect::Effect;
use chancela_core::id::{CodeId, GrantId};
use chancela_core::record::{
    AccessToken, AuthorizationCode, ClientCertificate, Grant, Revocation, Revoked, Session, Spent,
};
use chancela_core::time::Timestamp;
use std::sync::Arc;

/// Seconds after which what is dead must be gone: stores drop whole buckets.
const SLACK: i64 = 64;
const LIFETIMES: [i64; 6] = [1, 32, 300, 3600, 86_400, 86_400 * 30];

/// Runs expiry until nothing more is waiting; answers the rows.
async fn expire_all(store: &impl Store, seconds: i64) -> u64 {
    let mut rows = 0;
    for _ in 0..100_000 {
        let expired = store.expire(Timestamp::from_seconds(seconds)).await.unwrap();
        rows += expired.rows;
        if !expired.more {
            return rows;
        }
    }
    panic!("expiry does not end");
}

fn expiring_grant(n: u8, expires_at: i64) -> Grant {
    Grant { id: GrantId::new(expires_at, [n; 10]), expires_at, ..grant(0) }
}

pub async fn nothing_alive_is_removed<F: Fixture>(fixture: F) {
    let store = fixture.open();
    for (n, lifetime) in (0..).zip(LIFETIMES) {
        for offset in [0, 1, 7, 31] {
            let token = token(n, NOW + offset, lifetime);
            let end = token.expires_at;
            let effects = vec![
                insert(&token),
                Effect::InsertGrant(expiring_grant(1, end)),
                Effect::Revoke(revoked(n, end)),
            ];
            committed(&store, effects).await;
            expire_all(&store, end - 1).await;
            let just_before = Timestamp::from_millis(end * 1000 - 1);
            while store.expire(just_before).await.unwrap().more {}
            assert_eq!(store.access_token(token.key).await.unwrap(), Some(token));
            assert!(store.grant(expiring_grant(1, end).id).await.unwrap().is_some());
            assert_eq!(store.revocations(just_before).await.unwrap().len(), 1);
            expire_all(&store, end + SLACK).await;
        }
    }
}

pub async fn what_expired_is_removed<F: Fixture>(fixture: F) {
    let store = fixture.open();
    for (n, lifetime) in (0..).zip(LIFETIMES) {
        let token = token(n, NOW, lifetime);
        let end = token.expires_at;
        let grant = expiring_grant(2, end);
        let effects =
            vec![insert(&token), Effect::InsertGrant(grant.clone()), Effect::Revoke(revoked(n, end))];
        committed(&store, effects).await;
        assert!(expire_all(&store, end + SLACK).await >= 3);
        assert_eq!(store.access_token(token.key).await.unwrap(), None);
        assert_eq!(store.grant(grant.id).await.unwrap(), None);
        assert_eq!(store.revocations(Timestamp::from_seconds(0)).await.unwrap(), []);
        assert_eq!(expire_all(&store, end + SLACK).await, 0);
    }
}

pub async fn a_run_in_slices_says_that_more_is_waiting<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let count = 45_000;
    let mut random = Random(1);
    for _ in 0..count / 500 {
        let issue = |n| token(n, NOW, 86_400);
        let mut effects: Vec<Effect> = (0..500).map(|_| insert(&issue(random.word()))).collect();
        effects.push(Effect::Revoke(revoked(random.word(), NOW + 300)));
        committed(&store, effects).await;
    }
    assert!(store.expire(Timestamp::from_seconds(NOW + 90_000)).await.unwrap().more);
    let first = token(Random(1).word(), NOW, 86_400);
    expire_all(&store, NOW + 90_000).await;
    assert_eq!(store.access_token(first.key).await.unwrap(), None);
}

pub async fn a_clock_step_back_removes_nothing_alive<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let tokens: Vec<AccessToken> =
        (0..).zip(LIFETIMES).map(|(n, life)| token(n, NOW, life.max(300))).collect();
    committed(&store, tokens.iter().map(insert).collect()).await;
    expire_all(&store, NOW + 299).await;
    for earlier in [NOW - 1, NOW - 4096, NOW - 86_400 * 64, 0, -1, i64::MIN / 1000] {
        expire_all(&store, earlier).await;
        committed(&store, vec![insert(&token(earlier.cast_unsigned(), earlier.max(0), 300))]).await;
    }
    for token in tokens {
        assert_eq!(store.access_token(token.key).await.unwrap(), Some(token));
    }
}

/// Each at its own second, not the one before; what never ends stays.
pub async fn codes_sessions_and_revocations_go_when_they_are_due<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let id = CodeId::new(NOW + 100, [0xff; 10]);
    let forever = Session { expires_at: i64::MAX, ..session(2, "maria") };
    let effects = vec![
        Effect::InsertAuthorizationCode(AuthorizationCode { id, ..code(1) }),
        put_session(&Session { expires_at: NOW + 100, ..session(1, "maria") }, None),
        put_session(&forever, None),
        Effect::Revoke(revoked(1, NOW + 100)),
    ];
    committed(&store, effects).await;
    assert_eq!(expire_all(&store, NOW + 99).await, 0);
    assert!(store.authorization_code(id).await.unwrap().is_some());
    assert!(store.session("bank", session_id(1)).await.unwrap().is_some());
    assert_eq!(expire_all(&store, NOW + 100).await, 3);
    assert_eq!(store.authorization_code(id).await.unwrap(), None);
    assert_eq!(store.session("bank", session_id(1)).await.unwrap(), None);
    assert_eq!(store.revocations(Timestamp::from_seconds(0)).await.unwrap(), []);
    assert_eq!(store.session("bank", session_id(2)).await.unwrap().as_ref(), Some(&forever));
    let shorter = Session { expires_at: NOW + 50, version: 2, ..forever };
    committed(&store, vec![put_session(&shorter, Some(1))]).await; // the new end counts, not the first
    assert_eq!(expire_all(&store, NOW + 50).await, 1);
    assert_eq!(store.sessions_of("bank", "maria").await.unwrap(), []);
}

/// At its own second, as the revocation that outlives it; a revocation list stays, whatever it says.
pub async fn certificates_go_when_they_are_due<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let listed = async || store.certificates(Timestamp::from_seconds(0)).await.unwrap();
    let ends = |n, expires_at| ClientCertificate { expires_at, ..certificate(n) };
    let revocation = Revocation { what: Revoked::Certificate([7; 32]), expires_at: NOW + 100 };
    let effects = vec![
        put_certificate(&ends(1, NOW + 100), None),
        put_certificate(&ends(2, i64::MAX), None),
        Effect::Revoke(revocation),
        Effect::PutCrl(crl("k", 1)),
    ];
    committed(&store, effects).await;
    assert_eq!(expire_all(&store, NOW + 99).await, 0);
    assert_eq!(listed().await, [ends(1, NOW + 100), ends(2, i64::MAX)]);
    assert_eq!(expire_all(&store, NOW + 100).await, 2);
    assert_eq!(listed().await, [ends(2, i64::MAX)]);
    assert_eq!(store.revocations(Timestamp::from_seconds(0)).await.unwrap(), []);
    let shorter = ClientCertificate { version: 2, ..ends(2, NOW + 50) };
    committed(&store, vec![put_certificate(&shorter, Some(1))]).await; // the new end counts, not the first
    assert_eq!(expire_all(&store, NOW + 50).await, 1);
    assert_eq!(listed().await, []);
    assert_eq!(expire_all(&store, NOW + 90_000).await, 0);
    assert_eq!(store.crls().await.unwrap(), [crl("k", 1)]);
}

/// CD-02: a replay is recognised long after the code itself has died.
pub async fn a_spent_code_is_remembered_until_it_is_dropped<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let spent = Spent::Redeemed(grant_id(1));
    committed(&store, vec![Effect::InsertAuthorizationCode(code(1)), spend(1, spent)]).await;
    let dropped_at = code(1).id.dropped_at();
    for seconds in [code(1).expires_at, dropped_at - 1] {
        expire_all(&store, seconds).await;
        let kept = store.authorization_code(code(1).id).await.unwrap();
        assert_eq!(kept, Some(AuthorizationCode { spent: Some(spent), ..code(1) }));
    }
    assert_eq!(expire_all(&store, dropped_at).await, 1);
    assert_eq!(store.authorization_code(code(1).id).await.unwrap(), None);
}

pub async fn many_sessions_go_in_slices<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let ended = |n| Session { expires_at: NOW, ..session(n, "maria") };
    for from in (0..5000).step_by(500) {
        committed(&store, (from..from + 500).map(|n| put_session(&ended(n), None)).collect()).await;
    }
    committed(&store, vec![put_session(&session(5000, "maria"), None)]).await;
    assert!(store.expire(Timestamp::from_seconds(NOW)).await.unwrap().more);
    assert!(!store.sessions_of("bank", "maria").await.unwrap().is_empty());
    expire_all(&store, NOW).await;
    assert_eq!(store.sessions_of("bank", "maria").await.unwrap(), [session(5000, "maria")]);
}

pub async fn many_certificates_go_in_slices<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let listed = async || store.certificates(Timestamp::from_seconds(0)).await.unwrap();
    let ended = |n| ClientCertificate { expires_at: NOW, ..certificate(n) };
    for from in (0..5000).step_by(500) {
        committed(&store, (from..from + 500).map(|n| put_certificate(&ended(n), None)).collect()).await;
    }
    committed(&store, vec![put_certificate(&certificate(5000), None)]).await;
    assert!(store.expire(Timestamp::from_seconds(NOW)).await.unwrap().more);
    assert!(listed().await.len() > 1);
    expire_all(&store, NOW).await;
    assert_eq!(listed().await, [certificate(5000)]);
}

pub async fn an_empty_store_has_nothing_to_expire<F: Fixture>(fixture: F) {
    let expired = fixture.open().expire(Timestamp::from_seconds(NOW)).await.unwrap();
    assert_eq!(expired, crate::Expired { rows: 0, more: false });
}

/// Two hours of a moving clock, faster than any bucket lives.
pub async fn expiry_beside_inserts_loses_nothing<F: Fixture>(fixture: F) {
    let store = Arc::new(fixture.open());
    let sweeper = Arc::clone(&store);
    let (clock, reading) = tokio::sync::watch::channel(NOW);
    let sweep = tokio::spawn(async move {
        while reading.has_changed().is_ok() {
            let now = *reading.borrow();
            sweeper.expire(Timestamp::from_seconds(now)).await.unwrap();
            tokio::task::yield_now().await;
        }
    });
    for n in 0..2000 {
        let now = NOW + i64::try_from(n).unwrap() * 4;
        clock.send(now).unwrap();
        let (short, long) = (token(n, now, 300), token(n, now, 7200));
        committed(&*store, vec![insert(&short)]).await;
        committed(&*store, vec![insert(&long)]).await;
        for key in [short.key, long.key] {
            assert!(store.access_token(key).await.unwrap().is_some());
        }
        if let Some(earlier) = n.checked_sub(1000) {
            let old = token(earlier, NOW + i64::try_from(earlier).unwrap() * 4, 7200);
            assert!(store.access_token(old.key).await.unwrap().is_some());
        }
    }
    drop(clock);
    sweep.await.unwrap();
}

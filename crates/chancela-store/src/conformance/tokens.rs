//! Rows of reference tokens.

use super::samples::{NOW, full_token, insert, tag, token};
use super::{Fixture, committed};
use crate::Store;
use chancela_core::effect::Effect;
use chancela_core::id::AccessTokenKey;

pub async fn an_inserted_token_reads_back_in_every_field<F: Fixture>(fixture: F) {
    let store = fixture.open();
    for token in [token(1, NOW, 300), full_token(2, NOW, 300)] {
        committed(&store, vec![insert(&token)]).await;
        assert_eq!(store.access_token(token.key).await.unwrap(), Some(token));
    }
}

pub async fn an_unknown_token_is_none<F: Fixture>(fixture: F) {
    let store = fixture.open();
    for tick in [0, 1, NOW * 64, i64::MAX, i64::MIN, -1] {
        assert_eq!(store.access_token(AccessTokenKey { tick, tag: [0; 16] }).await.unwrap(), None);
    }
}

pub async fn the_same_key_again_changes_nothing<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let first = token(1, NOW, 300);
    let mut second = full_token(1, NOW, 300);
    second.scope = "other".into();
    committed(&store, vec![insert(&first)]).await;
    committed(&store, vec![insert(&second)]).await;
    committed(&store, vec![insert(&second), insert(&second)]).await;
    assert_eq!(store.access_token(first.key).await.unwrap(), Some(first));
}

pub async fn a_deleted_token_is_gone_and_deleting_again_is_no_conflict<F: Fixture>(fixture: F) {
    let store = fixture.open();
    for lifetime in [300, 86_400 * 20] {
        let token = token(1, NOW, lifetime);
        committed(&store, vec![Effect::DeleteAccessToken(token.key)]).await;
        committed(&store, vec![insert(&token)]).await;
        for _ in 0..2 {
            committed(&store, vec![Effect::DeleteAccessToken(token.key)]).await;
            assert_eq!(store.access_token(token.key).await.unwrap(), None);
        }
    }
}

pub async fn tokens_of_one_tick_are_told_apart_by_their_tag<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let tokens: Vec<_> = (0..100).map(|n| token(n, NOW, 300)).collect();
    committed(&store, tokens.iter().map(insert).collect()).await;
    committed(&store, vec![Effect::DeleteAccessToken(tokens[50].key)]).await;
    for (n, token) in tokens.into_iter().enumerate() {
        let expected = (n != 50).then(|| token.clone());
        assert_eq!(store.access_token(token.key).await.unwrap(), expected);
    }
}

/// Enough of them that some meet in a table of hashes.
pub async fn tokens_of_one_tag_are_told_apart_by_their_tick<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let mut tokens: Vec<_> = (0..2000).map(|n| full_token(n, NOW, 300)).collect();
    for (token, later) in tokens.iter_mut().zip(0..) {
        token.key = AccessTokenKey { tick: token.key.tick + later, tag: tag(0) };
    }
    committed(&store, tokens.iter().map(insert).collect()).await;
    let odd = tokens.iter().skip(1).step_by(2).map(|token| Effect::DeleteAccessToken(token.key));
    committed(&store, odd.collect()).await;
    for (n, token) in tokens.into_iter().enumerate() {
        let expected = (n % 2 == 0).then(|| token.clone());
        assert_eq!(store.access_token(token.key).await.unwrap(), expected, "{n}");
    }
}

pub async fn lifetimes_from_seconds_to_thirty_days_are_kept<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let lifetimes = [0, 1, 31, 32, 300, 3599, 3600, 3601, 43_200, 86_400, 86_400 * 7, 86_400 * 30];
    let tokens: Vec<_> = lifetimes.iter().zip(0..).map(|(&lifetime, n)| token(n, NOW, lifetime)).collect();
    for token in &tokens {
        committed(&store, vec![insert(token)]).await;
    }
    for token in tokens {
        assert_eq!(store.access_token(token.key).await.unwrap(), Some(token));
    }
}

pub async fn a_deleted_token_can_be_inserted_again<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let token = token(1, NOW, 300);
    committed(&store, vec![insert(&token), Effect::DeleteAccessToken(token.key), insert(&token)]).await;
    assert_eq!(store.access_token(token.key).await.unwrap(), Some(token));
}

/// Steps of every size: a store that reuses places must not overwrite what is alive by the clock from before.
pub async fn tokens_issued_before_a_clock_step_back_stay_readable<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let steps = [0, -1, -31, -3600, -4096, -8192, -86_400, -86_400 * 32, -86_400 * 64, -86_400 * 365];
    let mut tokens = Vec::new();
    for (n, step) in (0..).zip(steps) {
        for (m, lifetime) in (0..).zip([300, 3600, 86_400 * 30]) {
            tokens.push(token(n * 10 + m, NOW + step, lifetime));
        }
    }
    for token in &tokens {
        committed(&store, vec![insert(token)]).await;
        committed(&store, vec![insert(token)]).await;
    }
    for token in &tokens {
        assert_eq!(store.access_token(token.key).await.unwrap().as_ref(), Some(token));
        let other = AccessTokenKey { tag: tag(999), ..token.key };
        assert_eq!(store.access_token(other).await.unwrap(), None);
        committed(&store, vec![Effect::DeleteAccessToken(token.key)]).await;
        assert_eq!(store.access_token(token.key).await.unwrap(), None);
    }
}

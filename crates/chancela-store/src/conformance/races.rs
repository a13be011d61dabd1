//! Races on real threads: of those who decided on the same fact, exactly one wins, every time.

use super::samples::{
    NOW, certificate, client, code, code_id, crl, grant, grant_id, insert, put, put_certificate, put_session,
    put_user, rotate, session, spend, token, user,
};
use super::{Fixture, committed};
use crate::{CommitOutcome, Store};
use chancela_core::effect::Effect;
use chancela_core::record::{Client, ClientCertificate, Grant, Session, Spent, User};
use chancela_core::time::Timestamp;
use std::future::Future;
use std::sync::Arc;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

const CONTENDERS: u64 = 64;
const ROUNDS: u64 = 20;

/// Commits `list(n)` for all contenders at once; answers who won.
async fn race<S: Store>(store: &Arc<S>, list: impl Fn(u64) -> Vec<Effect>) -> Vec<u64> {
    let barrier = Arc::new(Barrier::new(CONTENDERS as usize));
    let mut tasks = JoinSet::new();
    for n in 0..CONTENDERS {
        let (store, barrier, effects) = (Arc::clone(store), Arc::clone(&barrier), list(n));
        tasks.spawn(async move {
            barrier.wait().await;
            (n, store.commit(effects).await.unwrap())
        });
    }
    let done = tasks.join_all().await;
    done.into_iter().filter(|(_, outcome)| *outcome == CommitOutcome::Committed).map(|(n, _)| n).collect()
}

pub async fn one_of_64_rotations_wins<F: Fixture>(fixture: F) {
    let store = Arc::new(fixture.open());
    committed(&*store, vec![Effect::InsertGrant(grant(1))]).await;
    for round in 0..ROUNDS {
        let generation = u32::try_from(round).unwrap();
        let issued = |n| token(round * 1000 + n, NOW, 300);
        let won = race(&store, |n| vec![insert(&issued(n)), rotate(grant_id(1), generation)]).await;
        assert_eq!(won.len(), 1, "winners: {won:?}");
        assert_eq!(store.grant(grant_id(1)).await.unwrap().unwrap().generation, generation + 1);
        for n in 0..CONTENDERS {
            let there = store.access_token(issued(n).key).await.unwrap().is_some();
            assert_eq!(there, won.contains(&n), "the losers' tokens do not exist");
        }
    }
}

/// CD-01: with everything that a redemption commits, in either order; half of them would burn the code.
pub async fn one_of_64_redemptions_of_a_code_wins<F: Fixture>(fixture: F) {
    let store = Arc::new(fixture.open());
    for round in 0..ROUNDS {
        committed(&*store, vec![Effect::InsertAuthorizationCode(code(round))]).await;
        let number = |n| round * 1000 + n;
        let spent = |n| if n % 2 == 0 { Spent::Redeemed(grant_id(number(n))) } else { Spent::Burnt };
        let won = race(&store, |n| match spent(n) {
            Spent::Burnt => vec![spend(round, Spent::Burnt)],
            redeemed => {
                let (issued, family) =
                    (insert(&token(number(n), NOW, 300)), Effect::InsertGrant(grant(number(n))));
                let mut list = vec![spend(round, redeemed), family, issued];
                list.rotate_left(usize::from(n % 4 == 0));
                list
            }
        })
        .await;
        assert_eq!(won.len(), 1, "winners: {won:?}");
        let kept = store.authorization_code(code_id(round)).await.unwrap().unwrap();
        assert_eq!(kept.spent, Some(spent(won[0])));
        for n in 0..CONTENDERS {
            let issued = won.contains(&n) && n % 2 == 0;
            assert_eq!(store.grant(grant_id(number(n))).await.unwrap().is_some(), issued);
            let token = store.access_token(token(number(n), NOW, 300).key).await.unwrap();
            assert_eq!(token.is_some(), issued, "the losers' tokens do not exist");
        }
    }
}

pub async fn one_of_64_session_changes_wins<F: Fixture>(fixture: F) {
    let store = Arc::new(fixture.open());
    for round in 0..ROUNDS {
        let changed =
            |n: u64| Session { version: round + 1, last_seen_at: n.cast_signed(), ..session(1, "maria") };
        let expected = (round > 0).then_some(round); // at first, the session is new
        let won = race(&store, |n| vec![put_session(&changed(n), expected)]).await;
        assert_eq!(won.len(), 1, "winners: {won:?}");
        assert_eq!(store.session("bank", session(1, "").id).await.unwrap(), Some(changed(won[0])));
    }
}

pub async fn one_of_64_users_of_one_subject_wins<F: Fixture>(fixture: F) {
    let store = Arc::new(fixture.open());
    for round in 0..ROUNDS {
        let new =
            |n: u64| User { subject: round.to_string().into(), ..user(&n.to_string(), &round.to_string()) };
        let won = race(&store, |n| vec![put_user(&new(n), None)]).await;
        assert_eq!(won.len(), 1, "winners: {won:?}");
        assert_eq!(store.user_of("bank", &round.to_string()).await.unwrap(), Some(new(won[0])));
    }
    assert_eq!(store.users("bank", None, 1000).await.unwrap().len() as u64, ROUNDS);
}

pub async fn one_of_64_inserted_grants_wins<F: Fixture>(fixture: F) {
    let store = Arc::new(fixture.open());
    for round in 0..ROUNDS {
        let new = |n: u64| Grant { subject: n.to_string().into(), ..grant(round) };
        let won = race(&store, |n| vec![Effect::InsertGrant(new(n))]).await;
        assert_eq!(won.len(), 1, "winners: {won:?}");
        assert_eq!(store.grant(grant_id(round)).await.unwrap(), Some(new(won[0])));
    }
}

pub async fn one_of_64_new_clients_wins<F: Fixture>(fixture: F) {
    let store = Arc::new(fixture.open());
    for round in 0..ROUNDS {
        let new = |n: u64| client(round * 1000 + n, &format!("client-{round}"));
        let won = race(&store, |n| vec![put(&new(n), None)]).await;
        assert_eq!(won.len(), 1, "winners: {won:?}");
        assert!(store.clients().await.unwrap().contains(&new(won[0])));
    }
    assert_eq!(store.clients().await.unwrap().len() as u64, ROUNDS);
}

pub async fn one_of_64_client_changes_wins<F: Fixture>(fixture: F) {
    let store = Arc::new(fixture.open());
    committed(&*store, vec![put(&client(1, "a"), None)]).await;
    for round in 1..=ROUNDS {
        let changed =
            |n: u64| Client { version: round + 1, client_name: Some(n.to_string().into()), ..client(1, "a") };
        let won = race(&store, |n| vec![put(&changed(n), Some(round))]).await;
        assert_eq!(won.len(), 1, "winners: {won:?}");
        assert_eq!(store.clients().await.unwrap(), [changed(won[0])]);
    }
}

pub async fn one_of_64_certificates_of_one_serial_wins<F: Fixture>(fixture: F) {
    let store = Arc::new(fixture.open());
    for round in 0..ROUNDS {
        let new = |n: u64| ClientCertificate { client_id: n.to_string().into(), ..certificate(round) };
        let won = race(&store, |n| vec![put_certificate(&new(n), None)]).await;
        assert_eq!(won.len(), 1, "winners: {won:?}");
        let kept = store.certificates(Timestamp::from_seconds(NOW)).await.unwrap();
        assert_eq!(kept.len() as u64, round + 1);
        assert_eq!(kept.last(), Some(&new(won[0])));
    }
}

pub async fn one_of_64_certificate_changes_wins<F: Fixture>(fixture: F) {
    let store = Arc::new(fixture.open());
    committed(&*store, vec![put_certificate(&certificate(1), None)]).await;
    for round in 1..=ROUNDS {
        let changed = |n: u64| ClientCertificate {
            version: round + 1,
            client_id: n.to_string().into(),
            ..certificate(1)
        };
        let won = race(&store, |n| vec![put_certificate(&changed(n), Some(round))]).await;
        assert_eq!(won.len(), 1, "winners: {won:?}");
        let kept = store.certificates(Timestamp::from_seconds(NOW)).await.unwrap();
        assert_eq!(kept, [changed(won[0])]);
    }
}

pub async fn of_64_revocation_lists_the_highest_number_stays<F: Fixture>(fixture: F) {
    let store = Arc::new(fixture.open());
    for round in 0..ROUNDS {
        let number = |n| round * CONTENDERS + n;
        let won = race(&store, |n| vec![Effect::PutCrl(crl("k", number(n)))]).await;
        assert!(won.contains(&(CONTENDERS - 1)), "winners: {won:?}");
        assert_eq!(store.crls().await.unwrap(), [crl("k", number(CONTENDERS - 1))]);
        let lost = race(&store, |n| vec![Effect::PutCrl(crl("k", number(n)))]).await;
        assert_eq!(lost, [0; 0], "none is higher than itself");
    }
}

/// Load, decide, commit, and again on conflict: what the server does.
pub async fn increments_by_compare_and_swap_lose_nothing<F: Fixture>(fixture: F) {
    let store = Arc::new(fixture.open());
    committed(&*store, vec![Effect::InsertGrant(grant(1))]).await;
    let mut tasks = JoinSet::new();
    for _ in 0..CONTENDERS {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            loop {
                let generation = store.grant(grant_id(1)).await.unwrap().unwrap().generation;
                if store.commit(vec![rotate(grant_id(1), generation)]).await.unwrap()
                    == CommitOutcome::Committed
                {
                    return;
                }
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(u64::from(store.grant(grant_id(1)).await.unwrap().unwrap().generation), CONTENDERS);
}

pub async fn a_commit_can_be_read_as_soon_as_it_is_answered<F: Fixture>(fixture: F) {
    let store = Arc::new(fixture.open());
    let mut tasks = JoinSet::new();
    for task in 0..CONTENDERS {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            for n in 0..50 {
                let issued_at = NOW + i64::try_from(n).unwrap();
                let token = token(task * 1000 + n, issued_at, 300);
                committed(&*store, vec![insert(&token)]).await;
                assert_eq!(store.access_token(token.key).await.unwrap(), Some(token));
            }
        });
    }
    tasks.join_all().await;
}

pub async fn a_dropped_commit_is_applied_as_a_whole_or_not_at_all<F: Fixture>(fixture: F) {
    let store = Arc::new(fixture.open());
    for n in 0..200 {
        let mut commit =
            Box::pin(store.commit(vec![insert(&token(n, NOW, 300)), Effect::InsertGrant(grant(n))]));
        // Polled once and given up, as when a connection closes.
        std::future::poll_fn(|context| {
            let _ = commit.as_mut().poll(context);
            std::task::Poll::Ready(())
        })
        .await;
        drop(commit);
    }
    committed(&*store, vec![Effect::InsertGrant(grant(9999))]).await; // behind all of them
    for n in 0..200 {
        let token = store.access_token(token(n, NOW, 300).key).await.unwrap();
        assert_eq!(token.is_some(), store.grant(grant_id(n)).await.unwrap().is_some());
    }
}

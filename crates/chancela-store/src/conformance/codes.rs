//! Authorization codes: single use is a guard, and what a spent code led to is remembered.

use super::samples::{NOW, code, code_id, grant, grant_id, insert, spend, token};
use super::{Fixture, committed, conflict};
use crate::Store;
use chancela_core::effect::Effect;
use chancela_core::id::{ClientKey, CodeId};
use chancela_core::record::{AuthorizationCode, GrantDetails, Spent};

/// With nothing that may be left out.
fn bare(n: u64) -> AuthorizationCode {
    AuthorizationCode {
        redirect_uri_given: false,
        code_challenge: None,
        nonce: None,
        scope: "".into(),
        details: GrantDetails::default(),
        ..code(n)
    }
}

pub async fn a_code_reads_back_in_every_field<F: Fixture>(fixture: F) {
    let store = fixture.open();
    assert_eq!(store.authorization_code(code_id(1)).await.unwrap(), None);
    let burnt = AuthorizationCode { spent: Some(Spent::Burnt), ..code(3) };
    for code in [code(1), bare(2), burnt] {
        committed(&store, vec![Effect::InsertAuthorizationCode(code.clone())]).await;
        assert_eq!(store.authorization_code(code.id).await.unwrap(), Some(code));
    }
}

pub async fn a_second_code_of_the_same_id_is_a_conflict<F: Fixture>(fixture: F) {
    let store = fixture.open();
    committed(&store, vec![Effect::InsertAuthorizationCode(code(1))]).await;
    let other = AuthorizationCode { subject: "eve".into(), client: ClientKey(666), ..code(1) };
    conflict(&store, vec![Effect::InsertAuthorizationCode(other.clone())]).await;
    committed(&store, vec![spend(1, Spent::Burnt)]).await;
    conflict(&store, vec![Effect::InsertAuthorizationCode(other)]).await;
    let spent = AuthorizationCode { spent: Some(Spent::Burnt), ..code(1) };
    assert_eq!(store.authorization_code(code_id(1)).await.unwrap(), Some(spent));
}

/// CD-01: also where the second use would say the same.
pub async fn a_code_is_spent_once<F: Fixture>(fixture: F) {
    let store = fixture.open();
    for (n, first) in (0..).zip([Spent::Redeemed(grant_id(1)), Spent::Burnt]) {
        committed(&store, vec![Effect::InsertAuthorizationCode(code(n))]).await;
        committed(&store, vec![spend(n, first)]).await;
        for again in [first, Spent::Burnt, Spent::Redeemed(grant_id(2))] {
            conflict(&store, vec![spend(n, again)]).await;
        }
        let kept = AuthorizationCode { spent: Some(first), ..code(n) };
        assert_eq!(store.authorization_code(code_id(n)).await.unwrap(), Some(kept));
    }
}

pub async fn a_missing_code_cannot_be_spent<F: Fixture>(fixture: F) {
    let store = fixture.open();
    committed(&store, vec![Effect::InsertAuthorizationCode(code(1))]).await;
    let (CodeId(mut neighbour), last) = (code_id(1), 15);
    neighbour[last] ^= 1;
    for id in [code_id(2), CodeId([0; 16]), CodeId([0xff; 16]), CodeId(neighbour)] {
        conflict(&store, vec![Effect::SpendAuthorizationCode { id, spent: Spent::Burnt }]).await;
    }
    assert_eq!(store.authorization_code(code_id(1)).await.unwrap(), Some(code(1)));
}

/// What a redemption commits: all of it, or nothing.
pub async fn a_redemption_is_all_or_nothing<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let redeem = |n: u64| {
        vec![
            spend(n, Spent::Redeemed(grant_id(n))),
            Effect::InsertGrant(grant(n)),
            insert(&token(n, NOW, 300)),
        ]
    };
    let open = [code(1), code(2), code(3)].map(Effect::InsertAuthorizationCode);
    committed(&store, open.to_vec()).await;

    committed(&store, redeem(1)).await; // the whole of it
    assert_eq!(store.grant(grant_id(1)).await.unwrap(), Some(grant(1)));
    assert_eq!(store.access_token(token(1, NOW, 300).key).await.unwrap(), Some(token(1, NOW, 300)));

    committed(&store, vec![Effect::InsertGrant(grant(2))]).await; // the grant's guard fails: the code stays good
    conflict(&store, redeem(2)).await;
    assert_eq!(store.authorization_code(code_id(2)).await.unwrap(), Some(code(2)));
    assert_eq!(store.access_token(token(2, NOW, 300).key).await.unwrap(), None);

    committed(&store, vec![spend(3, Spent::Burnt)]).await; // the code's guard fails, wherever it stands in the list
    let mut reversed = redeem(3);
    reversed.reverse();
    for list in [redeem(3), reversed] {
        conflict(&store, list).await;
        assert_eq!(store.grant(grant_id(3)).await.unwrap(), None);
        assert_eq!(store.access_token(token(3, NOW, 300).key).await.unwrap(), None);
    }
}

pub async fn one_list_may_issue_and_spend_a_code<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let twice = vec![
        Effect::InsertAuthorizationCode(code(1)),
        spend(1, Spent::Burnt),
        spend(1, Spent::Redeemed(grant_id(1))),
    ];
    conflict(&store, twice.clone()).await;
    assert_eq!(store.authorization_code(code_id(1)).await.unwrap(), None);
    committed(&store, twice.into_iter().take(2).collect()).await;
    let spent = AuthorizationCode { spent: Some(Spent::Burnt), ..code(1) };
    assert_eq!(store.authorization_code(code_id(1)).await.unwrap(), Some(spent));
}

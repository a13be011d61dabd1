//! Users as a set: found by subject, listed, subject by subject their own, and deleted with what is theirs.

use super::samples::{consent, put_consent, put_session, put_user, session, session_id, user};
use super::{Fixture, committed, conflict};
use crate::Store;
use chancela_core::effect::Effect;
use chancela_core::id::ClientKey;
use chancela_core::record::User;
use serde_json::Map;

fn subject_of(username: &str) -> String {
    format!("sub--{username}")
}

/// The names of all users of realm `bank`, read in pages of `limit`.
async fn names(store: &impl Store, limit: u32) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    loop {
        let after = all.last().cloned();
        let last = after.as_ref().map(|(name, tenant)| (name.as_str(), tenant.as_str()));
        let page = store.users("bank", last, limit).await.unwrap();
        assert!(page.len() <= limit as usize);
        all.extend(page.iter().map(|user| (user.username.to_string(), user.tenant.to_string())));
        if page.is_empty() {
            return all;
        }
    }
}

pub async fn a_user_without_factors_reads_back<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let bare = User {
        password_hash: None,
        claims: Map::new(),
        totp: None,
        passkeys: Vec::new(),
        recovery_codes: Vec::new(),
        created_at: 0,
        ..user("", "maria")
    };
    let disabled = User { enabled: false, tokens_not_before: i64::MAX, ..user("", "joao") };
    for user in [bare, disabled] {
        committed(&store, vec![put_user(&user, None)]).await;
        assert_eq!(store.user("bank", "", &user.username).await.unwrap(), Some(user));
    }
}

pub async fn a_user_is_found_by_subject_in_the_own_realm_alone<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let elsewhere = User { realm: "other".into(), ..user("", "joao") };
    committed(&store, vec![put_user(&user("", "maria"), None), put_user(&elsewhere, None)]).await;
    let maria = subject_of("maria");
    assert_eq!(store.user_of("bank", &maria).await.unwrap(), Some(user("", "maria")));
    assert_eq!(store.user_of("bank", "sub").await.unwrap(), None);
    assert_eq!(store.user_of("bank", "").await.unwrap(), None);
    assert_eq!(store.user_of("bank", "maria").await.unwrap(), None);
    assert_eq!(store.user_of("other", &maria).await.unwrap(), None);
    assert_eq!(store.user_of("bank", &subject_of("joao")).await.unwrap(), None);
    assert_eq!(store.user_of("other", &subject_of("joao")).await.unwrap(), Some(elsewhere));
}

/// Not in another realm either, because grants and revocations name the subject alone.
pub async fn a_subject_belongs_to_one_user<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let maria = user("", "maria");
    committed(&store, vec![put_user(&maria, None), put_user(&user("", "joao"), None)]).await;
    for other in [
        User { subject: maria.subject.clone(), ..user("", "eve") },
        User { subject: maria.subject.clone(), ..user("acme", "maria") },
        User { subject: maria.subject.clone(), realm: "other".into(), ..user("", "maria") },
    ] {
        conflict(&store, vec![put_user(&other, None)]).await;
    }
    let usurper = User { subject: maria.subject.clone(), version: 2, ..user("", "joao") };
    conflict(&store, vec![put_user(&usurper, Some(1))]).await;
    assert_eq!(names(&store, 10).await.len(), 2);
    assert_eq!(store.user("bank", "", "joao").await.unwrap(), Some(user("", "joao")));
    assert_eq!(store.user_of("bank", &maria.subject).await.unwrap(), Some(maria.clone()));
    let renewed = User { subject: "new".into(), version: 2, ..maria.clone() };
    committed(&store, vec![put_user(&renewed, Some(1))]).await; // its own may change
    assert_eq!(store.user_of("bank", &maria.subject).await.unwrap(), None);
    assert_eq!(store.user_of("bank", "new").await.unwrap(), Some(renewed));
    committed(&store, vec![put_user(&usurper, Some(1))]).await; // and is then free
}

pub async fn users_are_listed_by_name_and_tenant_in_pages<F: Fixture>(fixture: F) {
    let store = fixture.open();
    assert_eq!(store.users("bank", None, 10).await.unwrap(), []);
    let mut expected = Vec::new();
    for name in ["b", "a", "ab", "Ça", "c", "a b", "z"] {
        for tenant in ["", "acme", "Z"] {
            committed(&store, vec![put_user(&user(tenant, name), None)]).await;
            expected.push((name.to_owned(), tenant.to_owned()));
        }
    }
    for realm in ["ban", "bank2", "a", "z"] {
        let subject = format!("{realm}-a").into();
        let elsewhere = User { realm: realm.into(), subject, ..user("", "a") };
        committed(&store, vec![put_user(&elsewhere, None)]).await;
    }
    expected.sort();
    for limit in [1, 2, 3, 20, 21, 22, u32::MAX] {
        assert_eq!(names(&store, limit).await, expected, "pages of {limit}");
    }
    assert_eq!(store.users("bank", None, 0).await.unwrap(), []);
    let between = store.users("bank", Some(("a", "b")), 2).await.unwrap();
    assert_eq!(between, [user("", "a b"), user("Z", "a b")], "after a name that nobody has");
    assert_eq!(store.users("bank", None, 1).await.unwrap(), [user("", "a")], "whole records");
}

pub async fn deleting_a_user_needs_the_version_that_was_read<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let (old, new) = (user("", "maria"), User { version: 2, ..user("", "maria") });
    conflict(&store, vec![Effect::DeleteUser { user: old.clone() }]).await;
    committed(&store, vec![put_user(&old, None), put_user(&new, Some(1))]).await;
    conflict(&store, vec![Effect::DeleteUser { user: old }]).await;
    conflict(&store, vec![Effect::DeleteUser { user: User { realm: "other".into(), ..new.clone() } }]).await;
    conflict(&store, vec![Effect::DeleteUser { user: User { tenant: "acme".into(), ..new.clone() } }]).await;
    assert_eq!(store.user("bank", "", "maria").await.unwrap(), Some(new.clone()));
    committed(&store, vec![Effect::DeleteUser { user: new.clone() }]).await;
    assert_eq!(store.user("bank", "", "maria").await.unwrap(), None);
    assert_eq!(store.user_of("bank", &new.subject).await.unwrap(), None);
    conflict(&store, vec![Effect::DeleteUser { user: new.clone() }]).await;
    committed(&store, vec![put_user(&new, None)]).await; // name and subject are free again
}

pub async fn a_deleted_user_takes_sessions_and_consents_along<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let (maria, joao) = (user("", "maria"), user("", "joao"));
    let mut effects = vec![put_user(&maria, None), put_user(&joao, None)];
    for (n, user) in (0..).zip([&maria, &joao]) {
        effects.push(put_session(&session(n * 2, &user.subject), None));
        effects.push(put_session(&session(n * 2 + 1, &user.subject), None));
        effects.push(put_consent(&user.subject, 5, "openid"));
        effects.push(put_consent(&user.subject, 6, "openid"));
    }
    committed(&store, effects).await;
    conflict(&store, vec![Effect::DeleteUser { user: maria.clone() }, put_user(&joao, None)]).await;
    assert_eq!(store.sessions_of("bank", &maria.subject).await.unwrap().len(), 2, "all is back");
    assert_eq!(store.consents_of("bank", &maria.subject).await.unwrap().len(), 2, "all is back");
    committed(&store, vec![Effect::DeleteUser { user: maria.clone() }]).await;
    assert_eq!(store.sessions_of("bank", &maria.subject).await.unwrap(), []);
    assert_eq!(store.session("bank", session_id(0)).await.unwrap(), None);
    assert_eq!(store.consents_of("bank", &maria.subject).await.unwrap(), []);
    assert_eq!(store.consent("bank", &maria.subject, ClientKey(5)).await.unwrap(), None);
    assert_eq!(store.sessions_of("bank", &joao.subject).await.unwrap().len(), 2);
    assert_eq!(
        store.consent("bank", &joao.subject, ClientKey(6)).await.unwrap(),
        Some(consent(&joao.subject, 6, "openid"))
    );
}

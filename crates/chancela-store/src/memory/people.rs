//! Users, their sessions and their consents, with the indexes that other stores get from their engine.
//!
//! Each record is put in its place, or taken from it, by one function, which also undoes: so the indexes cannot differ
//! from the records.

use super::cold::{Undo, place};
use chancela_core::id::{ClientKey, SessionId};
use chancela_core::record::{Consent, Session, User};
use chancela_core::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// Most sessions that one question answers.
const MOST_SESSIONS: usize = 256;

/// (realm, username, tenant): all users of one name lie together.
pub(super) type UserName = (Box<str>, Box<str>, Box<str>);
/// (realm, id).
pub(super) type SessionName = (Box<str>, SessionId);
/// (realm, subject, client).
pub(super) type ConsentName = (Box<str>, Box<str>, ClientKey);

#[derive(Debug, Default)]
pub(super) struct People {
    users: BTreeMap<UserName, User>,
    subjects: BTreeMap<Box<str>, UserName>,
    sessions: BTreeMap<SessionName, Session>,
    sessions_by_subject: BTreeSet<(Box<str>, Box<str>, SessionId)>,
    sessions_by_expiry: BTreeSet<(i64, SessionName)>,
    consents: BTreeMap<ConsentName, Consent>,
}

impl People {
    /// `false` if the guard does not hold; then nothing was changed, as in all of these.
    pub(super) fn put_user(
        &mut self,
        user: User,
        expected_version: Option<u64>,
        undo: &mut Vec<Undo>,
    ) -> bool {
        let name = user_name(&user);
        let same_version = self.users.get(&name).map(|stored| stored.version) == expected_version;
        if !same_version || self.subjects.get(&user.subject).is_some_and(|owner| *owner != name) {
            return false;
        }
        undo.push(Undo::User(name.clone(), self.place_user(name, Some(user))));
        true
    }

    pub(super) fn delete_user(&mut self, user: &User, undo: &mut Vec<Undo>) -> bool {
        let name = user_name(user);
        let stored = self.users.get(&name);
        if stored.is_none_or(|stored| stored.version != user.version || stored.subject != user.subject) {
            return false;
        }
        undo.push(Undo::User(name.clone(), self.place_user(name, None)));
        for session in self.session_names(&user.realm, &user.subject) {
            self.delete_session(session, undo);
        }
        let consents: Vec<_> =
            self.consents_in(&user.realm, &user.subject).map(|(name, _)| name.clone()).collect();
        for consent in consents {
            self.delete_consent(consent, undo);
        }
        true
    }

    pub(super) fn put_session(
        &mut self,
        session: Session,
        expected_version: Option<u64>,
        undo: &mut Vec<Undo>,
    ) -> bool {
        let name = (session.realm.clone(), session.id);
        if self.sessions.get(&name).map(|stored| stored.version) != expected_version {
            return false;
        }
        undo.push(Undo::Session(name.clone(), self.place_session(name, Some(session))));
        true
    }

    pub(super) fn delete_session(&mut self, name: SessionName, undo: &mut Vec<Undo>) {
        undo.push(Undo::Session(name.clone(), self.place_session(name, None)));
    }

    pub(super) fn put_consent(&mut self, consent: Consent, undo: &mut Vec<Undo>) {
        let name = (consent.realm.clone(), consent.subject.clone(), consent.client);
        undo.push(Undo::Consent(name.clone(), self.place_consent(name, Some(consent))));
    }

    pub(super) fn delete_consent(&mut self, name: ConsentName, undo: &mut Vec<Undo>) {
        undo.push(Undo::Consent(name.clone(), self.place_consent(name, None)));
    }

    /// Answers what stood there, as the next two.
    pub(super) fn place_user(&mut self, name: UserName, user: Option<User>) -> Option<User> {
        if let Some(old) = self.users.get(&name) {
            self.subjects.remove(&old.subject);
        }
        if let Some(user) = &user {
            self.subjects.insert(user.subject.clone(), name.clone());
        }
        place(&mut self.users, name, user)
    }

    pub(super) fn place_session(&mut self, name: SessionName, session: Option<Session>) -> Option<Session> {
        if let Some(old) = self.sessions.get(&name) {
            self.sessions_by_subject.remove(&(old.realm.clone(), old.subject.clone(), old.id));
            self.sessions_by_expiry.remove(&(old.expires_at, name.clone()));
        }
        if let Some(session) = &session {
            self.sessions_by_subject.insert((session.realm.clone(), session.subject.clone(), session.id));
            self.sessions_by_expiry.insert((session.expires_at, name.clone()));
        }
        place(&mut self.sessions, name, session)
    }

    pub(super) fn place_consent(&mut self, name: ConsentName, consent: Option<Consent>) -> Option<Consent> {
        place(&mut self.consents, name, consent)
    }

    pub(super) fn user(&self, realm: &str, tenant: &str, username: &str) -> Option<User> {
        self.users.get(&(realm.into(), username.into(), tenant.into())).cloned()
    }

    pub(super) fn users_named(&self, realm: &str, username: &str) -> Vec<User> {
        let from: UserName = (realm.into(), username.into(), "".into());
        let same_name = |user: &&User| *user.realm == *realm && *user.username == *username;
        self.users.range(from..).map(|(_, user)| user).take_while(same_name).take(2).cloned().collect()
    }

    pub(super) fn user_of(&self, realm: &str, subject: &str) -> Option<User> {
        let user = self.users.get(self.subjects.get(subject)?)?;
        (*user.realm == *realm).then(|| user.clone())
    }

    pub(super) fn users(&self, realm: &str, after: Option<(&str, &str)>, limit: u32) -> Vec<User> {
        let after = match after {
            Some((username, tenant)) => Bound::Excluded((realm.into(), username.into(), tenant.into())),
            None => Bound::Included((realm.into(), "".into(), "".into())),
        };
        let following = self.users.range((after, Bound::Unbounded)).map(|(_, user)| user);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        following.take_while(|user| *user.realm == *realm).take(limit).cloned().collect()
    }

    pub(super) fn session(&self, realm: &str, id: SessionId) -> Option<Session> {
        self.sessions.get(&(realm.into(), id)).cloned()
    }

    pub(super) fn sessions_of(&self, realm: &str, subject: &str) -> Vec<Session> {
        let names = self.session_names(realm, subject);
        let mut sessions: Vec<_> = names.iter().filter_map(|name| self.sessions.get(name)).collect();
        sessions.sort_by_key(|session| (std::cmp::Reverse(session.created_at), session.id));
        sessions.into_iter().take(MOST_SESSIONS).cloned().collect()
    }

    pub(super) fn consent(&self, realm: &str, subject: &str, client: ClientKey) -> Option<Consent> {
        self.consents.get(&(realm.into(), subject.into(), client)).cloned()
    }

    pub(super) fn consents_of(&self, realm: &str, subject: &str) -> Vec<Consent> {
        self.consents_in(realm, subject).map(|(_, consent)| consent.clone()).collect()
    }

    /// Removes sessions with `expires_at <= now`, at most `slice`.
    pub(super) fn expire(&mut self, now: Timestamp, slice: u64) -> u64 {
        let mut removed = 0;
        while removed < slice {
            match self.sessions_by_expiry.first() {
                Some((expires_at, name)) if *expires_at <= now.seconds() => {
                    let name = name.clone();
                    self.place_session(name, None);
                }
                _ => break,
            }
            removed += 1;
        }
        removed
    }

    fn session_names(&self, realm: &str, subject: &str) -> Vec<SessionName> {
        let from = (Box::from(realm), Box::from(subject), SessionId([0; 16]));
        let own = self.sessions_by_subject.range(from..);
        own.take_while(|(in_realm, of, _)| **in_realm == *realm && **of == *subject)
            .map(|(realm, _, id)| (realm.clone(), *id))
            .collect()
    }

    fn consents_in<'a>(
        &'a self,
        realm: &'a str,
        subject: &'a str,
    ) -> impl Iterator<Item = (&'a ConsentName, &'a Consent)> {
        let from: ConsentName = (realm.into(), subject.into(), ClientKey(0));
        let own = move |(name, _): &(&ConsentName, &Consent)| *name.0 == *realm && *name.1 == *subject;
        self.consents.range(from..).take_while(own)
    }
}

fn user_name(user: &User) -> UserName {
    (user.realm.clone(), user.username.clone(), user.tenant.clone())
}

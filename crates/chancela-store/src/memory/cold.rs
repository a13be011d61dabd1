//! Everything but access tokens, behind one lock: the realms' own records, grants, codes and revocations here, what
//! belongs to users in [`super::people`], certificates in [`super::certificates`].
//!
//! A list of effects is applied in order and each change notes what it replaced; when a guard fails, the notes are
//! played back. So each guard sees what the effects before it in its own list did, as in a database's transaction.

use super::certificates::{CertificateName, Certificates, CrlName};
use super::people::{ConsentName, People, SessionName, UserName};
use crate::Expired;
use chancela_core::effect::Effect;
use chancela_core::id::{ClientKey, CodeId, GrantId, TokenId};
use chancela_core::record::{
    AuthorizationCode, Client, ClientCertificate, Consent, Crl, Grant, KeyRecord, Revocation, Revoked,
    ScopeRecord, Session, Spent, User,
};
use chancela_core::time::Timestamp;
use std::collections::{BTreeMap, HashSet};

/// Rows that one expiry run removes while the lock is held.
const SLICE: u64 = 2000;

/// (realm, name): `client_id`, scope name or `kid`.
type Named = (Box<str>, Box<str>);

#[derive(Debug, Default)]
pub(super) struct Cold {
    clients: BTreeMap<Named, Client>,
    client_keys: HashSet<ClientKey>,
    pub(super) people: People,
    pub(super) certificates: Certificates,
    scopes: BTreeMap<Named, ScopeRecord>,
    keys: BTreeMap<Named, KeyRecord>,
    grants: BTreeMap<GrantId, Grant>,
    codes: BTreeMap<CodeId, AuthorizationCode>,
    revoked: BTreeMap<(i64, Revoked), ()>,
}

/// What stood in a place before a change.
pub(super) enum Undo {
    Client(Named, Option<Box<Client>>),
    User(UserName, Option<User>),
    Session(SessionName, Option<Session>),
    Consent(ConsentName, Option<Consent>),
    Scope(Named, Option<ScopeRecord>),
    Key(Named, Option<KeyRecord>),
    Certificate(CertificateName, Option<Box<ClientCertificate>>),
    Crl(CrlName, Option<Crl>),
    Grant(GrantId, Option<Grant>),
    Code(CodeId, Option<Box<AuthorizationCode>>),
    Revoked((i64, Revoked)),
}

impl Cold {
    /// Applies one effect and notes how to undo it; `false` if its guard does not hold (and nothing was changed).
    pub(super) fn apply(&mut self, effect: Effect, undo: &mut Vec<Undo>) -> bool {
        let done = match effect {
            Effect::InsertAccessToken(_) | Effect::DeleteAccessToken(_) => return true, // not this module's
            Effect::InsertGrant(grant) => self.insert_grant(grant),
            Effect::RotateGrant { id, expected_generation, rotated_at, refresh_expires_at } => self
                .change_grant(id, |grant| {
                    let holds = !grant.revoked && grant.generation == expected_generation;
                    grant.generation = expected_generation.saturating_add(1);
                    grant.rotated_at = rotated_at;
                    grant.refresh_expires_at = refresh_expires_at;
                    holds
                }),
            Effect::RevokeGrant(id) => {
                undo.extend(self.change_grant(id, |grant| {
                    grant.revoked = true;
                    true
                }));
                return true;
            }
            Effect::Revoke(revocation) => {
                let key = (revocation.expires_at, revocation.what);
                undo.extend(self.revoked.insert(key.clone(), ()).is_none().then_some(Undo::Revoked(key)));
                return true;
            }
            Effect::InsertAuthorizationCode(code) => self.insert_code(code),
            Effect::SpendAuthorizationCode { id, spent } => self.spend_code(id, spent),
            Effect::PutClient { client, expected_version } => self.put_client(client, expected_version),
            Effect::DeleteClient { client } => self.delete_client(&client),
            Effect::PutUser { user, expected_version } => {
                return self.people.put_user(user, expected_version, undo);
            }
            Effect::DeleteUser { user } => return self.people.delete_user(&user, undo),
            Effect::PutSession { session, expected_version } => {
                return self.people.put_session(session, expected_version, undo);
            }
            Effect::DeleteSession { realm, id } => {
                self.people.delete_session((realm, id), undo);
                return true;
            }
            Effect::PutConsent(consent) => {
                self.people.put_consent(consent, undo);
                return true;
            }
            Effect::DeleteConsent { realm, subject, client } => {
                self.people.delete_consent((realm, subject, client), undo);
                return true;
            }
            Effect::PutScope(scope) => {
                let name = (scope.realm.clone(), scope.name.clone());
                Some(Undo::Scope(name.clone(), self.scopes.insert(name, scope)))
            }
            Effect::DeleteScope { realm, name } => {
                let name = (realm, name);
                let old = self.scopes.remove(&name);
                Some(Undo::Scope(name, old))
            }
            Effect::PutCertificate { certificate, expected_version } => {
                return self.certificates.put(certificate, expected_version, undo);
            }
            Effect::PutCrl(crl) => return self.certificates.put_crl(crl, undo),
            Effect::InsertKey(key) => self.insert_key(key),
            Effect::UpdateKey(key) => self.update_key(key),
            Effect::DeleteKey { realm, kid } => {
                let name = (realm, kid);
                self.certificates.delete_crl(name.clone(), undo);
                let old = self.keys.remove(&name);
                Some(Undo::Key(name, old))
            }
        };
        let holds = done.is_some();
        undo.extend(done);
        holds
    }

    /// Plays notes back, newest first.
    pub(super) fn undo(&mut self, notes: Vec<Undo>) {
        for note in notes.into_iter().rev() {
            match note {
                Undo::Client(name, old) => self.place_client(name, old.map(|client| *client)),
                Undo::User(name, old) => drop(self.people.place_user(name, old)),
                Undo::Session(name, old) => drop(self.people.place_session(name, old)),
                Undo::Consent(name, old) => drop(self.people.place_consent(name, old)),
                Undo::Scope(name, old) => drop(place(&mut self.scopes, name, old)),
                Undo::Key(name, old) => drop(place(&mut self.keys, name, old)),
                Undo::Certificate(name, old) => {
                    drop(self.certificates.place(name, old.map(|certificate| *certificate)));
                }
                Undo::Crl(name, old) => drop(self.certificates.place_crl(name, old)),
                Undo::Grant(id, old) => drop(place(&mut self.grants, id, old)),
                Undo::Code(id, old) => drop(place(&mut self.codes, id, old.map(|code| *code))),
                Undo::Revoked(key) => drop(self.revoked.remove(&key)),
            }
        }
    }

    fn insert_grant(&mut self, grant: Grant) -> Option<Undo> {
        let id = grant.id;
        if self.grants.contains_key(&id) {
            return None;
        }
        Some(Undo::Grant(id, self.grants.insert(id, grant)))
    }

    /// `change` says whether its guard held; where not, its change is thrown away.
    fn change_grant(&mut self, id: GrantId, change: impl FnOnce(&mut Grant) -> bool) -> Option<Undo> {
        let grant = self.grants.get_mut(&id)?;
        let old = grant.clone();
        if change(grant) {
            return Some(Undo::Grant(id, Some(old)));
        }
        *grant = old;
        None
    }

    fn insert_code(&mut self, code: AuthorizationCode) -> Option<Undo> {
        let id = code.id;
        if self.codes.contains_key(&id) {
            return None;
        }
        self.codes.insert(id, code);
        Some(Undo::Code(id, None))
    }

    fn spend_code(&mut self, id: CodeId, spent: Spent) -> Option<Undo> {
        let code = self.codes.get_mut(&id).filter(|code| code.spent.is_none())?;
        let old = Box::new(code.clone());
        code.spent = Some(spent);
        Some(Undo::Code(id, Some(old)))
    }

    fn put_client(&mut self, client: Client, expected_version: Option<u64>) -> Option<Undo> {
        let name = (client.realm.clone(), client.client_id.clone());
        let holds = match (self.clients.get(&name), expected_version) {
            (None, None) => !self.client_keys.contains(&client.key),
            (Some(stored), Some(version)) => stored.version == version && stored.key == client.key,
            _ => false,
        };
        holds.then(|| {
            let old = self.clients.get(&name).cloned().map(Box::new);
            self.place_client(name.clone(), Some(client));
            Undo::Client(name, old)
        })
    }

    fn delete_client(&mut self, client: &Client) -> Option<Undo> {
        let name = (client.realm.clone(), client.client_id.clone());
        let stored = self.clients.get(&name)?;
        if stored.version != client.version || stored.key != client.key {
            return None;
        }
        let old = Some(Box::new(stored.clone()));
        self.place_client(name.clone(), None);
        Some(Undo::Client(name, old))
    }

    fn place_client(&mut self, name: Named, client: Option<Client>) {
        if let Some(old) = self.clients.get(&name) {
            self.client_keys.remove(&old.key);
        }
        self.client_keys.extend(client.as_ref().map(|client| client.key));
        place(&mut self.clients, name, client);
    }

    fn insert_key(&mut self, key: KeyRecord) -> Option<Undo> {
        let name = (key.realm.clone(), key.kid.clone());
        if self.keys.contains_key(&name) {
            return None;
        }
        Some(Undo::Key(name.clone(), self.keys.insert(name, key)))
    }

    fn update_key(&mut self, key: KeyRecord) -> Option<Undo> {
        let name = (key.realm, key.kid);
        let stored = self.keys.get_mut(&name)?;
        let old = stored.clone();
        stored.created_at = key.created_at;
        stored.not_before = key.not_before;
        stored.not_after = key.not_after;
        stored.expires_at = key.expires_at;
        stored.chain = key.chain;
        Some(Undo::Key(name, Some(old)))
    }

    pub(super) fn grant(&self, id: GrantId) -> Option<Grant> {
        self.grants.get(&id).cloned()
    }

    pub(super) fn grants_of(&self, subject: &str) -> Vec<Grant> {
        // Asked for by people at their account page, not by every request: an index would cost every grant more.
        self.grants.values().filter(|grant| *grant.subject == *subject && !grant.revoked).cloned().collect()
    }

    pub(super) fn code(&self, id: CodeId) -> Option<AuthorizationCode> {
        self.codes.get(&id).cloned()
    }

    pub(super) fn clients(&self) -> Vec<Client> {
        self.clients.values().cloned().collect()
    }

    pub(super) fn scopes(&self) -> Vec<ScopeRecord> {
        self.scopes.values().cloned().collect()
    }

    pub(super) fn keys(&self) -> Vec<KeyRecord> {
        self.keys.values().cloned().collect()
    }

    pub(super) fn revocations(&self, now: Timestamp) -> Vec<Revocation> {
        let alive = self.revoked.range(first_revocation(now.seconds().saturating_add(1))..);
        alive
            .map(|((expires_at, what), ())| Revocation { what: what.clone(), expires_at: *expires_at })
            .collect()
    }

    /// Removes grants, codes, sessions, certificates and revocations that are dead at `now`, a slice of each.
    pub(super) fn expire(&mut self, now: Timestamp) -> Expired {
        let alive = now.seconds().saturating_add(1);
        let removed = [
            drain_before(&mut self.grants, &GrantId::lower_bound(alive)),
            drain_before(&mut self.codes, &CodeId::lower_bound(alive)),
            drain_before(&mut self.revoked, &first_revocation(alive)),
            self.people.expire(now, SLICE),
            self.certificates.expire(now, SLICE),
        ];
        Expired { rows: removed.iter().sum(), more: removed.contains(&SLICE) }
    }
}

/// The smallest key that a revocation expiring at `expires_at` can have.
const fn first_revocation(expires_at: i64) -> (i64, Revoked) {
    (expires_at, Revoked::Token(TokenId([0; 16])))
}

/// Puts `value` where `key` stands, or nothing; answers what stood there.
pub(super) fn place<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, value: Option<V>) -> Option<V> {
    match value {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    }
}

fn drain_before<K: Ord, V>(map: &mut BTreeMap<K, V>, bound: &K) -> u64 {
    let mut removed = 0;
    while removed < SLICE {
        match map.first_entry() {
            Some(first) if first.key() < bound => drop(first.remove()),
            _ => break,
        }
        removed += 1;
    }
    removed
}

//! Random lists of effects against a model simple enough to be read at a glance: maps that are copied before each
//! list and put back when a guard fails.

use super::Fixture;
use super::samples::{
    NOW, Random, certificate, client, code, code_id, crl, grant, grant_id, key, put, put_certificate,
    put_consent, put_session, put_user, revoke, scope, session, spend, token, user,
};
use crate::{CommitOutcome, Store};
use chancela_core::effect::Effect;
use chancela_core::id::ClientKey;
use chancela_core::record::{
    AccessToken, AuthorizationCode, Client, ClientCertificate, Consent, Crl, Grant, KeyRecord, Revocation,
    Revoked, ScopeRecord, Session, Spent, User,
};
use chancela_core::time::Timestamp;
use std::collections::BTreeMap;

const SEEDS: u64 = 6;
const LISTS: u64 = 350;
const NAMES: [&str; 4] = ["a", "b", "c", "ç"];
const TENANTS: [&str; 3] = ["", "acme", "z"];

#[derive(Debug, Clone, Default)]
struct Model {
    tokens: BTreeMap<(i64, [u8; 16]), AccessToken>,
    grants: BTreeMap<[u8; 16], Grant>,
    revoked: BTreeMap<(i64, Revoked), Revocation>,
    codes: BTreeMap<[u8; 16], AuthorizationCode>,
    clients: BTreeMap<String, Client>,
    /// By name and tenant, as they are listed.
    users: BTreeMap<(String, String), User>,
    sessions: BTreeMap<[u8; 16], Session>,
    consents: BTreeMap<(String, u64), Consent>,
    scopes: BTreeMap<String, ScopeRecord>,
    keys: BTreeMap<String, KeyRecord>,
    /// By serial number, as they are listed.
    certificates: BTreeMap<[u8; 16], ClientCertificate>,
    crls: BTreeMap<String, Crl>,
}

pub async fn random_effects_agree_with_a_simple_model<F: Fixture>(_: F) {
    for seed in 0..SEEDS {
        let (store, mut random, mut model) = (F::default(), Random(seed), Model::default());
        let (opened, mut kept) = (store.open(), 0);
        for list in 0..LISTS {
            let effects: Vec<Effect> = (0..=random.below(4)).map(|_| effect(&mut random, &model)).collect();
            let mut next = model.clone();
            let holds = effects.iter().all(|effect| next.apply(effect));
            let expected = if holds { CommitOutcome::Committed } else { CommitOutcome::Conflict };
            let outcome = opened.commit(effects.clone()).await.unwrap();
            assert_eq!(outcome, expected, "seed {seed}, list {list}: {effects:#?}");
            kept += u64::from(holds);
            model = if holds { next } else { model };
        }
        assert!(
            kept > LISTS / 3 && kept < LISTS * 9 / 10,
            "both are tried: {kept} of {LISTS} lists were kept"
        );
        model.compare(&opened, seed).await;
    }
}

impl Model {
    fn apply(&mut self, effect: &Effect) -> bool {
        match effect.clone() {
            Effect::InsertAccessToken(token) => {
                self.tokens.entry((token.key.tick, token.key.tag)).or_insert(token);
            }
            Effect::DeleteAccessToken(key) => drop(self.tokens.remove(&(key.tick, key.tag))),
            Effect::InsertGrant(grant) => return self.grants.insert(grant.id.0, grant).is_none(),
            Effect::RotateGrant { id, expected_generation, rotated_at, refresh_expires_at } => {
                let Some(grant) = self.grants.get_mut(&id.0) else { return false };
                let holds = !grant.revoked && grant.generation == expected_generation;
                grant.generation += 1;
                (grant.rotated_at, grant.refresh_expires_at) = (rotated_at, refresh_expires_at);
                return holds;
            }
            Effect::RevokeGrant(id) => {
                if let Some(grant) = self.grants.get_mut(&id.0) {
                    grant.revoked = true;
                }
            }
            Effect::Revoke(revocation) => {
                drop(self.revoked.insert((revocation.expires_at, revocation.what.clone()), revocation));
            }
            Effect::InsertAuthorizationCode(code) => return self.codes.insert(code.id.0, code).is_none(),
            Effect::SpendAuthorizationCode { id, spent } => {
                let Some(code) = self.codes.get_mut(&id.0) else { return false };
                return code.spent.replace(spent).is_none();
            }
            Effect::PutClient { client, expected_version } => {
                let taken = self.clients.values().any(|other| other.key == client.key);
                let old = self.clients.insert(client.client_id.to_string(), client.clone());
                return match (old, expected_version) {
                    (None, None) => !taken,
                    (Some(old), Some(version)) => old.version == version && old.key == client.key,
                    _ => false,
                };
            }
            Effect::DeleteClient { client } => {
                let old = self.clients.remove(&*client.client_id);
                return old.is_some_and(|old| old.version == client.version && old.key == client.key);
            }
            Effect::PutUser { user, expected_version } => {
                let name = (user.username.to_string(), user.tenant.to_string());
                let (subject, old) = (user.subject.clone(), self.users.insert(name, user));
                let owners = self.users.values().filter(|other| other.subject == subject).count();
                return owners == 1 && old.map(|old| old.version) == expected_version;
            }
            Effect::DeleteUser { user } => {
                let old = self.users.remove(&(user.username.to_string(), user.tenant.to_string()));
                self.sessions.retain(|_, session| session.subject != user.subject);
                self.consents.retain(|_, consent| consent.subject != user.subject);
                return old.is_some_and(|old| old.version == user.version && old.subject == user.subject);
            }
            Effect::PutSession { session, expected_version } => {
                let old = self.sessions.insert(session.id.0, session);
                return old.map(|old| old.version) == expected_version;
            }
            Effect::DeleteSession { id, .. } => drop(self.sessions.remove(&id.0)),
            Effect::PutConsent(consent) => {
                drop(self.consents.insert((consent.subject.to_string(), consent.client.0), consent));
            }
            Effect::DeleteConsent { subject, client, .. } => {
                drop(self.consents.remove(&(subject.to_string(), client.0)));
            }
            Effect::PutScope(scope) => drop(self.scopes.insert(scope.name.to_string(), scope)),
            Effect::DeleteScope { name, .. } => drop(self.scopes.remove(&*name)),
            Effect::InsertKey(key) => return self.keys.insert(key.kid.to_string(), key).is_none(),
            Effect::UpdateKey(key) => {
                let Some(old) = self.keys.get_mut(&*key.kid) else { return false };
                let KeyRecord { created_at, not_before, not_after, expires_at, chain, .. } = key;
                *old = KeyRecord { created_at, not_before, not_after, expires_at, chain, ..old.clone() };
            }
            Effect::DeleteKey { kid, .. } => {
                self.keys.remove(&*kid);
                self.crls.remove(&*kid);
            }
            Effect::PutCertificate { certificate, expected_version } => {
                let old = self.certificates.insert(certificate.serial.0, certificate);
                return old.map(|old| old.version) == expected_version;
            }
            Effect::PutCrl(crl) => {
                let number = crl.number;
                let old = self.crls.insert(crl.issuer.to_string(), crl);
                return old.is_none_or(|old| old.number < number);
            }
        }
        true
    }

    async fn compare(&self, store: &impl Store, seed: u64) {
        for token in (0..12).flat_map(|n| LIFETIMES.map(|lifetime| token(n, NOW, lifetime))) {
            let expected = self.tokens.get(&(token.key.tick, token.key.tag)).cloned();
            assert_eq!(store.access_token(token.key).await.unwrap(), expected, "seed {seed}");
        }
        for n in 0..6 {
            let id = grant(n).id;
            assert_eq!(store.grant(id).await.unwrap(), self.grants.get(&id.0).cloned(), "seed {seed}");
            let code = store.authorization_code(code_id(n)).await.unwrap();
            assert_eq!(code, self.codes.get(&code_id(n).0).cloned(), "seed {seed}");
        }
        let mut grants = store.grants_of("maria").await.unwrap();
        grants.sort_by_key(|grant| grant.id);
        assert!(grants.iter().eq(self.grants.values().filter(|grant| !grant.revoked)), "seed {seed}");
        self.compare_people(store, seed).await;
        let mut revoked = store.revocations(Timestamp::from_seconds(NOW)).await.unwrap();
        revoked.sort_by_key(|revocation| (revocation.expires_at, revocation.what.clone()));
        assert!(revoked.iter().eq(self.revoked.values()), "seed {seed}");
        let mut clients = store.clients().await.unwrap();
        clients.sort_by(|a, b| a.client_id.cmp(&b.client_id));
        assert!(clients.iter().eq(self.clients.values()), "seed {seed}");
        let mut scopes = store.scopes().await.unwrap();
        scopes.sort_by(|a, b| a.name.cmp(&b.name));
        assert!(scopes.iter().eq(self.scopes.values()), "seed {seed}");
        let mut keys = store.keys().await.unwrap();
        keys.sort_by(|a, b| a.kid.cmp(&b.kid));
        assert!(keys.iter().eq(self.keys.values()), "seed {seed}");
        let certificates = store.certificates(Timestamp::from_seconds(NOW)).await.unwrap();
        assert!(certificates.iter().eq(self.certificates.values()), "seed {seed}");
        let mut crls = store.crls().await.unwrap();
        crls.sort_by(|a, b| a.issuer.cmp(&b.issuer));
        assert!(crls.iter().eq(self.crls.values()), "seed {seed}");
    }
}

impl Model {
    async fn compare_people(&self, store: &impl Store, seed: u64) {
        let listed = store.users("bank", None, 100).await.unwrap();
        assert!(listed.iter().eq(self.users.values()), "seed {seed}");
        for user in self.users.values() {
            let found = store.user("bank", &user.tenant, &user.username).await.unwrap();
            assert_eq!(found.as_ref(), Some(user), "seed {seed}");
            let same_name = self.users.keys().filter(|(name, _)| **name == *user.username).count();
            let named = store.users_named("bank", &user.username).await.unwrap();
            assert_eq!(named.len(), same_name.min(2), "seed {seed}");
        }
        for (tenant, name) in TENANTS.iter().flat_map(|tenant| NAMES.map(|name| (tenant, name))) {
            let subject = user(tenant, name).subject;
            let owner = self.users.values().find(|user| user.subject == subject);
            assert_eq!(store.user_of("bank", &subject).await.unwrap().as_ref(), owner, "seed {seed}");
            let mut sessions = store.sessions_of("bank", &subject).await.unwrap();
            sessions.sort_by_key(|session| session.id);
            assert!(
                sessions.iter().eq(self.sessions.values().filter(|own| own.subject == subject)),
                "seed {seed}"
            );
            let mut consents = store.consents_of("bank", &subject).await.unwrap();
            consents.sort_by_key(|consent| consent.client);
            assert!(
                consents.iter().eq(self.consents.values().filter(|own| own.subject == subject)),
                "seed {seed}"
            );
        }
    }
}

const LIFETIMES: [i64; 3] = [60, 3600, 86_400];

/// An effect on one of a few records, whose guard holds more often than not.
fn effect(random: &mut Random, model: &Model) -> Effect {
    let n = random.below(6);
    let name = NAMES[usize::try_from(random.below(4)).unwrap()];
    let other = random.below(4) == 0; // a guess instead of what the model knows
    match random.below(23) {
        0 | 1 => {
            let mut token =
                token(random.below(12), NOW, LIFETIMES[usize::try_from(random.below(3)).unwrap()]);
            token.scope = name.into();
            Effect::InsertAccessToken(token)
        }
        2 => Effect::DeleteAccessToken(token(random.below(12), NOW, 60).key),
        3 => Effect::InsertGrant(grant(n)),
        4 | 5 => {
            let known = model.grants.get(&grant(n).id.0).map_or(0, |grant| grant.generation);
            let expected_generation = if other { 1 } else { known };
            let (rotated_at, refresh_expires_at) = (NOW + 1, NOW + 2);
            Effect::RotateGrant { id: grant(n).id, expected_generation, rotated_at, refresh_expires_at }
        }
        6 if random.below(3) == 0 => Effect::RevokeGrant(grant(n).id),
        6 => revoke(n, NOW + 1 + n.cast_signed()),
        7 | 8 => {
            let known = model.clients.get(name);
            let version = known.map(|client| client.version);
            let key = known.filter(|_| !other).map_or(n, |client| client.key.0);
            let new = Client { version: version.unwrap_or(0) + 1, ..client(key, name) };
            put(&new, if other { Some(1) } else { version })
        }
        9 => {
            let client = model.clients.get(name).cloned().unwrap_or_else(|| client(n, name));
            Effect::DeleteClient { client: Client { version: client.version + u64::from(other), ..client } }
        }
        10 | 14 | 15 => personal(random, model, name, other),
        11 if other => Effect::DeleteScope { realm: "bank".into(), name: name.into() },
        11 => Effect::PutScope(scope(name, &n.to_string())),
        12 if other => Effect::DeleteKey { realm: "bank".into(), kid: name.into() },
        12 => Effect::InsertKey(key(name)),
        13 => {
            let chain = (0..n % 3).map(|der| vec![der as u8; 3]).collect();
            let not_after = NOW + n.cast_signed();
            Effect::UpdateKey(KeyRecord { not_after, chain, sealed: vec![1], ..key(name) })
        }
        16 => Effect::InsertAuthorizationCode(code(n)),
        17 => spend(n, if other { Spent::Burnt } else { Spent::Redeemed(grant_id(n)) }),
        18 | 19 => at_home(random, model, name, other),
        20 => {
            let known = model.crls.get(name).map_or(0, |crl| crl.number);
            Effect::PutCrl(crl(name, if other { n } else { known + n + 1 }))
        }
        _ => {
            let known = model.certificates.get(&certificate(n).serial.0).map(|known| known.version);
            let version = known.unwrap_or(0) + 1;
            let new = ClientCertificate { version, client_id: name.into(), ..certificate(n) };
            put_certificate(&new, if other { Some(1) } else { known })
        }
    }
}

/// On users; every fourth wants the subject of another.
fn personal(random: &mut Random, model: &Model, name: &str, other: bool) -> Effect {
    let tenant = TENANTS[usize::try_from(random.below(3)).unwrap()];
    let known = model.users.get(&(name.to_owned(), tenant.to_owned()));
    if random.below(3) == 0 {
        let user = known.cloned().unwrap_or_else(|| user(tenant, name));
        return Effect::DeleteUser { user: User { version: user.version + u64::from(other), ..user } };
    }
    let version = known.map(|user| user.version);
    let mut new = User { version: version.unwrap_or(0) + 1, ..user(tenant, name) };
    if random.below(4) == 0 {
        new.subject = user(tenant, NAMES[usize::try_from(random.below(4)).unwrap()]).subject;
    }
    put_user(&new, if other { None } else { version })
}

/// On the sessions and consents of the users without a tenant.
fn at_home(random: &mut Random, model: &Model, name: &str, other: bool) -> Effect {
    let (n, subject, realm) = (random.below(6), user("", name).subject, Box::from("bank"));
    let known = model.sessions.get(&session(n, "").id.0).map(|session| session.version);
    match random.below(5) {
        0 => Effect::DeleteSession { realm, id: session(n, "").id },
        1 => Effect::DeleteConsent { realm, subject, client: ClientKey(n) },
        2 => put_consent(&subject, n, name),
        _ => {
            let version = known.unwrap_or(0) + 1;
            let new =
                Session { version, last_seen_at: random.below(99).cast_signed(), ..session(n, &subject) };
            put_session(&new, if other { Some(1) } else { known })
        }
    }
}

//! What was revoked before its time: a set in memory that every check of an access token asks, whatever the format, and
//! that is loaded from the store at the start.
//!
//! It is exact without a look-up in the store because all commits pass through [`crate::server::Server::record`], which
//! feeds it. It does not grow without bound: an entry dies with the last token that it could concern, which is at most
//! the longest access-token lifetime away (a certificate's, with the certificate: until then it could still be shown);
//! only a genuine token, grant, user or certificate makes one, so it holds no more entries than tokens were issued in
//! that time and certificates are valid; and each takes about a hundred bytes.

use chancela_core::effect::Effect;
use chancela_core::id::{ClientKey, GrantId, TokenId};
use chancela_core::record::{Revocation, Revoked};
use chancela_core::time::Timestamp;
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

/// The set.
#[derive(Debug, Default)]
pub struct RevocationSet(RwLock<Entries>);

/// Entries with the second at which each may be forgotten.
#[derive(Debug, Default)]
struct Entries {
    tokens: HashMap<TokenId, i64>,
    grants: HashMap<GrantId, i64>,
    /// By the SHA-256 of their DER.
    certificates: HashMap<[u8; 32], i64>,
    subjects: HashMap<Box<str>, Vec<Ended>>,
}

/// The end of a user's tokens.
#[derive(Debug)]
struct Ended {
    client: Option<ClientKey>,
    issued_before: i64,
    expires_at: i64,
}

/// What is asked about: an access token, or a grant that is about to get one.
#[derive(Debug, Clone, Copy)]
pub struct Presented<'a> {
    /// By which a self-contained token is known.
    pub token: Option<TokenId>,
    /// The grant that it belongs to.
    pub grant: Option<GrantId>,
    /// The resource owner, by their own subject.
    pub subject: Option<&'a str>,
    /// Who asked for it.
    pub client: ClientKey,
    /// When it was issued, seconds since the epoch.
    pub issued_at: i64,
    /// SHA-256 of the certificate that it is bound to (RFC 8705 §3.1).
    pub certificate: Option<[u8; 32]>,
}

impl RevocationSet {
    /// From what the store kept.
    pub fn new(revocations: Vec<Revocation>) -> Self {
        let set = Self::default();
        for revocation in revocations {
            set.insert(revocation);
        }
        set
    }

    /// Whether it was revoked in any way.
    pub fn covers(&self, presented: &Presented<'_>) -> bool {
        let Presented { token, grant, subject, client, issued_at, certificate } = *presented;
        let entries = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let ended =
            |ended: &Ended| ended.client.is_none_or(|only| only == client) && issued_at < ended.issued_before;
        token.is_some_and(|id| entries.tokens.contains_key(&id))
            || grant.is_some_and(|id| entries.grants.contains_key(&id))
            || certificate.is_some_and(|sha256| entries.certificates.contains_key(&sha256))
            || subject.and_then(|user| entries.subjects.get(user)).is_some_and(|all| all.iter().any(ended))
    }

    /// Whether the certificate whose DER has this SHA-256 was revoked.
    pub fn has_certificate(&self, sha256: &[u8; 32]) -> bool {
        let entries = self.0.read().unwrap_or_else(PoisonError::into_inner);
        entries.certificates.contains_key(sha256)
    }

    /// Before which second all of a user's tokens for a client are dead; 0 if none is.
    pub fn subject_before(&self, subject: &str, client: ClientKey) -> i64 {
        let entries = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let all = entries.subjects.get(subject).into_iter().flatten();
        let own = all.filter(|ended| ended.client.is_none_or(|only| only == client));
        own.map(|ended| ended.issued_before).max().unwrap_or(0)
    }

    /// Adds a revocation.
    pub fn insert(&self, Revocation { what, expires_at }: Revocation) {
        let mut entries = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match what {
            Revoked::Token(id) => later(entries.tokens.entry(id).or_default(), expires_at),
            Revoked::Grant(id) => later(entries.grants.entry(id).or_default(), expires_at),
            Revoked::Certificate(sha256) => {
                later(entries.certificates.entry(sha256).or_default(), expires_at);
            }
            Revoked::Subject { subject, client, issued_before } => {
                let all = entries.subjects.entry(subject).or_default();
                match all.iter_mut().find(|own| own.client == client) {
                    Some(own) => {
                        later(&mut own.issued_before, issued_before);
                        later(&mut own.expires_at, expires_at);
                    }
                    None => all.push(Ended { client, issued_before, expires_at }),
                }
            }
        }
    }

    /// Forgets what could concern no living token.
    pub fn expire(&self, now: Timestamp) {
        let alive = |expires_at: i64| now.seconds() < expires_at;
        let mut entries = self.0.write().unwrap_or_else(PoisonError::into_inner);
        entries.tokens.retain(|_, expires_at| alive(*expires_at));
        entries.grants.retain(|_, expires_at| alive(*expires_at));
        entries.certificates.retain(|_, expires_at| alive(*expires_at));
        entries.subjects.retain(|_, all| {
            all.retain(|ended| alive(ended.expires_at));
            !all.is_empty()
        });
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        let entries = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let subjects = entries.subjects.values().map(Vec::len).sum::<usize>();
        entries.tokens.len() + entries.grants.len() + entries.certificates.len() + subjects
    }

    /// Whether nothing is revoked.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn later(own: &mut i64, other: i64) {
    *own = other.max(*own);
}

/// The revocations of a commit that is under way. Dropped without an outcome, because whoever asked went away, it adds
/// them: they may be durable, and a replay whose sender hangs up must not leave the tokens alive until the next start.
#[derive(Debug)]
pub struct Pending<'a> {
    set: &'a RevocationSet,
    revocations: Vec<Revocation>,
}

impl<'a> Pending<'a> {
    /// Of the effects of a commit that is about to begin.
    pub fn new(set: &'a RevocationSet, effects: &[Effect]) -> Self {
        let revocation = |effect: &Effect| match effect {
            Effect::Revoke(revocation) => Some(revocation.clone()),
            _ => None,
        };
        Self { set, revocations: effects.iter().filter_map(revocation).collect() }
    }

    /// The commit certainly changed nothing.
    pub fn discard(mut self) {
        self.revocations.clear();
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        for revocation in self.revocations.drain(..) {
            self.set.insert(revocation);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
    const GRANT: GrantId = GrantId([1; 16]);
    const CERTIFICATE: [u8; 32] = [1; 32];

    fn token() -> Presented<'static> {
        Presented {
            token: Some(TokenId([1; 16])),
            grant: Some(GRANT),
            subject: Some("user-1"),
            client: ClientKey(1),
            issued_at: NOW.seconds(),
            certificate: Some(CERTIFICATE),
        }
    }

    fn set(what: Revoked) -> RevocationSet {
        RevocationSet::new(vec![Revocation { what, expires_at: NOW.seconds() + 300 }])
    }

    fn subject(client: Option<u64>, issued_before: i64) -> Revoked {
        Revoked::Subject { subject: "user-1".into(), client: client.map(ClientKey), issued_before }
    }

    /// N-03, N-04, N-07.
    #[test]
    fn a_token_dies_by_itself_with_its_grant_its_user_and_its_certificate() {
        let second = NOW.seconds();
        for (what, dead) in [
            (Revoked::Token(TokenId([1; 16])), true),
            (Revoked::Token(TokenId([2; 16])), false),
            (Revoked::Grant(GRANT), true),
            (Revoked::Grant(GrantId([2; 16])), false),
            (Revoked::Certificate(CERTIFICATE), true),
            (Revoked::Certificate([2; 32]), false),
            (subject(None, second + 1), true),
            (subject(None, second), false),
            (subject(Some(1), second + 1), true),
            (subject(Some(2), second + 1), false),
            (Revoked::Subject { subject: "user-2".into(), client: None, issued_before: second + 1 }, false),
        ] {
            assert_eq!(set(what.clone()).covers(&token()), dead, "{what:?}");
        }
        let none = Presented { token: None, grant: None, subject: None, ..token() };
        assert!(!set(subject(None, second + 1)).covers(&none));
    }

    /// RFC 8705 §3: a token that is bound to nothing does not die with a certificate.
    #[test]
    fn a_revoked_certificate_is_known_until_it_expires() {
        let set = set(Revoked::Certificate(CERTIFICATE));
        assert!(set.has_certificate(&CERTIFICATE) && !set.has_certificate(&[2; 32]));
        let other = Presented { certificate: Some([2; 32]), ..token() };
        let unbound = Presented { certificate: None, ..token() };
        assert!(set.covers(&token()) && !set.covers(&other) && !set.covers(&unbound));
        set.insert(Revocation { what: Revoked::Certificate(CERTIFICATE), expires_at: NOW.seconds() + 301 });
        assert_eq!(set.len(), 1);
        set.expire(NOW.plus_seconds(300));
        assert!(set.has_certificate(&CERTIFICATE));
        set.expire(NOW.plus_seconds(301));
        assert!(!set.has_certificate(&CERTIFICATE) && set.is_empty());
    }

    #[test]
    fn an_entry_lasts_as_long_as_the_longest_that_was_said_of_it() {
        let set = set(subject(None, NOW.seconds()));
        set.insert(Revocation { what: subject(None, NOW.seconds() + 1), expires_at: NOW.seconds() + 10 });
        assert_eq!(set.len(), 1);
        set.expire(NOW.plus_seconds(299));
        assert!(set.covers(&token()));
        set.expire(NOW.plus_seconds(300));
        assert!(set.is_empty());
    }

    #[test]
    fn a_commit_that_nobody_waits_for_revokes_and_one_that_changed_nothing_does_not() {
        let set = RevocationSet::default();
        let effects = chancela_core::grant::revocation(GRANT);
        Pending::new(&set, &effects).discard();
        assert!(set.is_empty());
        drop(Pending::new(&set, &effects));
        assert_eq!(set.len(), 1);
    }
}

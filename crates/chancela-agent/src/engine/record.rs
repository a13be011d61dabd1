//! What is known of a token: what the provider answered, the session behind it, and the journal of a refresh under way.
//! This is what a cache keeps.

use super::action::Reason;
use super::key::Fingerprint;
use super::moment::{Life, Moment, SECOND};
use super::policy::Policy;
use chancela_core::secret::Secret;
use std::sync::Arc;

/// An access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The token.
    pub access_token: Secret,
    /// Its name in logs.
    pub fingerprint: Fingerprint,
    /// `token_type`, where the answer said one.
    pub token_type: Option<String>,
    /// How long it is good. Of no length: for one call.
    pub life: Life,
    /// The granted scope, where the answer said one.
    pub scope: Option<String>,
}

/// What a login gave beside access tokens. Times are seconds since the epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The refresh token.
    pub refresh_token: Secret,
    /// When the user logged in.
    pub login_at: i64,
    /// When it was refreshed last, or the login.
    pub refreshed_at: i64,
    /// Before this moment a refresh is punished.
    pub not_before: Option<i64>,
    /// When the refresh token ends, if it is not refreshed.
    pub expires_at: Option<i64>,
}

/// A refresh whose answer is not there yet. It is durable before the request leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Journal {
    /// The refresh token that was sent.
    pub spent: Fingerprint,
    /// When it was sent first, seconds since the epoch.
    pub at: i64,
    /// How often.
    pub tries: u32,
}

/// Everything under one key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// Counts up with each change; whoever has the higher one knows more.
    pub generation: u64,
    /// The access token.
    pub token: Option<Arc<Issued>>,
    /// The session.
    pub session: Option<Session>,
    /// The refresh under way.
    pub journal: Option<Journal>,
    /// Why the last attempt failed, and how long no other is made. Kept so that programs that come and go do not ask the
    /// provider again and again what it has refused.
    pub trouble: Option<Trouble>,
}

/// Failures in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// How many.
    pub failures: u32,
    /// Why the last.
    pub reason: Reason,
    /// What the provider said, for people.
    pub said: Option<Arc<str>>,
    /// How long no other attempt is made.
    pub pause: Life,
    /// The plan's stamp at the time.
    pub stamp: u64,
}

/// A provider's answer with a token, its times in seconds as the wire has them.
#[derive(Debug, Clone)]
pub struct Granted {
    /// `access_token`.
    pub access_token: Secret,
    /// `token_type`.
    pub token_type: Option<String>,
    /// `expires_in`.
    pub expires_in: Option<i64>,
    /// When the token says itself that it ends, seconds since the epoch.
    pub expires_at: Option<i64>,
    /// `scope`.
    pub scope: Option<String>,
    /// `refresh_token`.
    pub refresh_token: Option<Secret>,
    /// `refresh_token_expires_in`.
    pub refresh_expires_in: Option<i64>,
    /// Before when the refresh token may not be used, seconds since the epoch.
    pub refresh_not_before: Option<i64>,
}

impl Granted {
    /// How long the token lives in milliseconds, counted from the request: what the answer says, else what the provider's
    /// rules say, else what the token says. `None` if nobody says.
    pub(super) fn life(&self, policy: &Policy, sent: Moment) -> Option<i64> {
        let said = self.expires_in.map(|seconds| seconds.max(0).saturating_mul(SECOND));
        let own = || self.expires_at.map(|at| at.saturating_mul(SECOND).saturating_sub(sent.wall).max(0));
        said.or(policy.default_life).or_else(own)
    }

    /// The access token, which lives `length` milliseconds from the request.
    pub(super) fn issued(&self, length: i64, sent: Moment) -> Issued {
        Issued {
            access_token: self.access_token.clone(),
            fingerprint: Fingerprint::of(self.access_token.expose()),
            token_type: self.token_type.clone(),
            life: Life::new(sent, length),
            scope: self.scope.clone(),
        }
    }
}

impl Record {
    /// The record after a person's login, whose token request was sent at `sent`. `generation` is that of the record before
    /// it, of which nothing stays: it belongs to another session.
    pub(crate) fn of_login(generation: u64, granted: &Granted, policy: &Policy, sent: Moment) -> Self {
        let length = granted.life(policy, sent).unwrap_or(0);
        Self {
            generation: generation.saturating_add(1),
            token: (length > 0).then(|| Arc::new(granted.issued(length, sent))),
            session: Session::after(None, granted, policy, sent),
            journal: None,
            trouble: None,
        }
    }

    /// The record after a logout. That nothing is left is news, too: it is younger than what it ends.
    pub(crate) fn of_logout(generation: u64) -> Self {
        Self { generation: generation.saturating_add(1), ..Self::default() }
    }
}

impl Session {
    /// The session after an answer to a request sent at `now`; `old` is the one that was refreshed. `None` if the answer
    /// gave none and there was none.
    pub(super) fn after(old: Option<&Self>, granted: &Granted, policy: &Policy, now: Moment) -> Option<Self> {
        let seconds = now.wall.div_euclid(SECOND);
        // Some servers say nought for "never".
        let said = granted.refresh_expires_in.filter(|life| *life > 0);
        let sliding = said.or(policy.refresh_life.map(|life| life.div_euclid(SECOND)));
        let expires_at = sliding.map(|life| seconds.saturating_add(life));
        let Some(refresh_token) = &granted.refresh_token else {
            // RFC 6749 section 6: without a new one, the old one stays.
            return old.map(|old| Self {
                refreshed_at: seconds,
                expires_at: expires_at.or(old.expires_at),
                ..old.clone()
            });
        };
        Some(Self {
            refresh_token: refresh_token.clone(),
            login_at: old.map_or(seconds, |old| old.login_at),
            refreshed_at: seconds,
            not_before: granted.refresh_not_before,
            expires_at,
        })
    }

    /// When it ends whatever is done, or if nothing is: the earlier of the two. Seconds since the epoch.
    pub fn ends_at(&self, policy: &Policy) -> Option<i64> {
        let absolute = policy.absolute_life.map(|life| self.login_at.saturating_add(life.div_euclid(SECOND)));
        match (self.expires_at, absolute) {
            (Some(sliding), Some(absolute)) => Some(sliding.min(absolute)),
            (one, other) => one.or(other),
        }
    }

    /// Whether it is over.
    pub(super) fn is_over(&self, policy: &Policy, now: Moment) -> bool {
        self.ends_at(policy).is_some_and(|end| now.wall >= end.saturating_mul(SECOND))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(refresh_token: Option<&str>, expires_in: Option<i64>) -> Granted {
        Granted {
            access_token: Secret::new("a"),
            token_type: None,
            expires_in: Some(300),
            expires_at: None,
            scope: None,
            refresh_token: refresh_token.map(Secret::new),
            refresh_expires_in: expires_in,
            refresh_not_before: None,
        }
    }

    const DAY: i64 = 86_400;

    fn at(seconds: i64) -> Moment {
        Moment { wall: seconds * SECOND, boot: 0 }
    }

    /// The session ends at the earlier of last use and sliding time, login and absolute time.
    #[test]
    fn an_absolute_end_counts_from_the_login_and_not_from_a_refresh() {
        let policy = Policy { absolute_life: Some(30 * DAY * SECOND), ..Policy::default() };
        let first = Session::after(None, &granted(Some("r1"), None), &policy, at(0)).unwrap();
        assert_eq!(first.ends_at(&policy), Some(30 * DAY));
        let later = Session::after(Some(&first), &granted(Some("r2"), None), &policy, at(20 * DAY)).unwrap();
        assert_eq!(later.ends_at(&policy), Some(30 * DAY), "not extended");
        let short = Session::after(Some(&first), &granted(Some("r2"), Some(600)), &policy, at(DAY)).unwrap();
        assert_eq!(short.ends_at(&policy), Some(DAY + 600));
        assert!(later.is_over(&policy, at(30 * DAY)) && !later.is_over(&policy, at(30 * DAY - 1)));
    }

    #[test]
    fn a_login_begins_a_session_and_keeps_nothing_of_the_one_before() {
        let policy = Policy { absolute_life: Some(30 * DAY * SECOND), ..Policy::default() };
        let record = Record::of_login(7, &granted(Some("r"), None), &policy, at(DAY));
        let session = record.session.clone().unwrap();
        assert_eq!((record.generation, session.login_at, session.ends_at(&policy)), (8, DAY, Some(31 * DAY)));
        assert_eq!(record.token.unwrap().life.left(at(DAY)), 300_000);
        let once = Granted { expires_in: Some(0), ..granted(None, None) };
        let record = Record::of_login(0, &once, &policy, at(DAY));
        assert_eq!((record.token, record.session), (None, None), "a token for one call cannot be kept");
        assert_eq!(Record::of_logout(8), Record { generation: 9, ..Record::default() });
    }

    #[test]
    fn an_answer_without_a_refresh_token_keeps_the_old_one() {
        let policy = Policy::default();
        let first = Session::after(None, &granted(Some("r1"), None), &policy, at(0)).unwrap();
        let later = Session::after(Some(&first), &granted(None, None), &policy, at(10)).unwrap();
        assert_eq!((later.refresh_token.expose(), later.refreshed_at), ("r1", 10));
        assert_eq!(Session::after(None, &granted(None, None), &policy, at(10)), None);
    }

    #[test]
    fn a_refresh_token_that_lives_nought_seconds_lives_for_ever() {
        let policy = Policy::default();
        let first = Session::after(None, &granted(Some("r1"), Some(0)), &policy, at(0)).unwrap();
        assert_eq!(first.ends_at(&policy), None);
        let first = Session::after(None, &granted(Some("r1"), Some(600)), &policy, at(0)).unwrap();
        let later = Session::after(Some(&first), &granted(None, Some(900)), &policy, at(500)).unwrap();
        assert_eq!(later.ends_at(&policy), Some(1400), "a new life for the old token");
    }

    #[test]
    fn a_life_is_what_the_answer_says_else_the_rules_else_the_token() {
        let silent = Granted { expires_in: None, expires_at: Some(1100), ..granted(None, None) };
        let policy = Policy { default_life: Some(600_000), ..Policy::default() };
        assert_eq!(granted(None, None).life(&policy, at(1000)), Some(300_000));
        assert_eq!(silent.life(&policy, at(1000)), Some(600_000));
        assert_eq!(silent.life(&Policy::default(), at(1000)), Some(100_000));
        let mute = Granted { expires_at: None, ..silent };
        assert_eq!(mute.life(&Policy::default(), at(1000)), None);
        let negative = Granted { expires_in: Some(-5), ..mute };
        assert_eq!(negative.life(&Policy::default(), at(1000)), Some(0));
        let absurd = Granted { expires_in: Some(i64::MAX), ..negative };
        assert_eq!(absurd.life(&Policy::default(), at(1000)), Some(i64::MAX));
    }
}

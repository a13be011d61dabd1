//! What the engine knows of one key, and what follows from it at a moment. Nothing here acts.

use super::action::{Failure, Reason, Refusal};
use super::flight::{Call, Flight};
use super::key::Fingerprint;
use super::moment::{Moment, SECOND};
use super::plan::Plan;
use super::policy::Margins;
use super::record::{Issued, Record, Trouble};
use super::{Class, Life};
use std::sync::Arc;

/// A key and everything about it.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) plan: Plan,
    pub(super) record: Record,
    /// Of the record's token.
    pub(super) margins: Margins,
    /// A token that is good for one call, not handed out yet.
    pub(super) once: Option<Arc<Issued>>,
    /// Whether the cache was read.
    pub(super) known: bool,
    /// The token that an API has refused.
    pub(super) doubted: Option<Fingerprint>,
    /// When a refusal was last believed, by boot time.
    pub(super) rejected_at: Option<i64>,
    /// The earlier step's token that was blamed for a refusal: once for each.
    pub(super) blamed: Option<Fingerprint>,
    /// When the cache was last searched for somebody's login, by boot time.
    pub(super) looked_at: Option<i64>,
    /// Pauses that began before this are over: somebody has ended them. Milliseconds since the epoch.
    pub(super) pardoned_at: i64,
    /// What is under way.
    pub(super) flight: Option<Flight>,
    /// How many of the warnings before the session's end were given.
    pub(super) warned: usize,
}

/// How a token stands for a caller.
#[derive(Debug)]
pub(super) enum Standing {
    /// Good for long.
    Fresh(Arc<Issued>),
    /// Good, and to be renewed.
    Aging(Arc<Issued>),
    /// Good by the clock, and an API has refused it.
    Doubted(Arc<Issued>),
    /// Good, and no token ever lives as long as the caller wants.
    TooShort,
    /// Not to be handed out.
    Gone,
}

/// What a renewal would do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Ask with the client's own grant.
    Again,
    /// Spend the refresh token. Uncertain if an earlier use of it was never answered and the provider does not promise to
    /// answer again.
    Refresh { uncertain: bool },
    /// Nothing yet.
    Later(Refusal),
    /// Nothing without a person.
    Login,
}

impl Slot {
    pub(super) fn new(plan: Plan) -> Self {
        Self {
            plan,
            record: Record::default(),
            margins: Margins { soft: 0, hard: 0 },
            once: None,
            known: false,
            doubted: None,
            rejected_at: None,
            blamed: None,
            looked_at: None,
            pardoned_at: i64::MIN,
            flight: None,
            warned: 0,
        }
    }

    /// How the token stands for a caller who wants it to live `min_ttl` milliseconds.
    pub(super) fn standing(&self, now: Moment, min_ttl: i64) -> Standing {
        let Some(token) = &self.record.token else { return Standing::Gone };
        let left = token.life.left(now);
        // A token of a second's life has no margin, and still is not handed out when it is over.
        if left < self.margins.hard.max(1) {
            Standing::Gone
        } else if min_ttl >= token.life.length {
            Standing::TooShort
        } else if left < min_ttl {
            Standing::Gone
        } else if self.doubted == Some(token.fingerprint) {
            Standing::Doubted(Arc::clone(token))
        } else if left <= self.margins.soft {
            Standing::Aging(Arc::clone(token))
        } else {
            Standing::Fresh(Arc::clone(token))
        }
    }

    /// Whether a flight that began for `call` need not go on: somebody else has brought what it was to bring.
    pub(super) fn satisfies(&self, call: &Call, now: Moment) -> bool {
        match self.standing(now, call.need) {
            Standing::Fresh(_) => true,
            Standing::Aging(token) => call.began_with != Some(token.fingerprint),
            Standing::Doubted(_) | Standing::TooShort | Standing::Gone => false,
        }
    }

    /// Why no attempt is made for a while.
    pub(super) fn held(&self, now: Moment) -> Option<Refusal> {
        let trouble = self.record.trouble.as_ref().filter(|trouble| {
            trouble.pause.left(now) > 0
                && trouble.pause.began.wall > self.pardoned_at
                && trouble.stamp == self.plan.stamp
        })?;
        Some(trouble.refusal(now))
    }

    /// What a renewal would do now.
    pub(super) fn next(&self, now: Moment) -> Next {
        if let Some(refusal) = self.held(now) {
            return Next::Later(refusal);
        }
        if self.plan.repeatable {
            return Next::Again;
        }
        let policy = &self.plan.policy;
        let Some(session) = self.record.session.as_ref().filter(|session| !session.is_over(policy, now))
        else {
            return Next::Login;
        };
        let early = |after: i64| Next::Later(Refusal::passing(Reason::TooEarly, after));
        let opens = session.not_before.map_or(i64::MIN, |at| at.saturating_mul(SECOND));
        if opens > now.wall {
            return early(opens.saturating_sub(now.wall));
        }
        let since = now.wall.saturating_sub(session.refreshed_at.saturating_mul(SECOND));
        // A refresh that seems to lie in the future is the clock's fault; nobody waits for it.
        if (0..policy.refresh_interval).contains(&since) {
            return early(policy.refresh_interval - since);
        }
        let spent = Fingerprint::of(session.refresh_token.expose());
        let Some(journal) = self.record.journal.filter(|journal| journal.spent == spent) else {
            return Next::Refresh { uncertain: false };
        };
        let since = now.wall.saturating_sub(journal.at.saturating_mul(SECOND));
        if policy.replay_window.is_some_and(|window| (0..window).contains(&since)) {
            return Next::Refresh { uncertain: false };
        }
        // The provider may take the repetition for a theft and end the session together with this access token.
        match self.standing(now, 0) {
            Standing::Fresh(token) | Standing::Aging(token) => {
                early(token.life.left(now).saturating_sub(self.margins.hard).max(1))
            }
            _ => Next::Refresh { uncertain: true },
        }
    }

    /// Takes over what stands in the cache. Returns whether that is another token.
    pub(super) fn adopt(&mut self, mut found: Record, chance: u64) -> bool {
        let login = |record: &Record| record.session.as_ref().map(|session| session.login_at);
        // A cache that may not keep access tokens has none; the one in memory is of the same login or is not ours.
        if found.token.is_none()
            && found.generation >= self.record.generation
            && login(&found) == login(&self.record)
        {
            found.token = self.record.token.take();
        }
        self.known = true;
        let old = self.record.token.as_ref().map(|token| token.fingerprint);
        self.record = found;
        let token = self.record.token.as_ref();
        if token.map(|token| token.fingerprint) == old {
            return false;
        }
        let life = token.map_or(0, |token| token.life.length);
        self.margins = self.plan.policy.margins(life, chance);
        self.doubted = None;
        true
    }

    /// The trouble after one more failure, and whether other processes should know of it.
    pub(super) fn trouble(&self, failure: Failure, now: Moment, chance: u64) -> (Trouble, bool) {
        let failures = self.record.trouble.as_ref().map_or(0, |trouble| trouble.failures).saturating_add(1);
        let Failure { class, retry_after, said } = failure;
        let policy = &self.plan.policy;
        let life = self.record.token.as_ref().map(|token| token.life.length);
        let (reason, pause, shared) = match class {
            Class::Unsent | Class::Busy | Class::Lost => (
                Reason::Unavailable,
                policy.pause(failures, retry_after, life, chance),
                retry_after.is_some(),
            ),
            Class::Credentials => (Reason::Credentials, policy.cool_down(failures, retry_after), true),
            Class::Request => (Reason::Request, policy.cool_down(failures, retry_after), true),
            Class::Grant if self.plan.repeatable => {
                (Reason::Credentials, policy.cool_down(failures, retry_after), true)
            }
            Class::Grant => (Reason::LoginRequired, 0, true),
        };
        let (pause, stamp) = (Life::new(now, pause), self.plan.stamp);
        (Trouble { failures, reason, said, pause, stamp }, shared)
    }
}

impl Trouble {
    pub(super) fn refusal(&self, now: Moment) -> Refusal {
        Refusal { reason: self.reason, after: Some(self.pause.left(now).max(0)), said: self.said.clone() }
    }
}

impl Refusal {
    pub(super) const fn passing(reason: Reason, after: i64) -> Self {
        Self { reason, after: Some(after), said: None }
    }

    pub(super) const fn lasting(reason: Reason) -> Self {
        Self { reason, after: None, said: None }
    }
}

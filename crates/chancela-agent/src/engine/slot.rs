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
    /// A token that is good for one call, not handed out yet, and when it came by boot time.
    pub(super) once: Option<(Arc<Issued>, i64)>,
    /// Tokens of earlier steps that the next request takes along.
    pub(super) companions: Vec<Arc<Issued>>,
    /// When the provider last gave a token, by boot time.
    pub(super) granted_at: Option<i64>,
    /// Before this boot time no other request is made.
    pub(super) rests_until: i64,
    /// Failures of this process that others need not know of.
    pub(super) own_trouble: Option<Trouble>,
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
    /// Pauses that began up to this boot time are over: somebody has ended them.
    pub(super) pardoned_at: Option<i64>,
    /// What is under way.
    pub(super) flight: Option<Flight>,
    /// How many of the warnings before the session's end were given.
    pub(super) warned: usize,
}

/// How long a token for one call waits for it, in milliseconds.
const ONCE: i64 = 10 * SECOND;
/// How long a token counts as new, in milliseconds.
const NEW: i64 = SECOND;

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
            companions: Vec::new(),
            granted_at: None,
            rests_until: i64::MIN,
            own_trouble: None,
            known: false,
            doubted: None,
            rejected_at: None,
            blamed: None,
            looked_at: None,
            pardoned_at: None,
            flight: None,
            warned: 0,
        }
    }

    /// How the token stands for a caller who wants it to live `min_ttl` milliseconds.
    pub(super) fn standing(&self, now: Moment, min_ttl: i64) -> Standing {
        let Some(token) = &self.record.token else { return Standing::Gone };
        let left = token.life.left(now);
        // What has just come is the best that there is, however short: it is handed out, or it is too short.
        let is_new = self.granted_at.is_some_and(|at| (0..NEW).contains(&now.boot.saturating_sub(at)));
        // A token of a second's life has no margin, and still is not handed out when it is over.
        let hard = if is_new { 1 } else { self.margins.hard.max(1) };
        if left < hard {
            Standing::Gone
        } else if min_ttl >= token.life.length || is_new && left < min_ttl {
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

    /// Why no attempt is made for a while: by what this process knows, or by what all do.
    pub(super) fn held(&self, now: Moment) -> Option<Refusal> {
        let counts = |trouble: &&Trouble| {
            let pause = &trouble.pause;
            // A pause of an earlier start of the machine began before any pardon of this one.
            let began = if pause.same_boot { pause.began.boot } else { i64::MIN };
            let pardoned = self.pardoned_at.is_some_and(|at| began <= at);
            pause.pause_left(now) > 0 && !pardoned && trouble.stamp == self.plan.stamp
        };
        let troubles = [self.own_trouble.as_ref(), self.record.trouble.as_ref()].into_iter().flatten();
        let longest = troubles.filter(counts).max_by_key(|trouble| trouble.pause.pause_left(now))?;
        Some(longest.refusal(now))
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
        let name = |token: &Arc<Issued>| (token.fingerprint, token.life);
        let old = self.record.token.as_ref().map(name);
        self.record = found;
        let new = self.record.token.as_ref().map(name);
        if new == old {
            return false;
        }
        self.margins = self.plan.policy.margins(new.map_or(0, |(_, life)| life.length), chance);
        let is_other = new.map(|(fingerprint, _)| fingerprint) != old.map(|(fingerprint, _)| fingerprint);
        if is_other {
            self.doubted = None;
            self.own_trouble = None;
        }
        is_other
    }

    /// After the provider's answer is adopted: a doubt that it has answered is over, and a token for one call waits for it.
    pub(super) fn take_granted(&mut self, once: Option<Arc<Issued>>, now: Moment) {
        self.doubted = None;
        self.once = once.map(|token| (token, now.boot));
    }

    /// A token that is good for one call, for whoever asks first; a caller who gave up leaves none to find hours later.
    pub(super) fn take_once(&mut self, now: Moment, min_ttl: i64) -> Option<Arc<Issued>> {
        let (token, at) = self.once.take()?;
        let is_new = (0..ONCE).contains(&now.boot.saturating_sub(at));
        (is_new && min_ttl == 0).then_some(token)
    }

    /// The trouble after one more failure, and whether other processes should know of it.
    pub(super) fn trouble(&self, failure: Failure, now: Moment, chance: u64) -> (Trouble, bool) {
        let troubles = [self.own_trouble.as_ref(), self.record.trouble.as_ref()].into_iter().flatten();
        let failures = troubles.map(|trouble| trouble.failures).max().unwrap_or(0).saturating_add(1);
        let Failure { class, retry_after, said } = failure;
        let policy = &self.plan.policy;
        let life = self.record.token.as_ref().map(|token| token.life.length);
        let (reason, pause, shared) = match class {
            Class::Unsent | Class::Busy | Class::Lost => (
                Reason::Unavailable,
                policy.pause(failures, retry_after, life, chance),
                retry_after.is_some(),
            ),
            Class::Local => (Reason::Configuration, policy.pause_first, false),
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
        Refusal {
            reason: self.reason,
            after: Some(self.pause.pause_left(now).max(0)),
            said: self.said.clone(),
        }
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

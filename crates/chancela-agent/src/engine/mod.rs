//! The renewal engine: when a token is asked for, with what, who waits for it, and what is durable before what.
//!
//! Sans-I/O: [`Engine::ask`] answers at once, [`Engine::poll`] says what to do, [`Engine::handle`] takes what came of it,
//! and both clocks are arguments. Owns margins, single flight, the refresh journal, pauses and budgets. Does not own
//! requests, answers' syntax, files, or who waits: whoever waits asks again after [`Action::Wake`].
//!
//! A flight is lock, record read again, journal (refresh tokens only), request, record saved, lock given back. Each step
//! is durable before the next, so that a process may die anywhere: what it leaves is a session that was not touched, a
//! journal that says which refresh token was sent and when, or the new session.

mod action;
mod budget;
mod chance;
mod flight;
mod key;
mod landing;
mod moment;
mod plan;
mod policy;
mod record;
mod slot;

pub use action::{
    Action, Answer, Attempt, Class, Event, Failure, How, Notice, Reason, Refusal, Served, Want,
};
pub use budget::Budget;
pub(crate) use budget::Ledger;
pub use key::{Fingerprint, TokenKey};
pub(crate) use moment::duration;
pub use moment::{Life, Moment, SECOND};
pub use plan::{Chain, Plan};
pub use policy::{Margins, Policy};
pub use record::{Granted, Issued, Journal, Record, Session, Trouble};

use chance::Chance;
use flight::{Call, Flight, Phase};
use slot::{Slot, Standing};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

/// Longest time between two looks at the clocks, in milliseconds: a laptop that slept, or a clock that was set, is noticed.
const LONGEST_SLEEP: i64 = 30 * SECOND;
/// Most steps that a token needs.
const MOST_STEPS: usize = 8;

/// The engine.
#[derive(Debug)]
pub struct Engine {
    /// In the order of their keys, so that a run can be repeated.
    slots: BTreeMap<TokenKey, Slot>,
    ledgers: HashMap<TokenKey, Ledger>,
    actions: VecDeque<(TokenKey, Action)>,
    chance: Chance,
}

/// A plan that cannot be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The earlier step is not registered yet.
    #[error("a step stands before the one whose token it needs")]
    StepUnknown,
    /// There are too many steps.
    #[error("a token needs more than {MOST_STEPS} steps")]
    TooManySteps,
}

/// How a key stands, for people.
#[derive(Debug, Clone)]
pub struct Status {
    /// The key.
    pub key: TokenKey,
    /// The token, if it may be handed out.
    pub token: Option<Arc<Issued>>,
    /// Milliseconds that it is good for.
    pub left: i64,
    /// When it is renewed and when it is no longer handed out.
    pub margins: Margins,
    /// Seconds since the epoch at which the session ends.
    pub session_ends_at: Option<i64>,
    /// Whether there is a session.
    pub has_session: bool,
    /// Whether a refresh was sent and never answered.
    pub is_uncertain: bool,
    /// Whether a renewal is under way.
    pub is_renewing: bool,
    /// Why there is no other attempt yet.
    pub trouble: Option<Refusal>,
    /// Calls of the endpoint that are left, if it has a budget.
    pub budget_left: Option<usize>,
}

impl Engine {
    /// An engine without keys. `seed` is a random number of this process: instances differ by it in when they renew.
    pub fn new(seed: u64) -> Self {
        Self {
            slots: BTreeMap::new(),
            ledgers: HashMap::new(),
            actions: VecDeque::new(),
            chance: Chance::new(seed),
        }
    }

    /// Adds a key. One that is there keeps its plan, and is kept from now on if this one is.
    ///
    /// # Errors
    /// An earlier step that is not there yet: steps are added in their order, so that there is no cycle.
    pub fn register(&mut self, key: TokenKey, plan: Plan) -> Result<(), PlanError> {
        if let Some(slot) = self.slots.get_mut(&key) {
            slot.plan.keep |= plan.keep;
            return Ok(());
        }
        let mut step = plan.chain.map(|chain| chain.key);
        for _ in 0..MOST_STEPS {
            let Some(earlier) = step else { break };
            let slot = self.slots.get(&earlier).ok_or(PlanError::StepUnknown)?;
            step = slot.plan.chain.map(|chain| chain.key);
        }
        if step.is_some() {
            return Err(PlanError::TooManySteps);
        }
        if let Some(budget) = plan.budget {
            self.ledgers.entry(plan.endpoint).or_insert_with(|| Ledger::new(budget));
        }
        self.slots.insert(key, Slot::new(plan));
        Ok(())
    }

    /// Whether a key is there.
    pub fn is_registered(&self, key: TokenKey) -> bool {
        self.slots.contains_key(&key)
    }

    /// A token, or what to do for one. Never one past its end.
    pub fn ask(&mut self, now: Moment, key: TokenKey, want: Want) -> Answer {
        let Some(slot) = self.slots.get_mut(&key) else {
            return Answer::Refuse(Refusal::lasting(Reason::Unregistered));
        };
        let mut chain = Vec::new();
        let mut left = i64::MAX;
        if let Some(step) = slot.plan.chain.filter(|chain| chain.accompanies) {
            match self.ask(now, step.key, want) {
                Answer::Serve(served) => {
                    left = served.left;
                    chain = served.chain;
                    chain.push(served.token);
                }
                other => return other,
            }
        }
        let Some(slot) = self.slots.get_mut(&key) else {
            return Answer::Refuse(Refusal::lasting(Reason::Unregistered));
        };
        if let Some(token) = slot.take_once(now, want.min_ttl) {
            return Answer::Serve(Served { token, chain, left: 0 });
        }
        if chain.last().is_some_and(|token: &Arc<Issued>| token.life.length == 0) {
            slot.companions.clone_from(&chain);
        }
        let mut call = Call { need: want.min_ttl, ..Call::default() };
        let token = match slot.standing(now, want.min_ttl) {
            Standing::Fresh(token) => {
                self.look_again(now, key);
                token
            }
            Standing::Aging(token) => {
                // It is good either way; who asks once it is not hears why there is no other.
                let _ = self.begin(now, key, call);
                token
            }
            Standing::Doubted(token) => {
                call.urgent = true;
                if self.begin(now, key, call).is_ok() {
                    return Answer::Wait;
                }
                token
            }
            Standing::TooShort => return Answer::Refuse(Refusal::lasting(Reason::TooShort)),
            Standing::Gone => {
                return match self.begin(now, key, call) {
                    Ok(()) => Answer::Wait,
                    Err(refusal) => Answer::Refuse(refusal),
                };
            }
        };
        left = left.min(token.life.left(now));
        Answer::Serve(Served { token, chain, left })
    }

    /// The next thing to do, if any.
    pub fn poll(&mut self) -> Option<(TokenKey, Action)> {
        self.actions.pop_front()
    }

    /// Whether there is nothing to do.
    pub fn is_idle(&self) -> bool {
        self.actions.is_empty()
    }

    /// Whether nothing is under way.
    pub fn is_settled(&self) -> bool {
        self.is_idle() && self.slots.values().all(|slot| slot.flight.is_none())
    }

    /// Whether the process may end without losing what only a person can bring back, or what was just obtained.
    pub fn is_expendable(&self) -> bool {
        let spends = |flight: &Flight| match flight.phase {
            Phase::Reading | Phase::Step | Phase::Locking | Phase::Spending { .. } => false,
            Phase::Sending { refresh, .. } => refresh,
            Phase::Journaling(_) | Phase::Saving(_) | Phase::Unsaved { .. } => true,
        };
        !self.slots.values().any(|slot| slot.flight.as_ref().is_some_and(spends))
    }

    /// The longest time in milliseconds that a request of any key may take.
    pub fn longest_patience(&self) -> i64 {
        self.slots.values().map(|slot| slot.plan.policy.patience).max().unwrap_or(0)
    }

    /// An API has refused this token of `key` or of an earlier step of it. Ignored for a token that is replaced already, and
    /// more often than the policy allows. Returns whether it is renewed before it is handed out again.
    pub fn rejected(&mut self, now: Moment, key: TokenKey, seen: Fingerprint) -> bool {
        let mut next = Some(key);
        let mut believed = false;
        while let Some(key) = next {
            believed |= self.doubt(now, key, seen);
            next = self.slots.get(&key).and_then(|slot| slot.plan.chain).map(|chain| chain.key);
        }
        believed
    }

    fn doubt(&mut self, now: Moment, key: TokenKey, seen: Fingerprint) -> bool {
        let Some(slot) = self.slots.get_mut(&key) else { return false };
        if slot.record.token.as_ref().is_none_or(|token| token.fingerprint != seen)
            || slot.doubted == Some(seen)
        {
            return slot.doubted == Some(seen);
        }
        let interval = slot.plan.policy.rejection_interval;
        if slot.rejected_at.is_some_and(|at| now.boot.saturating_sub(at) < interval) {
            return false;
        }
        slot.rejected_at = Some(now.boot);
        slot.doubted = Some(seen);
        true
    }

    /// Ends the pause of a key: by hand, or because what was wrong has changed.
    pub fn reset(&mut self, now: Moment, key: TokenKey) {
        if let Some(slot) = self.slots.get_mut(&key) {
            slot.pardoned_at = Some(now.boot);
            slot.rests_until = i64::MIN;
            slot.blamed = None;
            slot.looked_at = None;
            self.act(key, Action::Wake);
        }
    }

    /// Says that the credentials are others now.
    pub fn restamp(&mut self, key: TokenKey, stamp: u64) {
        if let Some(slot) = self.slots.get_mut(&key) {
            slot.plan.stamp = stamp;
        }
    }

    /// Says that the credentials of a key were replaced, and it with them: it is not renewed any more unless somebody asks.
    pub fn retire(&mut self, key: TokenKey) {
        if let Some(slot) = self.slots.get_mut(&key) {
            slot.plan.keep = false;
        }
    }

    /// Forgets what is known of a key: its record is read again.
    pub fn forget(&mut self, key: TokenKey) {
        if let Some(slot) = self.slots.get_mut(&key)
            && slot.flight.is_none()
        {
            *slot = Slot::new(slot.plan.clone());
        }
    }

    /// Does what time asks for. To be called at least when [`Engine::next_wakeup`] says.
    pub fn tick(&mut self, now: Moment) {
        let keys: Vec<_> = self.slots.keys().copied().collect();
        for key in keys {
            self.save_again(now, key);
            self.warn(now, key);
            let due = self.slots.get(&key).is_some_and(|slot| {
                let fresh = matches!(slot.standing(now, 0), Standing::Fresh(_) | Standing::TooShort);
                slot.plan.keep && slot.flight.is_none() && slot.once.is_none() && !fresh
            });
            if due {
                // Why not stands in the status, and time asks again.
                let _ = self.begin(now, key, Call::default());
            }
        }
    }

    /// Milliseconds after which [`Engine::tick`] has something to do: never more than half a minute, because clocks jump.
    pub fn next_wakeup(&self, now: Moment) -> i64 {
        let due = |slot: &Slot| match &slot.flight {
            Some(flight) => match flight.phase {
                Phase::Unsaved { at } => at.saturating_sub(now.boot),
                _ => LONGEST_SLEEP,
            },
            None if !slot.plan.keep => LONGEST_SLEEP,
            None => {
                let soft = slot
                    .record
                    .token
                    .as_ref()
                    .map_or(0, |token| token.life.left(now).saturating_sub(slot.margins.soft));
                let pause = slot.held(now).and_then(|held| held.after).unwrap_or(0);
                // What is due and cannot be done (a budget, a login) is looked at each second.
                soft.max(pause).max(SECOND)
            }
        };
        self.slots.values().map(due).min().unwrap_or(LONGEST_SLEEP).clamp(0, LONGEST_SLEEP)
    }

    /// How the keys stand.
    pub fn status(&self, now: Moment) -> Vec<Status> {
        self.slots.iter().map(|(key, slot)| self.status_of(now, *key, slot)).collect()
    }

    fn status_of(&self, now: Moment, key: TokenKey, slot: &Slot) -> Status {
        let token = match slot.standing(now, 0) {
            Standing::Fresh(token) | Standing::Aging(token) | Standing::Doubted(token) => Some(token),
            Standing::TooShort | Standing::Gone => None,
        };
        let session = slot.record.session.as_ref();
        Status {
            key,
            left: token.as_ref().map_or(0, |token| token.life.left(now)),
            token,
            margins: slot.margins,
            session_ends_at: session.and_then(|session| session.ends_at(&slot.plan.policy)),
            has_session: session.is_some(),
            is_uncertain: slot.record.journal.is_some(),
            is_renewing: slot.flight.is_some(),
            trouble: slot.held(now),
            budget_left: self.ledgers.get(&slot.plan.endpoint).map(|ledger| ledger.left(now.boot)),
        }
    }

    /// Tells once of each threshold before a session's end.
    fn warn(&mut self, now: Moment, key: TokenKey) {
        let Some(slot) = self.slots.get_mut(&key) else { return };
        let policy = &slot.plan.policy;
        let ends_at = slot.record.session.as_ref().and_then(|session| session.ends_at(policy));
        let left = ends_at.map_or(i64::MAX, |at| at.saturating_mul(SECOND).saturating_sub(now.wall));
        let passed = policy.warn_before.iter().filter(|before| left <= **before).count();
        let news = passed > slot.warned;
        slot.warned = passed;
        if news {
            self.act(key, Action::Tell(Notice::SessionEnds { left: left.max(0) }));
        }
    }

    fn act(&mut self, key: TokenKey, action: Action) {
        self.actions.push_back((key, action));
    }
}

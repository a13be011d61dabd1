//! A renewal under way, from the lock to the saved record. One per key; everybody who comes meanwhile waits for it.

use super::action::{Action, Attempt, Class, Event, Failure, How, Notice, Reason, Refusal, Want};
use super::key::{Fingerprint, TokenKey};
use super::moment::{Moment, SECOND};
use super::record::{Granted, Issued, Journal, Record, Session, Trouble};
use super::slot::{Next, Slot};
use super::{Answer, Engine, Life};
use std::sync::Arc;

/// For what a flight was begun.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Call {
    /// Least life in milliseconds of the token that it brings.
    pub(super) need: i64,
    /// Whether an API has refused the token: calls of the endpoint's reserve may be used.
    pub(super) urgent: bool,
    /// The token that there was.
    pub(super) began_with: Option<Fingerprint>,
}

/// A renewal under way.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) call: Call,
    pub(super) phase: Phase,
    /// Tokens of earlier steps for the request.
    chain: Vec<Arc<Issued>>,
    locked: bool,
}

impl Flight {
    /// Whether it only tries again and again to save what stands in memory.
    pub(super) const fn is_stuck(&self) -> bool {
        matches!(self.phase, Phase::Unsaved { .. })
    }
}

/// What is waited for.
#[derive(Debug)]
pub(super) enum Phase {
    /// The record.
    Reading,
    /// The earlier step's token.
    Step,
    /// The lock.
    Locking,
    /// The journal.
    Journaling,
    /// The provider.
    Sending { sent: Moment, refresh: bool },
    /// The record's way into the cache.
    Saving(Box<Saving>),
    /// The next try to save a session that stands in memory alone. By boot time. The lock is kept: whoever read the old
    /// record would spend a refresh token that is spent.
    Unsaved { at: i64 },
}

/// A record on its way into the cache.
#[derive(Debug)]
pub(super) struct Saving {
    record: Record,
    /// Whether the session is lost if it is not kept.
    must: bool,
}

/// Pause between tries to save a session.
const SAVE_PAUSE: i64 = SECOND;
/// Least time between two looks for a login that another process may have made.
const LOOK_PAUSE: i64 = SECOND;
/// How much earlier than its end a step's token is not sent any more.
const STEP_LEFT: i64 = 1;

impl Engine {
    /// Begins a renewal, or joins the one under way.
    pub(super) fn begin(&mut self, now: Moment, key: TokenKey, call: Call) -> Result<(), Refusal> {
        let Some(slot) = self.slots.get_mut(&key) else { return Err(Refusal::lasting(Reason::Unregistered)) };
        if let Some(flight) = &mut slot.flight {
            flight.call.need = flight.call.need.max(call.need);
            flight.call.urgent |= call.urgent;
            return match flight.phase {
                Phase::Unsaved { at } => {
                    Err(Refusal::passing(Reason::Cache, at.saturating_sub(now.boot).max(0)))
                }
                _ => Ok(()),
            };
        }
        let next = slot.next(now);
        let looked = slot.looked_at.is_some_and(|at| (0..LOOK_PAUSE).contains(&now.boot.saturating_sub(at)));
        match next {
            _ if !slot.known => {}
            Next::Later(refusal) => return Err(refusal),
            Next::Login if looked => return Err(Refusal::lasting(Reason::LoginRequired)),
            Next::Login => slot.looked_at = Some(now.boot),
            Next::Again | Next::Refresh { .. } => return self.take_off(now, key, call),
        }
        self.fly(key, call, Phase::Reading, Vec::new());
        self.act(key, Action::Read);
        Ok(())
    }

    /// Begins the part that needs the lock, once the earlier step's token is there and the endpoint's budget allows a call.
    fn take_off(&mut self, now: Moment, key: TokenKey, call: Call) -> Result<(), Refusal> {
        let chain = match self.chain(now, key) {
            Answer::Serve(served) => {
                let mut chain = served.chain;
                chain.push(served.token);
                chain
            }
            Answer::Wait => {
                self.fly(key, call, Phase::Step, Vec::new());
                return Ok(());
            }
            Answer::Refuse(refusal) if refusal.reason == Reason::Unregistered => Vec::new(),
            Answer::Refuse(refusal) => return Err(refusal),
        };
        if let Some(next) = self.over_budget(now, key, call.urgent) {
            return Err(Refusal::passing(Reason::Budget, next.saturating_sub(now.boot)));
        }
        self.fly(key, call, Phase::Locking, chain);
        self.act(key, Action::Lock);
        Ok(())
    }

    /// The token of the step before `key`; refused as unregistered if there is no such step.
    fn chain(&mut self, now: Moment, key: TokenKey) -> Answer {
        match self.slots.get(&key).and_then(|slot| slot.plan.chain) {
            Some(chain) => self.ask(now, chain.key, Want::default()),
            None => Answer::Refuse(Refusal::lasting(Reason::Unregistered)),
        }
    }

    fn over_budget(&self, now: Moment, key: TokenKey, urgent: bool) -> Option<i64> {
        let ledger = self.ledgers.get(&self.slots.get(&key)?.plan.endpoint)?;
        ledger.check(now.boot, urgent).err()
    }

    fn fly(&mut self, key: TokenKey, mut call: Call, phase: Phase, chain: Vec<Arc<Issued>>) {
        if let Some(slot) = self.slots.get_mut(&key) {
            call.began_with = slot.record.token.as_ref().map(|token| token.fingerprint);
            slot.flight = Some(Flight { call, phase, chain, locked: false });
        }
    }

    /// Takes the outcome of an action. What does not belong to what is waited for is ignored.
    pub fn handle(&mut self, now: Moment, key: TokenKey, event: Event) {
        let chance = self.chance.next();
        let Some(slot) = self.slots.get_mut(&key) else { return };
        let Some(flight) = &mut slot.flight else { return };
        match (&flight.phase, event) {
            (Phase::Reading, Event::Read(record)) => {
                let call = flight.call;
                slot.flight = None;
                slot.adopt(record, chance);
                // Those who wait hear of a refusal when they ask again.
                if slot.satisfies(&call, now) || self.begin(now, key, call).is_err() {
                    self.land(key);
                }
            }
            (Phase::Locking, Event::Locked(record)) => {
                flight.locked = true;
                slot.adopt(record, chance);
                self.proceed(now, key);
            }
            (Phase::Locking, Event::LockFailed(_)) if slot.plan.repeatable => self.proceed(now, key),
            (Phase::Locking, Event::LockFailed(why)) | (Phase::Journaling, Event::JournalFailed(why)) => {
                let pause = slot.plan.policy.pause(1, None, None, u64::MAX);
                let (reason, said, stamp) = (Reason::Cache, Some(why), slot.plan.stamp);
                let trouble = Trouble { failures: 1, reason, said, pause: Life::new(now, pause), stamp };
                let refusal = trouble.refusal(now);
                slot.record.trouble = Some(trouble);
                self.act(key, Action::Tell(Notice::Failed(refusal)));
                self.land(key);
            }
            (Phase::Journaling, Event::Journaled) => self.send(now, key, true),
            (Phase::Sending { sent, refresh }, Event::Answered(outcome)) => {
                let (sent, refresh) = (*sent, *refresh);
                match outcome {
                    Ok(granted) => self.granted(now, key, sent, &granted),
                    Err(failure) => self.failed(now, key, refresh, failure),
                }
            }
            (Phase::Saving(_), Event::Saved) => self.saved(key, true, now),
            (Phase::Saving(_), Event::SaveFailed) => self.saved(key, false, now),
            _ => {}
        }
    }

    /// With the lock, and what stands in the cache: asks the provider, if that is still needed.
    fn proceed(&mut self, now: Moment, key: TokenKey) {
        let Some(slot) = self.slots.get(&key) else { return };
        let urgent = slot.flight.as_ref().is_some_and(|flight| flight.call.urgent);
        let over_budget = self.over_budget(now, key, urgent).is_some();
        let Some(slot) = self.slots.get_mut(&key) else { return };
        let Some(flight) = &mut slot.flight else { return };
        let call = flight.call;
        let stale = |token: &Arc<Issued>| token.life.length > 0 && token.life.left(now) < STEP_LEFT;
        if flight.chain.iter().any(stale) || slot.satisfies(&call, now) {
            return self.land(key);
        }
        let next = slot.next(now);
        if over_budget || matches!(next, Next::Later(_) | Next::Login) {
            return self.land(key);
        }
        if let Some(ledger) = self.ledgers.get_mut(&slot.plan.endpoint) {
            ledger.note(now.boot);
        }
        match next {
            Next::Later(_) | Next::Login | Next::Again => self.send(now, key, false),
            Next::Refresh { uncertain } => {
                let Some(session) = &slot.record.session else { return self.land(key) };
                let spent = Fingerprint::of(session.refresh_token.expose());
                let earlier = slot.record.journal.filter(|journal| journal.spent == spent);
                let seconds = now.wall.div_euclid(SECOND);
                let journal = earlier.map_or(Journal { spent, at: seconds, tries: 1 }, |earlier| Journal {
                    tries: earlier.tries.saturating_add(1),
                    ..earlier
                });
                slot.record.journal = Some(journal);
                slot.record.generation = slot.record.generation.saturating_add(1);
                if let Some(flight) = &mut slot.flight {
                    flight.phase = Phase::Journaling;
                }
                let record = slot.record.clone();
                if uncertain {
                    self.act(key, Action::Tell(Notice::Uncertain));
                }
                self.act(key, Action::Journal(record));
            }
        }
    }

    fn send(&mut self, now: Moment, key: TokenKey, refresh: bool) {
        let Some(slot) = self.slots.get_mut(&key) else { return };
        let Some(flight) = &mut slot.flight else { return };
        let how = match (&slot.record.session, refresh) {
            (Some(session), true) => How::Refresh(session.refresh_token.clone()),
            _ => How::Again,
        };
        flight.phase = Phase::Sending { sent: now, refresh };
        let attempt = Attempt { how, chain: flight.chain.clone(), patience: slot.plan.policy.patience };
        self.act(key, Action::Send(attempt));
    }

    fn granted(&mut self, now: Moment, key: TokenKey, sent: Moment, granted: &Granted) {
        let Some(slot) = self.slots.get_mut(&key) else { return };
        let policy = &slot.plan.policy;
        let session = match slot.plan.repeatable {
            true => None,
            false => Session::after(slot.record.session.as_ref(), granted, policy, sent),
        };
        let length = granted.life(policy, sent);
        let token = Arc::new(Issued {
            access_token: granted.access_token.clone(),
            fingerprint: Fingerprint::of(granted.access_token.expose()),
            token_type: granted.token_type.clone(),
            life: Life::new(sent, length.unwrap_or(0)),
            scope: granted.scope.clone(),
        });
        let news = Notice::Renewed { fingerprint: token.fingerprint, life: token.life.length };
        let mut record = Record {
            generation: slot.record.generation.saturating_add(1),
            token: Some(Arc::clone(&token)).filter(|token| token.life.length > 0),
            session,
            journal: None,
            trouble: None,
        };
        slot.blamed = None;
        match length {
            Some(0) => slot.once = Some(token),
            Some(_) => {}
            None => {
                let failure = Failure { class: Class::Request, retry_after: None, said: None };
                let (trouble, _) = slot.trouble(failure, now, 0);
                record.trouble = Some(Trouble { reason: Reason::LifeUnknown, ..trouble });
            }
        }
        let must = record.session.is_some();
        // A token that can be had again is served at once; a session is durable before anybody sees what it gave.
        if !must {
            let chance = self.chance.next();
            slot.adopt(record.clone(), chance);
            self.act(key, Action::Wake);
        }
        self.act(key, Action::Tell(news));
        self.save(key, record, must);
    }

    fn failed(&mut self, now: Moment, key: TokenKey, refresh: bool, failure: Failure) {
        let chance = self.chance.next();
        let class = failure.class;
        if class == Class::Credentials && self.blame_step(now, key) {
            return self.land(key);
        }
        let Some(slot) = self.slots.get_mut(&key) else { return };
        let (trouble, mut shared) = slot.trouble(failure, now, chance);
        let refusal = trouble.refusal(now);
        let mut record = slot.record.clone();
        record.trouble = Some(trouble);
        if refresh {
            // Only an answer that says so, or no request at all, proves that the token was not spent.
            let unspent = matches!(class, Class::Unsent | Class::Credentials | Class::Request);
            if class == Class::Grant {
                (record.session, record.journal, record.trouble) = (None, None, None);
            } else if unspent && record.journal.is_some_and(|journal| journal.tries == 1) {
                (record.journal, shared) = (None, true);
            }
        }
        let news = match record.session {
            None if !slot.plan.repeatable => Notice::LoginRequired,
            _ => Notice::Failed(refusal),
        };
        if shared {
            record.generation = record.generation.saturating_add(1);
            self.save(key, record, false);
        } else {
            slot.adopt(record, chance);
            self.land(key);
        }
        self.act(key, Action::Tell(news));
    }

    /// Whether the earlier step's token may be what the provider refuses; it is then renewed. Once for each.
    fn blame_step(&mut self, now: Moment, key: TokenKey) -> bool {
        let Some(slot) = self.slots.get_mut(&key) else { return false };
        let (Some(chain), Some(flight)) = (slot.plan.chain, &slot.flight) else { return false };
        let Some(step) = flight.chain.last().map(|token| token.fingerprint) else { return false };
        if slot.blamed == Some(step) {
            return false;
        }
        slot.blamed = Some(step);
        self.doubt(now, chain.key, step)
    }

    fn save(&mut self, key: TokenKey, record: Record, must: bool) {
        let Some(flight) = self.slots.get_mut(&key).and_then(|slot| slot.flight.as_mut()) else { return };
        flight.phase = Phase::Saving(Box::new(Saving { record: record.clone(), must }));
        self.act(key, Action::Save(record));
    }

    fn saved(&mut self, key: TokenKey, durable: bool, now: Moment) {
        let chance = self.chance.next();
        let Some(slot) = self.slots.get_mut(&key) else { return };
        let Some(flight) = &mut slot.flight else { return };
        let later = Phase::Unsaved { at: now.boot.saturating_add(SAVE_PAUSE) };
        let Phase::Saving(saving) = std::mem::replace(&mut flight.phase, later) else { return };
        let Saving { record, must } = *saving;
        slot.adopt(record, chance);
        if durable || !must {
            return self.land(key);
        }
        self.act(key, Action::Tell(Notice::NotSaved));
        self.act(key, Action::Wake);
    }

    /// Tries again to save what stands in memory alone.
    pub(super) fn save_again(&mut self, now: Moment, key: TokenKey) {
        let Some(slot) = self.slots.get(&key) else { return };
        if matches!(&slot.flight, Some(Flight { phase: Phase::Unsaved { at }, .. }) if *at <= now.boot) {
            let record = slot.record.clone();
            self.save(key, record, true);
        }
    }

    /// Ends a flight: gives the lock back, and wakes whoever waited.
    fn land(&mut self, key: TokenKey) {
        let flight = self.slots.get_mut(&key).and_then(|slot| slot.flight.take());
        if flight.is_some_and(|flight| flight.locked) {
            self.act(key, Action::Unlock);
        }
        self.wake(key);
    }

    /// Lets everybody ask again who waits for this key, or for one that needs its token.
    fn wake(&mut self, key: TokenKey) {
        self.act(key, Action::Wake);
        let later = |(later, slot): (&TokenKey, &Slot)| {
            slot.plan.chain.is_some_and(|chain| chain.key == key).then_some(*later)
        };
        let later: Vec<_> = self.slots.iter().filter_map(later).collect();
        for later in later {
            if let Some(slot) = self.slots.get_mut(&later) {
                slot.flight.take_if(|flight| matches!(flight.phase, Phase::Step));
            }
            self.wake(later);
        }
    }
}

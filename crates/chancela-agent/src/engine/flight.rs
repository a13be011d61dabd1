//! A renewal under way, from the lock to the saved record. One per key; everybody who comes meanwhile waits for it.

use super::action::{Action, Attempt, Event, How, Notice, Reason, Refusal, Served, Want};
use super::key::{Fingerprint, TokenKey};
use super::moment::{Moment, SECOND};
use super::record::{Issued, Journal, Record, Trouble};
use super::slot::{Next, Standing};
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
    pub(super) chain: Vec<Arc<Issued>>,
    pub(super) locked: bool,
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
    /// The ledger of the endpoint's calls that all processes share.
    Spending { noted: i64 },
    /// The journal, with this record.
    Journaling(Box<Record>),
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
    pub(super) record: Record,
    /// Of a session, which is lost if it is not kept: the token for one call that waits for that, if it is one.
    pub(super) session: Option<Option<Arc<Issued>>>,
}

/// Least time between two looks for a login that another process may have made.
const LOOK_PAUSE: i64 = SECOND;
/// Least time between two looks for a logout, or another login, while there is a good token.
const LOOK_AGAIN_PAUSE: i64 = 5 * SECOND;
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
        // An API's refusal is believed once a minute, and is no loop.
        if !call.urgent && now.boot < slot.rests_until {
            return Err(Refusal::passing(Reason::Unavailable, slot.rests_until.saturating_sub(now.boot)));
        }
        let next = slot.next(now);
        let looked = slot.looked_at.is_some_and(|at| (0..LOOK_PAUSE).contains(&now.boot.saturating_sub(at)));
        match next {
            _ if !slot.known => slot.looked_at = Some(now.boot),
            Next::Later(refusal) => return Err(refusal),
            Next::Login if looked => return Err(Refusal::lasting(Reason::LoginRequired)),
            Next::Login => slot.looked_at = Some(now.boot),
            Next::Again | Next::Refresh { .. } => return self.take_off(now, key, call),
        }
        self.fly(key, call, Phase::Reading, Vec::new());
        self.act(key, Action::Read);
        Ok(())
    }

    /// Looks whether another process has ended a person's session or begun another one. What is known is served meanwhile.
    pub(super) fn look_again(&mut self, now: Moment, key: TokenKey) {
        let Some(slot) = self.slots.get_mut(&key) else { return };
        let since = slot.looked_at.map(|at| now.boot.saturating_sub(at));
        let looked = since.is_some_and(|since| (0..LOOK_AGAIN_PAUSE).contains(&since));
        if !slot.plan.repeatable && slot.flight.is_none() && !looked {
            slot.looked_at = Some(now.boot);
            self.fly(key, Call::default(), Phase::Reading, Vec::new());
            self.act(key, Action::Read);
        }
    }

    /// Begins the part that needs the lock, once the earlier step's token is there and the endpoint's budget allows a call.
    fn take_off(&mut self, now: Moment, key: TokenKey, call: Call) -> Result<(), Refusal> {
        let companions = self.slots.get_mut(&key).map(|slot| std::mem::take(&mut slot.companions));
        let chain = match self.chain(now, key, companions.unwrap_or_default()) {
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
        let patience = self.slots.get(&key).map_or(0, |slot| slot.plan.lock_patience());
        self.fly(key, call, Phase::Locking, chain);
        self.act(key, Action::Lock { patience });
        Ok(())
    }

    /// The token of the step before `key`, one of `companions` if it is good for one call and the caller has it already;
    /// refused as unregistered if there is no such step.
    fn chain(&mut self, now: Moment, key: TokenKey, mut companions: Vec<Arc<Issued>>) -> Answer {
        if companions.last().is_some_and(|token| token.life.length == 0)
            && let Some(token) = companions.pop()
        {
            return Answer::Serve(Served { token, chain: companions, left: 0 });
        }
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
                // A good token is replaced only by what is younger: a file that cannot be read for a moment ends no session.
                let is_news = record.generation > slot.record.generation;
                if is_news || !matches!(slot.standing(now, 0), Standing::Fresh(_)) {
                    slot.adopt(record, chance);
                }
                // Those who wait hear of a refusal when they ask again.
                if slot.satisfies(&call, now) || self.begin(now, key, call).is_err() {
                    self.land(key);
                }
            }
            (Phase::Reading, Event::ReadFailed(why)) => {
                let call = flight.call;
                slot.flight = None;
                slot.known = true;
                // What can be asked for again needs no file; a session may be in this one, and nobody else knows it.
                if slot.plan.repeatable {
                    if self.begin(now, key, call).is_err() {
                        self.land(key);
                    }
                } else {
                    self.out_of_order(now, key, why);
                    if let Some(slot) = self.slots.get_mut(&key) {
                        slot.known = false;
                    }
                }
            }
            (Phase::Locking, Event::Locked(record)) => {
                flight.locked = true;
                slot.adopt(record, chance);
                self.proceed(now, key);
            }
            (Phase::Locking, Event::LockFailed(_)) if slot.plan.repeatable => self.proceed(now, key),
            (Phase::Locking, Event::LockFailed(why)) | (Phase::Journaling(_), Event::JournalFailed(why)) => {
                self.out_of_order(now, key, why)
            }
            (Phase::Spending { .. }, Event::Spent(Ok(()))) => self.depart(now, key),
            (Phase::Spending { noted }, Event::Spent(Err(after))) => {
                if let Some(ledger) = self.ledgers.get_mut(&slot.plan.endpoint) {
                    ledger.take_back(*noted);
                    ledger.shut(now.boot.saturating_add(after.max(1)), flight.call.urgent);
                }
                self.land(key);
            }
            (Phase::Journaling(record), Event::Journaled) => {
                slot.record = Record::clone(record);
                self.send(now, key, true);
            }
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

    /// The cache cannot be used, and nothing is sent without it: a short pause.
    fn out_of_order(&mut self, now: Moment, key: TokenKey, why: Arc<str>) {
        let Some(slot) = self.slots.get_mut(&key) else { return };
        let pause = slot.plan.policy.pause(1, None, None, u64::MAX);
        let (reason, said, stamp) = (Reason::Cache, Some(why), slot.plan.stamp);
        let trouble = Trouble { failures: 1, reason, said, pause: Life::new(now, pause), stamp };
        let refusal = trouble.refusal(now);
        slot.own_trouble = Some(trouble);
        self.act(key, Action::Tell(Notice::Failed(refusal)));
        self.land(key);
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
        let is_stale = flight.chain.iter().any(stale);
        if is_stale || slot.satisfies(&call, now) {
            return self.land(key);
        }
        if over_budget || matches!(slot.next(now), Next::Later(_) | Next::Login) {
            return self.land(key);
        }
        let Some(budget) = slot.plan.budget else { return self.depart(now, key) };
        let (endpoint, urgent) = (slot.plan.endpoint, call.urgent);
        if let Some(ledger) = self.ledgers.get_mut(&endpoint) {
            ledger.note(now.boot);
        }
        if let Some(flight) = &mut slot.flight {
            flight.phase = Phase::Spending { noted: now.boot };
        }
        self.act(key, Action::Spend { endpoint, budget, urgent });
    }

    /// With everything that a request needs: sends it, a refresh token not before the journal says so.
    fn depart(&mut self, now: Moment, key: TokenKey) {
        let Some(slot) = self.slots.get_mut(&key) else { return };
        match slot.next(now) {
            Next::Later(_) | Next::Login => self.land(key),
            Next::Again => self.send(now, key, false),
            Next::Refresh { uncertain } => {
                let Some(session) = &slot.record.session else { return self.land(key) };
                let spent = Fingerprint::of(session.refresh_token.expose());
                let earlier = slot.record.journal.filter(|journal| journal.spent == spent);
                let seconds = now.wall.div_euclid(SECOND);
                let journal = earlier.map_or(Journal { spent, at: seconds, tries: 1 }, |earlier| Journal {
                    tries: earlier.tries.saturating_add(1),
                    ..earlier
                });
                let record = Record {
                    journal: Some(journal),
                    generation: slot.record.generation.saturating_add(1),
                    ..slot.record.clone()
                };
                if let Some(flight) = &mut slot.flight {
                    flight.phase = Phase::Journaling(Box::new(record.clone()));
                }
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
}

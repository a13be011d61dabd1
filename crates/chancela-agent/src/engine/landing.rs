//! The end of a flight: what an answer means, what is kept of it, and who hears of it.

use super::Engine;
use super::action::{Action, Class, Failure, Notice, Reason};
use super::flight::{Flight, Phase, Saving};
use super::key::TokenKey;
use super::moment::{Moment, SECOND};
use super::record::{Granted, Issued, Record, Session, Trouble};
use super::slot::Slot;
use std::sync::Arc;

/// Pause between tries to save a session.
const SAVE_PAUSE: i64 = SECOND;
/// Least time between two requests of a key.
const LEAST_REST: i64 = SECOND;
/// Most time between two requests of a key that were answered with the same token.
const LONGEST_REST: i64 = 60 * SECOND;
/// The part of a token's life that is left after which it is asked for again, if the provider gave the same one.
const SAME_AGAIN: i64 = 4;

impl Engine {
    pub(super) fn granted(&mut self, now: Moment, key: TokenKey, sent: Moment, granted: &Granted) {
        let Some(slot) = self.slots.get_mut(&key) else { return };
        let policy = &slot.plan.policy;
        let session = match slot.plan.repeatable {
            true => None,
            false => Session::after(slot.record.session.as_ref(), granted, policy, sent),
        };
        let length = granted.life(policy, sent);
        let token = Arc::new(granted.issued(length.unwrap_or(0), sent));
        let news = Notice::Renewed { fingerprint: token.fingerprint, life: token.life.length };
        let mut record = Record {
            generation: slot.record.generation.saturating_add(1),
            token: Some(Arc::clone(&token)).filter(|token| token.life.length > 0),
            session,
            journal: None,
            trouble: None,
        };
        slot.blamed = None;
        slot.own_trouble = None;
        slot.granted_at = Some(now.boot);
        let once = length == Some(0);
        if length.is_some_and(|length| length > 0) {
            // Some providers answer with the same token until it ends; asking more often brings it no sooner.
            let same = slot.record.token.as_ref().is_some_and(|old| old.fingerprint == token.fingerprint);
            let rest = if same { token.life.left(now) / SAME_AGAIN } else { 0 };
            slot.rests_until = now.boot.saturating_add(rest.clamp(LEAST_REST, LONGEST_REST));
        }
        match length {
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
            slot.take_granted(once.then_some(token), now);
            self.act(key, Action::Wake);
            self.act(key, Action::Tell(news));
            return self.save(key, record, None);
        }
        self.act(key, Action::Tell(news));
        self.save(key, record, Some(once.then_some(token)));
    }

    pub(super) fn failed(&mut self, now: Moment, key: TokenKey, refresh: bool, failure: Failure) {
        let chance = self.chance.next();
        let class = failure.class;
        if class == Class::Credentials && self.blame_step(now, key) {
            return self.land(key);
        }
        let Some(slot) = self.slots.get_mut(&key) else { return };
        let (trouble, mut shared) = slot.trouble(failure, now, chance);
        let refusal = trouble.refusal(now);
        let mut record = slot.record.clone();
        if shared {
            record.trouble = Some(trouble.clone());
        }
        slot.own_trouble = Some(trouble);
        if refresh {
            // Only an answer that says so, or no request at all, proves that the token was not spent.
            let unspent = matches!(class, Class::Unsent | Class::Local | Class::Credentials | Class::Request);
            if class == Class::Grant {
                (record.session, record.journal, record.trouble) = (None, None, None);
                slot.own_trouble = None;
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
            self.save(key, record, None);
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

    fn save(&mut self, key: TokenKey, record: Record, session: Option<Option<Arc<Issued>>>) {
        let Some(flight) = self.slots.get_mut(&key).and_then(|slot| slot.flight.as_mut()) else { return };
        flight.phase = Phase::Saving(Box::new(Saving { record: record.clone(), session }));
        self.act(key, Action::Save(record));
    }

    pub(super) fn saved(&mut self, key: TokenKey, durable: bool, now: Moment) {
        let chance = self.chance.next();
        let Some(slot) = self.slots.get_mut(&key) else { return };
        let Some(flight) = &mut slot.flight else { return };
        let later = Phase::Unsaved { at: now.boot.saturating_add(SAVE_PAUSE) };
        let Phase::Saving(saving) = std::mem::replace(&mut flight.phase, later) else { return };
        let Saving { record, session } = *saving;
        slot.adopt(record, chance);
        let must = session.is_some();
        if let Some(once) = session {
            slot.take_granted(once, now);
        }
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
            // Another generation: what could not be made durable may stand there all the same.
            let record =
                Record { generation: slot.record.generation.saturating_add(1), ..slot.record.clone() };
            self.save(key, record, Some(None));
        }
    }

    /// Ends a flight: gives the lock back, and wakes whoever waited.
    pub(super) fn land(&mut self, key: TokenKey) {
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

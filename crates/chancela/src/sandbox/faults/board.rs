//! Which faults are set and how often each has struck. Pure: the time is an argument, and nothing is done here.

use super::action::{Action, Budget};
use super::definition::{Definition, Endpoint, Kind};
use super::sight::Sight;
use chancela_core::rejection::{Rejection, Rule};
use chancela_core::time::Timestamp;
use serde_json::{Map, Value};

/// Most faults at once.
pub(super) const MAX_FAULTS: usize = 100;

/// The faults that are set, in the order in which they were.
#[derive(Debug, Default)]
pub(super) struct Board {
    faults: Vec<Fault>,
    last: u64,
}

/// A fault that is set.
#[derive(Debug)]
struct Fault {
    id: u64,
    definition: Definition,
    action: Action,
    budget: Option<Budget>,
    set_at: Timestamp,
    /// Requests that it was for.
    seen: u32,
    /// Those that it struck.
    struck: u32,
}

/// A fault that strikes a request.
#[derive(Debug)]
pub(super) struct Strike {
    pub(super) id: u64,
    pub(super) kind: Kind,
    pub(super) action: Action,
}

impl Board {
    /// Sets a fault from `now` on; its id.
    ///
    /// # Errors
    /// What is wrong with it, or that there are too many.
    pub(super) fn set(&mut self, definition: Definition, now: Timestamp) -> Result<u64, String> {
        definition.check_keys()?;
        let (action, budget) = (definition.action()?, definition.budget()?);
        if self.faults.len() >= MAX_FAULTS {
            self.faults.retain(|fault| !fault.is_done(now));
        }
        if self.faults.len() >= MAX_FAULTS {
            return Err(format!("{MAX_FAULTS} faults wait already; delete some at /_sandbox/faults"));
        }
        self.last += 1;
        let fault = Fault { id: self.last, definition, action, budget, set_at: now, seen: 0, struck: 0 };
        self.faults.push(fault);
        Ok(self.last)
    }

    /// The faults that strike a request at `now`, each counted.
    pub(super) fn strike(&mut self, sight: &Sight, now: Timestamp) -> Vec<Strike> {
        let matching = self.faults.iter_mut().filter(|fault| fault.looks_at(now) && fault.is_for(sight));
        matching.filter_map(|fault| fault.count(now)).collect()
    }

    /// Whether a handshake at `now` is struck.
    pub(super) fn strike_handshake(&mut self, now: Timestamp) -> bool {
        let of_kind = |fault: &&mut Fault| fault.definition.kind == Kind::ExpiredCertificate;
        let matching = self.faults.iter_mut().filter(of_kind).filter(|fault| fault.looks_at(now));
        // Every one counts, even if the first strikes already.
        matching.filter_map(|fault| fault.count(now)).count() > 0
    }

    /// All faults, as they were written and what became of them.
    pub(super) fn list(&self, now: Timestamp) -> Vec<Value> {
        self.faults.iter().map(|fault| Value::Object(fault.describe(now))).collect()
    }

    /// One fault.
    pub(super) fn show(&self, id: u64, now: Timestamp) -> Option<Value> {
        self.faults.iter().find(|fault| fault.id == id).map(|fault| Value::Object(fault.describe(now)))
    }

    /// Takes a fault away; whether there was one.
    pub(super) fn remove(&mut self, id: u64) -> bool {
        let before = self.faults.len();
        self.faults.retain(|fault| fault.id != id);
        self.faults.len() < before
    }

    /// Takes all away.
    pub(super) fn clear(&mut self) {
        self.faults.clear();
    }
}

impl Fault {
    /// Whether `now` is in the fault's time.
    fn looks_at(&self, now: Timestamp) -> bool {
        let begin = self.set_at.plus_seconds(self.definition.after.unwrap_or(0).into());
        let end = self.definition.lasts.map(|seconds| begin.plus_seconds(seconds.into()));
        begin.millis() <= now.millis() && end.is_none_or(|end| now.millis() < end.millis())
    }

    fn is_for(&self, sight: &Sight) -> bool {
        let own = &self.definition;
        fn fits<T: PartialEq>(wanted: Option<&T>, seen: Option<&T>) -> bool {
            wanted.is_none_or(|wanted| seen == Some(wanted))
        }
        let endpoint = own.endpoint.unwrap_or(Endpoint::Token);
        own.kind != Kind::ExpiredCertificate
            && (endpoint == Endpoint::Any || sight.endpoint == Some(endpoint))
            && fits(own.realm.as_ref(), sight.realm.as_ref())
            && fits(own.token_endpoint.as_ref(), sight.token_endpoint.as_ref())
            && fits(own.grant.as_ref(), sight.grant_type.as_ref())
            && own.client.as_ref().is_none_or(|client| sight.is_client(client))
            && fits(own.client_certificate.as_ref(), Some(&sight.client_certificate))
    }

    /// Counts a request that the fault is for, and says whether it strikes this one.
    fn count(&mut self, now: Timestamp) -> Option<Strike> {
        self.seen = self.seen.saturating_add(1);
        let action = match &mut self.budget {
            Some(budget) => {
                let seconds = budget.take(now)?;
                Action::Refuse(Rejection::with(Rule::RateLimited, seconds), http::HeaderMap::new())
            }
            None => {
                let first = self.definition.nth.unwrap_or(1);
                let in_turn = self.seen >= first && self.last_turn().is_none_or(|last| self.seen <= last);
                in_turn.then(|| self.action.clone())?
            }
        };
        self.struck = self.struck.saturating_add(1);
        Some(Strike { id: self.id, kind: self.definition.kind, action })
    }

    /// The last request that it strikes; `None` if there is no last one.
    fn last_turn(&self) -> Option<u32> {
        let endless = self.definition.forever == Some(true) || self.budget.is_some();
        let (first, times) = (self.definition.nth.unwrap_or(1), self.definition.times.unwrap_or(1));
        (!endless).then(|| first.saturating_add(times - 1))
    }

    /// Whether it never strikes again.
    fn is_done(&self, now: Timestamp) -> bool {
        let over = self.definition.after.unwrap_or(0).checked_add(self.definition.lasts.unwrap_or(u32::MAX));
        let over =
            over.is_some_and(|seconds| now.millis() >= self.set_at.plus_seconds(seconds.into()).millis());
        over || self.last_turn().is_some_and(|last| self.seen >= last)
    }

    fn describe(&self, now: Timestamp) -> Map<String, Value> {
        let mut members = Map::new();
        members.insert("id".into(), self.id.into());
        members.extend(self.definition.members());
        members.insert("seen".into(), self.seen.into());
        members.insert("struck".into(), self.struck.into());
        members.insert("done".into(), self.is_done(now).into());
        members
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);

    fn definition(toml: &str) -> Definition {
        toml::from_str(toml).unwrap()
    }

    fn token_request() -> Sight {
        Sight { realm: Some("r".into()), endpoint: Some(Endpoint::Token), ..Sight::default() }
    }

    /// At which of ten requests, one a second, a fault strikes.
    fn struck(toml: &str) -> Vec<i64> {
        let mut board = Board::default();
        board.set(definition(toml), NOW).unwrap();
        let at = |n: i64| NOW.plus_seconds(n - 1);
        (1..=10).filter(|n| !board.strike(&token_request(), at(*n)).is_empty()).collect()
    }

    #[test]
    fn a_fault_strikes_once_unless_it_says_otherwise() {
        assert_eq!(struck("kind = 'close'"), [1]);
        assert_eq!(struck("kind = 'close'\nnth = 3"), [3]);
        assert_eq!(struck("kind = 'close'\nnth = 3\ntimes = 2"), [3, 4]);
        assert_eq!(struck("kind = 'close'\nnth = 8\nforever = true"), [8, 9, 10]);
    }

    #[test]
    fn time_decides_which_requests_are_counted() {
        assert_eq!(struck("kind = 'close'\nafter = 4"), [5]);
        assert_eq!(struck("kind = 'close'\nafter = 4\nnth = 2"), [6]);
        assert_eq!(struck("kind = 'close'\nafter = 2\nlasts = 3\nforever = true"), [3, 4, 5]);
        assert_eq!(struck("kind = 'close'\nafter = 2\nlasts = 3\nnth = 4"), [0_i64; 0]);
    }

    #[test]
    fn a_budget_is_the_calls_of_a_window() {
        assert_eq!(struck("kind = 'budget'\ncalls = 3\nwindow = 60\nlock_out = 3"), [4, 5, 6, 10]);
    }

    #[test]
    fn a_fault_strikes_only_what_it_is_for() {
        let mut board = Board::default();
        for wrong in [
            "realm = 'other'",
            "endpoint = 'jwks'",
            "grant = 'password'",
            "client = 'c'",
            "client_certificate = true",
        ] {
            board.set(definition(&format!("kind = 'close'\n{wrong}")), NOW).unwrap();
        }
        assert!(board.strike(&token_request(), NOW).is_empty());
        board.set(definition("kind = 'close'\nendpoint = 'any'"), NOW).unwrap();
        assert_eq!(board.strike(&token_request(), NOW).len(), 1);
        assert!(!board.strike_handshake(NOW));
        board.set(definition("kind = 'expired_certificate'"), NOW).unwrap();
        assert!(board.strike(&token_request(), NOW).is_empty());
        assert_eq!([board.strike_handshake(NOW), board.strike_handshake(NOW)], [true, false]);
    }

    #[test]
    fn faults_are_bounded_and_those_that_are_done_make_room() {
        let mut board = Board::default();
        for _ in 0..MAX_FAULTS {
            board.set(definition("kind = 'close'\nnth = 2"), NOW).unwrap();
        }
        let error = board.set(definition("kind = 'close'"), NOW).unwrap_err();
        assert!(error.contains("/_sandbox/faults"), "{error}");
        board.strike(&token_request(), NOW);
        assert_eq!(board.strike(&token_request(), NOW).len(), MAX_FAULTS);
        let id = board.set(definition("kind = 'close'"), NOW).unwrap();
        assert_eq!((board.list(NOW).len(), id), (1, MAX_FAULTS as u64 + 1));
    }

    proptest! {
        #[test]
        fn a_fault_strikes_as_often_as_it_says(nth in 1_u32..20, times in 1_u32..20, requests in 0_u32..60) {
            let mut board = Board::default();
            board.set(definition(&format!("kind = 'close'\nnth = {nth}\ntimes = {times}")), NOW).unwrap();
            let struck = (0..requests).filter(|_| !board.strike(&token_request(), NOW).is_empty()).count();
            let expected = requests.saturating_sub(nth - 1).min(times);
            prop_assert_eq!(struck, expected as usize);
            let done = board.list(NOW)[0]["done"].as_bool().unwrap();
            prop_assert_eq!(done, requests >= nth + times - 1);
        }
    }
}

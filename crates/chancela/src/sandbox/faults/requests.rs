//! What arrived, for whoever tests a client: a bounded list without secrets (see [`Sight`]).

use super::sight::Sight;
use chancela_core::time::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::VecDeque;

/// How many requests are remembered.
pub(super) const MAX_REQUESTS: usize = 1000;

/// The requests that arrived last.
#[derive(Debug, Default)]
pub(super) struct Requests {
    kept: VecDeque<Arrived>,
    last: u64,
    /// Older ones that were forgotten.
    forgotten: u64,
}

/// A request and what became of it.
#[derive(Debug, Serialize)]
struct Arrived {
    number: u64,
    /// Milliseconds since the epoch, by the sandbox's clock.
    at_millis: i64,
    #[serde(flatten)]
    sight: Sight,
    /// The faults that struck it.
    faults: Vec<u64>,
    /// What the endpoint answered; null if it was not asked, or has not answered.
    endpoint_status: Option<u16>,
    /// What the client was sent; null if it was sent nothing, or nothing yet.
    status: Option<u16>,
    state: State,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// Not answered yet, or its sender has left before it was.
    Open,
    Answered,
    /// The connection was ended without an answer.
    Closed,
    /// The connection ends before the answer does.
    Truncated,
}

impl Requests {
    /// Remembers a request; its number.
    pub(super) fn arrive(&mut self, sight: Sight, faults: Vec<u64>, now: Timestamp) -> u64 {
        if self.kept.len() >= MAX_REQUESTS {
            self.kept.pop_front();
            self.forgotten += 1;
        }
        self.last += 1;
        self.kept.push_back(Arrived {
            number: self.last,
            at_millis: now.millis(),
            sight,
            faults,
            endpoint_status: None,
            status: None,
            state: State::Open,
        });
        self.last
    }

    /// Remembers what the endpoint answered.
    pub(super) fn endpoint_answered(&mut self, number: u64, status: u16) {
        if let Some(arrived) = self.find(number) {
            arrived.endpoint_status = Some(status);
        }
    }

    /// Remembers what the client was sent.
    pub(super) fn end(&mut self, number: u64, status: Option<u16>, state: State) {
        if let Some(arrived) = self.find(number) {
            (arrived.status, arrived.state) = (status, state);
        }
    }

    /// All that is remembered.
    pub(super) fn list(&self) -> Value {
        json!({ "requests": self.kept, "forgotten": self.forgotten })
    }

    /// Forgets all of it. Numbers go on.
    pub(super) fn clear(&mut self) {
        self.kept.clear();
        self.forgotten = 0;
    }

    fn find(&mut self, number: u64) -> Option<&mut Arrived> {
        self.kept.iter_mut().rev().find(|arrived| arrived.number == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_bounded_and_says_what_it_forgot() {
        let (mut requests, now) = (Requests::default(), Timestamp::from_seconds(1));
        for _ in 0..MAX_REQUESTS + 3 {
            requests.arrive(Sight::default(), Vec::new(), now);
        }
        requests.end(1, Some(200), State::Answered);
        let list = requests.list();
        assert_eq!(list["requests"].as_array().unwrap().len(), MAX_REQUESTS);
        assert_eq!((&list["forgotten"], &list["requests"][0]["number"]), (&json!(3), &json!(4)));
        requests.clear();
        assert_eq!(requests.arrive(Sight::default(), Vec::new(), now), MAX_REQUESTS as u64 + 4);
    }
}

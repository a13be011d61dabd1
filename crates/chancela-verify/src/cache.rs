//! Answers of the introspection endpoint, kept for a few seconds. Active ones only: an inactive token may be one that
//! has not arrived everywhere yet, and whoever invents tokens must not fill the memory.

use crate::{Introspection, Timestamp};
use chancela_core::secret::sha256;
use std::collections::{HashMap, VecDeque};

/// How many answers are kept, and for how long. A revoked token is good for `max_age` more seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheLimits {
    /// Most answers; 0 keeps none.
    pub entries: usize,
    /// Seconds, never beyond the token's `exp`; 0 keeps none.
    pub max_age: u32,
}

impl CacheLimits {
    /// Asks each time.
    pub const NONE: Self = Self { entries: 0, max_age: 0 };
}

/// Answers by SHA-256 of the token, so that no token lies in memory; the oldest goes first.
#[derive(Debug)]
pub(crate) struct Cache {
    limits: CacheLimits,
    answers: HashMap<[u8; 32], Entry>,
    order: VecDeque<([u8; 32], u64)>,
    inserted: u64,
}

#[derive(Debug)]
struct Entry {
    answer: Introspection,
    number: u64,
    from: Timestamp,
    until: Timestamp,
}

impl Cache {
    pub(crate) fn new(limits: CacheLimits) -> Self {
        Self { limits, answers: HashMap::new(), order: VecDeque::new(), inserted: 0 }
    }

    /// The answer about `token`, if it was given before `now` and is not too old.
    pub(crate) fn get(&self, token: &str, now: Timestamp) -> Option<Introspection> {
        if self.answers.is_empty() {
            return None;
        }
        let entry = self.answers.get(&sha256(token.as_bytes()))?;
        (entry.from <= now && now < entry.until).then(|| entry.answer.clone())
    }

    /// Keeps an answer to a question of `now`, if it is active.
    pub(crate) fn put(&mut self, token: &str, answer: &Introspection, now: Timestamp) {
        let mut until = now.plus_seconds(i64::from(self.limits.max_age));
        if let Some(expires_at) = answer.expires_at() {
            until = until.min(Timestamp::from_seconds(expires_at));
        }
        if !answer.is_active() || self.limits.entries == 0 || until <= now {
            return;
        }
        while self.order.len() >= self.limits.entries {
            self.drop_oldest();
        }
        let key = sha256(token.as_bytes());
        self.inserted += 1;
        self.order.push_back((key, self.inserted));
        let entry = Entry { answer: answer.clone(), number: self.inserted, from: now, until };
        self.answers.insert(key, entry);
    }

    /// Its place in the order may belong to an answer that a newer one replaced.
    fn drop_oldest(&mut self) {
        let Some((key, number)) = self.order.pop_front() else { return };
        if self.answers.get(&key).is_some_and(|entry| entry.number == number) {
            self.answers.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn active(exp: i64) -> Introspection {
        Introspection::parse(format!("{{\"active\":true,\"exp\":{exp}}}").as_bytes()).unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn an_answer_lives_for_its_age_and_never_beyond_the_tokens_expiry() {
        let mut cache = Cache::new(CacheLimits { entries: 2, max_age: 10 });
        cache.put("long", &active(1000), at(100));
        cache.put("short", &active(105), at(100));
        assert!(cache.get("long", at(109)).is_some() && cache.get("long", at(110)).is_none());
        assert!(cache.get("short", at(104)).is_some() && cache.get("short", at(105)).is_none());
        assert!(cache.get("long", at(99)).is_none(), "the clock was put back");
        assert!(cache.get("other", at(100)).is_none());
    }

    #[test]
    fn inactive_answers_are_not_kept_and_a_cache_of_nothing_keeps_nothing() {
        let inactive = Introspection::parse(b"{\"active\":false}").unwrap();
        let mut cache = Cache::new(CacheLimits { entries: 2, max_age: 10 });
        cache.put("a", &inactive, at(0));
        assert!(cache.get("a", at(0)).is_none() && cache.order.is_empty());
        let mut none = Cache::new(CacheLimits::NONE);
        none.put("a", &active(1000), at(0));
        assert!(none.answers.is_empty() && none.order.is_empty());
    }

    proptest! {
        #[test]
        fn it_never_holds_more_than_its_limit_and_the_newest_answers_are_there(
            tokens in proptest::collection::vec("[a-f]", 1..40), entries in 1_usize..5,
        ) {
            let mut cache = Cache::new(CacheLimits { entries, max_age: 1000 });
            for (second, token) in tokens.iter().enumerate() {
                let now = at(i64::try_from(second).unwrap());
                cache.put(token, &active(5000), now);
                for newest in tokens[..=second].iter().rev().take(entries) {
                    prop_assert!(cache.get(newest, now).is_some());
                }
                prop_assert!(cache.answers.len() <= entries && cache.order.len() <= entries);
            }
        }
    }
}

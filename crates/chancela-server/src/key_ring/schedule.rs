//! When signing keys are made, used, kept and destroyed (requirements K-08 and 3.4). Pure: records and a time give
//! actions; doing them until none is left reaches the schedule from any state, also after a crash between two of them.

use chancela_core::jose::JwsAlgorithm;
use chancela_core::record::{KeyPurpose, KeyRecord};

/// Seconds in a day.
const DAY: i64 = 86_400;

/// Lengths of time in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How long a key signs.
    pub active: i64,
    /// How long the next key is published before it signs.
    pub publish_before: i64,
    /// How long a key stays published after it signed last: the longest life of a token and the JWKS caches.
    pub retain_after: i64,
}

impl Policy {
    /// 90 days of signing, 24 hours before, 24 hours and the longest token lifetime (seconds) after.
    pub const fn for_longest_token(seconds: u32) -> Self {
        Self { active: 90 * DAY, publish_before: DAY, retain_after: DAY + seconds as i64 }
    }
}

/// Seconds that the longest token lived when a key's schedule was made or last prolonged.
pub fn longest_token(record: &KeyRecord) -> u32 {
    u32::try_from(record.expires_at - record.not_after - DAY).unwrap_or(0)
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Make a key with this schedule.
    Create {
        /// First use.
        not_before: i64,
        /// Last use.
        not_after: i64,
        /// Last publication.
        expires_at: i64,
    },
    /// Give a key another schedule.
    Reschedule(KeyRecord),
    /// Destroy a key.
    Destroy {
        /// The realm.
        realm: Box<str>,
        /// The key.
        kid: Box<str>,
    },
}

/// How urgent a rotation is that an operator asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// The new key is published first and used after `publish_before`.
    Planned,
    /// The new key is used at once; the old one stays published.
    Now,
    /// The old keys are destroyed at once: every token that they signed is dead.
    Compromised,
}

/// What the schedule demands now (seconds since the epoch) for one algorithm.
pub fn plan(records: &[KeyRecord], algorithm: JwsAlgorithm, policy: Policy, now: i64) -> Vec<Action> {
    let mut actions: Vec<Action> = records
        .iter()
        .filter(|record| now >= record.expires_at && record.purpose == KeyPurpose::AccessTokenSigning)
        .map(|record| Action::Destroy { realm: record.realm.clone(), kid: record.kid.clone() })
        .collect();
    // A client may have got longer-lived tokens since a key's schedule was made: the key stays as long as they need it.
    let too_short = |r: &&KeyRecord| now < r.expires_at && r.expires_at < r.not_after + policy.retain_after;
    actions.extend(signing(records, algorithm).filter(too_short).map(|record| {
        Action::Reschedule(KeyRecord { expires_at: record.not_after + policy.retain_after, ..record.clone() })
    }));
    let last =
        signing(records, algorithm).filter(|r| now < r.not_after).max_by_key(|record| record.not_after);
    match last {
        None => actions.push(create(now, policy)),
        Some(last) if last.not_after - now <= policy.publish_before => {
            actions.push(create(last.not_after, policy))
        }
        Some(_) => {}
    }
    actions
}

/// What an operator's rotation demands now for one algorithm.
pub fn rotate(
    records: &[KeyRecord],
    algorithm: JwsAlgorithm,
    policy: Policy,
    urgency: Urgency,
    now: i64,
) -> Vec<Action> {
    let switch = if urgency == Urgency::Planned { now + policy.publish_before } else { now };
    let mut actions = vec![create(switch, policy)];
    for record in signing(records, algorithm) {
        actions.push(match urgency {
            Urgency::Compromised => Action::Destroy { realm: record.realm.clone(), kid: record.kid.clone() },
            // A key that was waiting for its turn is not needed any more.
            _ if record.not_before >= switch && record.not_before > now => {
                Action::Destroy { realm: record.realm.clone(), kid: record.kid.clone() }
            }
            _ => {
                let not_after = record.not_after.min(switch);
                let expires_at = not_after + policy.retain_after;
                Action::Reschedule(KeyRecord { not_after, expires_at, ..record.clone() })
            }
        });
    }
    actions
}

fn create(not_before: i64, policy: Policy) -> Action {
    let not_after = not_before + policy.active;
    Action::Create { not_before, not_after, expires_at: not_after + policy.retain_after }
}

fn signing(records: &[KeyRecord], algorithm: JwsAlgorithm) -> impl Iterator<Item = &KeyRecord> {
    records
        .iter()
        .filter(move |r| r.purpose == KeyPurpose::AccessTokenSigning && &*r.algorithm == algorithm.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy::for_longest_token(3600);

    fn apply(records: &mut Vec<KeyRecord>, actions: Vec<Action>, now: i64) {
        for action in actions {
            match action {
                Action::Create { not_before, not_after, expires_at } => records.push(KeyRecord {
                    realm: "r".into(),
                    kid: format!("k{now}-{}", records.len()).into(),
                    purpose: KeyPurpose::AccessTokenSigning,
                    algorithm: "ES256".into(),
                    sealed: Vec::new(),
                    chain: Vec::new(),
                    created_at: now,
                    not_before,
                    not_after,
                    expires_at,
                }),
                Action::Reschedule(new) => {
                    records.iter_mut().filter(|r| r.kid == new.kid).for_each(|r| *r = new.clone())
                }
                Action::Destroy { kid, .. } => records.retain(|record| record.kid != kid),
            }
        }
    }

    /// K-08: in two years of hours there is always a key in use, it was published a day before (but the first), and
    /// every key that signed stays published until its last token died.
    #[test]
    fn a_key_is_always_in_use_and_was_published_before() {
        let mut records = Vec::new();
        let mut signed_last: Vec<(Box<str>, i64)> = Vec::new();
        for hour in 0..2 * 365 * 24 {
            let now = 1_800_000_000 + hour * 3600;
            if hour == 5000 {
                let actions = rotate(&records, JwsAlgorithm::Es256, POLICY, Urgency::Planned, now);
                apply(&mut records, actions, now);
            }
            loop {
                let actions = plan(&records, JwsAlgorithm::Es256, POLICY, now);
                if actions.is_empty() {
                    break;
                }
                apply(&mut records, actions, now);
            }
            let active: Vec<_> =
                records.iter().filter(|r| r.not_before <= now && now < r.not_after).collect();
            assert_eq!(active.len(), 1, "hour {hour}");
            assert!(hour < 24 || now - active[0].created_at >= DAY - 3600, "hour {hour}");
            signed_last.retain(|(kid, _)| *kid != active[0].kid);
            signed_last.push((active[0].kid.clone(), now));
            for (kid, last) in &signed_last {
                assert!(now - last > 3600 || records.iter().any(|r| r.kid == *kid), "hour {hour}");
            }
            assert!(records.len() <= 3);
        }
    }

    #[test]
    fn a_key_stays_published_as_long_as_the_longest_token_that_it_signed() {
        let mut records = Vec::new();
        apply(&mut records, plan(&[], JwsAlgorithm::Es256, POLICY, 0), 0);
        let longer = Policy::for_longest_token(30 * 86_400);
        let actions = plan(&records, JwsAlgorithm::Es256, longer, 10);
        apply(&mut records, actions, 10);
        assert_eq!(records[0].expires_at, records[0].not_after + longer.retain_after);
        assert!(plan(&records, JwsAlgorithm::Es256, POLICY, 20).is_empty(), "it is not shortened again");
    }

    #[test]
    fn a_key_that_signed_for_less_than_a_second_goes_on_verifying() {
        let mut records = Vec::new();
        apply(&mut records, plan(&[], JwsAlgorithm::Es256, POLICY, 100), 100);
        let old = records[0].kid.clone();
        let actions = rotate(&records, JwsAlgorithm::Es256, POLICY, Urgency::Now, 100);
        apply(&mut records, actions, 100);
        assert!(records.iter().any(|record| record.kid == old && record.expires_at > 100 + 3600));
        let active: Vec<_> = records.iter().filter(|r| r.not_before <= 100 && 100 < r.not_after).collect();
        assert!(active.len() == 1 && active[0].kid != old);
    }

    #[test]
    fn a_compromised_key_is_gone_at_once_and_another_is_in_use() {
        let mut records = Vec::new();
        apply(&mut records, plan(&[], JwsAlgorithm::Es256, POLICY, 0), 0);
        let old = records[0].kid.clone();
        let actions = rotate(&records, JwsAlgorithm::Es256, POLICY, Urgency::Compromised, 100);
        apply(&mut records, actions, 100);
        assert!(records.iter().all(|record| record.kid != old));
        assert!(records.iter().any(|record| record.not_before <= 100 && 100 < record.not_after));
    }
}

//! The laws of the throttle.

use super::*;
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr};

const START: i64 = 1_800_000_000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_seconds(START + second)
}

/// The `number`th subscriber.
fn from(number: u32) -> Source {
    Source::of(IpAddr::V4(Ipv4Addr::from_bits(number << 8)))
}

fn visitor(account: &str, source: u32) -> Visitor<'_> {
    Visitor { realm: "main", account, source: from(source), device: None, shared: false }
}

fn fail(throttle: &Throttle, visitor: &Visitor<'_>, second: i64) -> Result<(), Wait> {
    throttle.password(visitor, at(second)).map(drop)
}

/// EN-02.
#[test]
fn five_failures_are_free_and_then_each_doubles_the_wait() {
    let throttle = Throttle::default();
    let ana = visitor("ana", 1);
    for _ in 0..5 {
        assert_eq!(fail(&throttle, &ana, 0), Ok(()));
    }
    assert_eq!(fail(&throttle, &ana, 0), Ok(()), "the fifth failure itself cost no wait");
    let mut now = 0;
    for wait in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
        assert_eq!(fail(&throttle, &ana, now), Err(Wait(wait)));
        assert_eq!(fail(&throttle, &ana, now + i64::from(wait) - 1), Err(Wait(1)));
        now += i64::from(wait);
        assert_eq!(fail(&throttle, &ana, now), Ok(()));
    }
}

#[test]
fn a_success_forgets_the_failures_and_an_abandoned_try_is_none() {
    let throttle = Throttle::default();
    let ana = visitor("ana", 1);
    for round in 0..20 {
        for _ in 0..5 {
            assert_eq!(fail(&throttle, &ana, round * 100), Ok(()));
            throttle.password(&visitor("bia", 2), at(0)).unwrap().abandoned();
        }
        if round < 19 {
            throttle.password(&ana, at(round * 100)).unwrap().succeeded();
        }
    }
    assert_eq!(fail(&throttle, &ana, 2000), Err(Wait(1600)), "the source has failed a hundred times");
}

#[test]
fn a_source_fails_a_hundred_times_an_hour_over_all_accounts() {
    let throttle = Throttle::default();
    let names: Vec<String> = (0..101).map(|number| format!("user{number}")).collect();
    for name in &names[..100] {
        assert_eq!(fail(&throttle, &visitor(name, 1), 0), Ok(()));
    }
    assert_eq!(fail(&throttle, &visitor(&names[100], 1), 60), Err(Wait(3540)));
    assert_eq!(fail(&throttle, &visitor(&names[100], 2), 60), Ok(()), "another source");
    let known = Visitor { device: Some([1; 16]), ..visitor(&names[100], 1) };
    assert_eq!(fail(&throttle, &known, 60), Ok(()), "a browser that is known");
    assert_eq!(fail(&throttle, &visitor(&names[100], 1), 3600), Ok(()));
}

#[test]
fn under_pressure_strangers_wait_each_for_themselves_and_known_browsers_do_not() {
    let throttle = Throttle::default();
    for source in 0..800 {
        let _ = fail(&throttle, &visitor("ana", 1000 + source), 0);
    }
    let owner = visitor("ana", 1);
    let Err(Wait(wait)) = fail(&throttle, &owner, 10) else { panic!("no pressure") };
    // Others go on; the owner's wait grows no longer than the longest.
    for source in 0..2000 {
        let _ = fail(&throttle, &visitor("ana", 9000 + source), 11);
    }
    assert_eq!(fail(&throttle, &owner, 10 + i64::from(wait)), Ok(()));
    assert_eq!(fail(&throttle, &Visitor { device: Some([7; 16]), ..visitor("ana", 2) }, 11), Ok(()));
    assert_eq!(fail(&throttle, &visitor("bia", 2), 11), Ok(()), "another account");
    assert_eq!(fail(&throttle, &Visitor { realm: "other", ..visitor("ana", 2) }, 11), Ok(()));
}

#[test]
fn many_tries_at_once_are_no_way_around() {
    let throttle = Throttle::default();
    let ana = visitor("ana", 1);
    let tries: Vec<_> = (0..100).map(|_| throttle.password(&ana, at(0))).collect();
    assert_eq!(tries.iter().filter(|tried| tried.is_ok()).count(), 6);
}

/// EN-03, O-06.
#[test]
fn a_login_has_five_tries_at_a_second_factor_and_an_account_twenty_a_day() {
    let throttle = Throttle::default();
    let ana = visitor("ana", 1);
    for login in 0..4_u8 {
        for _ in 0..5 {
            assert_eq!(throttle.second_factor(&ana, &[login], at(0)), Ok(()));
        }
        assert_eq!(throttle.second_factor(&ana, &[login], at(1)), Err(Wait(MAX_WAIT)));
    }
    assert_eq!(throttle.second_factor(&ana, b"x", at(3600)), Err(Wait(23 * 3600)));
    assert_eq!(throttle.second_factor(&visitor("ana", 2), b"y", at(3600)), Err(Wait(23 * 3600)));
    let known = Visitor { device: Some([1; 16]), ..ana };
    assert_eq!(throttle.second_factor(&known, b"z", at(3600)), Ok(()), "the owner's own browser");
    assert_eq!(throttle.second_factor(&ana, b"v", at(24 * 3600)), Ok(()));
}

/// DO: nothing grows without bound.
#[test]
fn a_table_is_bounded_and_keeps_what_is_used() {
    let table: Table<u64> = Table::default();
    for key in 0..500_000 {
        table.with(key, |value| *value = key);
        table.with(7, |value| *value = 7);
    }
    assert!(table.len() <= 16 * 2 * table::GENERATION);
    assert_eq!(table.with(7, |value| *value), 7);
    assert_eq!(table.with(499_999, |value| *value), 499_999);
    assert_eq!(table.with(1000, |value| *value), 0, "long unused");
}

#[derive(Debug, Clone)]
struct Step {
    source: u32,
    known: bool,
    right: bool,
    pause: i64,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0_u32..4, any::<bool>(), prop::bool::weighted(0.05), prop_oneof![Just(0), 0_i64..400]);
    let step = step.prop_map(|(source, known, right, pause)| Step { source, known, right, pause });
    prop::collection::vec(step, 1..400)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever others do, the owner in a browser of their own gets a try at once, and from a source of their own
    /// within the longest wait, again and again.
    #[test]
    fn no_outsider_locks_an_owner_out(steps in steps(), flood in 0_u32..3000) {
        let throttle = Throttle::default();
        let mut now = 0;
        for step in &steps {
            now += step.pause;
            let device = step.known.then_some([9; 16]);
            let _ = fail(&throttle, &Visitor { device, ..visitor("ana", step.source) }, now);
        }
        for source in 0..flood {
            let _ = fail(&throttle, &visitor("ana", 100 + source), now);
        }
        let own = Visitor { device: Some([1; 16]), ..visitor("ana", 0) };
        throttle.password(&own, at(now)).unwrap().succeeded();
        let stranger = visitor("ana", 50);
        if let Err(Wait(wait)) = fail(&throttle, &stranger, now) {
            prop_assert!(wait <= MAX_WAIT);
            prop_assert_eq!(fail(&throttle, &stranger, now + i64::from(wait)), Ok(()));
        }
    }

    /// Whoever waits as long as was said gets a try (unless the source failed a hundred times with it), and a visitor
    /// never has more tries than the waits leave room for.
    #[test]
    fn what_is_said_is_kept(steps in steps()) {
        let throttle = Throttle::default();
        let (mut now, mut tried) = (0, Vec::new());
        for step in &steps {
            now += step.pause;
            match throttle.password(&visitor("ana", 1), at(now)) {
                Ok(_) if !step.right => tried.push(now),
                Ok(good) => {
                    good.succeeded();
                    tried.clear();
                }
                Err(Wait(wait)) => {
                    prop_assert!(wait >= 1 && i64::from(wait) <= HOUR);
                    now += i64::from(wait);
                    let later = throttle.password(&visitor("ana", 1), at(now));
                    prop_assert!(later.is_ok());
                    later.unwrap().abandoned();
                }
            }
        }
        // Since the last success: six tries at most in any second, and then ever fewer.
        for window in tried.windows(8) {
            prop_assert!(window[7] - window[0] >= 1);
        }
    }

    /// O-04: it never matters whether anybody has the name.
    #[test]
    fn an_account_that_nobody_has_is_counted_alike(steps in steps()) {
        let throttle = Throttle::default();
        let mut now = 0;
        for step in steps {
            now += step.pause;
            let known = fail(&throttle, &visitor("ana", step.source), now);
            let unknown = fail(&throttle, &visitor("nobody", 10 + step.source), now);
            prop_assert_eq!(known, unknown);
        }
    }
}

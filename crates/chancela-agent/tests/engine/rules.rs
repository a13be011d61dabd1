//! Rule by rule.

use crate::provider::Provider;
use crate::world::{START, Weather, World, key};
use chancela_agent::engine::{
    Action, Answer, Budget, Chain, Class, Engine, Moment, Notice, Plan, PlanError, Policy, Reason, Record,
    TokenKey, Want,
};

fn policy() -> Policy {
    Policy { jitter_percent: 0, patience: 5000, ..Policy::default() }
}

fn plan(policy: Policy, repeatable: bool) -> Plan {
    Plan { policy, endpoint: key("endpoint"), budget: None, chain: None, repeatable, keep: false, stamp: 0 }
}

fn machine(life: i64) -> (World, TokenKey) {
    let name = key("machine");
    (World::new(Provider::new(life, None), vec![(name, plan(policy(), true))], 2), name)
}

fn person() -> (World, TokenKey) {
    let name = key("person");
    let mut world = World::new(Provider::new(300_000, None), vec![(name, plan(policy(), false))], 2);
    world.log_in(name);
    (world, name)
}

fn calls(world: &World) -> usize {
    world.provider.calls.len()
}

#[test]
fn ten_thousand_waiters_make_one_call() {
    let (mut world, name) = machine(300_000);
    for process in [0, 1] {
        for _ in 0..5000 {
            world.call(process, name);
        }
    }
    assert_eq!(world.served, 0);
    world.pass(1000);
    assert_eq!((world.served, calls(&world)), (10_000, 1));
}

#[test]
fn a_token_is_renewed_in_its_soft_margin_and_never_served_in_its_hard_one() {
    let (mut world, name) = machine(300_000);
    world.call(0, name);
    world.pass(239_000);
    world.call(0, name);
    world.pass(100);
    assert_eq!((world.served, calls(&world)), (2, 1), "a minute is left, and a moment");
    world.pass(1000);
    world.call(0, name);
    assert_eq!(world.served, 3, "it is served while it is renewed");
    world.pass(100);
    assert_eq!(calls(&world), 2);
    world.weather = vec![(world.now, i64::MAX, Weather::Down)];
    world.pass(289_000);
    world.call(0, name);
    assert_eq!(world.served, 4, "eleven seconds are left");
    world.pass(2000);
    world.call(0, name);
    world.pass(20_000);
    assert_eq!((world.served, world.served_dead, world.failed.len()), (4, 0, 1));
}

#[test]
fn callers_choose_a_least_life_up_to_what_tokens_live() {
    let (mut world, name) = machine(300_000);
    world.call(0, name);
    world.pass(100_000);
    let moment = world.moment();
    let engine = world.engine_of(0);
    assert!(matches!(engine.ask(moment, name, Want { min_ttl: 199_000 }), Answer::Serve(_)));
    assert!(matches!(engine.ask(moment, name, Want { min_ttl: 250_000 }), Answer::Wait));
    world.call(0, name);
    world.pass(1000);
    assert_eq!(calls(&world), 2);
    let moment = world.moment();
    let Answer::Refuse(refusal) = world.engine_of(0).ask(moment, name, Want { min_ttl: 300_000 }) else {
        panic!()
    };
    assert_eq!((refusal.reason, refusal.after), (Reason::TooShort, None));
    world.pass(1000);
    assert_eq!(calls(&world), 2, "and nothing is asked for in vain");
}

#[test]
fn a_token_of_no_life_is_for_one_call() {
    let (mut world, name) = machine(0);
    world.call(0, name);
    world.call(0, name);
    world.pass(1000);
    assert_eq!((world.served, calls(&world)), (2, 2));
    assert!(world.disk[&name].token.is_none());
}

#[test]
fn a_token_whose_life_nobody_tells_is_a_mistake_of_the_configuration() {
    let (mut world, name) = machine(300_000);
    world.provider.tells_life = false;
    world.call(0, name);
    world.pass(1000);
    assert_eq!(world.failed[0].1, "LifeUnknown");
    assert_eq!(calls(&world), 1);
}

#[test]
fn refused_credentials_are_not_tried_again_by_anybody_until_somebody_says_so() {
    let (mut world, name) = machine(300_000);
    world.provider.refuses = Some((Class::Credentials, i64::MAX));
    for _ in 0..50 {
        world.call(0, name);
        world.call(1, name);
        world.pass(1000);
    }
    assert_eq!(calls(&world), 1);
    assert_eq!(world.failed.len(), 100, "they hear of it at once");
    let moment = world.moment();
    let Answer::Refuse(refusal) = world.engine_of(0).ask(moment, name, Want::default()) else { panic!() };
    assert_eq!(refusal.reason, Reason::Credentials);
    assert!(
        (249_000..=251_000).contains(&refusal.after.unwrap()),
        "and when the next attempt is: {:?}",
        refusal.after
    );
    world.kill(0);
    world.call(0, name);
    world.pass(1000);
    assert_eq!(calls(&world), 1, "nor by a new process");
    world.provider.refuses = None;
    let moment = world.moment();
    world.engine_of(0).reset(moment, name);
    world.call(0, name);
    world.pass(1000);
    assert_eq!((calls(&world), world.served), (2, 1));
    world.call(1, name);
    world.pass(1000);
    assert_eq!(
        (calls(&world), world.served, world.failed.len()),
        (2, 1, 102),
        "the other one reads no more than it must"
    );
    world.pass(250_000);
    world.call(1, name);
    world.pass(1000);
    assert_eq!(world.served, 2);
}

#[test]
fn refused_credentials_are_tried_at_once_when_they_are_others() {
    let (mut world, name) = machine(300_000);
    world.provider.refuses = Some((Class::Credentials, START + 5000));
    world.call(0, name);
    world.pass(10_000);
    world.call(1, name);
    world.pass(1000);
    assert_eq!((calls(&world), world.failed.len()), (1, 2));
    world.engine_of(1).restamp(name, 1);
    world.call(1, name);
    world.pass(1000);
    assert_eq!((calls(&world), world.served), (2, 1));
}

#[test]
fn a_pause_that_the_provider_asks_for_is_kept_by_all_processes() {
    let (mut world, name) = machine(300_000);
    world.provider.refuses = Some((Class::Unsent, i64::MAX));
    world.provider.retry_after = Some(40_000);
    for _ in 0..39 {
        world.call(0, name);
        world.call(1, name);
        world.pass(1000);
    }
    assert_eq!(calls(&world), 1);
    world.pass(5000);
    world.call(0, name);
    world.pass(1000);
    assert_eq!(calls(&world), 2);
}

#[test]
fn a_refused_token_is_renewed_once_and_not_served_before() {
    let (mut world, name) = machine(300_000);
    world.call(0, name);
    world.pass(1000);
    let first = world.last_served.clone().unwrap();
    world.provider.revoke(&first);
    assert!(world.reject(0, name, &first) && world.reject(0, name, &first));
    for _ in 0..10 {
        world.call(0, name);
    }
    world.pass(1000);
    assert_eq!((calls(&world), world.served_dead, world.served), (2, 0, 11));
    let second = world.last_served.clone().unwrap();
    assert!(!world.reject(0, name, &first), "a token that is replaced already");
    assert!(!world.reject(0, name, &second), "once a minute");
    world.call(0, name);
    world.pass(1000);
    assert_eq!((calls(&world), world.served), (2, 12));
    world.pass(60_000);
    assert!(world.reject(0, name, &second));
}

#[test]
fn a_refused_token_is_served_if_there_is_no_other() {
    let (mut world, name) = machine(300_000);
    world.call(0, name);
    world.pass(1000);
    let first = world.last_served.clone().unwrap();
    world.provider.refuses = Some((Class::Request, i64::MAX));
    world.reject(0, name, &first);
    world.call(0, name);
    world.pass(1000);
    assert_eq!((calls(&world), world.served, world.failed.len()), (2, 2, 0));
}

fn two_steps() -> (World, TokenKey, TokenKey) {
    let (gateway, application) = (key("gateway"), key("application"));
    let mut provider = Provider::new(300_000, None);
    provider.second_step = Some(application);
    let chain = Some(Chain { key: gateway, accompanies: true });
    let plans = vec![
        (gateway, Plan { endpoint: key("gateway endpoint"), ..plan(policy(), true) }),
        (application, Plan { chain, ..plan(policy(), true) }),
    ];
    (World::new(provider, plans, 1), gateway, application)
}

#[test]
fn of_two_steps_only_the_stale_one_is_done_again() {
    let (mut world, gateway, application) = two_steps();
    world.call(0, gateway);
    world.pass(100_000);
    world.call(0, application);
    world.pass(1000);
    assert_eq!((world.served, calls(&world)), (2, 2), "the gateway's token was there");
    world.pass(190_000);
    world.call(0, application);
    world.pass(1000);
    assert_eq!(
        (world.served, calls(&world), world.served_dead),
        (3, 3, 0),
        "the gateway's token alone had ended"
    );
}

#[test]
fn an_earlier_step_is_blamed_once_for_a_refusal() {
    let (mut world, gateway, application) = two_steps();
    world.call(0, gateway);
    world.pass(1000);
    let step = world.last_served.clone().unwrap();
    world.provider.revoke(&step);
    world.call(0, application);
    world.pass(1000);
    assert_eq!(
        (calls(&world), world.failed.len()),
        (4, 0),
        "refused, the gateway again, and then the application"
    );
    assert_eq!((world.served, world.served_dead), (2, 0));
}

#[test]
fn an_earlier_step_that_cannot_be_renewed_is_not_blamed_again_and_again() {
    let (mut world, gateway, application) = two_steps();
    world.call(0, gateway);
    world.pass(1000);
    let step = world.last_served.clone().unwrap();
    world.provider.revoke(&step);
    world.provider.broken = Some(gateway);
    world.call(0, application);
    world.pass(30_000);
    assert_eq!(
        calls(&world),
        4,
        "the gateway, the application, the gateway in vain, the application in vain"
    );
    assert_eq!(world.failed[0].1, "Credentials");
}

#[test]
fn a_step_that_does_not_go_along_with_calls_is_obtained_for_the_next_one_alone() {
    let (first, second) = (key("first"), key("second"));
    let mut provider = Provider::new(300_000, None);
    provider.second_step = Some(second);
    let chain = Some(Chain { key: first, accompanies: false });
    let plans = vec![(first, plan(policy(), true)), (second, Plan { chain, ..plan(policy(), true) })];
    let mut world = World::new(provider, plans, 1);
    world.call(0, second);
    world.pass(1000);
    assert_eq!((world.served, calls(&world)), (1, 2));
    let moment = world.moment();
    let Answer::Serve(served) = world.engine_of(0).ask(moment, second, Want::default()) else { panic!() };
    assert!(served.chain.is_empty());
}

#[test]
fn steps_are_registered_in_their_order_and_make_no_circle() {
    let mut engine = Engine::new(1);
    let chained = |name: &str| Plan {
        chain: Some(Chain { key: key(name), accompanies: false }),
        ..plan(policy(), true)
    };
    assert_eq!(engine.register(key("a"), chained("a")), Err(PlanError::StepUnknown));
    assert_eq!(engine.register(key("a"), chained("b")), Err(PlanError::StepUnknown));
    engine.register(key("0"), plan(policy(), true)).unwrap();
    for n in 1..=8 {
        engine.register(key(&n.to_string()), chained(&(n - 1).to_string())).unwrap();
    }
    assert_eq!(engine.register(key("9"), chained("8")), Err(PlanError::TooManySteps));
    let unknown = engine.ask(Moment::default(), key("nobody"), Want::default());
    assert!(matches!(unknown, Answer::Refuse(refusal) if refusal.reason == Reason::Unregistered));
}

#[test]
fn an_endpoints_budget_is_shared_by_its_keys_and_keeps_a_call_for_a_refusal() {
    let budget = Some(Budget { calls: 5, window: 60_000, reserve: 1 });
    let names: Vec<_> = (0..6).map(|n| key(&n.to_string())).collect();
    let plans = names.iter().map(|name| (*name, Plan { budget, ..plan(policy(), true) })).collect();
    let mut world = World::new(Provider::new(300_000, None), plans, 1);
    for name in &names {
        world.call(0, *name);
    }
    world.pass(1000);
    assert_eq!((calls(&world), world.served), (4, 4));
    let refused = world.last_served.clone().unwrap();
    assert!(world.reject(0, names[3], &refused));
    world.call(0, names[3]);
    world.pass(1000);
    assert_eq!((calls(&world), world.served), (5, 5), "the reserve");
    world.pass(50_000);
    assert_eq!(world.failed.len(), 2);
    world.pass(10_000);
    world.call(0, names[4]);
    world.pass(1000);
    assert_eq!(world.served, 6);
}

#[test]
fn a_refresh_that_never_left_is_no_reason_to_wait_for_the_access_tokens_end() {
    let (mut world, name) = person();
    world.call(0, name);
    world.pass(254_500);
    world.weather = vec![(world.now, world.now + 10_000, Weather::Down)];
    for _ in 0..20 {
        world.pass(1000);
        world.call(0, name);
    }
    assert_eq!((calls(&world), world.provider.double_spends), (2, 0));
    assert!(!world.notices.iter().any(|(_, notice)| *notice == Notice::Uncertain));
}

#[test]
fn a_refresh_whose_repetition_never_left_stays_uncertain() {
    let (mut world, name) = person();
    world.call(0, name);
    world.pass(200_000);
    world.weather = vec![
        (world.now, world.now + 80_000, Weather::AnswersLost),
        (world.now + 80_000, world.now + 110_000, Weather::Down),
    ];
    for _ in 0..120 {
        world.pass(1000);
        world.call(0, name);
    }
    let uncertain = world.notices.iter().filter(|(_, notice)| *notice == Notice::Uncertain).count();
    let down = world.notices.iter().filter(|(_, notice)| matches!(notice, Notice::Failed(_))).count();
    assert!(down > 3 && uncertain >= down, "each repetition is told: {uncertain} of {down}");
}

#[test]
fn a_session_is_not_refreshed_twice_within_seconds() {
    let (mut world, name) = person();
    world.call(0, name);
    world.pass(2000);
    let first = world.last_served.clone().unwrap();
    assert!(world.reject(0, name, &first));
    world.call(0, name);
    world.pass(500);
    assert_eq!(
        (calls(&world), world.served),
        (1, 2),
        "what an API says of so young a token is doubtful itself"
    );
    world.pass(5000);
    world.call(0, name);
    world.pass(500);
    assert_eq!((calls(&world), world.served), (2, 3));
}

#[test]
fn a_session_is_not_spent_where_its_journal_cannot_be_written() {
    let (mut world, name) = person();
    world.disk_full_until = START + 60_000;
    world.call(0, name);
    world.pass(20_000);
    assert_eq!((calls(&world), world.failed.len()), (0, 1));
    world.pass(45_000);
    world.call(0, name);
    world.pass(5000);
    assert_eq!((calls(&world), world.served), (1, 1));
}

/// The disk fills while the request is on its way: the session is in memory alone, and nobody else may spend the old one.
#[test]
fn a_session_that_cannot_be_saved_is_served_from_memory_and_locked_until_it_is() {
    let (mut world, name) = person();
    world.call(0, name);
    world.pass(15);
    world.disk_full_until = world.now + 400_000;
    world.pass(1000);
    assert_eq!((calls(&world), world.served), (1, 1));
    assert!(world.notices.iter().any(|(_, notice)| *notice == Notice::NotSaved));
    for _ in 0..25 {
        world.pass(10_000);
        world.call(0, name);
    }
    assert_eq!((calls(&world), world.served, world.failed.len()), (1, 26, 0));
    world.call(1, name);
    world.pass(12_000);
    assert_eq!((calls(&world), world.failed.len()), (1, 1), "the other process waits for the lock, in vain");
    world.pass(200_000);
    world.call(1, name);
    world.call(0, name);
    world.pass(5000);
    assert_eq!((world.provider.double_spends, world.served), (0, 28), "there is room again");
    assert_eq!(world.failed.len(), 1);
}

#[test]
fn a_provider_that_hangs_with_the_lock_of_another_process_does_not_stop_a_machine() {
    let (mut world, name) = machine(300_000);
    world.weather = vec![(START, START + 1000, Weather::AnswersLost)];
    world.plans[0].1.policy.patience = 600_000;
    world.kill(0);
    world.call(0, name);
    world.pass(1000);
    world.deadline = 20_000;
    world.call(1, name);
    world.pass(15_000);
    assert_eq!((world.served, calls(&world)), (1, 2));
}

#[test]
fn a_clock_that_jumps_an_hour_ahead_renews_and_one_that_jumps_back_prolongs_nothing() {
    let (mut world, name) = machine(300_000);
    world.call(0, name);
    world.pass(1000);
    world.wall_off = 3_600_000;
    world.call(0, name);
    world.pass(1000);
    assert_eq!((calls(&world), world.served), (2, 2));
    world.wall_off = 0;
    world.pass(291_000);
    world.call(0, name);
    world.pass(1000);
    assert_eq!((calls(&world), world.served, world.served_dead), (3, 3, 0));
}

#[test]
fn a_laptop_that_slept_serves_nothing_dead() {
    let (mut world, name) = machine(300_000);
    world.call(0, name);
    world.pass(1000);
    world.now += 8 * 3_600_000;
    world.call(0, name);
    world.pass(1000);
    assert_eq!((calls(&world), world.served, world.served_dead), (2, 2, 0));
}

#[test]
fn a_refresh_token_is_not_used_before_its_time() {
    let (mut world, name) = person();
    world.provider.not_before = Some(280_000);
    world.call(0, name);
    world.pass(1000);
    for _ in 0..95 {
        world.pass(3000);
        world.call(0, name);
        world.pass(100);
    }
    assert_eq!((calls(&world), world.provider.double_spends, world.failed.len()), (2, 0, 0));
}

#[test]
fn a_session_ends_when_it_was_to_end_and_warns_before() {
    let name = key("person");
    let day = 86_400_000;
    let policy = Policy { absolute_life: Some(30 * day), ..policy() };
    let mut world = World::new(Provider::new(300_000, None), vec![(name, plan(policy, false))], 1);
    world.log_in(name);
    for _ in 0..(30 * 24) {
        world.call(0, name);
        world.pass(3_600_000);
    }
    assert_eq!((world.served, world.failed.len()), (720, 0));
    let warned = world.notices.iter().filter_map(|(at, notice)| match notice {
        Notice::SessionEnds { .. } => Some((at - START) / day),
        _ => None,
    });
    assert_eq!(warned.collect::<Vec<_>>(), [23, 29]);
    world.call(0, name);
    world.pass(1000);
    assert_eq!(world.failed[0].1, "LoginRequired");
}

#[test]
fn a_logout_or_another_login_in_another_process_is_noticed_while_the_token_is_good() {
    let (mut world, name) = person();
    world.call(0, name);
    world.pass(1000);
    let first = world.last_served.clone();
    let generation = world.disk[&name].generation;
    world.log_in(name);
    assert!(world.disk[&name].generation > generation);
    for _ in 0..2 {
        world.pass(6000);
        world.call(0, name);
        world.pass(1000);
    }
    assert!(world.failed.is_empty() && world.last_served != first);
    let record = world.disk.get_mut(&name).unwrap();
    *record = Record { generation: record.generation + 1, ..Record::default() };
    for _ in 0..2 {
        world.pass(6000);
        world.call(0, name);
        world.pass(1000);
    }
    assert_eq!(world.failed[0].1, "LoginRequired");
}

#[test]
fn a_record_that_cannot_be_read_for_a_moment_ends_no_session() {
    let (mut world, name) = person();
    world.call(0, name);
    world.pass(1000);
    let record = world.disk.remove(&name).unwrap();
    for _ in 0..4 {
        world.pass(6000);
        world.call(0, name);
    }
    world.disk.insert(name, record);
    world.pass(1000);
    assert_eq!((world.served, world.failed.len(), calls(&world)), (5, 0, 1));
}

#[test]
fn what_is_kept_is_renewed_although_nobody_asks() {
    let name = key("machine");
    let kept = Plan { keep: true, ..plan(policy(), true) };
    let mut world = World::new(Provider::new(300_000, None), vec![(name, kept)], 1);
    world.pass(3_600_000);
    assert_eq!(calls(&world), 15, "each 255 seconds");
    world.call(0, name);
    assert_eq!(world.served, 1, "at once");
}

#[test]
fn a_token_request_that_never_ends_is_waited_for_once() {
    let mut engine = Engine::new(1);
    let name = key("machine");
    engine.register(name, plan(policy(), true)).unwrap();
    let now = Moment { wall: START, boot: 5 };
    assert!(matches!(engine.ask(now, name, Want::default()), Answer::Wait));
    assert!(matches!(engine.poll(), Some((_, Action::Read))));
    assert!(engine.poll().is_none());
    assert!(matches!(engine.ask(now, name, Want::default()), Answer::Wait));
    assert!(engine.poll().is_none(), "nothing is done twice");
    assert!(engine.status(now)[0].is_renewing);
}

#[test]
fn pauses_after_failures_grow() {
    let (mut world, name) = machine(3_600_000);
    world.provider.refuses = Some((Class::Busy, i64::MAX));
    world.deadline = 300_000;
    world.call(0, name);
    world.pass(200_000);
    assert!(
        (5..=20).contains(&calls(&world)),
        "1, 2, 4, ... seconds and at last a minute, by chance: {}",
        calls(&world)
    );
}

#[test]
fn a_provider_that_repeats_its_token_is_not_hammered() {
    let (mut world, name) = machine(300_000);
    world.provider.repeats = true;
    for _ in 0..290 {
        world.pass(1000);
        world.call(0, name);
        world.call(1, name);
    }
    world.pass(500);
    assert!(calls(&world) <= 12, "{} calls in a life", calls(&world));
    assert_eq!(world.served_dead, 0);
    let token = world.last_served.clone().unwrap();
    let before = calls(&world);
    world.pass(20_000);
    world.call(0, name);
    world.pass(1000);
    assert_ne!(world.last_served, Some(token), "then there is another one");
    let token = world.last_served.clone().unwrap();
    world.pass(2000);
    assert!(world.reject(0, name, &token));
    for _ in 0..20 {
        world.call(0, name);
        world.pass(100);
    }
    assert!(calls(&world) <= before + 3, "the provider's answer is that the token is good");
}

#[test]
fn tokens_that_live_a_moment_are_served_and_not_asked_for_without_end() {
    let (mut world, name) = machine(1000);
    for _ in 0..10 {
        world.call(0, name);
        world.pass(1000);
    }
    assert!(world.served >= 8 && calls(&world) <= 11, "{} served, {} calls", world.served, calls(&world));
    let (mut world, name) = machine(300_000);
    world.call(0, name);
    world.pass(1100);
    let moment = world.moment();
    world.engine_of(0).ask(moment, name, Want { min_ttl: 299_999 });
    world.call(0, name);
    world.pass(100);
    let moment = world.moment();
    let Answer::Refuse(refusal) = world.engine_of(0).ask(moment, name, Want { min_ttl: 299_999 }) else {
        panic!()
    };
    assert_eq!((refusal.reason, calls(&world)), (Reason::TooShort, 2));
}

#[test]
fn steps_whose_tokens_are_for_one_call_lead_to_a_token() {
    let (gateway, application) = (key("gateway"), key("application"));
    let mut provider = Provider::new(300_000, None);
    provider.second_step = Some(application);
    provider.once = Some(gateway);
    let chain = Some(Chain { key: gateway, accompanies: true });
    let plans = vec![(gateway, plan(policy(), true)), (application, Plan { chain, ..plan(policy(), true) })];
    let mut world = World::new(provider, plans, 1);
    world.call(0, application);
    world.pass(2000);
    assert_eq!((world.served, world.failed.len()), (1, 0));
    assert!(calls(&world) <= 3, "{}", calls(&world));
}

#[test]
fn a_token_for_one_call_does_not_wait_for_hours() {
    let (mut world, name) = machine(0);
    let moment = world.moment();
    assert!(matches!(world.engine_of(0).ask(moment, name, Want::default()), Answer::Wait));
    world.pass(1000);
    world.pass(3 * 3_600_000);
    world.call(0, name);
    world.pass(1000);
    assert_eq!((calls(&world), world.served), (2, 1));
}

#[test]
fn a_journal_that_was_not_written_is_no_uncertainty() {
    let (mut world, name) = person();
    world.call(0, name);
    world.pass(255_500);
    world.disk_full_until = world.now + 3000;
    world.call(0, name);
    world.pass(2000);
    assert_eq!(calls(&world), 1);
    for _ in 0..8 {
        world.pass(1000);
        world.call(0, name);
    }
    assert_eq!(
        (calls(&world), world.failed.len()),
        (2, 0),
        "it is sent as soon as there is room, and not at the end"
    );
}

/// The rename is done and the folder's fsync fails: what was reported as not written stands there.
#[test]
fn a_record_that_was_written_although_that_failed_does_not_stop_the_session() {
    let (mut world, name) = person();
    world.call(0, name);
    world.pass(15);
    world.disk_full_until = world.now + 500;
    world.writes_and_fails = true;
    world.pass(5000);
    assert!(world.notices.iter().any(|(_, notice)| *notice == Notice::NotSaved));
    world.pass(255_000);
    world.call(1, name);
    world.pass(2000);
    assert_eq!((world.served, world.failed.len(), world.provider.double_spends), (2, 0, 0));
}

#[test]
fn a_cache_that_cannot_be_read_is_not_a_login_that_is_missing() {
    let (mut world, name) = person();
    world.unreadable_until = START + 5000;
    world.call(0, name);
    world.pass(20_000);
    assert_eq!((world.served, world.failed.len()), (1, 0));
    world.unreadable_until = i64::MAX;
    world.kill(0);
    world.call(0, name);
    world.pass(15_000);
    let is_told =
        |notice: &Notice| matches!(notice, Notice::Failed(refusal) if refusal.reason == Reason::Cache);
    assert!(world.notices.iter().any(|(_, notice)| is_told(notice)) && world.failed.len() == 1);
    assert!(!world.notices.iter().any(|(_, notice)| *notice == Notice::LoginRequired));
    let (mut world, name) = machine(300_000);
    world.unreadable_until = i64::MAX;
    world.call(0, name);
    world.pass(1000);
    assert_eq!(world.served, 1, "what can be asked for again is");
}

#[test]
fn a_clock_that_is_set_ends_no_pause_and_makes_no_loop() {
    let (mut world, name) = machine(300_000);
    world.provider.refuses = Some((Class::Credentials, i64::MAX));
    world.call(0, name);
    world.pass(1000);
    world.wall_off = 3_600_000;
    world.call(0, name);
    world.pass(1000);
    assert_eq!(calls(&world), 1);
    let moment = world.moment();
    world.engine_of(0).reset(moment, name);
    world.wall_off = -60_000;
    for _ in 0..20 {
        world.call(0, name);
        world.pass(1000);
    }
    assert_eq!(calls(&world), 2, "a reset is for one attempt");
}

#[test]
fn processes_share_an_endpoints_budget_and_none_is_called_too_often() {
    let budget = Some(Budget { calls: 5, window: 60_000, reserve: 1 });
    let names: Vec<_> = (0..12).map(|n| key(&n.to_string())).collect();
    let plans = names.iter().map(|name| (*name, Plan { budget, ..plan(policy(), true) })).collect();
    let mut world = World::new(Provider::new(300_000, None), plans, 4);
    world.deadline = 200_000;
    for (number, name) in names.iter().enumerate() {
        world.call(number % 4, *name);
    }
    world.pass(200_000);
    assert_eq!((world.served, &world.failed[..]), (12, &[][..]), "all are served, in their time");
    let made = &world.provider.calls;
    for from in made {
        let within = made.iter().filter(|at| (0..60_000).contains(&(**at - from))).count();
        assert!(within <= 5, "{made:?}");
    }
}

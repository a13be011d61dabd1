//! A whole day of 300-second tokens (BS2's), with outages, lost answers, and processes that die.

use crate::provider::Provider;
use crate::world::{Dice, START, Weather, World, key};
use chancela_agent::engine::{Notice, Plan, Policy, TokenKey};

const DAY: i64 = 86_400_000;
const LIFE: i64 = 300_000;

fn plan(policy: Policy, repeatable: bool) -> Plan {
    Plan { policy, endpoint: key("endpoint"), budget: None, chain: None, repeatable, keep: false, stamp: 0 }
}

/// Outages of thirty seconds, at most one within a token's life, of one kind each.
fn outages(dice: &mut Dice, kinds: &[Weather]) -> Vec<(i64, i64, Weather)> {
    let mut weather = Vec::new();
    let mut at = START + 60_000;
    while at < START + DAY {
        at += 240_000 + i64::try_from(dice.roll(600_000)).unwrap();
        let kind = kinds[usize::try_from(dice.roll(kinds.len() as u64)).unwrap()];
        weather.push((at, at + 30_000, kind));
    }
    weather
}

/// A day in which `processes` call each 700 ms or so, and one is killed each ten minutes or so.
fn live(world: &mut World, dice: &mut Dice, processes: usize, name: TokenKey, kills: bool) {
    let end = START + DAY;
    while world.now < end {
        world.pass(200 + i64::try_from(dice.roll(1000)).unwrap());
        let process = usize::try_from(dice.roll(processes as u64)).unwrap();
        if kills && dice.roll(1000) == 0 {
            world.kill(process);
        }
        world.call(process, name);
    }
}

fn seeds() -> impl Iterator<Item = u64> {
    (1..=8).map(|n| n * 7919)
}

#[test]
fn a_day_of_outages_and_kills_fails_no_call_and_serves_nothing_dead() {
    for seed in seeds() {
        let mut dice = Dice(seed);
        let name = key("machine");
        let plans = vec![(name, plan(Policy { patience: 5000, ..Policy::default() }, true))];
        let mut world = World::new(Provider::new(LIFE, None), plans, 3);
        world.weather = outages(&mut dice, &[Weather::Down, Weather::Busy, Weather::AnswersLost]);
        live(&mut world, &mut dice, 3, name, true);
        assert_eq!(world.served_dead, 0, "seed {seed}");
        assert_eq!(world.failed, [], "seed {seed}");
        assert!(world.served > 80_000);
        // 288 lives a day; renewals come 45 to 60 seconds early, and outages cost some tries.
        let calls = world.provider.calls.len();
        assert!(calls < 600, "seed {seed}: {calls} calls");
    }
}

#[test]
fn a_day_of_rotation_losses_and_kills_keeps_one_session() {
    for seed in seeds() {
        let mut dice = Dice(seed);
        let name = key("person");
        let policy = Policy { patience: 5000, replay_window: Some(600_000), ..Policy::default() };
        let mut world = World::new(Provider::new(LIFE, Some(660_000)), vec![(name, plan(policy, false))], 3);
        world.weather = outages(&mut dice, &[Weather::Down, Weather::Busy, Weather::AnswersLost]);
        world.log_in(name);
        live(&mut world, &mut dice, 3, name, true);
        assert_eq!(world.provider.double_spends, 0, "seed {seed}");
        assert_eq!(world.served_dead, 0, "seed {seed}");
        assert_eq!(world.failed, [], "seed {seed}");
        let news =
            |wanted: fn(&Notice) -> bool| world.notices.iter().filter(|(_, notice)| wanted(notice)).count();
        assert_eq!(news(|notice| *notice == Notice::LoginRequired), 0);
        assert!(
            news(|notice| matches!(notice, Notice::Failed(_))) > 10,
            "nothing was lost: the test tests nothing"
        );
    }
}

/// Without a promise of the provider a lost answer may end the session; what can be had from the access token is had.
#[test]
fn without_a_replay_window_a_lost_answer_costs_nothing_before_the_access_tokens_end() {
    let name = key("person");
    let policy = Policy { patience: 5000, ..Policy::default() };
    let mut world = World::new(Provider::new(LIFE, None), vec![(name, plan(policy, false))], 1);
    world.log_in(name);
    world.call(0, name);
    world.pass(1000);
    assert_eq!(world.served, 1);
    world.weather = vec![(world.now + 200_000, world.now + 280_000, Weather::AnswersLost)];
    for _ in 0..288 {
        world.pass(1000);
        world.call(0, name);
    }
    assert_eq!((world.served, world.served_dead), (289, 0));
    assert_eq!(world.provider.double_spends, 0, "it was not sent again while the access token was good");
    assert_eq!(world.provider.calls.len(), 2);
    for _ in 0..10 {
        world.pass(2000);
        world.call(0, name);
    }
    assert!(world.notices.iter().any(|(_, notice)| *notice == Notice::Uncertain));
    assert_eq!(world.provider.double_spends, 1, "then once");
    assert_eq!(world.failed.last().map(|(_, why)| why.as_str()), Some("LoginRequired"));
    world.log_in(name);
    world.pass(1500);
    world.call(0, name);
    world.pass(1000);
    assert!(
        world.notices.len() > 2 && world.failed.last().is_some_and(|(at, _)| *at < world.now - 1500),
        "a login ends it"
    );
}

#[test]
fn two_processes_share_one_refresh_token_for_an_hour() {
    for seed in seeds() {
        let mut dice = Dice(seed);
        let name = key("person");
        let mut world =
            World::new(Provider::new(LIFE, None), vec![(name, plan(Policy::default(), false))], 2);
        world.log_in(name);
        for _ in 0..36_000 {
            world.pass(100);
            world.call(usize::try_from(dice.roll(2)).unwrap(), name);
        }
        assert_eq!(world.provider.double_spends, 0);
        assert_eq!((world.failed.len(), world.served_dead, world.served), (0, 0, 36_000));
        assert!(world.provider.calls.len() <= 15, "one renewal for both: {}", world.provider.calls.len());
    }
}

//! What an answer says of its request: nothing. And how long it takes: the same.

use super::good::{self, Good};
use crate::support::{Ask, ClientFacts, RealmPlan, World, basic, new_client};
use proptest::prelude::*;
use std::time::{Duration, Instant};

const MARK: &str = "m4rk3r";

/// LG-06, A-23: no part of a request comes back in its answer.
#[test]
fn no_answer_repeats_anything_of_its_request() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (world, goods) = runtime.block_on(good::all());
    let text = "[ -~]{0,6}|\\PC{0,4}|[\\x00-\\x1f\"\\\\<>&%+]{0,6}";
    let strategy = (0..goods.len(), 0..10_usize, text, text);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 1500,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    runner
        .run(&strategy, |(index, place, before, after)| {
            let good = &goods[index];
            let planted = format!("{before}{MARK}{after}");
            let ask = plant(good, place, &planted);
            let Some(ask) = ask else { return Ok(()) };
            let answer = runtime.block_on(ask.send(&world));
            prop_assert!(!answer.body.contains(MARK), "{place}: {}", answer.body);
            for (name, value) in &answer.headers {
                prop_assert!(
                    !value.as_bytes().windows(MARK.len()).any(|part| part == MARK.as_bytes()),
                    "{place}: {name}"
                );
            }
            Ok(())
        })
        .unwrap();
}

/// The good request with `text` in one place; nothing where HTTP itself cannot carry it.
fn plant(good: &Good, place: usize, text: &str) -> Option<Ask> {
    let client = |id: &str, secret: &str| ClientFacts { id: id.into(), secret: secret.into() };
    let printable = text.bytes().all(|b| (0x20..0x7f).contains(&b));
    let ask = match place {
        0 => good.clone().field("grant_type", text).ask(),
        1 => good.clone().field("scope", text).ask(),
        2 => good.clone().of(&client(text, "x")).ask(),
        3 => good.clone().with_secret(text).ask(),
        4 => good.clone().field(text, text).ask(),
        5 if printable => good.ask().with("content-type", text),
        6 if printable => good.bare().header("authorization", text),
        7 => good.bare().header("authorization", basic(text)),
        8 if printable => good
            .ask()
            .header("access_token", text)
            .header("client-cert", text)
            .header("authorizationpartner", text)
            .header("host", text),
        9 => good.ask().body(text.as_bytes().to_vec()),
        _ => return None,
    };
    Some(ask)
}

/// A target with marks: the router's own answers repeat nothing either.
#[tokio::test]
async fn no_refused_path_comes_back() {
    let world = World::open(vec![RealmPlan::standard(), RealmPlan::vantage()]).await;
    for target in [
        "/m4rk3r",
        "/standard/m4rk3r?m4rk3r=m4rk3r",
        "/vantage/auth2/m4rk3r/connect/token",
        "/standard/oauth/token?client_secret=m4rk3r",
    ] {
        let answer = Ask::post(target).header("host", "m4rk3r").send(&world).await;
        assert!(!answer.body.contains(MARK), "{}", answer.body);
    }
}

/// CA-23, EN-06: an unknown client takes as long as a wrong secret. Medians of many requests, taken in turns; the bound
/// is generous, for it must hold on a busy machine. What it catches is a look-up or a hash that only one of them has.
#[tokio::test]
async fn an_unknown_client_takes_as_long_as_a_wrong_secret() {
    let world = World::open(vec![RealmPlan::opaque()]).await;
    for _ in 0..200 {
        world.client("opaque", new_client("read")).await;
    }
    let good = good::standard(&world, "opaque").await;
    let disabled = world.client("opaque", new_client("read")).await;
    world.enable("opaque", &disabled, false).await;
    let known = good.client.clone();
    let unknown = ClientFacts { id: known.id.chars().rev().collect(), secret: turned(&known.secret) };
    let asks = [
        good.clone().of(&unknown).ask(),
        good.clone().with_secret(&turned(&known.secret)).ask(),
        good.clone().of(&ClientFacts { secret: turned(&disabled.secret), ..disabled.clone() }).ask(),
        good.clone().of(&disabled).ask(),
    ];
    let mut best = f64::MAX;
    let mut medians = [Duration::ZERO; 4];
    for _ in 0..3 {
        let mut times: [Vec<Duration>; 4] = Default::default();
        for _ in 0..3000 {
            for (ask, times) in asks.iter().zip(&mut times) {
                let request = ask.request();
                let start = Instant::now();
                let response = chancela_server::endpoint::respond(
                    &world.server,
                    &world.router,
                    &chancela_server::transport::peer::Peer::plain(crate::support::PEER),
                    request,
                )
                .await;
                times.push(start.elapsed());
                assert_eq!(response.status(), 401);
            }
        }
        medians = times.map(|mut times| {
            times.sort_unstable();
            times[times.len() / 2]
        });
        let (least, most) = (medians.iter().min().unwrap(), medians.iter().max().unwrap());
        best = best.min(most.as_secs_f64() / least.as_secs_f64());
        if best < 1.5 {
            break;
        }
    }
    println!("unknown, wrong, disabled and wrong, disabled: {medians:?}, ratio {best:.3}");
    assert!(best < 1.5, "{medians:?}");
}

/// Another text of the same length, which costs the same to read.
fn turned(text: &str) -> String {
    text.chars().rev().collect()
}

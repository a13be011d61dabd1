//! Tokens in a real runtime: callers that wait, give up, or are many.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chancela_agent::clock::{Clock, SystemClock};
use chancela_agent::engine::{
    Attempt, Class, Failure, Granted, Moment, Plan, Policy, Reason, Refusal, TokenKey, Want,
};
use chancela_agent::tokens::{BoxFuture, Issuer, MemoryStore, TokenError, Tokens};
use chancela_core::secret::Secret;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::sleep;

/// A provider that takes its time, and fails as often as it is told to.
#[derive(Default)]
struct Provider {
    calls: AtomicUsize,
    failures: AtomicUsize,
    takes: Duration,
    class: Option<Class>,
    panics: bool,
}

impl Issuer for Provider {
    fn issue<'a>(&'a self, _: &'a Attempt) -> BoxFuture<'a, Result<Granted, Failure>> {
        Box::pin(async move {
            let call = self.calls.fetch_add(1, Ordering::Relaxed);
            sleep(self.takes).await;
            assert!(!(self.panics && call == 0), "a mistake of a program that is not ours");
            if self.failures.load(Ordering::Relaxed) > call {
                let class = self.class.unwrap_or(Class::Unsent);
                return Err(Failure { class, retry_after: None, said: Some("no".into()) });
            }
            Ok(Granted {
                access_token: Secret::new(format!("token {call}")),
                token_type: None,
                expires_in: Some(300),
                expires_at: None,
                scope: None,
                refresh_token: None,
                refresh_expires_in: None,
                refresh_not_before: None,
            })
        })
    }
}

/// The machine's clock, and what a test added to it.
#[derive(Default)]
struct Ahead(AtomicI64);

impl Clock for Ahead {
    fn now(&self) -> Moment {
        let now = SystemClock.now();
        let more = self.0.load(Ordering::Relaxed);
        Moment { wall: now.wall + more, boot: now.boot + more }
    }
}

struct Bench {
    tokens: Tokens,
    provider: Arc<Provider>,
    clock: Arc<Ahead>,
    key: TokenKey,
}

fn bench(provider: Provider) -> Bench {
    let (provider, clock, key) = (Arc::new(provider), Arc::new(Ahead::default()), TokenKey::of(&["key"]));
    let tokens = Tokens::new(7, Arc::new(MemoryStore::default()), Arc::<Ahead>::clone(&clock), Arc::new(()));
    let policy = Policy::default();
    let plan =
        Plan { policy, endpoint: key, budget: None, chain: None, repeatable: true, keep: false, stamp: 0 };
    tokens.register(key, plan, Arc::<Provider>::clone(&provider) as Arc<dyn Issuer>).unwrap();
    Bench { tokens, provider, clock, key }
}

const SECONDS: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_tasks_make_one_call() {
    let bench = bench(Provider { takes: Duration::from_millis(200), ..Provider::default() });
    let tasks: Vec<_> = (0..10_000)
        .map(|_| {
            let (tokens, key) = (bench.tokens.clone(), bench.key);
            tokio::spawn(async move {
                tokens.token(key, Want::default(), SECONDS).await.unwrap().token.fingerprint
            })
        })
        .collect();
    let mut seen = Vec::new();
    for task in tasks {
        seen.push(task.await.unwrap());
    }
    seen.dedup();
    assert_eq!((seen.len(), bench.provider.calls.load(Ordering::Relaxed)), (1, 1));
}

#[tokio::test]
async fn a_caller_hears_at_its_deadline_that_there_is_nothing_yet_and_the_request_goes_on() {
    let bench = bench(Provider { takes: Duration::from_millis(300), ..Provider::default() });
    let early = bench.tokens.token(bench.key, Want::default(), Duration::from_millis(50)).await;
    assert_eq!(early.unwrap_err(), TokenError::Deadline);
    let tokens = bench.tokens.clone();
    tokio::time::timeout(Duration::from_millis(20), tokens.token(bench.key, Want::default(), SECONDS))
        .await
        .unwrap_err();
    bench.tokens.token(bench.key, Want::default(), SECONDS).await.unwrap();
    assert_eq!(bench.provider.calls.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_passing_failure_is_waited_through_and_a_lasting_one_is_told_at_once() {
    let passing = bench(Provider { failures: AtomicUsize::new(2), ..Provider::default() });
    passing.tokens.token(passing.key, Want::default(), SECONDS).await.unwrap();
    assert_eq!(passing.provider.calls.load(Ordering::Relaxed), 3);

    let lasting =
        Provider { failures: AtomicUsize::new(9), class: Some(Class::Credentials), ..Provider::default() };
    let lasting = bench(lasting);
    let refused = lasting.tokens.token(lasting.key, Want::default(), SECONDS).await.unwrap_err();
    let TokenError::Refused(Refusal { reason: Reason::Credentials, after: Some(after), said: Some(said) }) =
        refused
    else {
        panic!("{refused:?}")
    };
    assert!((290_000..=300_000).contains(&after) && &*said == "no");
    lasting.provider.failures.store(0, Ordering::Relaxed);
    lasting.tokens.reset(lasting.key);
    lasting.tokens.token(lasting.key, Want::default(), SECONDS).await.unwrap();
    assert_eq!(lasting.provider.calls.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn an_issuer_that_panics_is_an_answer_that_was_lost() {
    let bench = bench(Provider { panics: true, ..Provider::default() });
    bench.tokens.token(bench.key, Want::default(), SECONDS).await.unwrap();
    assert_eq!(bench.provider.calls.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_token_is_renewed_when_its_time_comes_and_when_an_api_refuses_it() {
    let bench = bench(Provider::default());
    let ask = || bench.tokens.token(bench.key, Want::default(), SECONDS);
    let first = ask().await.unwrap().token.fingerprint;
    assert_eq!(ask().await.unwrap().token.fingerprint, first);
    bench.clock.0.fetch_add(295_000, Ordering::Relaxed);
    let second = ask().await.unwrap().token.fingerprint;
    assert_ne!(second, first);
    assert!(!bench.tokens.rejected(bench.key, first) && bench.tokens.rejected(bench.key, second));
    assert_ne!(ask().await.unwrap().token.fingerprint, second);
    assert_eq!(bench.provider.calls.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn a_program_that_ends_can_wait_for_what_is_under_way() {
    let bench = bench(Provider { takes: Duration::from_millis(200), ..Provider::default() });
    let early = bench.tokens.token(bench.key, Want::default(), Duration::from_millis(20)).await;
    assert_eq!(early.unwrap_err(), TokenError::Deadline);
    assert!(
        bench.tokens.settle(Duration::from_millis(50)).await,
        "it can be asked for again, so nothing is lost"
    );
    assert!(bench.tokens.status()[0].token.is_none());
    assert!(bench.tokens.settle(SECONDS).await);
    assert!(bench.tokens.status()[0].token.is_some());
}

#[tokio::test]
async fn the_last_handle_ends_what_runs_in_the_background() {
    let bench = bench(Provider::default());
    let provider = Arc::downgrade(&bench.provider);
    bench.tokens.token(bench.key, Want::default(), SECONDS).await.unwrap();
    drop(bench);
    sleep(Duration::from_millis(50)).await;
    assert!(provider.upgrade().is_none());
}

//! Tokens for programs: the engine, with the world attached to it.
//!
//! Owns the tasks that do what the engine wants, and those who wait. Does not own rules (the engine's), how a provider is
//! asked ([`Issuer`]) or where records rest ([`Store`]).

mod cache_store;
mod held;
mod perform;
mod store;
mod stored;

pub use cache_store::CacheStore;
pub use store::{Lock, MemoryStore, Store};

use crate::clock::Clock;
use crate::engine::{
    Answer, Attempt, Class, Engine, Failure, Fingerprint, Granted, Notice, Plan, PlanError, Refusal, Served,
    Status, TokenKey, Want, duration,
};
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout, timeout_at};

/// A future that is not known by name.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Asks one provider for one kind of token.
pub trait Issuer: Send + Sync + 'static {
    /// Sends one token request. It may take as long as the attempt's patience, and what it returns after an answer that
    /// did not arrive is [`Class::Lost`](crate::engine::Class::Lost).
    fn issue<'a>(&'a self, attempt: &'a Attempt) -> BoxFuture<'a, Result<Granted, Failure>>;
}

/// Hears of news.
pub trait Observer: Send + Sync + 'static {
    /// News of a key.
    fn notice(&self, key: TokenKey, notice: &Notice);

    /// Whose tokens a key's are. Said before any news of the key, and again whenever its credentials are read.
    fn named(&self, _key: TokenKey, _name: &KeyName) {}

    /// A token request was answered, or was not, after this time.
    fn asked(&self, _key: TokenKey, _took: Duration, _result: Result<(), Class>) {}
}

/// Whose tokens a key's are, for people. Never any of it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyName {
    /// The provider's name in the configuration.
    pub provider: String,
    /// The dialect's name of the token endpoint.
    pub step: String,
    /// The scope that is asked for.
    pub scope: Option<String>,
    /// The resource server (RFC 8707).
    pub resource: Option<String>,
    /// Whether it is the last step, whose token is asked for.
    pub is_last: bool,
    /// Whether it is what the configuration names, and not what a caller asked for beside it.
    pub is_usual: bool,
}

impl Observer for () {
    fn notice(&self, _: TokenKey, _: &Notice) {}
}

/// Tokens by key. Cheap to clone; the last one that is dropped ends what is under way.
#[derive(Clone)]
pub struct Tokens {
    shared: Arc<Shared>,
}

struct Shared {
    engine: Mutex<Engine>,
    entries: Mutex<HashMap<TokenKey, Entry>>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    observer: Arc<dyn Observer>,
    /// Told whenever something that took time is done.
    done: Arc<Notify>,
    /// Where whatever takes time is done: a caller's own runtime may end before a session is saved.
    runtime: Handle,
}

struct Entry {
    issuer: Arc<dyn Issuer>,
    wake: Arc<Notify>,
    lock: Option<Box<dyn Lock>>,
}

/// How much longer than a request takes an ending program waits for its answer to be kept.
const SETTLE_MORE: Duration = Duration::from_secs(15);
/// Nobody waits longer; clocks cannot count to the end of time.
const LONGEST_WAIT: Duration = Duration::from_secs(366 * 86_400);

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenError {
    /// There is none, and this is why.
    Refused(Refusal),
    /// The caller's time was over first.
    Deadline,
}

impl Tokens {
    /// Tokens that rest in `store`. To be called within a tokio runtime, whose timer it uses.
    pub fn new(seed: u64, store: Arc<dyn Store>, clock: Arc<dyn Clock>, observer: Arc<dyn Observer>) -> Self {
        let shared = Arc::new(Shared {
            engine: Mutex::new(Engine::new(seed)),
            entries: Mutex::default(),
            store,
            clock,
            observer,
            done: Arc::default(),
            runtime: Handle::current(),
        });
        tokio::spawn(tick(Arc::downgrade(&shared)));
        Self { shared }
    }

    /// Adds a key: how its tokens are obtained, and by whom. One that is there stays as it is.
    ///
    /// # Errors
    /// [`PlanError`].
    pub fn register(&self, key: TokenKey, plan: Plan, issuer: Arc<dyn Issuer>) -> Result<(), PlanError> {
        let repeatable = plan.repeatable;
        self.shared.engine().register(key, plan)?;
        if repeatable {
            self.shared.store.expendable(key);
        }
        let entry = Entry { issuer, wake: Arc::default(), lock: None };
        self.shared.entries().entry(key).or_insert(entry);
        Ok(())
    }

    /// A token of `key`, waited for until `patience` is over.
    ///
    /// # Errors
    /// [`TokenError`].
    pub async fn token(&self, key: TokenKey, want: Want, patience: Duration) -> Result<Served, TokenError> {
        let refused = |refusal| Err(TokenError::Refused(refusal));
        // A token that is there costs neither a timer nor a waiter.
        match self.ask(key, want) {
            Answer::Serve(served) => return Ok(served),
            Answer::Refuse(refusal) if !refusal.reason.is_passing() => return refused(refusal),
            Answer::Wait | Answer::Refuse(_) => {}
        }
        let Some(wake) = self.shared.entries().get(&key).map(|entry| Arc::clone(&entry.wake)) else {
            return refused(Refusal { reason: crate::engine::Reason::Unregistered, after: None, said: None });
        };
        let deadline = Instant::now() + patience.min(LONGEST_WAIT);
        loop {
            // Made before the question, so that no waking between both is missed.
            let woken = wake.notified();
            let pause = match self.ask(key, want) {
                Answer::Serve(served) => return Ok(served),
                Answer::Wait => Duration::MAX,
                Answer::Refuse(refusal) => {
                    let pause = refusal.after.and_then(|after| u64::try_from(after.max(1)).ok());
                    let pause = pause.map(Duration::from_millis).filter(|_| refusal.reason.is_passing());
                    let in_time =
                        |pause: &Duration| Instant::now().checked_add(*pause).is_some_and(|at| at < deadline);
                    match pause.filter(in_time) {
                        Some(pause) => pause,
                        None => return refused(refusal),
                    }
                }
            };
            let until = Instant::now().checked_add(pause).map_or(deadline, |at| at.min(deadline));
            if timeout_at(until, woken).await.is_err() && until == deadline {
                return Err(TokenError::Deadline);
            }
        }
    }

    /// An API has refused a token of `key`. Returns whether another one comes before it is handed out again.
    pub fn rejected(&self, key: TokenKey, seen: Fingerprint) -> bool {
        let now = self.shared.clock.now();
        self.shared.engine().rejected(now, key, seen)
    }

    /// Ends the pause after failures.
    pub fn reset(&self, key: TokenKey) {
        let now = self.shared.clock.now();
        self.shared.engine().reset(now, key);
        Shared::run(&self.shared);
    }

    /// Says that the credentials of a key are others now, if they are.
    pub fn restamp(&self, key: TokenKey, stamp: u64) {
        self.shared.engine().restamp(key, stamp);
    }

    /// Says that the credentials of a key were replaced: it is not renewed any more unless somebody asks.
    pub fn retire(&self, key: TokenKey) {
        self.shared.engine().retire(key);
    }

    /// Tells whoever hears of news whose tokens a key's are.
    pub fn name(&self, key: TokenKey, name: &KeyName) {
        self.shared.observer.named(key, name);
    }

    /// Forgets what is known of a key beside its record.
    pub fn forget(&self, key: TokenKey) {
        self.shared.engine().forget(key);
    }

    /// For a program that ends: waits up to `patience` for what is under way, and longer, though not for ever, for a refresh
    /// whose answer would be lost and for a session that is not kept yet. Returns whether nothing is lost.
    pub async fn settle(&self, patience: Duration) -> bool {
        let begin = Instant::now();
        loop {
            let done = self.shared.done.notified();
            let (limit, expendable) = {
                let engine = self.shared.engine();
                if engine.is_settled() {
                    return true;
                }
                let request = duration(engine.longest_patience());
                match engine.is_expendable() {
                    true => (patience, true),
                    false => (patience.max(request + SETTLE_MORE), false),
                }
            };
            if timeout_at(begin + limit.min(LONGEST_WAIT), done).await.is_err() {
                return expendable;
            }
        }
    }

    /// How the keys stand.
    pub fn status(&self) -> Vec<Status> {
        let now = self.shared.clock.now();
        self.shared.engine().status(now)
    }

    /// Where records rest.
    pub(crate) fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.shared.store)
    }

    fn ask(&self, key: TokenKey, want: Want) -> Answer {
        let now = self.shared.clock.now();
        let mut engine = self.shared.engine();
        let answer = engine.ask(now, key, want);
        let idle = engine.is_idle();
        drop(engine);
        if !idle {
            Shared::run(&self.shared);
        }
        answer
    }
}

impl Shared {
    fn engine(&self) -> MutexGuard<'_, Engine> {
        self.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<TokenKey, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens(..)")
    }
}

/// Lets time pass for the engine until nobody holds its tokens.
async fn tick(shared: Weak<Shared>) {
    loop {
        let Some(held) = shared.upgrade() else { return };
        let now = held.clock.now();
        let pause = {
            let mut engine = held.engine();
            engine.tick(now);
            engine.next_wakeup(now)
        };
        Shared::run(&held);
        let done = Arc::clone(&held.done);
        drop(held);
        // Whatever is done changes when there is something to do next.
        let pause = duration(pause.max(1));
        let _ = timeout(pause, done.notified()).await;
    }
}

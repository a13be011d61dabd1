//! Time, processes, a disk with locks, and a network. What a driver does with the engine is done here with a queue.

use crate::provider::Provider;
use chancela_agent::engine::{
    Action, Answer, Class, Engine, Event, Failure, Fingerprint, Moment, Notice, Plan, Record, Refusal,
    Session, TokenKey, Want,
};
use chancela_core::secret::Secret;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// When the world begins: true time in milliseconds since the epoch.
pub(crate) const START: i64 = 1_700_000_000_000;

/// A generator of the tests' own.
#[derive(Debug, Clone)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// A process.
struct Process {
    engine: Engine,
    /// Counts its lives; what was under way for an earlier one is not delivered.
    life: u32,
    /// Callers that wait: since when, and what for.
    waiting: Vec<Caller>,
}

#[derive(Clone, Copy)]
struct Caller {
    since: i64,
    key: TokenKey,
    /// Not before then, if nobody wakes it.
    again: i64,
}

/// What happens at a moment.
#[derive(Debug)]
enum Happening {
    Outcome {
        process: usize,
        life: u32,
        key: TokenKey,
        event: Event,
    },
    LockTimeout {
        process: usize,
        life: u32,
        key: TokenKey,
    },
    Arrival {
        process: usize,
        life: u32,
        key: TokenKey,
        attempt: chancela_agent::engine::Attempt,
        loses: bool,
    },
}

/// How the network treats requests in a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    /// Nothing gets there.
    Down,
    /// Requests get there, and answers do not come back.
    AnswersLost,
    /// The provider answers 503 without acting, and nobody can know that.
    Busy,
}

/// The world.
pub(crate) struct World {
    /// True time.
    pub(crate) now: i64,
    /// How far the machine's wall clock is off.
    pub(crate) wall_off: i64,
    pub(crate) provider: Provider,
    pub(crate) plans: Vec<(TokenKey, Plan)>,
    processes: Vec<Process>,
    pub(crate) disk: BTreeMap<TokenKey, Record>,
    /// Until then, nothing can be written.
    pub(crate) disk_full_until: i64,
    /// What is said not to be written is written all the same.
    pub(crate) writes_and_fails: bool,
    /// Until then, nothing can be read.
    pub(crate) unreadable_until: i64,
    /// When endpoints were called, where all processes note it.
    pub(crate) calls: BTreeMap<TokenKey, Vec<i64>>,
    locks: BTreeMap<TokenKey, (usize, u32)>,
    lock_queue: Vec<(usize, u32, TokenKey)>,
    queue: BinaryHeap<Reverse<(i64, u64)>>,
    happenings: BTreeMap<u64, Happening>,
    order: u64,
    pub(crate) weather: Vec<(i64, i64, Weather)>,
    /// How long a caller waits.
    pub(crate) deadline: i64,
    pub(crate) served: u64,
    /// Tokens that were served after their end, or that the provider had ended.
    pub(crate) served_dead: u64,
    pub(crate) failed: Vec<(i64, String)>,
    pub(crate) notices: Vec<(i64, Notice)>,
    pub(crate) last_served: Option<String>,
}

const DISK: i64 = 2;
const NETWORK: i64 = 20;

pub(crate) fn key(name: &str) -> TokenKey {
    TokenKey::of(&[name])
}

impl World {
    pub(crate) fn new(provider: Provider, plans: Vec<(TokenKey, Plan)>, processes: usize) -> Self {
        let mut world = Self {
            now: START,
            wall_off: 0,
            provider,
            plans,
            processes: Vec::new(),
            disk: BTreeMap::new(),
            disk_full_until: 0,
            writes_and_fails: false,
            unreadable_until: 0,
            calls: BTreeMap::new(),
            locks: BTreeMap::new(),
            lock_queue: Vec::new(),
            queue: BinaryHeap::new(),
            happenings: BTreeMap::new(),
            order: 0,
            weather: Vec::new(),
            deadline: 10_000,
            served: 0,
            served_dead: 0,
            failed: Vec::new(),
            notices: Vec::new(),
            last_served: None,
        };
        for number in 0..processes {
            let engine = world.engine(number as u64);
            world.processes.push(Process { engine, life: 0, waiting: Vec::new() });
        }
        world
    }

    fn engine(&self, seed: u64) -> Engine {
        let mut engine = Engine::new(seed.wrapping_mul(977).wrapping_add(5));
        for (key, plan) in &self.plans {
            engine.register(*key, plan.clone()).unwrap();
        }
        engine
    }

    pub(crate) fn moment(&self) -> Moment {
        Moment { wall: self.now + self.wall_off, boot: self.now - START + 1_000_000 }
    }

    /// A login on another terminal.
    pub(crate) fn log_in(&mut self, key: TokenKey) {
        let seconds = self.moment().wall.div_euclid(1000);
        let session = Session {
            refresh_token: Secret::new(self.provider.log_in()),
            login_at: seconds,
            refreshed_at: seconds - 60,
            not_before: None,
            expires_at: None,
        };
        let generation = self.disk.get(&key).map_or(0, |record| record.generation) + 1;
        self.disk.insert(key, Record { generation, session: Some(session), ..Record::default() });
    }

    /// A process dies, wherever it is, and starts again. Requests that have left arrive.
    pub(crate) fn kill(&mut self, process: usize) {
        let engine = self.engine(self.order);
        let dead = &mut self.processes[process];
        let old = dead.life;
        dead.life += 1;
        dead.engine = engine;
        dead.waiting.clear();
        self.locks.retain(|_, holder| *holder != (process, old));
        self.lock_queue.retain(|(who, _, _)| *who != process);
        self.grant_locks();
    }

    fn later(&mut self, delay: i64, happening: Happening) {
        self.order += 1;
        self.happenings.insert(self.order, happening);
        self.queue.push(Reverse((self.now + delay, self.order)));
    }

    fn weather_now(&self) -> Option<Weather> {
        self.weather.iter().find(|(from, to, _)| (*from..*to).contains(&self.now)).map(|(_, _, kind)| *kind)
    }

    /// A caller in `process` asks.
    pub(crate) fn call(&mut self, process: usize, key: TokenKey) {
        let caller = Caller { since: self.now, key, again: i64::MAX };
        self.attend(process, caller);
        self.run_actions(process);
    }

    fn attend(&mut self, process: usize, mut caller: Caller) {
        let moment = self.moment();
        match self.processes[process].engine.ask(moment, caller.key, Want::default()) {
            Answer::Serve(served) => {
                self.served += 1;
                for token in served.chain.iter().chain([&served.token]) {
                    if !self.provider.accepts(token.access_token.expose(), self.now) {
                        self.served_dead += 1;
                    }
                }
                self.last_served = Some(served.token.access_token.expose().to_owned());
            }
            Answer::Wait => {
                caller.again = i64::MAX;
                self.processes[process].waiting.push(caller);
            }
            Answer::Refuse(Refusal { reason, after, .. }) => {
                let at = after.map_or(i64::MAX, |after| self.now.saturating_add(after.max(1)));
                if reason.is_passing() && at < caller.since + self.deadline {
                    caller.again = at;
                    self.processes[process].waiting.push(caller);
                } else {
                    self.failed.push((self.now, format!("{reason:?}")));
                }
            }
        }
    }

    fn run_actions(&mut self, process: usize) {
        loop {
            let Some((key, action)) = self.processes[process].engine.poll() else { return };
            let life = self.processes[process].life;
            let outcome = |event| Happening::Outcome { process, life, key, event };
            match action {
                Action::Read if self.now < self.unreadable_until => {
                    self.later(DISK, outcome(Event::ReadFailed("key".into())));
                }
                Action::Read => {
                    let record = self.disk.get(&key).cloned().unwrap_or_default();
                    self.later(DISK, outcome(Event::Read(record)));
                }
                Action::Lock { patience } => {
                    self.lock_queue.push((process, life, key));
                    self.later(patience, Happening::LockTimeout { process, life, key });
                    self.grant_locks();
                }
                Action::Journal(record) | Action::Save(record) if self.now < self.disk_full_until => {
                    let journal = record.journal.is_some();
                    if self.writes_and_fails {
                        self.store(key, record);
                    }
                    self.later(
                        DISK,
                        outcome(if journal {
                            Event::JournalFailed("full".into())
                        } else {
                            Event::SaveFailed
                        }),
                    );
                }
                Action::Journal(record) => {
                    let event = match self.store(key, record) {
                        true => Event::Journaled,
                        false => Event::JournalFailed("newer".into()),
                    };
                    self.later(DISK, outcome(event));
                }
                Action::Save(record) => {
                    let event = if self.store(key, record) { Event::Saved } else { Event::SaveFailed };
                    self.later(DISK, outcome(event));
                }
                Action::Spend { endpoint, budget, .. } => {
                    let (now, calls) = (self.now, self.calls.entry(endpoint).or_default());
                    calls.retain(|at| now - at < budget.window);
                    let spent = if calls.len() < budget.calls {
                        Ok(())
                    } else {
                        Err(budget.window - (now - calls[0]))
                    };
                    if spent.is_ok() {
                        calls.push(now);
                    }
                    self.later(DISK, outcome(Event::Spent(spent)));
                }
                Action::Send(attempt) => match self.weather_now() {
                    Some(Weather::Down) => {
                        let failure = Failure { class: Class::Unsent, retry_after: None, said: None };
                        self.later(NETWORK, outcome(Event::Answered(Err(failure))));
                    }
                    Some(Weather::Busy) => {
                        let failure = Failure { class: Class::Busy, retry_after: None, said: None };
                        self.later(NETWORK, outcome(Event::Answered(Err(failure))));
                    }
                    weather => {
                        let loses = weather == Some(Weather::AnswersLost);
                        self.later(NETWORK, Happening::Arrival { process, life, key, attempt, loses });
                    }
                },
                Action::Unlock => {
                    self.locks.retain(|held, holder| !(*held == key && *holder == (process, life)));
                    self.grant_locks();
                }
                Action::Wake => {
                    let waiting = &mut self.processes[process].waiting;
                    let woken: Vec<_> = waiting.iter().filter(|caller| caller.key == key).copied().collect();
                    waiting.retain(|caller| caller.key != key);
                    for caller in woken {
                        self.attend(process, caller);
                    }
                }
                Action::Tell(notice) => self.notices.push((self.now, notice)),
            }
        }
    }

    /// As the cache does, only over an older one.
    fn store(&mut self, key: TokenKey, record: Record) -> bool {
        let newer = self.disk.get(&key).is_some_and(|old| old.generation >= record.generation);
        if !newer {
            self.disk.insert(key, record);
        }
        !newer
    }

    fn grant_locks(&mut self) {
        let mut at = 0;
        while at < self.lock_queue.len() {
            let (process, life, key) = self.lock_queue[at];
            if self.locks.contains_key(&key) {
                at += 1;
                continue;
            }
            self.lock_queue.remove(at);
            self.locks.insert(key, (process, life));
            let record = self.disk.get(&key).cloned().unwrap_or_default();
            let readable = self.now >= self.unreadable_until;
            let event = if readable { Event::Locked(record) } else { Event::LockFailed("key".into()) };
            if !readable {
                self.locks.remove(&key);
            }
            self.later(DISK, Happening::Outcome { process, life, key, event });
        }
    }

    /// Lets time pass.
    pub(crate) fn pass(&mut self, duration: i64) {
        let end = self.now + duration;
        loop {
            let happening = self.queue.peek().map_or(i64::MAX, |Reverse((at, _))| *at);
            let waiting = self.processes.iter().flat_map(|process| &process.waiting);
            let caller = waiting
                .map(|caller| caller.again.min(caller.since + self.deadline))
                .min()
                .unwrap_or(i64::MAX);
            let moment = self.moment();
            let engines = self.processes.iter().map(|process| process.engine.next_wakeup(moment));
            let tick = self.now + engines.min().unwrap_or(i64::MAX - START).max(1);
            let next = happening.min(caller).min(tick);
            if next >= end {
                self.now = end;
                return;
            }
            self.now = self.now.max(next);
            if happening <= self.now {
                self.happen();
            }
            self.callers();
            let moment = self.moment();
            for process in 0..self.processes.len() {
                self.processes[process].engine.tick(moment);
                self.run_actions(process);
            }
        }
    }

    fn callers(&mut self) {
        for process in 0..self.processes.len() {
            let now = self.now;
            let due = |caller: &Caller| caller.again <= now || caller.since + self.deadline <= now;
            let all = std::mem::take(&mut self.processes[process].waiting);
            let (due, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(due);
            self.processes[process].waiting = rest;
            for caller in due {
                if caller.since + self.deadline <= now {
                    self.failed.push((now, "deadline".to_owned()));
                } else {
                    self.attend(process, caller);
                }
            }
            self.run_actions(process);
        }
    }

    fn happen(&mut self) {
        let Some(Reverse((_, order))) = self.queue.pop() else { return };
        let Some(happening) = self.happenings.remove(&order) else { return };
        let alive = |world: &Self, process: usize, life: u32| world.processes[process].life == life;
        match happening {
            Happening::Outcome { process, life, key, event } => {
                if alive(self, process, life) {
                    let moment = self.moment();
                    self.processes[process].engine.handle(moment, key, event);
                    self.run_actions(process);
                }
            }
            Happening::LockTimeout { process, life, key } => {
                let waits = |entry: &(usize, u32, TokenKey)| *entry == (process, life, key);
                if self.lock_queue.iter().any(waits) {
                    self.lock_queue.retain(|entry| !waits(entry));
                    let event = Event::LockFailed("busy".into());
                    self.later(0, Happening::Outcome { process, life, key, event });
                }
            }
            Happening::Arrival { process, life, key, attempt, loses } => {
                let answer = self.provider.serve(self.now, key, &attempt);
                let lost = Failure { class: Class::Lost, retry_after: None, said: None };
                let (delay, outcome) = if loses { (attempt.patience, Err(lost)) } else { (NETWORK, answer) };
                let event = Event::Answered(outcome);
                self.later(delay, Happening::Outcome { process, life, key, event });
            }
        }
    }

    /// An API tells a caller of `process` that its token is refused.
    pub(crate) fn reject(&mut self, process: usize, key: TokenKey, token: &str) -> bool {
        let moment = self.moment();
        self.processes[process].engine.rejected(moment, key, Fingerprint::of(token))
    }

    pub(crate) fn engine_of(&mut self, process: usize) -> &mut Engine {
        &mut self.processes[process].engine
    }
}

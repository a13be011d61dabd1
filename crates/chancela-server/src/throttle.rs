//! Guesses at passwords and codes, slowed down in memory (requirements O-05, O-06; EN-02, EN-03).
//!
//! Four counters, each bounded:
//! - the *visitor* (one account from one source, or from a browser in which the account logged in before): five failures
//!   are free, then each costs a wait of 1, 2, 4 … 300 s. Nobody else can touch it, so an owner always gets in;
//! - the *source* (/24 or /56): a hundred failures an hour, over all accounts. Known browsers are exempt;
//! - the *account*: past a hundred failures a day from everywhere, sources that have not tried lately are told to wait
//!   before their first try, and longer the more there were. They wait each for themselves, so nobody's failure makes
//!   another's wait longer than [`MAX_WAIT`]. Known browsers are exempt;
//! - the *second factor*: five tries a login, twenty a day for an account (a known browser has twenty of its own).
//!
//! A try counts as a failure when it begins, so that many at once are no way around; a success takes it back.
//!
//! Does not own whether the guess was right, nor what a person is told.

mod table;

use crate::source::Source;
use chancela_core::authentication::device::Device;
use chancela_core::time::Timestamp;
use std::hash::{BuildHasher, RandomState};
use table::Table;

/// Longest wait in seconds.
pub const MAX_WAIT: u32 = 300;
/// Failures of a visitor that cost no wait.
const FREE: u32 = 5;
/// Failures of a source in an hour.
const SOURCE_LIMIT: u32 = 100;
/// Failures of an account in a day before strangers wait.
const ACCOUNT_LIMIT: u32 = 100;
/// Tries of second factors in one login.
const LOGIN_TRIES: u32 = 5;
/// Tries of second factors of an account in a day.
const DAILY_TRIES: u32 = 20;
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// Who tries, and as whom.
#[derive(Debug, Clone, Copy)]
pub struct Visitor<'a> {
    /// The realm's name.
    pub realm: &'a str,
    /// The name in its canonical form, whether anybody has it or not, in whatever tenant.
    pub account: &'a str,
    /// Where from.
    pub source: Source,
    /// The browser, if its cookie says that *this* account has logged in there before.
    pub device: Option<Device>,
    /// Whether the source stands for many people: an application that authenticated hands on what they typed. Then the
    /// source itself is not counted.
    pub shared: bool,
}

/// Too many failures: ask again after so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait(pub u32);

/// A try that was let in, and counts as a failure unless it is settled otherwise.
#[derive(Debug)]
#[must_use = "a try that is not settled counts as a failure"]
pub struct Try<'a> {
    throttle: &'a Throttle,
    visitor: u64,
    /// Counted only where it is a stranger's own.
    source: Option<u64>,
    account: u64,
    known: bool,
    /// The visitor's counter before this try.
    before: Delay,
}

/// The counters.
#[derive(Debug)]
pub struct Throttle {
    hasher: RandomState,
    visitors: Table<Delay>,
    sources: Table<Window>,
    accounts: Table<Window>,
    strangers: Table<Since>,
    logins: Table<Window>,
    days: Table<Window>,
}

impl Default for Throttle {
    fn default() -> Self {
        Self {
            hasher: RandomState::new(),
            visitors: Table::default(),
            sources: Table::default(),
            accounts: Table::default(),
            strangers: Table::default(),
            logins: Table::default(),
            days: Table::default(),
        }
    }
}

/// Failures of one visitor in a row.
#[derive(Debug, Clone, Copy, Default)]
struct Delay {
    failures: u32,
    last: i64,
}

impl Delay {
    /// Milliseconds until the next try, after a day none.
    fn wait(&self, now: i64) -> i64 {
        let over = self.failures.saturating_sub(FREE);
        let seconds = if over == 0 { 0 } else { (1_i64 << (over - 1).min(30)).min(i64::from(MAX_WAIT)) };
        // A clock that was set back must not make anybody wait for it.
        if self.last > now { 0 } else { self.last + seconds * 1000 - now }
    }

    fn fail(&mut self, now: i64) {
        if now - self.last > DAY * 1000 {
            self.failures = 0;
        }
        self.failures = self.failures.saturating_add(1);
        self.last = now;
    }
}

/// Failures since a moment.
#[derive(Debug, Clone, Copy, Default)]
struct Window {
    count: u32,
    began: i64,
}

impl Window {
    fn turn(&mut self, period: i64, now: i64) {
        // A clock that was set back must not make a window that never ends.
        if self.count == 0 || now - self.began >= period * 1000 || now < self.began {
            *self = Self { count: 0, began: now };
        }
    }

    /// Counts one, or says how many milliseconds remain.
    fn take(&mut self, limit: u32, period: i64, now: i64) -> Result<(), i64> {
        self.turn(period, now);
        if self.count >= limit {
            return Err(self.began + period * 1000 - now);
        }
        self.count += 1;
        Ok(())
    }
}

/// When a stranger first asked.
#[derive(Debug, Clone, Copy, Default)]
struct Since {
    first: i64,
    last: i64,
}

impl Throttle {
    /// Lets a try at a password in, or says how long to wait. Nothing is counted of a try that must wait.
    ///
    /// # Errors
    /// [`Wait`].
    pub fn password(&self, visitor: &Visitor<'_>, now: Timestamp) -> Result<Try<'_>, Wait> {
        let millis = now.millis();
        let mut keys = self.keys(visitor);
        if !keys.known {
            // First of all: what a source may not do any more leaves no trace in the other tables.
            let left = |window: &mut Window| {
                window.turn(HOUR, millis);
                if window.count >= SOURCE_LIMIT { window.began + HOUR * 1000 - millis } else { 0 }
            };
            let source = keys.source.map_or(0, |source| self.sources.with(source, left));
            let stranger = if source > 0 { 0 } else { self.stranger(&keys, millis) };
            if source > 0 || stranger > 0 {
                // What is said holds for all counters.
                let own = self.visitors.get(keys.visitor).map_or(0, |delay| delay.wait(millis));
                return wait(source.max(stranger).max(own));
            }
        }
        keys.before = self.visitors.with(keys.visitor, |delay| {
            let left = delay.wait(millis);
            if left > 0 {
                return wait(left);
            }
            let before = *delay;
            delay.fail(millis);
            Ok(before)
        })?;
        if !keys.known {
            if let Some(source) = keys.source {
                self.sources.with(source, |window| window.count = window.count.saturating_add(1));
            }
            self.accounts.with(keys.account, |window| {
                window.turn(DAY, millis);
                window.count = window.count.saturating_add(1);
            });
        }
        Ok(keys)
    }

    /// Lets a try at a second factor in (one-time password, recovery code, passkey). `login` names the login that the
    /// password began, whatever it is made of; when its tries are used up, the login is over.
    ///
    /// # Errors
    /// [`Wait`]; where it is the login that is over, [`MAX_WAIT`].
    pub fn second_factor(&self, visitor: &Visitor<'_>, login: &[u8], now: Timestamp) -> Result<(), Wait> {
        let millis = now.millis();
        let keys = self.keys(visitor);
        let login = self.hasher.hash_one((keys.account, login));
        let day = if keys.known { keys.visitor } else { keys.account };
        let tries = |window: &mut Window| window.take(LOGIN_TRIES, HOUR, millis);
        self.logins.with(login, tries).map_err(|_| Wait(MAX_WAIT))?;
        self.days.with(day, |window| window.take(DAILY_TRIES, DAY, millis)).or_else(wait)
    }

    /// Under pressure from everywhere, a stranger waits from the first time that it asked: each for itself.
    fn stranger(&self, keys: &Try<'_>, now: i64) -> i64 {
        let failures = self.accounts.with(keys.account, |window| {
            window.turn(DAY, now);
            window.count
        });
        if failures < ACCOUNT_LIMIT {
            return 0;
        }
        let doublings = (failures / ACCOUNT_LIMIT - 1).min(30);
        let needed = (1_i64 << doublings).min(i64::from(MAX_WAIT)) * 1000;
        self.strangers.with(keys.visitor, |since| {
            // Whoever comes back after long is new again.
            if now - since.last > 2 * i64::from(MAX_WAIT) * 1000 || now < since.first {
                since.first = now;
            }
            since.last = now;
            since.first + needed - now
        })
    }

    fn keys(&self, visitor: &Visitor<'_>) -> Try<'_> {
        let Visitor { realm, account, source, device, shared } = visitor;
        let account = self.hasher.hash_one((realm, account));
        let visitor = match device {
            Some(device) => self.hasher.hash_one((account, "device", device)),
            None => self.hasher.hash_one((account, "source", source)),
        };
        let source = self.hasher.hash_one(source);
        let known = device.is_some();
        let source = (!known && !shared).then_some(source);
        Try { throttle: self, visitor, source, account, known, before: Delay::default() }
    }
}

impl Try<'_> {
    /// The guess was right: the visitor starts anew, and the others forget this try.
    pub fn succeeded(self) {
        self.throttle.visitors.with(self.visitor, |delay| *delay = Delay::default());
        self.take_back();
    }

    /// Nobody looked at the guess (the server was busy): it does not count.
    pub fn abandoned(self) {
        self.throttle.visitors.with(self.visitor, |delay| {
            // Others may have begun since then; their failures stay.
            delay.failures = delay.failures.saturating_sub(1);
            if delay.failures <= self.before.failures {
                delay.last = self.before.last;
            }
        });
        self.take_back();
    }

    fn take_back(&self) {
        if !self.known {
            let back = |window: &mut Window| window.count = window.count.saturating_sub(1);
            if let Some(source) = self.source {
                self.throttle.sources.with(source, back);
            }
            self.throttle.accounts.with(self.account, back);
        }
    }
}

fn wait<T>(millis: i64) -> Result<T, Wait> {
    Err(Wait(u32::try_from((millis + 999) / 1000).unwrap_or(1).max(1)))
}

#[cfg(test)]
mod tests;

//! What the engine wants done and what it is told: the whole of its border.

use super::budget::Budget;
use super::key::{Fingerprint, TokenKey};
use super::record::{Granted, Issued, Record};
use chancela_core::secret::Secret;
use std::sync::Arc;

/// Something to do for a key. Actions of one key are done in their order; those that have an [`Event`] are answered with
/// exactly one, and nothing more comes for that key before it.
#[derive(Debug)]
pub enum Action {
    /// Read the key's record without a lock: [`Event::Read`] or [`Event::ReadFailed`].
    Read,
    /// Take the key's lock against all processes, then read its record: [`Event::Locked`] or [`Event::LockFailed`].
    Lock {
        /// Milliseconds to wait for it.
        patience: i64,
    },
    /// Make this record durable before anything is sent: [`Event::Journaled`] or [`Event::JournalFailed`].
    Journal(Record),
    /// Note a call of this endpoint where all processes do, if the budget still allows one there: [`Event::Spent`].
    Spend {
        /// The endpoint.
        endpoint: TokenKey,
        /// Its budget.
        budget: Budget,
        /// Whether the budget's reserve may be used.
        urgent: bool,
    },
    /// Ask the provider: [`Event::Answered`].
    Send(Attempt),
    /// Make this record durable: [`Event::Saved`] or [`Event::SaveFailed`].
    Save(Record),
    /// Give the lock back.
    Unlock,
    /// Whoever waits for this key asks again.
    Wake,
    /// Something that people or metrics should hear of.
    Tell(Notice),
}

/// A token request.
#[derive(Debug)]
pub struct Attempt {
    /// With what.
    pub how: How,
    /// The tokens of the earlier steps, first step first.
    pub chain: Vec<Arc<Issued>>,
    /// Milliseconds after which it counts as lost.
    pub patience: i64,
}

/// With what a token is asked for.
#[derive(Debug)]
pub enum How {
    /// With the client's own grant.
    Again,
    /// With this refresh token.
    Refresh(Secret),
}

/// What came of an action.
#[derive(Debug)]
pub enum Event {
    /// The record; an empty one if there is none.
    Read(Record),
    /// There is one, and it cannot be read: why, for people.
    ReadFailed(Arc<str>),
    /// The lock is taken; the record as it is now.
    Locked(Record),
    /// Nobody gives the lock up, or the cache is out of order: why, for people.
    LockFailed(Arc<str>),
    /// The journal is durable.
    Journaled,
    /// It is not, and the request must not be sent: why, for people.
    JournalFailed(Arc<str>),
    /// The call is noted, or it is not allowed before so many milliseconds are over.
    Spent(Result<(), i64>),
    /// The provider's answer, or none.
    Answered(Result<Granted, Failure>),
    /// The record is durable.
    Saved,
    /// It is not.
    SaveFailed,
}

/// A token request that gave no token.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What would change the outcome.
    pub class: Class,
    /// The pause that the provider asked for, in milliseconds.
    pub retry_after: Option<i64>,
    /// What the provider said, for people.
    pub said: Option<Arc<str>>,
}

/// What would change the outcome of a failed request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Time; the provider has certainly not acted (no connection, 429).
    Unsent,
    /// Time; whether the provider acted is unknown (5xx).
    Busy,
    /// Time; the answer did not arrive or cannot be read, so whether the provider acted is unknown.
    Lost,
    /// Another secret or certificate.
    Credentials,
    /// Another request: the configuration.
    Request,
    /// Something on this machine: nothing was sent.
    Local,
    /// Another login, code or password: the provider says that this one is dead.
    Grant,
}

/// What a caller wants.
#[derive(Debug, Clone, Copy, Default)]
pub struct Want {
    /// Least life in milliseconds.
    pub min_ttl: i64,
}

/// What a caller gets.
#[derive(Debug)]
pub enum Answer {
    /// A token.
    Serve(Served),
    /// Ask again after the next [`Action::Wake`] of this key.
    Wait,
    /// None.
    Refuse(Refusal),
}

/// A token to use.
#[derive(Debug, Clone)]
pub struct Served {
    /// The token.
    pub token: Arc<Issued>,
    /// Tokens of earlier steps that go along with it, first step first.
    pub chain: Vec<Arc<Issued>>,
    /// Milliseconds that all of them are good for.
    pub left: i64,
}

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// Milliseconds until the next attempt; `None` if time alone changes nothing.
    pub after: Option<i64>,
    /// What the provider said, for people.
    pub said: Option<Arc<str>>,
}

/// Why there is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// A person has to log in.
    LoginRequired,
    /// The provider does not answer, or not now.
    Unavailable,
    /// The endpoint was called as often as it may be.
    Budget,
    /// The refresh token may not be used yet.
    TooEarly,
    /// The provider does not accept the client's credentials.
    Credentials,
    /// The provider does not accept the request.
    Request,
    /// The request cannot be made here.
    Configuration,
    /// The provider's tokens never live as long as the caller wants.
    TooShort,
    /// Nobody says how long the provider's tokens live.
    LifeUnknown,
    /// The cache cannot be written, and a refresh without a journal could lose the session.
    Cache,
    /// No such key.
    Unregistered,
}

/// Reasons by the names that programs and files know them by.
const REASONS: [(&str, Reason); 11] = [
    ("login_required", Reason::LoginRequired),
    ("unavailable", Reason::Unavailable),
    ("budget", Reason::Budget),
    ("too_early", Reason::TooEarly),
    ("credentials", Reason::Credentials),
    ("request", Reason::Request),
    ("configuration", Reason::Configuration),
    ("too_short", Reason::TooShort),
    ("life_unknown", Reason::LifeUnknown),
    ("cache", Reason::Cache),
    ("unregistered", Reason::Unregistered),
];

impl Reason {
    /// Its name for programs.
    pub fn as_str(self) -> &'static str {
        REASONS.iter().find(|(_, reason)| *reason == self).map_or("unregistered", |(name, _)| name)
    }

    /// The reason of this name.
    pub fn named(name: &str) -> Option<Self> {
        REASONS.iter().find(|(own, _)| *own == name).map(|(_, reason)| *reason)
    }

    /// Whether waiting helps.
    pub const fn is_passing(self) -> bool {
        matches!(self, Self::Unavailable | Self::Budget | Self::TooEarly | Self::Cache)
    }
}

/// News.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A token was obtained.
    Renewed {
        /// Its name.
        fingerprint: Fingerprint,
        /// Its life in milliseconds.
        life: i64,
    },
    /// None was.
    Failed(Refusal),
    /// A refresh token is sent whose earlier use was never answered; the provider may end the session.
    Uncertain,
    /// A renewed session stands in memory alone.
    NotSaved,
    /// A person has to log in.
    LoginRequired,
    /// The session ends whatever is refreshed.
    SessionEnds {
        /// Milliseconds that are left.
        left: i64,
    },
}

//! What is heard of tokens: whose they are, what is counted, and who listens.
//!
//! Owns the queues of those who listen to events. They are short, and whoever does not keep up is dropped: news never wait
//! for a reader, and nothing is kept for one who comes later.

use super::message::{FORMAT_VERSION, seconds_up};
use super::metrics::Metrics;
use super::policy::{Caller, Policy};
use crate::config::Operation;
use crate::engine::{Class, Notice, Status, TokenKey};
use crate::reverse_proxy::CallMetrics;
use crate::tokens::{KeyName, Observer, Tokens};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};

/// Events that wait for one reader.
const QUEUE: usize = 64;
/// Most readers.
const MOST_READERS: usize = 32;

/// What is heard of an agent's tokens: its [`Observer`], for [`Parts`](crate::agent::Parts) and for
/// [`Settings`](super::Settings).
#[derive(Default)]
pub struct News {
    /// Providers that are the same client for the same scope have the same token: one name for each of them.
    names: RwLock<HashMap<TokenKey, Vec<Arc<KeyName>>>>,
    readers: Mutex<Readers>,
    pub(super) metrics: Metrics,
}

#[derive(Default)]
struct Readers {
    open: Vec<Reader>,
    /// Nobody listens any more.
    closed: bool,
}

/// Someone who listens.
struct Reader {
    policy: Arc<Policy>,
    caller: Caller,
    queue: mpsc::Sender<Bytes>,
    /// Ends a connection that does not read.
    hang_up: Arc<Notify>,
}

/// A key, and how it stands.
pub(super) struct Standing {
    pub(super) name: Arc<KeyName>,
    pub(super) status: Status,
}

impl Observer for News {
    fn notice(&self, key: TokenKey, notice: &Notice) {
        for name in self.names(key) {
            let (event, more) = written(&name, notice);
            self.publish(&name.provider, event, about(&name, more));
        }
    }

    fn named(&self, key: TokenKey, name: &KeyName) {
        if self.names(key).iter().any(|known| **known == *name) {
            return;
        }
        let mut names = self.names.write().unwrap_or_else(PoisonError::into_inner);
        let names = names.entry(key).or_default();
        names.retain(|known| known.provider != name.provider);
        names.push(Arc::new(name.clone()));
    }

    fn asked(&self, key: TokenKey, took: Duration, result: Result<(), Class>) {
        // It was one request, whoever else has its token.
        if let Some(name) = self.names(key).first() {
            self.metrics.asked(&name.provider, took, result);
        }
    }
}

impl News {
    fn names(&self, key: TokenKey) -> Vec<Arc<KeyName>> {
        let names = self.names.read().unwrap_or_else(PoisonError::into_inner);
        names.get(&key).cloned().unwrap_or_default()
    }

    /// What is counted of calls through reverse proxies.
    pub(crate) const fn calls(&self) -> &CallMetrics {
        &self.metrics.calls
    }

    fn readers(&self) -> MutexGuard<'_, Readers> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the keys of `tokens` stand that have a name, once for each name.
    pub(super) fn standing(&self, tokens: &Tokens) -> Vec<Standing> {
        let named = |status: Status| {
            let names = self.names(status.key).into_iter();
            names.map(move |name| Standing { name, status: status.clone() })
        };
        tokens.status().into_iter().flat_map(named).collect()
    }

    /// Whether each of `providers` has a token that may be handed out, of the kind that the configuration names.
    pub(super) fn are_ready(&self, providers: &[String], tokens: &Tokens) -> bool {
        let standing = self.standing(tokens);
        providers.iter().all(|provider| {
            standing.iter().any(|Standing { name, status }| {
                name.provider == *provider && name.is_last && name.is_usual && status.token.is_some()
            })
        })
    }

    /// Tells everybody who may hear of a provider.
    pub(super) fn publish(&self, provider: &str, event: &str, data: Value) {
        let mut readers = self.readers();
        if readers.open.is_empty() {
            return;
        }
        let line = Bytes::from(format!("event: {event}\ndata: {data}\n\n"));
        readers.open.retain(|reader| {
            if !reader.policy.allows(reader.caller, Operation::Events, provider) {
                return !reader.queue.is_closed();
            }
            match reader.queue.try_send(line.clone()) {
                Ok(()) => true,
                Err(mpsc::error::TrySendError::Closed(_)) => false,
                Err(mpsc::error::TrySendError::Full(_)) => {
                    self.metrics.slow.inc();
                    reader.hang_up.notify_one();
                    false
                }
            }
        });
    }

    /// Begins to listen. `None` if too many do, or none may any more.
    pub(super) fn subscribe(
        &self,
        policy: &Arc<Policy>,
        caller: Caller,
        hang_up: &Arc<Notify>,
    ) -> Option<mpsc::Receiver<Bytes>> {
        let mut readers = self.readers();
        readers.open.retain(|reader| !reader.queue.is_closed());
        if readers.closed || readers.open.len() >= MOST_READERS {
            return None;
        }
        let (queue, receiver) = mpsc::channel(QUEUE);
        let (policy, hang_up) = (Arc::clone(policy), Arc::clone(hang_up));
        readers.open.push(Reader { policy, caller, queue, hang_up });
        Some(receiver)
    }

    /// Ends what is listened to.
    pub(super) fn close(&self) {
        *self.readers() = Readers { open: Vec::new(), closed: true };
    }
}

impl fmt::Debug for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("News(..)")
    }
}

/// Everything that names a key.
fn about(name: &KeyName, more: BTreeMap<&str, Value>) -> Value {
    let mut data = Map::new();
    data.insert("format_version".into(), FORMAT_VERSION.into());
    data.insert("provider".into(), name.provider.clone().into());
    data.insert("step".into(), name.step.clone().into());
    for (key, value) in [("scope", &name.scope), ("resource", &name.resource)] {
        data.extend(value.clone().map(|value| (key.to_owned(), value.into())));
    }
    data.extend(more.into_iter().map(|(key, value)| (key.to_owned(), value)));
    Value::Object(data)
}

fn written(name: &KeyName, notice: &Notice) -> (&'static str, BTreeMap<&'static str, Value>) {
    let hint = || json!(format!("chancela agent login {}", name.provider));
    match notice {
        Notice::Renewed { fingerprint, life } => {
            let life = life.div_euclid(1000);
            ("renewed", [("fingerprint", json!(fingerprint.to_string())), ("expires_in", json!(life))].into())
        }
        Notice::Failed(refusal) => {
            let mut more = BTreeMap::from([("reason", json!(refusal.reason.as_str()))]);
            more.extend(refusal.after.map(|after| ("retry_after", json!(seconds_up(after)))));
            more.extend(refusal.said.as_ref().map(|said| ("said", json!(**said))));
            ("failed", more)
        }
        Notice::Uncertain => ("uncertain", BTreeMap::new()),
        Notice::NotSaved => ("not_saved", BTreeMap::new()),
        Notice::LoginRequired => ("login_required", [("login_hint", hint())].into()),
        Notice::SessionEnds { left } => {
            let left = left.div_euclid(1000);
            ("session_ends", [("ends_in", json!(left)), ("login_hint", hint())].into())
        }
    }
}

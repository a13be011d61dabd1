//! A caller's connection, as its requests see it: who it is, and what is under way on it.

use super::admission::Reach;
use crate::engine::Fingerprint;
use crate::socket::Caller;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::sleep;

/// A caller's connection.
pub(super) struct From {
    pub(super) reach: Reach,
    /// Who it is, where the kernel says it.
    pub(super) caller: Option<Caller>,
    /// Whether the rules let it call.
    pub(super) may_call: bool,
    /// The token that was noted last in the audit log.
    noted: Mutex<Option<Fingerprint>>,
    /// Requests that began, and parts of answers that were handed over.
    steps: AtomicUsize,
    /// Requests whose answers are not over.
    under_way: AtomicUsize,
    /// Whether a part of an answer waits for the caller to read.
    waits: AtomicBool,
}

/// A request that is under way; with it goes who waits for it.
pub(super) struct UnderWay(Arc<From>);

impl From {
    pub(super) fn new(reach: Reach, caller: Option<Caller>, may_call: bool) -> Self {
        let (steps, under_way) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self {
            reach,
            caller,
            may_call,
            noted: Mutex::default(),
            steps,
            under_way,
            waits: AtomicBool::new(false),
        }
    }

    /// Whether another token than this one was noted last; it is now.
    pub(super) fn is_news(&self, fingerprint: Fingerprint) -> bool {
        let before = self.noted.lock().unwrap_or_else(PoisonError::into_inner).replace(fingerprint);
        before != Some(fingerprint)
    }

    /// Waits until the caller did nothing that it had to do from one look to the next, `longest` later: it asks nothing, the
    /// head of its request does not come to its end, or it does not read its answer. One timer for a connection costs less
    /// than one for each of these.
    pub(super) async fn idle(&self, longest: Duration) {
        let mut before = None;
        loop {
            sleep(longest).await;
            let now = self.waits_after();
            if now.is_some() && now == before {
                return;
            }
            before = now;
        }
    }

    /// After how many steps the caller is waited for, if it is.
    fn waits_after(&self) -> Option<usize> {
        let waits = self.under_way.load(Ordering::Relaxed) == 0 || self.waits.load(Ordering::Relaxed);
        waits.then(|| self.steps.load(Ordering::Relaxed))
    }
}

impl UnderWay {
    pub(super) fn new(from: &Arc<From>) -> Self {
        from.steps.fetch_add(1, Ordering::Relaxed);
        from.under_way.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(from))
    }

    pub(super) fn from(&self) -> &From {
        &self.0
    }

    /// The caller has room for more of its answer.
    pub(super) fn is_read(&self) {
        self.0.waits.store(false, Ordering::Relaxed);
    }

    /// A part of the answer is handed over.
    pub(super) fn hands_over(&self) {
        self.0.steps.fetch_add(1, Ordering::Relaxed);
        self.0.waits.store(true, Ordering::Relaxed);
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.waits.store(false, Ordering::Relaxed);
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

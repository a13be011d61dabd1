//! Does what the engine wants done. Whatever takes time is a task of its own, so that a caller who gives up stops nothing.

use super::Shared;
use crate::engine::{Action, Class, Event, Failure, TokenKey, duration};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout};

/// How much longer than its patience a request may take before it counts as lost whatever its issuer does: the lock of all
/// processes is held meanwhile.
const GRACE: Duration = Duration::from_secs(5);

impl Shared {
    /// Does everything that there is to do.
    pub(super) fn run(shared: &Arc<Self>) {
        loop {
            // One at a time, and the engine is free while it is done.
            let Some((key, action)) = shared.engine().poll() else { return };
            match action {
                Action::Wake => {
                    let wake = shared.entries().get(&key).map(|entry| Arc::clone(&entry.wake));
                    if let Some(wake) = wake {
                        wake.notify_waiters();
                    }
                }
                Action::Tell(notice) => shared.observer.notice(key, &notice),
                Action::Unlock => {
                    let lock = shared.entries().get_mut(&key).and_then(|entry| entry.lock.take());
                    drop(lock);
                }
                slow => {
                    shared.runtime.spawn(Self::perform(Arc::clone(shared), key, slow));
                }
            }
        }
    }

    async fn perform(shared: Arc<Self>, key: TokenKey, action: Action) {
        let event = match action {
            Action::Wake | Action::Tell(_) | Action::Unlock => return,
            Action::Read => match shared.read(key).await {
                Ok(record) => Event::Read(record),
                Err(error) => Event::ReadFailed(error.to_string().into()),
            },
            Action::Lock { patience } => match shared.lock(key, duration(patience)).await {
                Ok((lock, record)) => {
                    if let Some(entry) = shared.entries().get_mut(&key) {
                        entry.lock = Some(lock);
                    }
                    Event::Locked(record)
                }
                Err(error) => Event::LockFailed(error.to_string().into()),
            },
            Action::Journal(record) => match shared.write(key, record).await {
                Ok(()) => Event::Journaled,
                Err(error) => Event::JournalFailed(error.to_string().into()),
            },
            Action::Save(record) => match shared.write(key, record).await {
                Ok(()) => Event::Saved,
                Err(_) => Event::SaveFailed,
            },
            Action::Spend { endpoint, budget, urgent } => {
                let (store, now) = (Arc::clone(&shared.store), shared.clock.now());
                let spent = spawn_blocking(move || store.spend(endpoint, budget, now, urgent)).await;
                // This process keeps to the budget by itself; a disk that is out of order ends no service.
                Event::Spent(spent.map_or(Ok(()), |spent| spent.unwrap_or(Ok(()))))
            }
            Action::Send(attempt) => {
                let issuer = shared.entries().get(&key).map(|entry| Arc::clone(&entry.issuer));
                let began = Instant::now();
                // In a task of its own: if it panics, the request may have left.
                let limit = duration(attempt.patience).saturating_add(GRACE);
                let lost = || Err(Failure { class: Class::Lost, retry_after: None, said: None });
                let sent = tokio::spawn(async move {
                    match issuer {
                        Some(issuer) => {
                            timeout(limit, issuer.issue(&attempt)).await.unwrap_or_else(|_| lost())
                        }
                        None => Err(Failure { class: Class::Unsent, retry_after: None, said: None }),
                    }
                });
                let answer = sent.await.unwrap_or_else(|_| lost());
                let result = answer.as_ref().map(drop).map_err(|failure| failure.class);
                shared.observer.asked(key, began.elapsed(), result);
                Event::Answered(answer)
            }
        };
        let now = shared.clock.now();
        shared.engine().handle(now, key, event);
        Self::run(&shared);
        shared.done.notify_waiters();
    }
}

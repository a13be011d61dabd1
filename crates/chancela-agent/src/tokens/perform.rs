//! Does what the engine wants done. Whatever takes time is a task of its own, so that a caller who gives up stops nothing.

use super::Shared;
use crate::engine::{Action, Class, Event, Failure, TokenKey};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// How long another process may keep a key's lock: longer than one token request takes.
pub(super) const LOCK_PATIENCE: Duration = Duration::from_secs(40);

/// How much longer than its patience a request may take before it counts as lost whatever its issuer does: the lock of all
/// processes is held meanwhile.
const GRACE: Duration = Duration::from_secs(5);

fn millis(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

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
                    tokio::spawn(Self::perform(Arc::clone(shared), key, slow));
                }
            }
        }
    }

    async fn perform(shared: Arc<Self>, key: TokenKey, action: Action) {
        let event = match action {
            Action::Wake | Action::Tell(_) | Action::Unlock => return,
            Action::Read => {
                let store = Arc::clone(&shared.store);
                match spawn_blocking(move || store.read(key)).await {
                    Ok(Ok(record)) => Event::Read(record),
                    Ok(Err(error)) => Event::ReadFailed(error.to_string().into()),
                    Err(error) => Event::ReadFailed(error.to_string().into()),
                }
            }
            Action::Lock { patience } => shared.lock(key, millis(patience)).await,
            Action::Journal(record) => {
                let store = Arc::clone(&shared.store);
                match spawn_blocking(move || store.write(key, &record)).await {
                    Ok(Ok(())) => Event::Journaled,
                    Ok(Err(error)) => Event::JournalFailed(error.to_string().into()),
                    Err(error) => Event::JournalFailed(error.to_string().into()),
                }
            }
            Action::Save(record) => {
                let store = Arc::clone(&shared.store);
                match spawn_blocking(move || store.write(key, &record)).await {
                    Ok(Ok(())) => Event::Saved,
                    _ => Event::SaveFailed,
                }
            }
            Action::Send(attempt) => {
                let issuer = shared.entries().get(&key).map(|entry| Arc::clone(&entry.issuer));
                // In a task of its own: if it panics, the request may have left.
                let limit = millis(attempt.patience).saturating_add(GRACE);
                let lost = || Err(Failure { class: Class::Lost, retry_after: None, said: None });
                let sent = tokio::spawn(async move {
                    match issuer {
                        Some(issuer) => {
                            timeout(limit, issuer.issue(&attempt)).await.unwrap_or_else(|_| lost())
                        }
                        None => Err(Failure { class: Class::Unsent, retry_after: None, said: None }),
                    }
                });
                Event::Answered(sent.await.unwrap_or_else(|_| lost()))
            }
        };
        let now = shared.clock.now();
        shared.engine().handle(now, key, event);
        Self::run(&shared);
        shared.done.notify_waiters();
    }

    async fn lock(&self, key: TokenKey, patience: Duration) -> Event {
        let store = Arc::clone(&self.store);
        let locked = spawn_blocking(move || {
            let lock = store.lock(key, patience)?;
            let record = store.read(key)?;
            Ok::<_, std::io::Error>((lock, record))
        });
        match locked.await {
            Ok(Ok((lock, record))) => {
                if let Some(entry) = self.entries().get_mut(&key) {
                    entry.lock = Some(lock);
                }
                Event::Locked(record)
            }
            Ok(Err(error)) => Event::LockFailed(error.to_string().into()),
            Err(error) => Event::LockFailed(error.to_string().into()),
        }
    }
}

//! Connections to the API that are open and unused, of one thread.

use super::connection::Connection;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::time::sleep;

/// Most unused connections.
const MOST_UNUSED: usize = 256;
/// How many sweeps an unused connection outlives.
const SWEEPS: u32 = 4;

/// Unused connections, the last used last.
pub(super) struct Pool {
    unused: Mutex<Vec<Connection>>,
}

impl Pool {
    /// An empty pool whose connections are closed when they were not used for `longest`. To be called within a runtime.
    pub(super) fn new(longest: Duration) -> Arc<Self> {
        let own = Arc::new(Self { unused: Mutex::default() });
        tokio::spawn(sweep(Arc::downgrade(&own), longest));
        own
    }

    /// A connection that can be used, made with the client's certificate of this generation. Those with an older one end.
    pub(super) fn take(&self, generation: u64) -> Option<Connection> {
        let mut unused = self.unused();
        while let Some(connection) = unused.pop() {
            if connection.generation() == generation && connection.is_ready() {
                return Some(connection);
            }
        }
        None
    }

    /// Keeps a connection whose exchange is over, if it can be used again.
    pub(super) fn put(&self, mut connection: Connection) {
        if connection.is_usable() {
            connection.sweeps = 0;
            let mut unused = self.unused();
            if unused.len() < MOST_UNUSED {
                unused.push(connection);
            }
        }
    }

    /// Ends all unused connections.
    pub(super) fn clear(&self) {
        self.unused().clear();
    }

    fn unused(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.unused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends what was not used for too long, and what the other end has closed.
async fn sweep(pool: Weak<Pool>, longest: Duration) {
    let pause = (longest / SWEEPS).max(Duration::from_millis(10));
    loop {
        sleep(pause).await;
        let Some(pool) = pool.upgrade() else { return };
        pool.unused().retain_mut(|one| {
            one.sweeps += 1;
            one.sweeps <= SWEEPS && one.is_usable()
        });
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Stream;
    use tokio::net::{TcpListener, TcpStream};

    /// A connection, and its other end.
    async fn open(listener: &TcpListener, generation: u64) -> (Connection, TcpStream) {
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (other, _) = listener.accept().await.unwrap();
        (Connection::over(Stream::Plain(stream), generation).await.unwrap(), other)
    }

    #[tokio::test]
    async fn a_connection_of_a_replaced_certificate_is_not_taken_and_ends() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let pool = Pool::new(Duration::from_secs(60));
        let (new, _at_new) = open(&listener, 1).await;
        let (old, at_old) = open(&listener, 0).await;
        pool.put(new);
        pool.put(old);
        assert_eq!(pool.take(1).map(|connection| connection.generation()), Some(1), "below the old one");
        at_old.readable().await.unwrap();
        assert_eq!(at_old.try_read(&mut [0; 8]).unwrap(), 0, "the other end hears of it");
        assert!(pool.take(1).is_none() && pool.take(0).is_none());
    }

    #[tokio::test]
    async fn connections_that_the_other_end_closed_are_swept() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let pool = Pool::new(Duration::from_millis(400));
        let (connection, other) = open(&listener, 0).await;
        pool.put(connection);
        assert_eq!(pool.unused().len(), 1);
        drop(other);
        sleep(Duration::from_millis(250)).await;
        assert!(pool.unused().is_empty());
    }
}

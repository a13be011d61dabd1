//! Accepting connections: one thread with its own runtime for each core, all on the same listening sockets, so that a
//! request never moves between cores; and the orderly end of it all.

use super::connection;
use crate::router::Router;
use crate::server::Server;
use chancela_store::Store;
use hyper_util::server::graceful::GracefulShutdown;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};

/// Most connections at once on all listeners together.
const MAX_CONNECTIONS: usize = 10_000;
/// How long requests in flight may take to finish at shutdown.
const FINISH_TIME: Duration = Duration::from_secs(25);
/// Pause after a failed accept (out of file descriptors, say), so that it does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A listening socket and what is served on it.
#[derive(Debug)]
pub struct Bound {
    /// The socket.
    pub listener: TcpListener,
    /// Its routes.
    pub router: Arc<Router>,
}

/// Threads that serve.
#[derive(Debug)]
pub struct Workers {
    threads: Vec<JoinHandle<()>>,
    stop: watch::Sender<bool>,
}

impl Workers {
    /// Starts `threads` threads that serve `bound`.
    ///
    /// # Errors
    /// If a socket or a thread cannot be set up.
    pub fn start<S: Store>(server: &Arc<Server<S>>, bound: &[Bound], threads: usize) -> io::Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let mut running = Vec::new();
        for number in 0..threads.max(1) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let mut sockets = Vec::new();
            for bound in bound {
                let socket = bound.listener.try_clone()?;
                socket.set_nonblocking(true)?;
                sockets.push((socket, Arc::clone(&bound.router)));
            }
            let (server, places, stopped) = (Arc::clone(server), Arc::clone(&places), stopped.clone());
            let thread = std::thread::Builder::new().name(format!("serve-{number}")).spawn(move || {
                runtime.block_on(run(server, sockets, places, stopped));
            })?;
            running.push(thread);
        }
        Ok(Self { threads: running, stop })
    }

    /// Stops accepting, lets requests in flight finish (25 s at most), and waits for it.
    pub fn stop(self) {
        let _ = self.stop.send(true);
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a serving thread had panicked");
            }
        }
    }
}

async fn run<S: Store>(
    server: Arc<Server<S>>,
    sockets: Vec<(TcpListener, Arc<Router>)>,
    places: Arc<Semaphore>,
    mut stopped: watch::Receiver<bool>,
) {
    let graceful = Arc::new(GracefulShutdown::new());
    let mut tasks = Vec::new();
    for (socket, router) in sockets {
        match tokio::net::TcpListener::from_std(socket) {
            Ok(listener) => tasks.push(tokio::spawn(accept(
                Arc::clone(&server),
                listener,
                router,
                Arc::clone(&places),
                Arc::clone(&graceful),
            ))),
            Err(error) => tracing::error!(%error, "a listening socket is unusable"),
        }
    }
    let _ = stopped.wait_for(|stop| *stop).await;
    for task in tasks {
        task.abort();
        let _ = task.await;
    }
    let Ok(graceful) = Arc::try_unwrap(graceful) else { return };
    if tokio::time::timeout(FINISH_TIME, graceful.shutdown()).await.is_err() {
        tracing::warn!("connections were still busy after {} s", FINISH_TIME.as_secs());
    }
}

async fn accept<S: Store>(
    server: Arc<Server<S>>,
    listener: tokio::net::TcpListener,
    router: Arc<Router>,
    places: Arc<Semaphore>,
    graceful: Arc<GracefulShutdown>,
) {
    loop {
        // With no place left nothing is accepted: the kernel's queue is the back-pressure.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, peer)) => {
                let stream = (stream, peer.ip());
                let serving =
                    connection::serve(Arc::clone(&server), Arc::clone(&router), stream, graceful.watcher());
                tokio::spawn(async move {
                    serving.await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "accepting a connection failed");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

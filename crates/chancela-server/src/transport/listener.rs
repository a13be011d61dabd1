//! Accepting connections: one thread with its own runtime for each core, all on the same listening sockets, so that a
//! request never moves between cores; and the orderly end of it all.

use super::connection;
use super::peer::Peer;
use crate::router::Router;
use crate::server::Server;
use crate::tls::{Acceptor, handshake};
use chancela_store::Store;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use std::io;
use std::net::{IpAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

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
    pub listener: Listener,
    /// Its routes.
    pub router: Arc<Router>,
}

/// A listening socket.
#[derive(Debug)]
pub enum Listener {
    /// TCP without TLS.
    Plain(TcpListener),
    /// TLS over TCP.
    Tls(TcpListener, Arc<Acceptor>),
    /// A Unix socket, without TLS.
    Unix(UnixListener),
}

/// Threads that serve.
#[derive(Debug)]
pub struct Workers {
    threads: Vec<JoinHandle<()>>,
    stop: watch::Sender<bool>,
}

/// The limits that all threads share.
#[derive(Debug, Clone)]
struct Places {
    connections: Arc<Semaphore>,
    handshakes: Arc<Semaphore>,
}

impl Listener {
    /// Another handle on the same socket, for one thread's runtime.
    fn for_thread(&self) -> io::Result<Self> {
        Ok(match self {
            Self::Plain(listener) => {
                listener.set_nonblocking(true)?;
                Self::Plain(listener.try_clone()?)
            }
            Self::Tls(listener, acceptor) => {
                listener.set_nonblocking(true)?;
                Self::Tls(listener.try_clone()?, Arc::clone(acceptor))
            }
            Self::Unix(listener) => {
                listener.set_nonblocking(true)?;
                Self::Unix(listener.try_clone()?)
            }
        })
    }
}

impl Workers {
    /// Starts `threads` threads that serve `bound`.
    ///
    /// # Errors
    /// If a socket or a thread cannot be set up.
    pub fn start<S: Store>(server: &Arc<Server<S>>, bound: &[Bound], threads: usize) -> io::Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let places = Places {
            connections: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
            handshakes: Arc::new(Semaphore::new(handshake::MAX_HANDSHAKES)),
        };
        let mut running = Vec::new();
        for number in 0..threads.max(1) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let mut sockets = Vec::new();
            for bound in bound {
                sockets.push(Bound {
                    listener: bound.listener.for_thread()?,
                    router: Arc::clone(&bound.router),
                });
            }
            let (server, places, stopped) = (Arc::clone(server), places.clone(), stopped.clone());
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
    bound: Vec<Bound>,
    places: Places,
    mut stopped: watch::Receiver<bool>,
) {
    let graceful = Arc::new(GracefulShutdown::new());
    let mut tasks = Vec::new();
    for Bound { listener, router } in bound {
        match Socket::new(listener) {
            Ok(socket) => {
                let (server, places) = (Arc::clone(&server), places.clone());
                let serving = Serving { server, router, places, graceful: Arc::clone(&graceful) };
                tasks.push(tokio::spawn(serving.accept(socket)));
            }
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

/// A listening socket of one thread's runtime.
enum Socket {
    Plain(tokio::net::TcpListener),
    Tls(tokio::net::TcpListener, Arc<Acceptor>),
    Unix(tokio::net::UnixListener),
}

/// A connection that has just come.
enum Incoming {
    Plain(TcpStream, IpAddr),
    Tls(TcpStream, IpAddr, Arc<Acceptor>),
    Unix(UnixStream),
}

impl Socket {
    fn new(listener: Listener) -> io::Result<Self> {
        Ok(match listener {
            Listener::Plain(listener) => Self::Plain(tokio::net::TcpListener::from_std(listener)?),
            Listener::Tls(listener, acceptor) => {
                Self::Tls(tokio::net::TcpListener::from_std(listener)?, acceptor)
            }
            Listener::Unix(listener) => Self::Unix(tokio::net::UnixListener::from_std(listener)?),
        })
    }

    async fn accept(&self) -> io::Result<Incoming> {
        match self {
            Self::Plain(listener) => {
                let (stream, address) = listener.accept().await?;
                Ok(Incoming::Plain(undelayed(stream), address.ip()))
            }
            Self::Tls(listener, acceptor) => {
                let (stream, address) = listener.accept().await?;
                Ok(Incoming::Tls(undelayed(stream), address.ip(), Arc::clone(acceptor)))
            }
            Self::Unix(listener) => Ok(Incoming::Unix(listener.accept().await?.0)),
        }
    }
}

/// Answers are small and written whole: waiting for more to send would only delay them.
fn undelayed(stream: TcpStream) -> TcpStream {
    let _ = stream.set_nodelay(true);
    stream
}

/// What the connections of one listener and thread have in common.
struct Serving<S> {
    server: Arc<Server<S>>,
    router: Arc<Router>,
    places: Places,
    graceful: Arc<GracefulShutdown>,
}

impl<S: Store> Serving<S> {
    async fn accept(self, socket: Socket) {
        loop {
            // With no place left nothing is accepted: the kernel's queue is the back-pressure.
            let Ok(place) = Arc::clone(&self.places.connections).acquire_owned().await else { return };
            match socket.accept().await {
                Ok(incoming) => self.begin(incoming, place),
                Err(error) => {
                    tracing::warn!(%error, "accepting a connection failed");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Gives a connection a task of its own, which is no larger than its kind needs.
    fn begin(&self, incoming: Incoming, place: OwnedSemaphorePermit) {
        let (server, router) = (Arc::clone(&self.server), Arc::clone(&self.router));
        let watcher = self.graceful.watcher();
        match incoming {
            Incoming::Plain(stream, address) => {
                let serving = connection::serve(server, router, (stream, Peer::plain(address)), watcher);
                tokio::spawn(holding(place, serving));
            }
            Incoming::Unix(stream) => {
                let serving = connection::serve(server, router, (stream, Peer::unix_socket()), watcher);
                tokio::spawn(holding(place, serving));
            }
            Incoming::Tls(stream, address, acceptor) => {
                let handshakes = Arc::clone(&self.places.handshakes);
                let serving = secured(server, router, (stream, address, acceptor, handshakes), watcher);
                tokio::spawn(holding(place, serving));
            }
        }
    }
}

async fn holding(place: OwnedSemaphorePermit, serving: impl Future<Output = ()>) {
    serving.await;
    drop(place);
}

/// A handshake, and what comes after it.
async fn secured<S: Store>(
    server: Arc<Server<S>>,
    router: Arc<Router>,
    (stream, address, acceptor, handshakes): (TcpStream, IpAddr, Arc<Acceptor>, Arc<Semaphore>),
    watcher: Watcher,
) {
    // Boxed: what a handshake needs is given back before the requests come.
    let shaking = Box::pin(async move { acceptor.accept(stream, &handshakes).await });
    let Some((stream, channel, certificates)) = shaking.await else { return };
    let peer = Peer { address, channel, certificates };
    connection::serve(server, router, (stream, peer), watcher).await;
}

//! Where callers come in: sockets, who may come, how many, how long, and how it ends.

use super::admission::Reach;
use super::call::Proxy;
use super::caller::{From, UnderWay};
use crate::config::{Listen, Operation, ReverseProxyConfig};
use crate::socket::{Caller, Policy, ServeError, SocketFile, bind};
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// What errors call the place in the configuration.
const KEY: &str = "reverse_proxy.listen";
/// Most bytes of a request's head.
const MAX_HEAD: usize = 64 * 1024;
/// How long requests that are under way are waited for at the end.
const DRAIN: Duration = Duration::from_secs(10);
/// A pause after an accept that failed: there are no descriptors left, and somebody has to give one back first.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A socket that is bound.
pub(super) enum Socket {
    Unix(UnixListener),
    Tcp(TcpListener),
}

impl Socket {
    /// Binds what a configuration says; the file is removed when it is dropped.
    pub(super) fn bind(listen: &Listen, policy: &Policy) -> Result<(Self, Option<SocketFile>), ServeError> {
        match listen {
            Listen::Unix(path) => {
                let (listener, file) = bind(path, policy, KEY)?;
                listener.set_nonblocking(true).map_err(ServeError::Wait)?;
                Ok((Self::Unix(listener), Some(file)))
            }
            Listen::Tcp(address) => {
                let failed = |error| ServeError::Tcp { address: *address, key: KEY, error };
                let listener = TcpListener::bind(address).map_err(failed)?;
                listener.set_nonblocking(true).map_err(ServeError::Wait)?;
                Ok((Self::Tcp(listener), None))
            }
        }
    }

    /// The same for another thread.
    pub(super) fn try_clone(&self) -> io::Result<Self> {
        match self {
            Self::Unix(listener) => listener.try_clone().map(Self::Unix),
            Self::Tcp(listener) => listener.try_clone().map(Self::Tcp),
        }
    }

    /// Its address by TCP.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Unix(_) => None,
            Self::Tcp(listener) => listener.local_addr().ok(),
        }
    }
}

/// A socket that a runtime waits on.
enum Waiting {
    Unix(tokio::net::UnixListener),
    Tcp(tokio::net::TcpListener),
}

/// Someone who came.
enum Stream {
    Unix(tokio::net::UnixStream),
    Tcp(tokio::net::TcpStream),
}

impl Waiting {
    fn new(socket: Socket) -> io::Result<Self> {
        match socket {
            Socket::Unix(listener) => tokio::net::UnixListener::from_std(listener).map(Self::Unix),
            Socket::Tcp(listener) => tokio::net::TcpListener::from_std(listener).map(Self::Tcp),
        }
    }

    async fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Unix(listener) => listener.accept().await.map(|(stream, _)| Stream::Unix(stream)),
            Self::Tcp(listener) => listener.accept().await.map(|(stream, _)| Stream::Tcp(stream)),
        }
    }
}

/// What every thread of a proxy knows of its callers.
#[derive(Clone)]
pub(super) struct Door {
    reach: Reach,
    provider: Arc<str>,
    policy: Arc<Policy>,
    /// Places for connections, of all threads together.
    places: Arc<Semaphore>,
}

impl Door {
    pub(super) fn new(config: &ReverseProxyConfig, policy: &Arc<Policy>) -> Self {
        let reach = match config.listen {
            Listen::Unix(_) => Reach::Socket,
            Listen::Tcp(address) if address.ip().is_loopback() => Reach::Loopback,
            Listen::Tcp(_) => Reach::Anywhere,
        };
        let places = Arc::new(Semaphore::new(config.max_connections));
        Self { reach, provider: config.provider.as_str().into(), policy: Arc::clone(policy), places }
    }

    /// Who came. By TCP nobody says it, and everybody may call who reaches the address.
    fn from(&self, stream: &Stream) -> io::Result<From> {
        let caller = match stream {
            Stream::Tcp(_) => None,
            Stream::Unix(stream) => {
                let said = stream.peer_cred()?;
                Some(Caller { uid: said.uid(), gid: said.gid(), pid: said.pid() })
            }
        };
        let allows = |caller| self.policy.allows(caller, Operation::Call, &self.provider);
        Ok(From::new(self.reach, caller, caller.is_none_or(allows)))
    }
}

/// Accepts until `stop` comes, then lets those finish whose requests are under way.
pub(super) async fn accept(
    socket: Socket,
    proxy: Arc<Proxy>,
    door: Door,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let listener = Waiting::new(socket)?;
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let next = async {
            let place = Arc::clone(&door.places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let accepted = tokio::select! {
            () = &mut stop => break,
            Some(_) = connections.join_next() => continue,
            next = next => next,
        };
        match accepted {
            (Ok(place), Ok(stream)) => {
                // Whoever is gone already is nobody.
                let Ok(from) = door.from(&stream) else { continue };
                let serving = serve(Arc::clone(&proxy), stream, from, graceful.watcher());
                connections.spawn(async move {
                    serving.await;
                    drop(place);
                });
            }
            (_, Err(error)) => {
                tracing::warn!(%error, "a reverse proxy failed to accept");
                sleep(ACCEPT_PAUSE).await;
            }
            // Nobody closes the semaphore.
            (Err(_), _) => break,
        }
    }
    drop(listener);
    let _ = timeout(DRAIN, graceful.shutdown()).await;
    connections.shutdown().await;
    Ok(())
}

async fn serve(proxy: Arc<Proxy>, stream: Stream, from: From, watcher: Watcher) {
    proxy.metrics.connections.inc();
    match stream {
        Stream::Unix(stream) => exchange(&proxy, stream, from, watcher).await,
        Stream::Tcp(stream) => {
            // An answer's parts are written when they come, and the caller waits for each.
            let _ = stream.set_nodelay(true);
            exchange(&proxy, stream, from, watcher).await;
        }
    }
    proxy.metrics.connections.dec();
}

async fn exchange<S>(proxy: &Arc<Proxy>, stream: S, from: From, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let from = Arc::new(from);
    let service = service_fn(|request: Request<Incoming>| {
        let (proxy, under_way) = (Arc::clone(proxy), UnderWay::new(&from));
        async move { Ok::<_, Infallible>(proxy.call(under_way, request).await) }
    });
    let connection =
        http1::Builder::new().max_buf_size(MAX_HEAD).serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        biased;
        // An error is the caller's, or an answer of the API that broke off, which the caller sees.
        _ = watcher.watch(connection) => {}
        () = from.idle(proxy.idle) => {}
    }
}

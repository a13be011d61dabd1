//! Where the browser brings the provider's answer: a port of this machine (RFC 8252 §7.3), open from before the person
//! hears of it until the login is over.
//!
//! Owns sockets, their limits, and which request is an answer. Any page that the person's browser shows can send requests
//! here, so only the address that was asked for is answered, by exactly its name (a name that an attacker leads to this
//! machine has another one), and what does not know `state` changes nothing and ends nothing.

use super::page::{Language, Page};
use crate::config::Loopback;
use chancela_core::message::authorization_response::{AuthorizationAnswer, AuthorizationAnswerError, Begun};
use chancela_core::secret::Secret;
use http::header::HOST;
use http::{Method, Request};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

/// Most bytes of a request's head: codes of some providers are long.
const MAX_HEAD: usize = 32 * 1024;
/// Most header fields.
const MAX_HEADERS: usize = 64;
/// Most connections at a time; others wait until one of them is over.
const MAX_CONNECTIONS: usize = 16;
/// How long a connection may last: browsers open some in advance and say nothing.
const PATIENCE: Duration = Duration::from_secs(5);
/// Pause after the system gave no connection.
const PAUSE: Duration = Duration::from_millis(100);
/// How often another port is tried, where any is good and the browser may come to two addresses.
const TRIES: usize = 16;

/// What the browser brought.
pub(super) type Brought = Result<AuthorizationAnswer, AuthorizationAnswerError>;

/// An open port. It is closed when this is dropped.
pub(super) struct Listener {
    address: SocketAddr,
    brought: mpsc::Receiver<Brought>,
    task: JoinHandle<()>,
}

/// What an answer must fit.
struct Desk {
    state: Secret,
    authority: String,
    path: String,
    /// Whether one is here.
    taken: AtomicBool,
}

impl Listener {
    /// Opens the port of `redirect` on all its addresses, and waits for the answer with this `state`.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(super) async fn open(redirect: &Loopback, state: Secret) -> io::Result<Self> {
        let sockets = bind(redirect).await?;
        let address = sockets.first().ok_or(io::ErrorKind::AddrNotAvailable)?.local_addr()?;
        let desk = Desk {
            state,
            authority: redirect.authority(address.port()),
            path: redirect.path().to_owned(),
            taken: AtomicBool::new(false),
        };
        let (sender, brought) = mpsc::channel(1);
        let task = tokio::spawn(serve(sockets, Arc::new(desk), sender));
        Ok(Self { address, brought, task })
    }

    /// Where it listens; the first place, if there are two.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What the browser brings, once.
    pub(super) async fn brought(&mut self) -> Option<Brought> {
        self.brought.recv().await
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn bind(redirect: &Loopback) -> io::Result<Vec<TcpListener>> {
    let mut tries = if redirect.port == 0 { TRIES } else { 1 };
    loop {
        tries -= 1;
        match bind_all(redirect).await {
            Err(error) if tries > 0 && error.kind() == io::ErrorKind::AddrInUse => {}
            outcome => return outcome,
        }
    }
}

/// All addresses or none: where somebody else listens on one of them, the browser may carry the answer there.
async fn bind_all(redirect: &Loopback) -> io::Result<Vec<TcpListener>> {
    let mut sockets: Vec<TcpListener> = Vec::new();
    let mut port = redirect.port;
    for address in redirect.addresses() {
        match TcpListener::bind(SocketAddr::new(*address, port)).await {
            Ok(socket) => {
                port = socket.local_addr()?.port();
                sockets.push(socket);
            }
            // A machine without IPv6.
            Err(error)
                if !sockets.is_empty()
                    && matches!(
                        error.kind(),
                        io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported
                    ) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(sockets)
}

async fn serve(sockets: Vec<TcpListener>, desk: Arc<Desk>, sender: mpsc::Sender<Brought>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = accept(&sockets), if connections.len() < MAX_CONNECTIONS => match accepted {
                Ok(stream) => {
                    connections.spawn(talk(stream, Arc::clone(&desk), sender.clone()));
                }
                Err(_) => sleep(PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// The next connection to any of the sockets.
async fn accept(sockets: &[TcpListener]) -> io::Result<TcpStream> {
    poll_fn(|context| {
        for socket in sockets {
            if let Poll::Ready(accepted) = socket.poll_accept(context) {
                return Poll::Ready(accepted.map(|(stream, _)| stream));
            }
        }
        Poll::Pending
    })
    .await
}

/// One request on one connection.
async fn talk(stream: TcpStream, desk: Arc<Desk>, sender: mpsc::Sender<Brought>) {
    let taken = Mutex::new(None);
    let answer = |request: Request<_>| {
        let (page, brought) = desk.look_at(&request);
        if brought.is_some() {
            *taken.lock().unwrap_or_else(PoisonError::into_inner) = brought;
        }
        let response = page.response(Language::of(request.headers()));
        async { Ok::<_, Infallible>(response) }
    };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_HEADERS)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service_fn(answer));
    // However it ends, the person may come again on another one.
    let _ = timeout(PATIENCE, connection).await;
    // Not before the page is sent: whoever hears of an answer may end the program.
    if let Some(brought) = taken.into_inner().unwrap_or_else(PoisonError::into_inner) {
        let _ = sender.try_send(brought);
    }
}

impl Desk {
    /// What is said to a request, and the answer that it brings, if it is the first one.
    fn look_at<B>(&self, request: &Request<B>) -> (Page, Option<Brought>) {
        if !self.is_called(request) || request.uri().path() != self.path {
            return (Page::NotFound, None);
        }
        if request.method() != Method::GET {
            return (Page::Method, None);
        }
        let begun = Begun { state: self.state.expose(), issuer: None, names_issuer: false };
        let query = request.uri().query().unwrap_or_default();
        let brought = AuthorizationAnswer::parse(query.as_bytes(), &begun);
        let page = match &brought {
            Err(AuthorizationAnswerError::State | AuthorizationAnswerError::Malformed) => {
                return (Page::Stray, None);
            }
            Err(_) => Page::Refused,
            Ok(_) => Page::Received,
        };
        if self.taken.swap(true, Ordering::AcqRel) { (Page::Again, None) } else { (page, Some(brought)) }
    }

    /// Whether a request is for this machine by the name that the redirect URI has.
    fn is_called<B>(&self, request: &Request<B>) -> bool {
        let mut hosts = request.headers().get_all(HOST).iter();
        let named = hosts.next().is_some_and(|host| host.as_bytes() == self.authority.as_bytes());
        named && hosts.next().is_none() && request.uri().authority().is_none()
    }
}

#[cfg(test)]
mod tests;

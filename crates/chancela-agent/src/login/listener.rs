//! Where the browser brings the provider's answer: a port of this machine (RFC 8252 §7.3), open from before the person
//! hears of it until the login is over.
//!
//! Owns sockets, their limits, and which request is an answer. Any page that the person's browser shows can send requests
//! here, so only the address that was asked for is answered, by exactly its name (a name that an attacker leads to this
//! machine has another one), and what does not know `state` changes nothing and ends nothing.

use super::page::{Language, Page};
use crate::config::Loopback;
use bytes::Bytes;
use chancela_core::message::authorization_response::{AuthorizationAnswer, AuthorizationAnswerError, Begun};
use chancela_core::secret::Secret;
use http::header::HOST;
use http::{Method, Request, Response};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
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
    port: u16,
    brought: mpsc::Receiver<Brought>,
    task: JoinHandle<()>,
}

/// What an answer must fit.
struct Desk {
    state: Secret,
    authority: String,
    path: String,
    taken: Mutex<Taken>,
}

/// The answer.
enum Taken {
    Nothing,
    /// It is here, and its page is not sent yet.
    Here(Brought),
    Handed,
}

impl Listener {
    /// Opens the port of `redirect` on all its addresses, and waits for the answer with this `state`.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(super) async fn open(redirect: &Loopback, state: Secret) -> io::Result<Self> {
        let sockets = bind(redirect).await?;
        let port = sockets.first().map_or(Ok(redirect.port), |one| one.local_addr().map(|at| at.port()))?;
        let desk = Desk {
            state,
            authority: redirect.authority(port),
            path: redirect.path().to_owned(),
            taken: Mutex::new(Taken::Nothing),
        };
        let (sender, brought) = mpsc::channel(1);
        let task = tokio::spawn(serve(sockets, Arc::new(desk), sender));
        Ok(Self { port, brought, task })
    }

    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    /// What the browser brings. `None` once it was told.
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
    let mut sender = Some(sender);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = accept(&sockets), if connections.len() < MAX_CONNECTIONS => match accepted {
                Ok(stream) => {
                    connections.spawn(talk(stream, Arc::clone(&desk)));
                }
                Err(_) => sleep(PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
        // Once the connection is over: the program may end when it has the answer, and the page would not be sent.
        if sender.is_some()
            && let Some(brought) = desk.hand_over()
            && let Some(sender) = sender.take()
        {
            let _ = sender.try_send(brought);
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
async fn talk(stream: TcpStream, desk: Arc<Desk>) {
    let answer = |request: Request<_>| {
        let response = desk.answer(&request);
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
}

impl Desk {
    fn answer<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        let page = self.page(request);
        page.response(Language::of(request.headers()))
    }

    fn page<B>(&self, request: &Request<B>) -> Page {
        if !self.is_called(request) || request.uri().path() != self.path {
            return Page::NotFound;
        }
        if request.method() != Method::GET {
            return Page::Method;
        }
        let begun = Begun { state: self.state.expose(), issuer: None, names_issuer: false };
        let query = request.uri().query().unwrap_or_default();
        let brought = AuthorizationAnswer::parse(query.as_bytes(), &begun);
        let page = match &brought {
            Err(AuthorizationAnswerError::State | AuthorizationAnswerError::Malformed) => return Page::Stray,
            Err(_) => Page::Refused,
            Ok(_) => Page::Received,
        };
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        match *taken {
            Taken::Nothing => {
                *taken = Taken::Here(brought);
                page
            }
            Taken::Here(_) | Taken::Handed => Page::Again,
        }
    }

    /// Whether a request is for this machine by the name that the redirect URI has.
    fn is_called<B>(&self, request: &Request<B>) -> bool {
        let mut hosts = request.headers().get_all(HOST).iter();
        let named = hosts.next().is_some_and(|host| host.as_bytes() == self.authority.as_bytes());
        named && hosts.next().is_none() && request.uri().authority().is_none()
    }

    fn hand_over(&self) -> Option<Brought> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *taken, Taken::Handed) {
            Taken::Here(brought) => Some(brought),
            other => {
                *taken = other;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests;

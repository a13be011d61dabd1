//! Connections to the socket: how many, how long, and how they end.

use super::answer::Connection;
use super::policy::Caller;
use super::state::State;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Most connections at once; further callers wait in the system's queue.
const MOST_CONNECTIONS: usize = 512;
/// Most bytes of a request's head.
const MAX_HEAD: usize = 16 * 1024;
/// Most header fields of a request.
const MAX_HEADERS: usize = 64;
/// How long a connection may be idle, and how long a head may take.
const IDLE: Duration = Duration::from_secs(30);
/// How long callers who wait for a token are waited for at the end.
const DRAIN: Duration = Duration::from_secs(10);
/// A pause after an accept that failed: there are no descriptors left, and somebody has to give one back first.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Accepts until `stop` comes, then lets those finish who wait.
pub(super) async fn accept(listener: UnixListener, state: Arc<State>, stop: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let accepted = tokio::select! {
            () = &mut stop => break,
            Some(_) = connections.join_next() => continue,
            next = next => next,
        };
        match accepted {
            (Ok(place), Ok((stream, _))) => {
                let serving = serve(Arc::clone(&state), stream, graceful.watcher());
                connections.spawn(async move {
                    serving.await;
                    drop(place);
                });
            }
            (_, Err(error)) => {
                tracing::warn!(%error, "the agent's socket failed to accept");
                sleep(ACCEPT_PAUSE).await;
            }
            // Nobody closes the semaphore.
            (Err(_), _) => break,
        }
    }
    drop(listener);
    state.news.close();
    let _ = timeout(DRAIN, graceful.shutdown()).await;
    connections.shutdown().await;
}

async fn serve(state: Arc<State>, stream: UnixStream, watcher: Watcher) {
    let Ok(credentials) = stream.peer_cred() else { return };
    let caller = Caller { uid: credentials.uid(), gid: credentials.gid(), pid: credentials.pid() };
    let hang_up = Arc::new(Notify::new());
    let connections = state.news.metrics.connections.clone();
    let own = Connection { state, caller, hang_up: Arc::clone(&hang_up) };
    let service = service_fn(move |request: Request<Incoming>| {
        let own = own.clone();
        async move { Ok::<_, Infallible>(own.answer(request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    connections.inc();
    tokio::select! {
        _ = watcher.watch(connection) => {}
        () = hang_up.notified() => {}
    }
    connections.dec();
}

//! Serving one connection: HTTP/1.1 with explicit limits (requirements.md 5.1), whatever carries it.

use super::peer::Peer;
use super::timed::{Timed, Turns};
use super::{framing, intermediate};
use crate::endpoint;
use crate::extension::Intermediary;
use crate::router::Router;
use crate::server::Server;
use bytes::Bytes;
use chancela_store::Store;
use http::header::CONNECTION;
use http::{HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::Watcher;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

/// How long a connection may be idle between requests.
const IDLE_TIME: Duration = Duration::from_secs(30);
/// Most header fields of a request.
const MAX_HEADERS: usize = 64;
/// Largest head of a request in bytes.
const MAX_HEAD_BYTES: usize = 32 * 1024;

/// Serves requests on `stream` until either side ends it.
pub(super) async fn serve<S: Store, T>(
    server: Arc<Server<S>>,
    router: Arc<Router>,
    (stream, peer): (T, Peer),
    watcher: Watcher,
) where
    T: AsyncRead + AsyncWrite + Unpin + 'static,
{
    if let Some(intermediary) = router.intermediary() {
        let intermediary = Arc::clone(intermediary);
        // Boxed: a connection without one is no larger for it.
        return Box::pin(through(server, (router, intermediary), (stream, peer), watcher)).await;
    }
    let turns = Turns::default();
    let handler = service_fn(|request| {
        // What lives as long as the connection is lent to its requests.
        let (server, router, peer, turns) = (&server, &*router, &peer, &turns);
        turns.next();
        async move {
            let response = match framing::check(&request) {
                Ok(()) => endpoint::respond(server, router, peer, request).await,
                Err(text) => refusal(text),
            };
            turns.next();
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http().serve_connection(TokioIo::new(Timed::new(stream, turns.clone())), handler);
    server.metrics.connections.inc();
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "connection ended");
    }
    server.metrics.connections.dec();
}

/// The same, with an intermediary before the endpoints.
async fn through<S: Store, T>(
    server: Arc<Server<S>>,
    (router, intermediary): (Arc<Router>, Arc<dyn Intermediary>),
    (stream, peer): (T, Peer),
    watcher: Watcher,
) where
    T: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let turns = Turns::default();
    let handler = service_fn(|request| {
        let (server, router, peer, turns) = (&server, &*router, &peer, &turns);
        let intermediary = &*intermediary;
        turns.next();
        async move {
            let passed = match framing::check(&request) {
                Ok(()) => intermediate::respond(server, router, intermediary, peer, request).await,
                Err(text) => {
                    Ok(refusal(text).map(|body| body.map_err(|never| match never {}).boxed_unsync()))
                }
            };
            turns.next();
            passed
        }
    });
    let connection = http().serve_connection(TokioIo::new(Timed::new(stream, turns.clone())), handler);
    server.metrics.connections.inc();
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "connection ended");
    }
    server.metrics.connections.dec();
}

/// HTTP/1.1 within the limits.
fn http() -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(IDLE_TIME)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD_BYTES);
    http
}

/// Refuses a head that is not to be read on from.
fn refusal(text: &'static str) -> Response<Full<Bytes>> {
    let mut refusal = endpoint::plain(StatusCode::BAD_REQUEST, text);
    refusal.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    refusal
}

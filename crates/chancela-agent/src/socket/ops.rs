//! What operators and orchestrators ask, by TCP and without a name: `/healthz`, `/readyz`, `/metrics`. Nothing here yields
//! a token, makes a token request, or says more of a provider than its name.

use super::state::State;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Most connections at once.
const MOST_CONNECTIONS: usize = 32;
/// How long a connection may be idle, and how long a head may take.
const IDLE: Duration = Duration::from_secs(10);

/// Answers until the task is dropped, and its connections with it.
pub(super) async fn serve(listener: TcpListener, state: Arc<State>) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let state = Arc::clone(&state);
        connections.spawn(async move {
            let service = service_fn(|request: Request<Incoming>| {
                let answer = respond(&state, request.method(), request.uri().path());
                async move { Ok::<_, Infallible>(answer) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(IDLE)
                .serve_connection(TokioIo::new(stream), service);
            let _ = connection.await;
            drop(place);
        });
    }
}

fn respond(state: &State, method: &Method, path: &str) -> Response<Full<Bytes>> {
    if method != Method::GET && method != Method::HEAD {
        return text(StatusCode::METHOD_NOT_ALLOWED, "only GET\n".into());
    }
    let tokens = state.agent.tokens();
    match path {
        // That this answer is written is the fact: the event loop turns.
        "/healthz" => text(StatusCode::OK, "ok\n".into()),
        "/readyz" if state.news.are_ready(&state.prefetch, tokens) => text(StatusCode::OK, "ok\n".into()),
        "/readyz" => text(StatusCode::SERVICE_UNAVAILABLE, "not ready: a provider has no token\n".into()),
        "/metrics" => {
            let standing = state.news.standing(tokens);
            let wall = state.agent.clock().now().wall;
            let body = state.news.metrics.render(wall, &standing, (&state.certificates(), &state.skews()));
            text(StatusCode::OK, body)
        }
        _ => text(StatusCode::NOT_FOUND, "only /healthz, /readyz and /metrics\n".into()),
    }
}

fn text(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}

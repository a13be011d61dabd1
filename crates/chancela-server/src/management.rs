//! What operators and orchestrators ask, on an address of its own: `/livez`, `/readyz`, `/metrics`.

use crate::server::Server;
use bytes::Bytes;
use chancela_store::Store;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// Answers until the task is dropped.
pub async fn serve<S: Store>(server: Arc<Server<S>>, listener: TcpListener) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let server = Arc::clone(&server);
        tokio::spawn(async move {
            let handler = service_fn(|request: Request<hyper::body::Incoming>| {
                let server = Arc::clone(&server);
                async move { Ok::<_, Infallible>(respond(&server, request.method(), request.uri().path()).await) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(Duration::from_secs(10))
                .serve_connection(TokioIo::new(stream), handler);
            let _ = connection.await;
        });
    }
}

async fn respond<S: Store>(server: &Server<S>, method: &Method, path: &str) -> Response<Full<Bytes>> {
    if method != Method::GET && method != Method::HEAD {
        return text(StatusCode::METHOD_NOT_ALLOWED, "only GET\n".into());
    }
    match path {
        // That this answer is written is the fact: the event loop turns. It asks no dependency.
        "/livez" => text(StatusCode::OK, "ok\n".into()),
        "/readyz" if server.is_ready().await => text(StatusCode::OK, "ok\n".into()),
        "/readyz" => text(StatusCode::SERVICE_UNAVAILABLE, "not ready\n".into()),
        "/metrics" => text(StatusCode::OK, server.metrics.render()),
        _ => text(StatusCode::NOT_FOUND, "only /livez, /readyz and /metrics\n".into()),
    }
}

fn text(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}

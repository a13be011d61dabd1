//! A token endpoint on this machine, that answers as it is told.

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;

/// What the endpoint answers.
#[derive(Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) retry_after: Option<&'static str>,
    pub(crate) takes: Duration,
}

/// A token endpoint. `TOKEN` in a reply's body is another token each time.
pub(crate) struct Endpoint {
    pub(crate) port: u16,
    calls: Arc<AtomicUsize>,
    reply: Arc<Mutex<Reply>>,
}

impl Reply {
    /// A token that lives five minutes.
    pub(crate) fn token() -> Self {
        Self::with(200, r#"{"access_token":"TOKEN","token_type":"Bearer","expires_in":300}"#)
    }

    pub(crate) fn with(status: u16, body: &str) -> Self {
        Self { status, body: body.to_owned(), retry_after: None, takes: Duration::ZERO }
    }

    pub(crate) fn after(self, takes: Duration) -> Self {
        Self { takes, ..self }
    }
}

impl Endpoint {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (calls, reply) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Reply::token())));
        let own = Self { port, calls: Arc::clone(&calls), reply: Arc::clone(&reply) };
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (calls, reply) = (Arc::clone(&calls), Arc::clone(&reply));
                let service = service_fn(move |request: Request<Incoming>| {
                    let call = calls.fetch_add(1, Ordering::Relaxed);
                    let reply = reply.lock().unwrap().clone();
                    async move {
                        let _ = request.into_body().collect().await;
                        tokio::time::sleep(reply.takes).await;
                        let body = reply.body.replace("TOKEN", &token(call));
                        let mut response = Response::new(Full::new(Bytes::from(body)));
                        *response.status_mut() = reply.status.try_into().unwrap();
                        let headers = response.headers_mut();
                        headers.insert("content-type", HeaderValue::from_static("application/json"));
                        if let Some(after) = reply.retry_after {
                            headers.insert("retry-after", HeaderValue::from_static(after));
                        }
                        Ok::<_, Infallible>(response)
                    }
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        own
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    pub(crate) fn answers(&self, reply: Reply) {
        *self.reply.lock().unwrap() = reply;
    }
}

/// The token of a call.
pub(crate) fn token(call: usize) -> String {
    format!("planted-access-token-{call}")
}

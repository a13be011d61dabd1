//! An API on this machine that notes what it sees and answers as it is told.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;

/// A request as the API saw it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) target: String,
    /// In their order, duplicates too; names in small letters.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    pub(crate) has_trailers: bool,
}

impl Seen {
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(own, _)| own == name).map(|(_, value)| value.as_str()).collect()
    }
}

pub(crate) type Reply = Arc<dyn Fn(&Seen) -> Response<Full<Bytes>> + Send + Sync>;

#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
    reply: Arc<Mutex<Reply>>,
    connections: Arc<AtomicUsize>,
}

pub(crate) fn text(status: u16, body: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_owned())));
    *response.status_mut() = status.try_into().unwrap();
    response
}

impl Api {
    /// Answers 200 and `fine` until it is told otherwise.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = Self::at(listener.local_addr().unwrap().port());
        let api = own.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(api.clone().serve(stream));
            }
        });
        own
    }

    pub(crate) fn at(port: u16) -> Self {
        let reply: Reply = Arc::new(|_| text(200, "fine"));
        let (seen, connections) = (Arc::default(), Arc::default());
        Self { port, seen, reply: Arc::new(Mutex::new(reply)), connections }
    }

    pub(crate) async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin) {
        self.connections.fetch_add(1, Ordering::Relaxed);
        let service = service_fn(|request: Request<Incoming>| {
            let own = self.clone();
            async move {
                let (head, body) = request.into_parts();
                let whole = body.collect().await?;
                let headers = head.headers.iter();
                let seen = Seen {
                    method: head.method.to_string(),
                    target: head.uri.to_string(),
                    headers: headers.map(|(n, v)| (n.to_string(), v.to_str().unwrap().to_owned())).collect(),
                    has_trailers: whole.trailers().is_some(),
                    body: whole.to_bytes(),
                };
                let reply = Arc::clone(&own.reply.lock().unwrap());
                let response = reply(&seen);
                own.seen.lock().unwrap().push(seen);
                Ok::<_, hyper::Error>(response)
            }
        });
        let _ =
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    }

    pub(crate) fn replies(&self, reply: impl Fn(&Seen) -> Response<Full<Bytes>> + Send + Sync + 'static) {
        *self.reply.lock().unwrap() = Arc::new(reply);
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The only request that it saw.
    pub(crate) fn only(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen[0].clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

/// Which token a request came with, and nothing else by that name.
pub(crate) fn token_of(seen: &Seen) -> String {
    let all = seen.all("authorization");
    assert_eq!(all.len(), 1, "{seen:?}");
    all[0].strip_prefix("Bearer ").unwrap().to_owned()
}

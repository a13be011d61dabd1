//! The other end: a program's way to the agent's process.

use super::message::{Ask, StatusReport, Token};
use super::problem::Problem;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::time::timeout;

/// Largest answer in bytes.
const MAX_ANSWER: usize = 4 * 1024 * 1024;
/// How long a connection is waited for.
const CONNECT_TIME: Duration = Duration::from_secs(5);
/// How much longer than its own patience the agent may take.
const GRACE: Duration = Duration::from_secs(5);
/// Most connections that are kept for later.
const MOST_IDLE: usize = 8;

/// A way to an agent. Calls may be made at once; connections are kept between them.
pub struct Client {
    path: PathBuf,
    idle: Mutex<Vec<SendRequest<Full<Bytes>>>>,
}

/// Why a call gave nothing. The text ends with what to do.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens.
    #[error("{path}: {error}; is the agent running? Start it with `chancela agent run`")]
    NoAgent {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The connection ended before the answer was there.
    #[error("the agent's answer was cut off; ask again")]
    Cut,
    /// The answer is none of this protocol's.
    #[error("{path}: whoever listens there does not answer as an agent; is it another program's socket?")]
    Protocol {
        /// The socket.
        path: PathBuf,
    },
    /// The agent took too long.
    #[error("the agent did not answer in time; see `chancela agent status`")]
    Timeout,
    /// The agent refuses.
    #[error("{}", .0.detail)]
    Refused(Box<Problem>),
}

impl Client {
    /// A way to the agent at `path`. The first connection is made at once, so that it is known whether there is one.
    ///
    /// # Errors
    /// [`ClientError::NoAgent`].
    pub async fn connect(path: impl Into<PathBuf>) -> Result<Self, ClientError> {
        let own = Self { path: path.into(), idle: Mutex::default() };
        let first = own.open().await?;
        own.keep(first);
        Ok(own)
    }

    /// The socket.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A token.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn token(&self, ask: &Ask) -> Result<Token, ClientError> {
        let body = serde_json::to_vec(ask).map_err(|_| self.protocol())?;
        let answer = self.call(Method::POST, "/v1/token", body.into(), ask.patience()).await?;
        Token::parse(&answer).ok_or_else(|| self.protocol())
    }

    /// A token instead of one that an API has refused. It may be the same one, where none newer can be had yet: the API's
    /// refusal is then the answer.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn rejected(&self, ask: &Ask, refused: &Token) -> Result<Token, ClientError> {
        self.token(&Ask { rejected: Some(refused.fingerprint.clone()), ..ask.clone() }).await
    }

    /// How everything stands that this process may see.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn status(&self) -> Result<StatusReport, ClientError> {
        let answer = self.call(Method::GET, "/v1/status", Bytes::new(), Duration::ZERO).await?;
        serde_json::from_slice(&answer).map_err(|_| self.protocol())
    }

    async fn call(
        &self,
        method: Method,
        path: &'static str,
        body: Bytes,
        patience: Duration,
    ) -> Result<Bytes, ClientError> {
        let exchange = async {
            let response = self.send(&method, path, &body).await?;
            let (connection, response) = response;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, MAX_ANSWER).collect().await.map_err(|_| ClientError::Cut)?;
            self.keep(connection);
            Ok((head.status, body.to_bytes()))
        };
        let (status, body) =
            timeout(patience + GRACE, exchange).await.map_err(|_| ClientError::Timeout)??;
        if status == StatusCode::OK {
            return Ok(body);
        }
        let problem = serde_json::from_slice(&body).map_err(|_| self.protocol())?;
        Err(ClientError::Refused(Box::new(problem)))
    }

    /// Sends a request by a connection that is there, and by a new one if the agent has ended those meanwhile.
    async fn send(
        &self,
        method: &Method,
        path: &'static str,
        body: &Bytes,
    ) -> Result<(SendRequest<Full<Bytes>>, Response<Incoming>), ClientError> {
        while let Some(mut connection) = self.take() {
            if connection.ready().await.is_err() {
                continue;
            }
            match connection.send_request(request(method, path, body)).await {
                Ok(response) => return Ok((connection, response)),
                // It was closed before the request was sent, or while nobody had read it.
                Err(error) if error.is_canceled() || error.is_incomplete_message() => {}
                Err(_) => return Err(ClientError::Cut),
            }
        }
        let mut connection = self.open().await?;
        let response = connection.send_request(request(method, path, body)).await;
        Ok((connection, response.map_err(|_| ClientError::Cut)?))
    }

    async fn open(&self) -> Result<SendRequest<Full<Bytes>>, ClientError> {
        let failed = |error| ClientError::NoAgent { path: self.path.clone(), error };
        let stream = timeout(CONNECT_TIME, UnixStream::connect(&self.path)).await;
        let stream = stream.map_err(|_| ClientError::Timeout)?.map_err(failed)?;
        let (sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|_| self.protocol())?;
        tokio::spawn(connection);
        Ok(sender)
    }

    fn take(&self) -> Option<SendRequest<Full<Bytes>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn keep(&self, connection: SendRequest<Full<Bytes>>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MOST_IDLE && !connection.is_closed() {
            idle.push(connection);
        }
    }

    fn protocol(&self) -> ClientError {
        ClientError::Protocol { path: self.path.clone() }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.path.display())
    }
}

fn request(method: &Method, path: &'static str, body: &Bytes) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(body.clone()));
    *request.method_mut() = method.clone();
    *request.uri_mut() = http::Uri::from_static(path);
    let headers = request.headers_mut();
    headers.insert(HOST, HeaderValue::from_static("agent"));
    if *method == Method::POST {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    request
}

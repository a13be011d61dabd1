//! Tokens for a tower client: each request gets its token, and a 401 renews it.
//!
//! Owns what is put on a request, and whether it is sent again. A request is sent again at most once, only if its method is
//! safe (RFC 9110 section 9.2.1) or the caller said that an `Idempotency-Key` makes it so, and only if its body can be had
//! twice. An API that wants its nonce in the proof (RFC 9449 section 9) has not acted, so that any method is sent again then.
//! A bound token's requests need whole addresses.

use crate::provider::{Authorized, Provider, ProviderError};
use crate::tokens::BoxFuture;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{Empty, Full};
use std::fmt;
use std::task::{Context, Poll};
use std::time::Duration;
use tower_layer::Layer;
use tower_service::Service;

/// Where tokens come from.
pub trait TokenSource: Clone + Send + Sync + 'static {
    /// A token and what a call carries with it.
    fn authorize(&self) -> BoxFuture<'_, Result<Authorized, ProviderError>>;

    /// The API has refused it. Returns whether another one comes before it is handed out again.
    fn rejected<'a>(&'a self, authorized: &'a Authorized) -> BoxFuture<'a, bool>;
}

/// How long a call waits for its token.
const PATIENCE: Duration = Duration::from_secs(30);

impl TokenSource for Provider {
    fn authorize(&self) -> BoxFuture<'_, Result<Authorized, ProviderError>> {
        Box::pin(self.token(crate::provider::Request::default(), PATIENCE))
    }

    fn rejected<'a>(&'a self, authorized: &'a Authorized) -> BoxFuture<'a, bool> {
        Box::pin(self.rejected(crate::provider::Request::default(), &authorized.served))
    }
}

/// Which requests are sent again after a 401.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Replay {
    /// None; the token is renewed all the same.
    Never,
    /// Those with a safe method.
    #[default]
    SafeMethods,
    /// Those with a safe method, or with an `Idempotency-Key`.
    SafeOrIdempotencyKey,
}

/// A body that may be had twice. A stream may not.
pub trait TryCloneBody: Sized {
    /// The same body again.
    fn try_clone(&self) -> Option<Self>;
}

macro_rules! cloned {
    ($($body:ty),*) => {
        $(impl TryCloneBody for $body {
            fn try_clone(&self) -> Option<Self> {
                Some(self.clone())
            }
        })*
    };
}

cloned!((), Bytes, String, Vec<u8>, Full<Bytes>, Empty<Bytes>);

/// Puts a source's tokens on requests.
#[derive(Debug, Clone)]
pub struct AuthorizeLayer<T> {
    source: T,
    replay: Replay,
}

impl<T> AuthorizeLayer<T> {
    /// With tokens of `source`, and safe requests sent again after a 401.
    pub fn new(source: T) -> Self {
        Self { source, replay: Replay::default() }
    }

    /// Chooses what is sent again after a 401.
    #[must_use]
    pub fn replay(self, replay: Replay) -> Self {
        Self { replay, ..self }
    }
}

impl<S, T: Clone> Layer<S> for AuthorizeLayer<T> {
    type Service = Authorize<S, T>;

    fn layer(&self, inner: S) -> Self::Service {
        Authorize { inner, source: self.source.clone(), replay: self.replay }
    }
}

/// A client whose requests carry tokens.
#[derive(Debug, Clone)]
pub struct Authorize<S, T> {
    inner: S,
    source: T,
    replay: Replay,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum AuthorizeError<E> {
    /// There is no token; nothing was sent.
    Token(ProviderError),
    /// The client's own error.
    Inner(E),
}

impl<E: fmt::Display> fmt::Display for AuthorizeError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(error) => error.fmt(f),
            Self::Inner(error) => error.fmt(f),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for AuthorizeError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Token(error) => Some(error),
            Self::Inner(error) => Some(error),
        }
    }
}

impl<S, T, B, R> Service<Request<B>> for Authorize<S, T>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    T: TokenSource,
    B: TryCloneBody + Send + 'static,
    R: Send,
{
    type Response = Response<R>;
    type Error = AuthorizeError<S::Error>;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(AuthorizeError::Inner)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // What was made ready is what is called; the clone takes its place.
        let again = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, again.clone());
        let (source, replay) = (self.source.clone(), self.replay);
        Box::pin(async move {
            let authorized = source.authorize().await.map_err(AuthorizeError::Token)?;
            // Whatever its method: an API that refuses a proof has not acted.
            let may_prove_again = authorized.needs_proof() && replay != Replay::Never;
            let is_safe = replay.allows(request.method(), request.headers());
            let spare = if is_safe || may_prove_again { try_clone(&request) } else { None };
            let uri = request.uri().clone();
            let answer = inner.call(carrying(request, &authorized)?).await.map_err(AuthorizeError::Inner)?;
            let challenged = authorized.is_challenged(&uri, answer.status(), answer.headers());
            if answer.status() != StatusCode::UNAUTHORIZED {
                return Ok(answer);
            }
            if challenged {
                let Some(request) = spare else { return Ok(answer) };
                let answer = once_more(again, carrying(request, &authorized)?).await?;
                let challenged = authorized.is_challenged(&uri, answer.status(), answer.headers());
                if answer.status() == StatusCode::UNAUTHORIZED && !challenged {
                    source.rejected(&authorized).await;
                }
                return Ok(answer);
            }
            // Always told, so that the next call has another token; a second 401 is the answer.
            let another = source.rejected(&authorized).await;
            let Some(request) = spare.filter(|_| another && is_safe) else { return Ok(answer) };
            let Ok(renewed) = source.authorize().await else { return Ok(answer) };
            if renewed.served.token.fingerprint == authorized.served.token.fingerprint {
                return Ok(answer);
            }
            let answer = once_more(again, carrying(request, &renewed)?).await?;
            renewed.is_challenged(&uri, answer.status(), answer.headers());
            Ok(answer)
        })
    }
}

async fn once_more<S, Q>(mut inner: S, request: Q) -> Result<S::Response, AuthorizeError<S::Error>>
where
    S: Service<Q>,
{
    std::future::poll_fn(|cx| inner.poll_ready(cx)).await.map_err(AuthorizeError::Inner)?;
    inner.call(request).await.map_err(AuthorizeError::Inner)
}

impl Replay {
    /// Whether a request may be sent again, as far as its body can be had again.
    pub(crate) fn allows(self, method: &Method, headers: &HeaderMap) -> bool {
        let safe = [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE].contains(method);
        match self {
            Self::Never => false,
            Self::SafeMethods => safe,
            Self::SafeOrIdempotencyKey => safe || headers.contains_key("idempotency-key"),
        }
    }
}

/// The request with the token's headers and, for a bound token, a proof for it alone, whatever it brought under their names.
fn carrying<B, E>(mut request: Request<B>, authorized: &Authorized) -> Result<Request<B>, AuthorizeError<E>> {
    *request.uri_mut() = authorized.address_for(request.uri()).map_err(AuthorizeError::Token)?;
    let headers = authorized.headers_for(request.method(), request.uri()).map_err(AuthorizeError::Token)?;
    for (name, value) in headers {
        request.headers_mut().insert(name, value);
    }
    Ok(request)
}

fn try_clone<B: TryCloneBody>(request: &Request<B>) -> Option<Request<B>> {
    let mut spare = Request::new(request.body().try_clone()?);
    *spare.method_mut() = request.method().clone();
    *spare.uri_mut() = request.uri().clone();
    *spare.version_mut() = request.version();
    *spare.headers_mut() = request.headers().clone();
    *spare.extensions_mut() = request.extensions().clone();
    Some(spare)
}

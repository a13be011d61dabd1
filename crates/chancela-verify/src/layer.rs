//! The tower middleware: verifies each request's token, or answers in its place.

use crate::{Refusal, Timestamp, Verify, bearer_token, system_time};
use http::header::{CACHE_CONTROL, WWW_AUTHENTICATE};
use http::{HeaderValue, Request, Response};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

/// The client certificate of the connection, as DER: a request extension that the TLS acceptor sets, or a layer that
/// reads the header of a proxy which it has reason to trust. Without it every bound token is refused.
#[derive(Debug, Clone)]
pub struct ClientCertificateDer(pub Arc<[u8]>);

/// Puts an `Arc<VerifiedToken>` into the extensions of each request, or answers it with the challenge of RFC 6750 §3 and
/// an empty body. The [`Refusal`] stands in the extensions of that answer, for a log around this layer.
pub struct VerifyLayer<V> {
    verify: Arc<V>,
    settings: Arc<Shared>,
}

#[derive(Clone)]
struct Shared {
    clock: fn() -> Timestamp,
    realm: Box<str>,
    scope: Vec<Box<str>>,
}

impl<V: Verify> VerifyLayer<V> {
    /// With the machine's clock, the realm `api`, and no scope required.
    pub fn new(verify: Arc<V>) -> Self {
        let settings = Shared { clock: system_time, realm: "api".into(), scope: Vec::new() };
        Self { verify, settings: Arc::new(settings) }
    }

    /// Another name in the challenge.
    #[must_use]
    pub fn realm(mut self, realm: &str) -> Self {
        Arc::make_mut(&mut self.settings).realm = realm.into();
        self
    }

    /// Scope-tokens that every request needs. What single routes need more, they ask of the `VerifiedToken`.
    #[must_use]
    pub fn require_scope(mut self, scope: &[&str]) -> Self {
        Arc::make_mut(&mut self.settings).scope = scope.iter().map(|token| (*token).into()).collect();
        self
    }

    /// Another clock.
    #[must_use]
    pub fn clock(mut self, clock: fn() -> Timestamp) -> Self {
        Arc::make_mut(&mut self.settings).clock = clock;
        self
    }
}

impl<V> Clone for VerifyLayer<V> {
    fn clone(&self) -> Self {
        Self { verify: Arc::clone(&self.verify), settings: Arc::clone(&self.settings) }
    }
}

impl<V> fmt::Debug for VerifyLayer<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyLayer").field("realm", &self.settings.realm).finish_non_exhaustive()
    }
}

impl<S, V> Layer<S> for VerifyLayer<V> {
    type Service = VerifyService<S, V>;

    fn layer(&self, inner: S) -> Self::Service {
        VerifyService { inner, layer: self.clone() }
    }
}

/// What [`VerifyLayer`] makes of the service within.
#[derive(Debug)]
pub struct VerifyService<S, V> {
    inner: S,
    layer: VerifyLayer<V>,
}

impl<S: Clone, V> Clone for VerifyService<S, V> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), layer: self.layer.clone() }
    }
}

impl<S, V, B, R> Service<Request<B>> for VerifyService<S, V>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    V: Verify,
    B: Send + 'static,
    R: Default,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let layer = self.layer.clone();
        // The service that was ready answers; its clone waits for the next request.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        Box::pin(async move {
            let question = Question::of(&request);
            match layer.decide(question).await {
                Ok(token) => {
                    request.extensions_mut().insert(Arc::new(token));
                    inner.call(request).await
                }
                Err(refusal) => Ok(refuse(refusal, &layer.settings.realm)),
            }
        })
    }
}

/// What of a request decides; the rest of it need not be shared between threads.
struct Question {
    token: Result<String, Refusal>,
    certificate: Option<ClientCertificateDer>,
}

impl Question {
    fn of<B>(request: &Request<B>) -> Self {
        let in_query = |pair: &str| pair == "access_token" || pair.starts_with("access_token=");
        let token = match request.uri().query() {
            Some(query) if query.split('&').any(in_query) => Err(Refusal::TokenInQuery),
            _ => bearer_token(request.headers()).map(str::to_owned),
        };
        Self { token, certificate: request.extensions().get::<ClientCertificateDer>().cloned() }
    }
}

impl<V: Verify> VerifyLayer<V> {
    async fn decide(&self, question: Question) -> Result<crate::VerifiedToken, Refusal> {
        let Shared { clock, scope, .. } = &*self.settings;
        let token = question.token?;
        let presented = question.certificate.as_ref().map(|ClientCertificateDer(der)| &**der);
        let verified = self.verify.check(&token, presented, clock()).await?;
        let required: Vec<&str> = scope.iter().map(|token| &**token).collect();
        verified.require_scope(&required)?;
        Ok(verified)
    }
}

fn refuse<R: Default>(refusal: Refusal, realm: &str) -> Response<R> {
    let challenge = refusal.challenge(realm);
    let mut response = Response::new(R::default());
    *response.status_mut() = challenge.status;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(value) = challenge.www_authenticate {
        response.headers_mut().insert(WWW_AUTHENTICATE, value);
    }
    response.extensions_mut().insert(refusal);
    response
}

//! One request: admitted, given its token, sent, and sent again where that is allowed.

use super::admission::Admission;
use super::body::{Answer, BodyError, Outgoing, Silence};
use super::caller::{From, UnderWay};
use super::connection::{Connection, Failed};
use super::fields::{Stripping, Taken};
use super::metrics::{CallMetrics, OwnMetrics};
use super::pool::Pool;
use super::refusal::Refusal;
use crate::agent::{Agent, AgentError};
use crate::config::{Replay401, ReverseProxyConfig, Span};
use crate::engine::duration;
use crate::provider::{self, Authorized, Provider, ProviderError};
use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, Uri, Version};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;
use tokio::time::Instant;

/// By which callers say that a request may arrive twice (draft-ietf-httpapi-idempotency-key-header).
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Most bytes that are made ready for a body whose length was said.
const MOST_KEPT_AT_ONCE: usize = 64 * 1024;

/// A proxy on one thread.
pub(super) struct Proxy {
    config: ReverseProxyConfig,
    agent: Arc<Agent>,
    /// Opened with the first request: a certificate that cannot be read now is no reason not to serve other providers.
    opened: OnceLock<Provider>,
    admission: Admission,
    stripping: Stripping,
    of_answers: Taken,
    /// The API's `Host`.
    host: HeaderValue,
    pool: Arc<Pool>,
    /// How often a caller's connection is looked at.
    pub(super) idle: Duration,
    pub(super) metrics: OwnMetrics,
}

/// A request to the API, and what is kept of it.
struct Ready {
    request: Request<Outgoing>,
    /// Whether some of its streamed body went.
    moved: Option<Arc<AtomicBool>>,
    /// The same again, if it may be sent twice.
    spare: Option<(Parts, Bytes)>,
    /// Whether it may be sent twice for a 401, and whether also when nobody knows if it arrived.
    replays: bool,
    is_safe: bool,
}

type Exchanged = Result<(Response<Incoming>, Connection), Refusal>;

impl Proxy {
    /// To be called within the thread's runtime.
    pub(super) fn new(config: ReverseProxyConfig, agent: Arc<Agent>, metrics: &CallMetrics) -> Self {
        let admission = Admission::new(&config);
        Self {
            stripping: Stripping::new(&config.strip),
            of_answers: Taken::from_answers(),
            admission,
            host: config.upstream.authority(),
            pool: Pool::new(span(config.idle_timeout)),
            idle: span(config.idle_timeout),
            metrics: metrics.of(&config.provider),
            opened: OnceLock::new(),
            agent,
            config,
        }
    }

    /// Answers a request.
    pub(super) async fn call(&self, under_way: UnderWay, request: Request<Incoming>) -> Response<Answer> {
        let mut response = match self.pass(under_way.from(), request).await {
            Ok(response) => {
                self.metrics.answered(response.status());
                response
            }
            Err(refusal) => {
                let (provider, reason) = (&*self.config.provider, refusal.reason());
                tracing::debug!(provider, reason, "a request was not passed on");
                self.metrics.refused(reason);
                refusal.written()
            }
        };
        response.body_mut().under_way = Some(under_way);
        response
    }

    async fn pass(&self, from: &From, request: Request<Incoming>) -> Result<Response<Answer>, Refusal> {
        if !from.may_call {
            return Err(Refusal::caller());
        }
        let (mut head, body) = request.into_parts();
        head.uri = Uri::from(self.admission.admit(&head, from.reach)?);
        let is_safe = head.method.is_safe();
        let is_keyed = || head.headers.contains_key(IDEMPOTENCY_KEY);
        let replays = match self.config.replay_401 {
            Replay401::Never => false,
            Replay401::SafeMethods => is_safe,
            Replay401::IdempotencyKey => is_safe || is_keyed(),
        };
        let (body, moved, kept) = self.outgoing(body, replays || is_safe).await?;
        let provider = self.provider().await.map_err(|error| Refusal::token(&error))?;
        let authorized = self.token(provider).await.map_err(|error| Refusal::token(&error))?;
        self.note(from, &authorized);
        head.version = Version::HTTP_11;
        self.dress(&mut head, &authorized)?;
        if matches!(body, Outgoing::Streamed(_)) && !head.headers.contains_key(CONTENT_LENGTH) {
            // Without it, a method that has no body as a rule would go without one.
            head.headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        }
        let spare = kept.map(|bytes| (head.clone(), bytes));
        let ready = Ready { request: Request::from_parts(head, body), moved, spare, replays, is_safe };
        let (answer, connection) = self.authorized(provider, &authorized, ready).await?;
        self.passed(answer, connection)
    }

    /// Sends a request with its token, and with another one if the API refuses that.
    async fn authorized(&self, provider: &Provider, authorized: &Authorized, ready: Ready) -> Exchanged {
        let Ready { request, moved, spare, replays, is_safe } = ready;
        let began = Instant::now();
        let resend = spare.as_ref().filter(|_| is_safe);
        let address = self.proven_address(authorized, request.uri());
        let asked = (provider, authorized);
        let first = self.exchange(asked, request, (began, moved.as_deref()), resend).await?;
        self.metrics.seconds.observe(began.elapsed().as_secs_f64());
        let challenged = address
            .as_ref()
            .is_some_and(|address| authorized.is_challenged(address, first.0.status(), first.0.headers()));
        if first.0.status() != StatusCode::UNAUTHORIZED {
            return Ok(first);
        }
        self.metrics.unauthorized.inc();
        if challenged {
            // The API has refused the proof and not the token, and has told what it misses in it.
            let may = self.config.replay_401 != Replay401::Never;
            let Some(spare) = spare.filter(|_| may) else { return Ok(first) };
            drop(first);
            let (second, challenged) = self.again(provider, authorized, spare, is_safe).await?;
            if second.0.status() == StatusCode::UNAUTHORIZED && !challenged {
                provider.rejected(self.wanted(), &authorized.served).await;
            }
            return Ok(second);
        }
        // Always told, so that the next call has another token; a second 401 is the answer.
        provider.rejected(self.wanted(), &authorized.served).await;
        let Some(spare) = spare.filter(|_| replays) else { return Ok(first) };
        let Ok(renewed) = self.token(provider).await else { return Ok(first) };
        let fingerprint = renewed.served.token.fingerprint;
        if fingerprint == authorized.served.token.fingerprint {
            return Ok(first);
        }
        tracing::info!(target: "audit", provider = provider.name(), %fingerprint, "request sent again after a 401");
        self.metrics.replayed.inc();
        drop(first);
        Ok(self.again(provider, &renewed, spare, is_safe).await?.0)
    }

    /// Sends a request once more. Returns also whether the API refused the proof and not the token.
    async fn again(
        &self,
        provider: &Provider,
        authorized: &Authorized,
        (mut head, body): (Parts, Bytes),
        is_safe: bool,
    ) -> Result<((Response<Incoming>, Connection), bool), Refusal> {
        self.dress(&mut head, authorized)?;
        let address = self.proven_address(authorized, &head.uri);
        let resend = is_safe.then(|| (head.clone(), body.clone()));
        let again = Request::from_parts(head, Outgoing::Whole(body));
        let answer =
            self.exchange((provider, authorized), again, (Instant::now(), None), resend.as_ref()).await?;
        let challenged = address
            .is_some_and(|address| authorized.is_challenged(&address, answer.0.status(), answer.0.headers()));
        Ok((answer, challenged))
    }

    /// Makes a caller's request the API's: what the provider wants stands in it alone under its names.
    fn dress(&self, head: &mut Parts, authorized: &Authorized) -> Result<(), Refusal> {
        self.fields(head, authorized)?;
        // Last: a caller may name it among what ends at the connection.
        head.headers.insert(HOST, self.host.clone());
        Ok(())
    }

    fn fields(&self, head: &mut Parts, authorized: &Authorized) -> Result<(), Refusal> {
        if authorized.is_uniform() {
            self.stripping.request(&mut head.headers, &authorized.headers);
            return Ok(());
        }
        head.uri = authorized.address_for(&head.uri).map_err(|error| Refusal::token(&error))?;
        let headers = match self.proven_address(authorized, &head.uri) {
            Some(address) => authorized.headers_for(&head.method, &address),
            None => Ok(authorized.call_headers()),
        };
        self.stripping.request(&mut head.headers, &headers.map_err(|error| Refusal::token(&error))?);
        Ok(())
    }

    /// The whole address of a call, where it is proven (RFC 9449).
    fn proven_address(&self, authorized: &Authorized, uri: &Uri) -> Option<Uri> {
        authorized.needs_proof().then(|| format!("{}{uri}", self.config.upstream.origin()).parse().ok())?
    }

    /// Sends a request on an unused connection, or on a new one. What an old connection had lost before it was written goes
    /// again; what may have arrived does only if that is harmless.
    async fn exchange(
        &self,
        (provider, authorized): (&Provider, &Authorized),
        mut request: Request<Outgoing>,
        (began, moved): (Instant, Option<&AtomicBool>),
        resend: Option<&(Parts, Bytes)>,
    ) -> Exchanged {
        let generation = provider.identity().map_or(0, |identity| identity.generation());
        let times = (began, span(self.config.response_timeout));
        while let Some(mut connection) = self.pool.take(generation) {
            match connection.send(request, moved, times).await {
                Ok(answer) => return Ok((answer, connection)),
                Err(Failed::Unsent(back, _)) => request = *back,
                Err(Failed::Broken(error)) => match resend {
                    Some((head, body)) => {
                        let mut head = head.clone();
                        if !authorized.is_uniform() {
                            // A proof is good for one sending.
                            self.dress(&mut head, authorized)?;
                        }
                        request = Request::from_parts(head, Outgoing::Whole(body.clone()));
                        // What ended one has mostly ended all.
                        self.pool.clear();
                    }
                    None => return Err(Refusal::unreachable(&error)),
                },
                Err(failed) => return Err(Refusal::failed(&failed)),
            }
        }
        let route = provider.route();
        let patience = self.config.connect_timeout.map_or(route.connect, span);
        let stream = route.open(&self.config.upstream, patience).await;
        let connection = match stream {
            Ok(stream) => Connection::over(stream, generation).await,
            Err(error) => Err(error),
        };
        let mut connection = connection.map_err(|error| Refusal::unreachable(&error))?;
        let times = (Instant::now(), times.1);
        match connection.send(request, moved, times).await {
            Ok(answer) => Ok((answer, connection)),
            Err(failed) => Err(Refusal::failed(&failed)),
        }
    }

    /// What is sent of a caller's body, and the body itself if it is kept for a second sending.
    async fn outgoing(
        &self,
        body: Incoming,
        may_keep: bool,
    ) -> Result<(Outgoing, Option<Arc<AtomicBool>>, Option<Bytes>), Refusal> {
        if body.is_end_stream() {
            return Ok((Outgoing::Whole(Bytes::new()), None, may_keep.then(Bytes::new)));
        }
        let longest = span(self.config.idle_timeout);
        let length = body.size_hint().exact().and_then(|length| usize::try_from(length).ok());
        match length.filter(|length| may_keep && *length <= self.config.replay_body) {
            Some(length) => {
                let whole = collect(body, length, longest).await.map_err(|error| Refusal::body(&error))?;
                Ok((Outgoing::Whole(whole.clone()), None, Some(whole)))
            }
            None => {
                let (body, moved) = Outgoing::streamed(body, longest);
                Ok((body, Some(moved), None))
            }
        }
    }

    /// The API's answer as a caller gets it. Redirects pass like any other: nobody follows them with a token.
    fn passed(
        &self,
        answer: Response<Incoming>,
        connection: Connection,
    ) -> Result<Response<Answer>, Refusal> {
        let (mut head, body) = answer.into_parts();
        if head.status.is_informational() {
            return Err(Refusal::unset(head.status));
        }
        head.version = Version::HTTP_11;
        self.of_answers.take(&mut head.headers);
        let body = Answer::passed(body, connection, &self.pool, span(self.config.idle_timeout));
        Ok(Response::from_parts(head, body))
    }

    async fn token(&self, provider: &Provider) -> Result<Authorized, ProviderError> {
        provider.token(self.wanted(), span(self.config.token_timeout)).await
    }

    fn wanted(&self) -> provider::Request<'_> {
        let ReverseProxyConfig { scope, resource, .. } = &self.config;
        provider::Request { scope: scope.as_deref(), resource: resource.as_deref(), min_ttl: Duration::ZERO }
    }

    async fn provider(&self) -> Result<&Provider, ProviderError> {
        if let Some(provider) = self.opened.get() {
            return Ok(provider);
        }
        let (agent, name) = (Arc::clone(&self.agent), self.config.provider.clone());
        let opened = tokio::task::spawn_blocking(move || agent.provider(&name)).await;
        match opened {
            Ok(Ok(provider)) => Ok(self.opened.get_or_init(|| provider)),
            Ok(Err(AgentError::Provider(error))) => Err(error),
            // That the name is known was looked at before.
            Ok(Err(_)) | Err(_) => Err(ProviderError::Interrupted),
        }
    }

    /// Notes who uses a token, once for each connection and token.
    fn note(&self, from: &From, authorized: &Authorized) {
        let fingerprint = authorized.served.token.fingerprint;
        if from.is_news(fingerprint) {
            let (uid, pid) = (from.caller.map(|one| one.uid), from.caller.and_then(|one| one.pid));
            let provider = &*self.config.provider;
            tracing::info!(target: "audit", provider, %fingerprint, uid, pid, "token used for a caller's requests");
        }
    }
}

/// A whole body of a known length.
async fn collect(body: Incoming, length: usize, longest: Duration) -> Result<Bytes, BodyError> {
    let mut body = pin!(body);
    let mut silence = Silence::new(longest);
    // A length that was said is not memory that is taken.
    let mut whole = BytesMut::with_capacity(length.min(MOST_KEPT_AT_ONCE));
    loop {
        let next = poll_fn(|cx| match Pin::new(&mut body.frame()).poll(cx) {
            Poll::Ready(frame) => Poll::Ready(Ok(frame)),
            Poll::Pending => silence.poll(cx).map(Err),
        });
        let Ok(frame) = next.await else { return Err(BodyError::Silence) };
        silence.heard();
        match frame {
            None => return Ok(whole.freeze()),
            Some(frame) => {
                if let Ok(data) = frame?.into_data() {
                    whole.extend_from_slice(&data);
                }
            }
        }
    }
}

fn span(span: Span) -> Duration {
    duration(span.millis())
}

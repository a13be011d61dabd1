//! The one place that connects to others: logout deliveries, keys and documents of clients, upstream providers
//! (requirements.md 1.L). A URL that someone else wrote leads into our own network if we let it.
//!
//! Owns what may be reached, how long it may take and how large it may be. Does not own what is fetched, nor caches.
//! No redirect is followed, no proxy is taken from the environment, nothing is unpacked, no connection is kept.

mod address;
mod error;
mod exchange;
mod resolve;
mod target;
mod tls;

pub use address::{Reach, reach};
pub use error::FetchError;
pub use resolve::{Addresses, Resolve, SystemResolver};

use crate::config::{ConfigError, Outbound};
use bytes::Bytes;
use error::Why;
use http::header::{ACCEPT, CONNECTION, CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use http_body_util::Full;
use rustls::ClientConfig;
use rustls::pki_types::{CertificateDer, ServerName};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use target::{Host, Policy, Target};
use tokio::net::TcpStream;
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::{Instant, sleep_until, timeout};

/// Limits of one fetch, and of all at once.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Until a TCP connection stands, over all addresses of the host.
    pub connect: Duration,
    /// From the first look-up to the last byte; a turn is waited for as long before. A failure always takes this long,
    /// so that its time does not say what was there (requirements.md L-05).
    pub total: Duration,
    /// Most bytes of an answer's head.
    pub head: usize,
    /// Most bytes of an answer's body.
    pub body: usize,
    /// Most fetches at once.
    pub at_once: usize,
}

impl Default for Limits {
    /// Those of requirements.md L-03.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            total: Duration::from_secs(5),
            head: 32 * 1024,
            body: 256 * 1024,
            at_once: 32,
        }
    }
}

/// What to send.
#[derive(Debug)]
pub struct Call<'a> {
    method: Method,
    url: &'a str,
    headers: HeaderMap,
    body: Bytes,
}

impl<'a> Call<'a> {
    /// A GET that hopes for this media type.
    pub fn get(url: &'a str, accept: &'static str) -> Self {
        let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
        Self { method: Method::GET, url, headers, body: Bytes::new() }
    }

    /// A POST of a form that is encoded already.
    pub fn post_form(url: &'a str, form: impl Into<Bytes>) -> Self {
        let media_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, media_type)]);
        Self { method: Method::POST, url, headers, body: form.into() }
    }

    /// A POST of JSON.
    pub fn post_json(url: &'a str, json: impl Into<Bytes>) -> Self {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        Self { method: Method::POST, url, headers, body: json.into() }
    }

    /// Adds a header, or replaces it.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    fn request(self, target: &Target) -> Result<Request<Full<Bytes>>, Why> {
        let mut request = Request::new(Full::new(self.body));
        *request.method_mut() = self.method;
        *request.uri_mut() = target.path_and_query.parse().map_err(|_| Why::NotAUrl)?;
        *request.headers_mut() = self.headers;
        let host = HeaderValue::from_str(&target.authority).map_err(|_| Why::NotAUrl)?;
        request.headers_mut().insert(HOST, host);
        request.headers_mut().insert(USER_AGENT, HeaderValue::from_static("chancela"));
        request.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        Ok(request)
    }
}

/// Fetches.
#[derive(Debug)]
pub struct Fetcher {
    policy: Policy,
    limits: Limits,
    resolver: Box<dyn Resolve>,
    own_roots: Vec<CertificateDer<'static>>,
    /// Made at the first fetch: a server that makes none reads and keeps no roots.
    tls: OnceCell<Arc<ClientConfig>>,
    places: Semaphore,
}

impl Fetcher {
    /// A fetcher as configured.
    ///
    /// # Errors
    /// [`ConfigError`] if the file of root certificates cannot be used.
    pub fn new(config: &Outbound) -> Result<Self, ConfigError> {
        Self::with(config, Limits::default(), Box::new(SystemResolver::default()))
    }

    /// A fetcher with limits and a resolver of one's own.
    ///
    /// # Errors
    /// [`ConfigError`] if the file of root certificates cannot be used.
    pub fn with(config: &Outbound, limits: Limits, resolver: Box<dyn Resolve>) -> Result<Self, ConfigError> {
        let own_roots = config.ca_file.as_deref().map_or_else(
            || Ok(Vec::new()),
            |file| {
                tls::read_roots(file)
                    .map_err(|error| ConfigError(format!("outbound.ca_file: {}: {error}", file.display())))
            },
        )?;
        let places = Semaphore::new(limits.at_once);
        let (policy, tls) = (Policy::new(config), OnceCell::new());
        Ok(Self { policy, limits, resolver, own_roots, tls, places })
    }

    /// Whether a URL could be fetched at all, as far as its text says; for whoever registers one.
    pub fn admits(&self, url: &str) -> bool {
        Target::parse(url, &self.policy).is_ok()
    }

    /// Fetches: any answer but a redirect, whole.
    ///
    /// # Errors
    /// [`FetchError`], which says and takes the same whatever the reason; the log has the reason.
    pub async fn fetch(&self, call: Call<'_>) -> Result<Response<Bytes>, FetchError> {
        // Whatever becomes of it waits for its turn, so that a busy moment does not tell one refusal from another.
        let turn = timeout(self.limits.total, self.places.acquire()).await;
        let end = Instant::now() + self.limits.total;
        let (shown, result) = match (turn, Target::parse(call.url, &self.policy)) {
            (_, Err(why)) => (None, Err(why)),
            (Ok(Ok(_place)), Ok(target)) => {
                let result = timeout(self.limits.total, self.attempt(&target, call)).await;
                (Some(target.shown), result.unwrap_or(Err(Why::Timeout)))
            }
            (_, Ok(target)) => (Some(target.shown), Err(Why::Busy)),
        };
        match result {
            Ok(response) => Ok(response),
            Err(why) => {
                tracing::warn!(url = shown, reason = why.as_str(), "a fetch failed");
                sleep_until(end).await;
                Err(why.into())
            }
        }
    }

    async fn attempt(&self, target: &Target, call: Call<'_>) -> Result<Response<Bytes>, Why> {
        let request = call.request(target)?;
        let addresses = self.addresses(target).await?;
        let stream = self.connect(&addresses).await?;
        if target.secure {
            let name = match &target.host {
                Host::Name(name) => ServerName::try_from(name.clone()).map_err(|_| Why::NotAUrl)?,
                Host::Address(address) => ServerName::IpAddress((*address).into()),
            };
            let stream = tls::connect(self.tls().await?, name, stream).await?;
            exchange::exchange(stream, request, &self.limits).await
        } else {
            exchange::exchange(stream, request, &self.limits).await
        }
    }

    /// The addresses of a host, all of them checked: a name with one forbidden address is up to something.
    async fn addresses(&self, target: &Target) -> Result<Vec<SocketAddr>, Why> {
        let addresses = match &target.host {
            Host::Address(address) => vec![SocketAddr::new(*address, target.port)],
            Host::Name(name) => {
                self.resolver.resolve(name, target.port).await.map_err(|_| Why::Unresolved)?
            }
        };
        let allowed = |address: &SocketAddr| match reach(address.ip()) {
            Reach::Global => true,
            Reach::Private => self.policy.private_addresses(),
            Reach::Never => false,
        };
        if addresses.is_empty() {
            return Err(Why::Unresolved);
        }
        if addresses.iter().all(allowed) { Ok(addresses) } else { Err(Why::Address) }
    }

    /// Connects to the first address that answers; each has an equal share of the time that is left.
    async fn connect(&self, addresses: &[SocketAddr]) -> Result<TcpStream, Why> {
        let end = Instant::now() + self.limits.connect;
        for (tried, address) in addresses.iter().enumerate() {
            let left = end.saturating_duration_since(Instant::now());
            let others = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
            match timeout(left / others, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Ok(Err(error)) => tracing::debug!(%address, %error, "no connection"),
                Err(_) => tracing::debug!(%address, "no connection in time"),
            }
        }
        Err(Why::Unreachable)
    }

    async fn tls(&self) -> Result<Arc<ClientConfig>, Why> {
        let make = || async {
            let own = self.own_roots.clone();
            let made = tokio::task::spawn_blocking(move || tls::client_config(own)).await;
            made.map_err(|_| Why::NoRoots)?.map(Arc::new)
        };
        self.tls.get_or_try_init(make).await.map(Arc::clone)
    }
}

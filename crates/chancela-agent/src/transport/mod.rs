//! Token requests over HTTPS: one connection for each, because they are minutes apart and must not outlive a client
//! certificate that was replaced. The [`reverse_proxy`](crate::reverse_proxy) opens its connections here too, and keeps them.
//!
//! Owns connections, TLS, proxies and limits, unless a [`Carrier`] stands in their place. Does not own what is said. No
//! redirect is followed (credentials would go along), nothing is unpacked, and what went wrong is told apart by whether the
//! provider can have acted.

mod connect;
mod error;
mod exchange;
mod proxy;
mod sight;
mod target;

pub(crate) use connect::Stream;
pub use error::{Lost, TransportError};
pub(crate) use exchange::why;
pub use proxy::{Proxies, ProxyError};
pub use sight::{Answered, Sight, TlsSight};
pub use target::{Target, TargetError};

use crate::identity::ClientIdentity;
use crate::tokens::BoxFuture;
use bytes::Bytes;
use http::header::{HOST, USER_AGENT};
use http::{HeaderValue, Request, Response};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::time::timeout;

/// Most bytes of an answer's head.
const MAX_HEAD: usize = 64 * 1024;
/// Most bytes of an answer's body.
const MAX_BODY: usize = 1024 * 1024;

/// How a provider is reached.
#[derive(Debug, Clone)]
pub struct Route {
    /// What is trusted, and the client's certificate if it has one.
    pub tls: Arc<Tls>,
    /// Through which proxies.
    pub proxies: Proxies,
    /// How long a connection may take, all of its parts together.
    pub connect: Duration,
    /// What carries requests in the place of the network.
    pub carrier: Option<Arc<dyn Carrier>>,
}

/// Carries requests in the place of the network: to a server in the same process, or by a program's own means.
pub trait Carrier: fmt::Debug + Send + Sync + 'static {
    /// Sends `request` to `target`, with the certificate of `identity` if there is one, and answers what comes back. Follows
    /// no redirect. It is given up when the time is over.
    ///
    /// # Errors
    /// [`TransportError`], which says whether the provider can have acted.
    fn carry<'a>(
        &'a self,
        target: &'a Target,
        identity: Option<&'a ClientIdentity>,
        request: Request<Bytes>,
    ) -> BoxFuture<'a, Result<Response<Bytes>, TransportError>>;
}

/// The client's side of TLS: versions 1.2 and 1.3, the machine's roots and own ones, and the client's certificate. Made with
/// the first connection: a program that finds its token in the cache reads no roots.
#[derive(Debug)]
pub struct Tls {
    own: Vec<CertificateDer<'static>>,
    identity: Option<Arc<ClientIdentity>>,
    config: OnceLock<Arc<ClientConfig>>,
}

impl Tls {
    /// Trust in the machine's roots and in `own`, with this client's certificate.
    pub const fn new(own: Vec<CertificateDer<'static>>, identity: Option<Arc<ClientIdentity>>) -> Self {
        Self { own, identity, config: OnceLock::new() }
    }

    /// What was made already.
    fn made(&self) -> Option<Arc<ClientConfig>> {
        self.config.get().map(Arc::clone)
    }

    /// Reads files, the first time.
    fn config(&self) -> Result<Arc<ClientConfig>, TransportError> {
        if let Some(config) = self.made() {
            return Ok(config);
        }
        let made = Arc::new(self.make()?);
        Ok(Arc::clone(self.config.get_or_init(|| made)))
    }

    fn make(&self) -> Result<ClientConfig, TransportError> {
        let mut roots = RootCertStore::empty();
        let system = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(system.certs);
        roots.add_parsable_certificates(self.own.iter().cloned());
        if roots.is_empty() {
            return Err(TransportError::NoRoots);
        }
        let builder =
            ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(|_| TransportError::NoRoots)?
                .with_root_certificates(roots);
        let mut config = match &self.identity {
            Some(identity) => identity.in_config(builder),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

impl Route {
    /// Sends `request` to `target` and reads the whole answer within `patience`.
    ///
    /// # Errors
    /// [`TransportError`], which says whether the provider can have acted.
    pub async fn send(
        &self,
        target: &Target,
        mut request: Request<Bytes>,
        patience: Duration,
    ) -> Result<Response<Bytes>, TransportError> {
        usual_headers(&mut request, target);
        let late = |_| TransportError::Lost(Lost::Timeout);
        if let Some(carrier) = &self.carrier {
            let answer = carrier.carry(target, self.tls.identity.as_deref(), request);
            return timeout(patience, answer).await.map_err(late)?;
        }
        let stream = self.open(target, self.connect.min(patience)).await?;
        let answer = timeout(patience, exchange::exchange(stream, request)).await;
        answer.map_err(late)?
    }

    /// Opens a connection to `target` within `patience`, for whoever keeps it.
    ///
    /// # Errors
    /// [`TransportError`].
    pub(crate) async fn open(&self, target: &Target, patience: Duration) -> Result<Stream, TransportError> {
        let stream = timeout(patience, connect::connect(self, target)).await;
        stream.map_err(|_| TransportError::ConnectTimeout(target.name()))?
    }
}

/// What every request says.
fn usual_headers(request: &mut Request<Bytes>, target: &Target) {
    let headers = request.headers_mut();
    headers.insert(HOST, target.authority());
    headers
        .entry(USER_AGENT)
        .or_insert(HeaderValue::from_static(concat!("chancela/", env!("CARGO_PKG_VERSION"))));
}

//! A look at a server: whether its name leads anywhere, who answers with which certificate, and what its clock says. No
//! credentials are sent; a client's certificate is shown in the handshake, as in every connection, to a server that has
//! proven its own.

use super::connect::{Stream, tcp, tls_error, tunnel};
use super::exchange::exchange;
use super::{Route, Target, TransportError, usual_headers};
use bytes::Bytes;
use chancela_core::message::date::parse_imf;
use http::header::DATE;
use http::{Method, Request, StatusCode};
use rustls::client::ResolvesClientCert;
use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ProtocolVersion, SignatureScheme};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// What was seen, as far as it came.
#[derive(Debug, Default)]
pub struct Sight {
    /// The proxy that leads there.
    pub proxy: Option<String>,
    /// Where the name leads, if it is one; behind a proxy, that is not asked.
    pub addresses: Vec<IpAddr>,
    /// Whether a connection was made.
    pub is_connected: bool,
    /// Its TLS.
    pub tls: Option<TlsSight>,
    /// Whether the server has asked for a client's certificate.
    pub asks_for_certificate: bool,
    /// Its answer to `HEAD /`.
    pub answer: Option<Answered>,
    /// Why there was no more to see.
    pub failure: Option<TransportError>,
}

/// TLS as it was agreed on.
#[derive(Debug)]
pub struct TlsSight {
    /// Its version, as `TLSv1_3`.
    pub version: ProtocolVersion,
    /// The server's certificate with those above it.
    pub chain: Vec<CertificateDer<'static>>,
}

/// An answer.
#[derive(Debug, Clone, Copy)]
pub struct Answered {
    /// Its status.
    pub status: StatusCode,
    /// The server's clock, in seconds since the epoch.
    pub date: Option<i64>,
}

impl Route {
    /// Looks at a server. Each part may take as long as a connection, or an answer, may.
    pub async fn look(&self, target: &Target, patience: Duration) -> Sight {
        let mut sight = Sight::default();
        let failure = self.look_into(target, patience, &mut sight).await.err();
        Sight { failure, ..sight }
    }

    async fn look_into(
        &self,
        target: &Target,
        patience: Duration,
        sight: &mut Sight,
    ) -> Result<(), TransportError> {
        let connect = self.connect.min(patience);
        let late = || TransportError::ConnectTimeout(target.name());
        let stream = timeout(connect, self.reach(target, sight)).await.map_err(|_| late())??;
        sight.is_connected = true;
        let asked = Arc::new(AtomicBool::new(false));
        let shaken = timeout(connect, self.shake_hands(target, stream, &asked, sight)).await;
        sight.asks_for_certificate = asked.load(Ordering::Relaxed);
        let stream = shaken.map_err(|_| late())??;
        let mut request = Request::new(Bytes::new());
        *request.method_mut() = Method::HEAD;
        usual_headers(&mut request, target);
        let answer = timeout(patience, exchange(stream, request)).await;
        let answer = answer.map_err(|_| TransportError::Lost(super::Lost::Timeout))??;
        let date = answer.headers().get(DATE).and_then(|date| parse_imf(date.to_str().ok()?));
        sight.answer = Some(Answered { status: answer.status(), date });
        Ok(())
    }

    async fn reach(&self, target: &Target, sight: &mut Sight) -> Result<TcpStream, TransportError> {
        if let Some(proxy) = self.proxies.towards(target.host()) {
            sight.proxy = Some(format!("{}:{}", proxy.host, proxy.port));
            return tunnel(proxy, target).await;
        }
        if target.host().parse::<IpAddr>().is_err() {
            let found = lookup_host((target.host(), target.port())).await;
            let found = found.map_err(|_| TransportError::Resolve(target.host().to_owned()))?;
            sight.addresses = found.map(|address| address.ip()).collect();
        }
        tcp(target.host(), target.port()).await
    }

    async fn shake_hands(
        &self,
        target: &Target,
        stream: TcpStream,
        asked: &Arc<AtomicBool>,
        sight: &mut Sight,
    ) -> Result<Stream, TransportError> {
        let Some(name) = target.tls_name() else { return Ok(Stream::Plain(stream)) };
        let mut config = ClientConfig::clone(&*self.tls.config()?);
        let own = Arc::clone(&config.client_auth_cert_resolver);
        config.client_auth_cert_resolver = Arc::new(Noting { own, asked: Arc::clone(asked) });
        let connector = TlsConnector::from(Arc::new(config));
        let stream = connector.connect(name.clone(), stream).await;
        let stream = stream.map_err(|error| tls_error(target, &error))?;
        let (_, connection) = stream.get_ref();
        sight.tls = connection.protocol_version().map(|version| TlsSight {
            version,
            chain: connection.peer_certificates().unwrap_or_default().to_vec(),
        });
        Ok(Stream::Tls(Box::new(stream)))
    }
}

/// The client's certificate, and whether anybody has asked for it.
#[derive(Debug)]
struct Noting {
    own: Arc<dyn ResolvesClientCert>,
    asked: Arc<AtomicBool>,
}

impl ResolvesClientCert for Noting {
    fn resolve(&self, hints: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        self.own.resolve(hints, schemes)
    }

    fn has_certs(&self) -> bool {
        self.own.has_certs()
    }
}

//! Shaking hands: how long it may take, how many may be at it, and why it failed (requirements.md 5.1).

use super::certificate::ServerCertificate;
use super::error::TlsError;
use super::{Kind, server_config};
use crate::metrics::{HandshakeFailure, ListenerMetrics};
use crate::transport::peer::{Channel, PeerCertificates};
use chancela_core::time::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::server::{Accepted, Acceptor as HelloReader, ResolvesServerCert};
use rustls::{AlertDescription, Error, ServerConfig};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, join};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::{StartHandshake, TlsStream};

/// How long a handshake may take, its wait for a place included.
const TIME: Duration = Duration::from_secs(5);

/// Most handshakes in progress in the process.
pub(crate) const MAX_HANDSHAKES: usize = 256;

/// Largest ClientHello, in bytes with its records' heads: it is kept before there is a place for its handshake.
const MAX_HELLO_BYTES: u64 = 16 * 1024;

/// The TLS side of one listener.
pub struct Acceptor {
    kind: Kind,
    certificate: Arc<ServerCertificate>,
    metrics: ListenerMetrics,
    config: Arc<ServerConfig>,
}

/// A connection after its handshake.
pub(crate) type Established = (TlsStream<TcpStream>, Channel, Option<Arc<PeerCertificates>>);

impl Acceptor {
    /// For a listener of this kind.
    ///
    /// # Errors
    /// [`TlsError::Setup`].
    pub fn new(
        kind: Kind,
        certificate: Arc<ServerCertificate>,
        metrics: ListenerMetrics,
    ) -> Result<Self, TlsError> {
        let config = server_config(kind, Arc::clone(&certificate) as Arc<dyn ResolvesServerCert>, true)?;
        Ok(Self::with(config, (kind, certificate), metrics))
    }

    /// For a listener that shows what `shown` resolves, in every handshake anew: the sandbox's faults.
    ///
    /// # Errors
    /// [`TlsError::Setup`].
    pub fn showing(
        shown: Arc<dyn ResolvesServerCert>,
        kind: Kind,
        certificate: Arc<ServerCertificate>,
        metrics: ListenerMetrics,
    ) -> Result<Self, TlsError> {
        Ok(Self::with(server_config(kind, shown, false)?, (kind, certificate), metrics))
    }

    fn with(
        config: ServerConfig,
        (kind, certificate): (Kind, Arc<ServerCertificate>),
        metrics: ListenerMetrics,
    ) -> Self {
        metrics.certificate_expires.set(certificate.expires());
        Self { kind, certificate, metrics, config: Arc::new(config) }
    }

    /// Takes new certificate files, if there are any, and shows when the certificate ends. For calling every few seconds.
    pub fn look(&self, now: Timestamp) {
        self.certificate.look(now);
        self.metrics.certificate_expires.set(self.certificate.expires());
    }

    /// Shakes hands on `stream`; `None` if that failed, which is counted by its reason.
    pub(crate) async fn accept(&self, stream: TcpStream, places: &Semaphore) -> Option<Established> {
        let outcome = tokio::time::timeout(TIME, self.shake(stream, places)).await;
        let failure = match outcome {
            Ok(Ok(stream)) => return Some(self.established(stream)),
            Ok(Err(error)) => {
                tracing::debug!(%error, "a TLS handshake failed");
                class(&error)
            }
            Err(_) => HandshakeFailure::Timeout,
        };
        self.metrics.failed(failure);
        None
    }

    /// A place is taken only once the client has said all that it has to say first: whoever connects and says nothing, or
    /// little, holds up nobody.
    async fn shake(&self, mut stream: TcpStream, places: &Semaphore) -> io::Result<TlsStream<TcpStream>> {
        let hello = hello(&mut stream).await?;
        let _place = places.acquire().await.map_err(io::Error::other)?;
        StartHandshake::from_parts(hello, stream).into_stream(Arc::clone(&self.config)).await
    }

    fn established(&self, stream: TlsStream<TcpStream>) -> Established {
        let (_, connection) = stream.get_ref();
        let chain = connection.peer_certificates().filter(|chain| !chain.is_empty());
        let certificates = chain
            .map(|chain| Arc::new(PeerCertificates::new(chain.iter().map(CertificateDer::clone).collect())));
        let channel = match self.kind {
            Kind::Tls => Channel::Tls,
            Kind::MutualTls => Channel::MutualTls,
        };
        (stream, channel, certificates)
    }
}

/// Reads the client's first message, or tells the client what is wrong with it.
async fn hello(stream: &mut TcpStream) -> io::Result<Accepted> {
    let (read, write) = stream.split();
    let bounded = join(read.take(MAX_HELLO_BYTES), write);
    let mut reading = LazyConfigAcceptor::new(HelloReader::default(), bounded);
    match (&mut reading).await {
        Ok(start) => Ok(start.accepted),
        Err(_) if reading.take_io().is_some_and(|io| io.reader().limit() == 0) => {
            Err(io::Error::new(io::ErrorKind::InvalidData, Error::PeerSentOversizedRecord))
        }
        Err(error) => Err(error),
    }
}

impl std::fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Acceptor").field("kind", &self.kind).finish_non_exhaustive()
    }
}

fn class(error: &io::Error) -> HandshakeFailure {
    let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
        return HandshakeFailure::Closed;
    };
    match error {
        Error::PeerIncompatible(_) | Error::NoApplicationProtocol => HandshakeFailure::Incompatible,
        Error::InvalidCertificate(_) | Error::NoCertificatesPresented => HandshakeFailure::ClientCertificate,
        // Leaving in good order is no refusal of ours.
        Error::AlertReceived(AlertDescription::CloseNotify | AlertDescription::UserCanceled) => {
            HandshakeFailure::Closed
        }
        Error::AlertReceived(_) => HandshakeFailure::RefusedByClient,
        Error::InvalidMessage(_)
        | Error::InappropriateMessage { .. }
        | Error::InappropriateHandshakeMessage { .. }
        | Error::PeerMisbehaved(_)
        | Error::PeerSentOversizedRecord
        | Error::DecryptError => HandshakeFailure::Malformed,
        _ => HandshakeFailure::Other,
    }
}

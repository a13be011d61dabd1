//! TLS towards clients (RFC 8446, RFC 5246): versions, suites and groups of the listeners, the server's certificate, and
//! what is asked of a client's.
//!
//! There are two kinds of listener. One never asks for a client's certificate; the other asks every client and insists
//! with none, because only a request names the realm, and each realm believes other issuers. The handshake therefore
//! proves one thing only: that the peer holds the private key of the certificate it sent. **Nothing about the
//! certificate itself is believed here**: issuer, validity, usage and revocation are the realm's to judge, for each
//! request anew (`transport/peer.rs` carries the chain there).
//!
//! Versions are 1.2 and 1.3 (requirement A-02); suites are those of BCP 195 with forward secrecy and authenticated
//! encryption; the hybrid group X25519MLKEM768 is preferred. Nothing is ever accepted before the handshake is
//! complete (no 0-RTT), and where a client's certificate counts, no session is resumed (A-10, A-11, CA-22).

pub mod certificate;
mod client_certificate;
mod error;
pub mod handshake;
pub mod self_signed;

pub use certificate::ServerCertificate;
pub use error::TlsError;
pub use handshake::Acceptor;

use client_certificate::Possession;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::{NoClientAuth, NoServerSessionStorage, ResolvesServerCert};
use std::sync::Arc;

/// What a TLS listener asks of its clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// No certificate.
    Tls,
    /// A certificate, which they may leave out.
    MutualTls,
}

/// What a listener of this kind does, with `certificate` as its own. Without `resumption`, every connection is shown the
/// certificate.
///
/// # Errors
/// [`TlsError::Setup`].
pub fn server_config(
    kind: Kind,
    certificate: Arc<dyn ResolvesServerCert>,
    resumption: bool,
) -> Result<ServerConfig, TlsError> {
    let setup = |error: rustls::Error| TlsError::Setup(error.to_string());
    let provider = Arc::new(aws_lc_rs::default_provider());
    let algorithms = provider.signature_verification_algorithms;
    let builder = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(setup)?
        .with_client_cert_verifier(match kind {
            Kind::Tls => Arc::new(NoClientAuth),
            Kind::MutualTls => Arc::new(Possession::new(algorithms)),
        });
    let mut config = builder.with_cert_resolver(certificate);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.max_early_data_size = 0;
    match kind {
        // Tickets carry the session, so nothing is kept for a client; their keys change every six hours.
        Kind::Tls if resumption => config.ticketer = aws_lc_rs::Ticketer::new().map_err(setup)?,
        Kind::Tls | Kind::MutualTls => config.send_tls13_tickets = 0,
    }
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(config)
}

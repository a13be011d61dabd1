//! TLS towards others: versions 1.2 and 1.3, chain and host name always verified (requirements.md A-04), aws-lc-rs.

use super::error::Why;
use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::io;
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// The certificates of a PEM file; at least one.
pub(super) fn read_roots(file: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let text = std::fs::read(file)?;
    let roots: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let roots = roots.map_err(io::Error::other)?;
    let mut store = RootCertStore::empty();
    for root in &roots {
        store.add(root.clone()).map_err(io::Error::other)?;
    }
    if store.is_empty() { Err(io::Error::other("has no certificate")) } else { Ok(roots) }
}

/// Trust in the machine's roots and in `own`. Reads files.
pub(super) fn client_config(own: Vec<CertificateDer<'static>>) -> Result<ClientConfig, Why> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    for error in &system.errors {
        tracing::warn!(%error, "some of the machine's root certificates could not be read");
    }
    roots.add_parsable_certificates(system.certs);
    roots.add_parsable_certificates(own);
    if roots.is_empty() {
        return Err(Why::NoRoots);
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| Why::NoRoots)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // Each fetch stands alone: no ticket links one to another, and no certificate is believed for longer than it lives.
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// Shakes hands on `stream` with the server that `name` names.
pub(super) async fn connect(
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, Why> {
    TlsConnector::from(config).connect(name, stream).await.map_err(|error| {
        tracing::debug!(%error, "TLS failed");
        Why::Tls
    })
}

//! A client that shows a certificate, as a program of a partner's does.

use super::http::{Answer, Connection, Request};
use chancela_testkit::golden::ClientFixture;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

/// TLS that trusts `ca_pem` and shows the client's certificate.
pub(crate) fn configuration(ca_pem: &str, client: &ClientFixture) -> Arc<ClientConfig> {
    let certificates = |pem: &str| -> Vec<CertificateDer<'static>> {
        CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>().unwrap()
    };
    let mut roots = RootCertStore::empty();
    for certificate in certificates(ca_pem) {
        roots.add(certificate).unwrap();
    }
    let pem = |text: &Option<String>| text.clone().expect("a client with a certificate");
    let chain = certificates(&(pem(&client.certificate_pem) + &pem(&client.certificate_chain_pem)));
    let key = PrivateKeyDer::from_pem_slice(pem(&client.private_key_pem).as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(config.with_root_certificates(roots).with_client_auth_cert(chain, key).unwrap())
}

/// Sends a request on a connection of its own.
pub(crate) fn send(config: &Arc<ClientConfig>, request: &Request) -> io::Result<Answer> {
    let authority = request.authority();
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host).to_owned();
    let name = ServerName::try_from(host).map_err(io::Error::other)?;
    let connection = ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
    let socket = TcpStream::connect(authority)?;
    socket.set_read_timeout(Some(Duration::from_secs(20)))?;
    Connection::over(authority, StreamOwned::new(connection, socket)).send(request)
}

/// A certificate request for a new key, and the key, in PEM.
pub(crate) fn certificate_request() -> (String, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let request = rcgen::CertificateParams::new(Vec::new()).unwrap().serialize_request(&key).unwrap();
    (request.pem().unwrap(), key.serialize_pem())
}

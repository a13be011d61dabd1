//! An API behind TLS that wants the client's certificate, and a certificate that is replaced.

use crate::api::{Api, token_of};
use crate::endpoint::Endpoint;
use crate::world::{World, provider, status};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Issuer {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Writes a client certificate with its key.
fn write_identity(path: &Path, issuer: &Issuer) -> Vec<u8> {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let certificate = params.signed_by(&key, issuer).unwrap();
    let temporary = path.with_extension("new");
    std::fs::write(&temporary, certificate.pem() + &key.serialize_pem()).unwrap();
    // The key is in it.
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&temporary, mode).unwrap();
    std::fs::rename(&temporary, path).unwrap();
    certificate.der().to_vec()
}

/// An API whose TLS takes certificates of `issuer` alone; which ones came, in the order of their connections.
async fn serve(issuer: &Issuer) -> (Api, Arc<Mutex<Vec<Vec<u8>>>>) {
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, issuer).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(issuer.der().clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(vec![own.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api = Api::at(listener.local_addr().unwrap().port());
    let shown = Arc::new(Mutex::new(Vec::new()));
    let (acceptor, serving, to) = (TlsAcceptor::from(Arc::new(config)), api.clone(), Arc::clone(&shown));
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            let certificate = stream.get_ref().1.peer_certificates().unwrap()[0].to_vec();
            to.lock().unwrap().push(certificate);
            tokio::spawn(serving.clone().serve(stream));
        }
    });
    (api, shown)
}

async fn world(api: Api, ca: &Issuer) -> (World, std::path::PathBuf, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let (identity, authority) = (folder.path().join("client.pem"), folder.path().join("ca.pem"));
    std::fs::write(&authority, ca.pem()).unwrap();
    let certificate = write_identity(&identity, ca);
    let endpoint = Endpoint::start().await;
    let text = format!(
        "[http]\nca = \"{}\"\n[[reverse_proxy]]\nprovider = \"one\"\nlisten = \"127.0.0.1:0\"\n\
         upstream = \"https://localhost:{}\"\nidle_timeout = \"5m\"\n{}certificate = \"file:{}\"\n",
        authority.display(),
        api.port,
        provider(endpoint.port),
        identity.display()
    );
    (World::made(endpoint, api, folder, &text).unwrap(), identity, certificate)
}

#[tokio::test]
async fn the_api_sees_the_clients_certificate_and_a_connection_for_many_requests() {
    let ca = authority();
    let (api, shown) = serve(&ca).await;
    let (world, _, certificate) = world(api, &ca).await;
    for _ in 0..3 {
        let answer = world.get("/a").await;
        assert_eq!(status(&answer), 200, "{answer}");
    }
    assert_eq!(*shown.lock().unwrap(), [certificate]);
    assert_eq!(token_of(&world.api.seen()[2]), "planted-access-token-0");
    let metrics = world.metrics().await;
    let line = "chancela_agent_cert_expires_timestamp_seconds{provider=\"one\"} ";
    assert!(metrics.contains(line), "its end is told although nobody asked for a token: {metrics}");
}

#[tokio::test]
async fn an_api_that_cannot_be_believed_gets_no_token() {
    let ca = authority();
    let (api, shown) = serve(&ca).await;
    let (world, ..) = world(api, &authority()).await;
    let answer = world.get("/a").await;
    assert_eq!(status(&answer), 502, "{answer}");
    assert!(answer.contains("error=tls_certificate_error"), "{answer}");
    assert!(world.api.seen().is_empty() && shown.lock().unwrap().is_empty());
}

/// Files are looked at every half minute and must stand still for one look.
#[tokio::test]
#[ignore = "takes a minute and a half"]
async fn connections_of_a_replaced_certificate_are_not_used() {
    let ca = authority();
    let (api, shown) = serve(&ca).await;
    let (world, identity, first) = world(api, &ca).await;
    assert_eq!(status(&world.get("/a").await), 200);
    let second = write_identity(&identity, &ca);
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(120) && shown.lock().unwrap().len() < 2 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(status(&world.get("/a").await), 200);
    }
    assert_eq!(
        *shown.lock().unwrap(),
        [first, second],
        "one connection each, and none of the old one afterwards"
    );
}

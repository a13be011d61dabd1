//! TLS listeners and the Unix socket on real sockets, with rustls and the openssl program as clients.

mod certificates;
mod clients;
mod limits;
mod reload;
mod sockets;
mod versions;

use crate::support::{RealmPlan, World};
use bytes::Bytes;
use chancela_core::time::Timestamp;
use chancela_server::clock::{Clock, SystemClock};
use chancela_server::extension::{Answer, Extension};
use chancela_server::router::Router;
use chancela_server::tls::certificate::CertificateFiles;
use chancela_server::tls::{Acceptor, Kind, ServerCertificate};
use chancela_server::transport::listener::{Bound, Listener, Workers};
use chancela_server::transport::peer::Peer;
use chancela_store::MemoryStore;
use http::{Request, Response};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ClientConnection, RootCertStore, SignatureScheme, StreamOwned};
use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

/// A path that answers with what the server knows of its peer.
const PEER_PATH: &str = "/peer";

type Tls = StreamOwned<ClientConnection, TcpStream>;

#[expect(clippy::disallowed_methods, reason = "a thread of a test stops no connection")]
fn pause(time: Duration) {
    std::thread::sleep(time);
}

fn now() -> Timestamp {
    SystemClock.now()
}

/// An authority and what it signs.
struct Pki {
    issuer: Issuer<'static, KeyPair>,
    root: CertificateDer<'static>,
}

/// A certificate and its key.
struct Made {
    certificate: CertificateDer<'static>,
    pem: String,
    key: KeyPair,
}

impl Pki {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let own = parameters.self_signed(&key).unwrap();
        Self { root: own.der().clone(), issuer: Issuer::new(parameters, key) }
    }

    fn sign(&self, key: KeyPair, change: impl FnOnce(&mut CertificateParams)) -> Made {
        let mut parameters = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        change(&mut parameters);
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        Made { certificate: certificate.der().clone(), pem: certificate.pem(), key }
    }

    fn server(&self) -> Made {
        self.sign(KeyPair::generate().unwrap(), |_| {})
    }
}

impl Made {
    /// A certificate that nobody vouches for.
    fn self_signed(change: impl FnOnce(&mut CertificateParams)) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        change(&mut parameters);
        let certificate = parameters.self_signed(&key).unwrap();
        Self { certificate: certificate.der().clone(), pem: certificate.pem(), key }
    }

    fn certified(&self, above: &[CertificateDer<'static>]) -> CertifiedKey {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let signer = aws_lc_rs::default_provider().key_provider.load_private_key(key).unwrap();
        let chain = std::iter::once(self.certificate.clone()).chain(above.iter().cloned()).collect();
        CertifiedKey::new(chain, signer)
    }

    fn write(&self, files: &CertificateFiles) {
        fs::write(&files.certificate, &self.pem).unwrap();
        write_key(files, &self.key.serialize_pem());
    }
}

fn write_key(files: &CertificateFiles, text: &str) {
    fs::write(&files.key, text).unwrap();
    fs::set_permissions(&files.key, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Answers with the peer: channel, address, and the certificates in hexadecimal.
#[derive(Debug)]
struct Mirror;

impl Extension for Mirror {
    fn respond(&self, request: Request<Bytes>) -> Answer<'_> {
        let peer = request.extensions().get::<Peer>().unwrap().clone();
        let chain = peer.certificates.map(|certificates| certificates.chain.clone()).unwrap_or_default();
        let chain: Vec<String> = chain.iter().map(|der| chancela_core::secret::hex(der)).collect();
        let text = format!("{:?} {} [{}]", peer.channel, peer.address, chain.join(","));
        Box::pin(async move { Response::new(Bytes::from(text)) })
    }
}

/// A server with a TLS listener of each kind and a Unix socket.
struct Running {
    pki: Pki,
    files: CertificateFiles,
    folder: TempDir,
    tls: SocketAddr,
    mtls: SocketAddr,
    acceptors: Vec<Arc<Acceptor>>,
    world: World<MemoryStore>,
    workers: Option<Workers>,
}

impl Running {
    fn start() -> Self {
        Self::with(|pki| pki.server())
    }

    fn with(server: impl FnOnce(&Pki) -> Made) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let world = runtime.block_on(World::open(vec![RealmPlan::opaque()]));
        let folder = TempDir::new().unwrap();
        let files = CertificateFiles {
            certificate: folder.path().join("server.pem"),
            key: folder.path().join("server.key"),
        };
        let pki = Pki::new();
        server(&pki).write(&files);
        let mut router = Router::for_issuers(&world.server.realms);
        router.add_extension(PEER_PATH, &(Arc::new(Mirror) as Arc<dyn Extension>));
        let router = Arc::new(router);
        let (mut bound, mut addresses, mut acceptors) = (Vec::new(), Vec::new(), Vec::new());
        for (name, kind) in [("tls", Kind::Tls), ("mtls", Kind::MutualTls)] {
            let certificate = Arc::new(ServerCertificate::load(name, files.clone(), now()).unwrap());
            let metrics = world.server.metrics.listener(name);
            let acceptor = Arc::new(Acceptor::new(kind, certificate, metrics).unwrap());
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            addresses.push(listener.local_addr().unwrap());
            acceptors.push(Arc::clone(&acceptor));
            bound.push(Bound { listener: Listener::Tls(listener, acceptor), router: Arc::clone(&router) });
        }
        let unix = UnixListener::bind(folder.path().join("unix.sock")).unwrap();
        bound.push(Bound { listener: Listener::Unix(unix), router });
        let workers = Some(Workers::start(&world.server, &bound, 2).unwrap());
        let (tls, mtls) = (addresses[0], addresses[1]);
        Self { pki, files, folder, tls, mtls, acceptors, world, workers }
    }

    /// A client that trusts the authority.
    fn client(&self) -> Client {
        Client::new(&self.pki)
    }

    /// Looks at the files as often as it takes to believe them.
    fn look(&self) {
        for _ in 0..2 {
            self.acceptors.iter().for_each(|acceptor| acceptor.look(now()));
        }
    }

    /// Waits until so many handshakes have failed for a reason: a client may hear of it before it is counted.
    #[track_caller]
    fn failed(&self, listener: &str, reason: &str, expected: u32) {
        let name =
            format!("chancela_tls_handshakes_failed_total{{listener=\"{listener}\",reason=\"{reason}\"}}");
        for _ in 0..100 {
            if self.metric(&name) == expected.to_string() {
                return;
            }
            pause(Duration::from_millis(20));
        }
        panic!("{name} is {}, not {expected}", self.metric(&name));
    }

    /// The value of a metric line that begins so.
    fn metric(&self, beginning: &str) -> String {
        let text = self.world.server.metrics.render();
        let line = text.lines().find(|line| line.starts_with(beginning));
        line.and_then(|line| line.rsplit(' ').next()).unwrap_or_else(|| panic!("{text}")).to_owned()
    }

    fn serves(&self) {
        assert!(self.client().get(self.tls, PEER_PATH).unwrap().starts_with("Tls 127.0.0.1 []"));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(workers) = self.workers.take() {
            workers.stop();
        }
    }
}

/// What a client has at hand when it is asked for a certificate.
#[derive(Debug, Default)]
struct Own {
    certified: Option<Arc<CertifiedKey>>,
    /// How often it was asked, and with how many names of issuers.
    asked: Mutex<Vec<usize>>,
}

impl ResolvesClientCert for Own {
    fn resolve(&self, hints: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.lock().unwrap().push(hints.len());
        self.certified.clone()
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// A client of rustls.
struct Client {
    config: Arc<ClientConfig>,
    own: Arc<Own>,
}

impl Client {
    fn new(pki: &Pki) -> Self {
        Self::build(pki, aws_lc_rs::default_provider(), None)
    }

    fn presenting(pki: &Pki, certified: CertifiedKey) -> Self {
        Self::build(pki, aws_lc_rs::default_provider(), Some(certified))
    }

    fn build(pki: &Pki, provider: CryptoProvider, certified: Option<CertifiedKey>) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(pki.root.clone()).unwrap();
        let own = Arc::new(Own { certified: certified.map(Arc::new), ..Own::default() });
        let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_client_cert_resolver(Arc::clone(&own) as Arc<dyn ResolvesClientCert>);
        config.resumption = Resumption::in_memory_sessions(8);
        Self { config: Arc::new(config), own }
    }

    /// This client with TLS 1.2 alone.
    fn only_tls12(mut self) -> Self {
        let mut config = ClientConfig::builder_with_provider(Arc::clone(self.config.crypto_provider()))
            .with_protocol_versions(&[&rustls::version::TLS12])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Trusting))
            .with_client_cert_resolver(Arc::clone(&self.own) as Arc<dyn ResolvesClientCert>);
        config.resumption = Resumption::in_memory_sessions(8);
        self.config = Arc::new(config);
        self
    }

    fn connect(&self, address: SocketAddr) -> Tls {
        let socket = TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(8))).unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        StreamOwned::new(ClientConnection::new(Arc::clone(&self.config), name).unwrap(), socket)
    }

    /// The body of an answer.
    fn get(&self, address: SocketAddr, path: &str) -> io::Result<String> {
        get(&mut self.connect(address), path)
    }
}

/// Believes any server; for clients whose certificate is what is tested.
#[derive(Debug)]
struct Trusting;

impl rustls::client::danger::ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        self.verify_tls12_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

/// Asks on an open connection, and keeps it open.
fn get(stream: &mut (impl Read + Write), path: &str) -> io::Result<String> {
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
    stream.flush()?;
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            if body.len() >= length.parse().unwrap() {
                return Ok(body.to_owned());
            }
        }
        match stream.read(&mut buffer)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            length => bytes.extend_from_slice(&buffer[..length]),
        }
    }
}

/// `openssl s_client` with these arguments: whether it connected, and what it printed.
fn s_client(address: SocketAddr, arguments: &[&str]) -> (bool, String) {
    let output = Command::new("openssl")
        .args(["s_client", "-connect", &address.to_string()])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    told(output)
}

fn told(output: Output) -> (bool, String) {
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

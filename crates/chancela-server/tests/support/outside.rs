//! Servers of others on this machine, good and bad, and names for them.

use chancela_server::config::Outbound;
use chancela_server::fetch::{Addresses, Fetcher, Limits, Resolve};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::NamedTempFile;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What a server of someone else does with a connection.
#[derive(Debug, Clone)]
pub enum Conduct {
    /// Reads one request and answers with these bytes.
    Answer(Vec<u8>),
    /// Reads one request, answers with these bytes, and then with one more byte every so often.
    Drip(Vec<u8>, Duration),
    /// Reads one request, answers with these bytes, and then with the others for ever.
    Flood(Vec<u8>, Vec<u8>),
    /// Reads and says nothing.
    Silence,
    /// The first for the first connection, the second for all others.
    Then(Box<Conduct>, Box<Conduct>),
}

impl Conduct {
    pub fn ok(body: &str) -> Self {
        let length = body.len();
        Self::Answer(format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes())
    }

    pub fn then(self, next: Self) -> Self {
        Self::Then(Box::new(self), Box::new(next))
    }

    pub fn status(line: &str) -> Self {
        Self::Answer(format!("HTTP/1.1 {line}\r\ncontent-length: 0\r\n\r\n").into_bytes())
    }
}

/// A server of someone else.
#[derive(Debug)]
pub struct Outside {
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Outside {
    /// Speaks TLS with a certificate of `authority` for `name`.
    pub async fn tls(authority: &Authority, name: &str, conduct: Conduct) -> Self {
        Self::start(Some(authority.acceptor(name)), conduct).await
    }

    /// Speaks without TLS.
    pub async fn plain(conduct: Conduct) -> Self {
        Self::start(None, conduct).await
    }

    async fn start(acceptor: Option<TlsAcceptor>, conduct: Conduct) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let own = Self { address, connections: Arc::clone(&connections), requests: Arc::clone(&requests) };
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let number = connections.fetch_add(1, Ordering::SeqCst);
                let conduct = match conduct.clone() {
                    Conduct::Then(first, _) if number == 0 => *first,
                    Conduct::Then(_, next) => *next,
                    always => always,
                };
                let (acceptor, requests) = (acceptor.clone(), Arc::clone(&requests));
                tokio::spawn(async move {
                    match acceptor {
                        None => serve(stream, conduct, &requests).await,
                        Some(acceptor) => match acceptor.accept(stream).await {
                            Ok(stream) => serve(stream, conduct, &requests).await,
                            Err(_) => None,
                        },
                    }
                });
            }
        });
        own
    }

    /// How many connections came.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The requests that came, head and body as they were.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }
}

async fn serve<T>(mut stream: T, conduct: Conduct, requests: &Mutex<Vec<String>>) -> Option<()>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let request = read(&mut stream).await?;
    requests.lock().unwrap().push(request);
    match conduct {
        Conduct::Answer(bytes) => {
            stream.write_all(&bytes).await.ok()?;
            stream.shutdown().await.ok()
        }
        Conduct::Drip(bytes, pause) => {
            stream.write_all(&bytes).await.ok()?;
            loop {
                tokio::time::sleep(pause).await;
                stream.write_all(b"a").await.ok()?;
                stream.flush().await.ok()?;
            }
        }
        Conduct::Flood(bytes, more) => {
            stream.write_all(&bytes).await.ok()?;
            loop {
                stream.write_all(&more).await.ok()?;
            }
        }
        Conduct::Silence | Conduct::Then(..) => {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            Some(())
        }
    }
}

/// One request: the head, and as much body as it announces.
async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Some(text);
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// A certificate authority that only a test trusts.
pub struct Authority {
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
    pub file: NamedTempFile,
}

impl Authority {
    pub fn new() -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let own = parameters.self_signed(&key).unwrap();
        let file = NamedTempFile::new().unwrap();
        std::fs::write(file.path(), own.pem()).unwrap();
        Self { issuer: rcgen::Issuer::new(parameters, key), file }
    }

    fn acceptor(&self, name: &str) -> TlsAcceptor {
        let key = rcgen::KeyPair::generate().unwrap();
        let parameters = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// Names that a test gives.
#[derive(Debug, Clone, Default)]
pub struct Names {
    addresses: Arc<Mutex<HashMap<String, Vec<SocketAddr>>>>,
    lookups: Arc<AtomicUsize>,
}

impl Names {
    pub fn of(names: &[(&str, SocketAddr)]) -> Self {
        let own = Self::default();
        for (name, address) in names {
            own.addresses.lock().unwrap().entry((*name).to_owned()).or_default().push(*address);
        }
        own
    }

    pub fn lookups(&self) -> usize {
        self.lookups.load(Ordering::SeqCst)
    }
}

impl Resolve for Names {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> Addresses<'a> {
        self.lookups.fetch_add(1, Ordering::SeqCst);
        let found = self.addresses.lock().unwrap().get(host).cloned().unwrap_or_default();
        let found = found.into_iter().map(|address| SocketAddr::new(address.ip(), port)).collect();
        Box::pin(async move { Ok(found) })
    }
}

/// Allows connections to servers on this machine that `authority` vouches for.
pub fn open_outbound(authority: &Authority) -> Outbound {
    Outbound {
        ca_file: Some(authority.file.path().to_owned()),
        danger_allow_private_addresses: true,
        ..Outbound::default()
    }
}

/// A fetcher for such servers.
pub fn open_fetcher(authority: &Authority, names: &Names, limits: Limits) -> Fetcher {
    Fetcher::with(&open_outbound(authority), limits, Box::new(names.clone())).unwrap()
}

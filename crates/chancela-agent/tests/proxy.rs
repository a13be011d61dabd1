//! A real proxy between the agent and a provider: what it hears, what it may answer, and what never reaches it.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use bytes::Bytes;
use chancela_agent::transport::{Proxies, Route, Target, Tls, TransportError};
use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

const PATIENCE: Duration = Duration::from_secs(5);
/// `user:pa:55`, as a proxy hears it.
const AUTHORIZATION: &str = "Proxy-Authorization: Basic dXNlcjpwYTo1NQ==\r\n";

/// A provider behind TLS; it answers one request and gives back what it heard.
struct Provider {
    port: u16,
    certificate: CertificateDer<'static>,
    heard: JoinHandle<String>,
}

impl Provider {
    async fn start() -> Self {
        let key = KeyPair::generate().unwrap();
        let own = CertificateParams::new(["bank.example".to_owned()]).unwrap().self_signed(&key).unwrap();
        let certificate = own.der().clone();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![certificate.clone()], key).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = TlsAcceptor::from(Arc::new(config)).accept(stream).await.unwrap();
            let head = head(&mut stream).await;
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntoken").await.unwrap();
            let _ = stream.shutdown().await;
            head
        });
        Self { port, certificate, heard }
    }
}

async fn head(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut out = Vec::new();
    while !out.ends_with(b"\r\n\r\n") {
        out.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(out).unwrap()
}

/// How a proxy answers.
struct Answer {
    bytes: Vec<u8>,
    /// Bytes that it sends at once.
    portion: usize,
}

impl Answer {
    fn whole(text: &str) -> Self {
        Self { bytes: text.as_bytes().to_vec(), portion: usize::MAX }
    }
}

/// A proxy for one connection. It gives back what it heard: the head, and the first bytes after its answer.
async fn proxy(answer: Answer, provider: u16) -> (u16, JoinHandle<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        client.set_nodelay(true).unwrap();
        let head = head(&mut client).await;
        for part in answer.bytes.chunks(answer.portion.min(answer.bytes.len().max(1))) {
            if client.write_all(part).await.is_err() {
                break;
            }
            tokio::task::yield_now().await;
        }
        let mut first = vec![0; 64];
        let read = client.read(&mut first).await.unwrap_or(0);
        first.truncate(read);
        if read > 0 {
            let mut server = TcpStream::connect(("127.0.0.1", provider)).await.unwrap();
            server.write_all(&first).await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
        }
        (head, first)
    });
    (port, heard)
}

async fn send(
    proxy: u16,
    certificate: &CertificateDer<'static>,
) -> Result<http::Response<Bytes>, TransportError> {
    let proxies = Proxies::parse(&format!("http://user:pa%3A55@127.0.0.1:{proxy}"), "").unwrap();
    let tls = Arc::new(Tls::new(vec![certificate.clone()], None));
    let route = Route { tls, proxies, connect: PATIENCE, carrier: None };
    let target = Target::parse("https://bank.example").unwrap();
    let request = http::Request::post("/token").header("authorization", "Basic c2VjcmV0");
    route.send(&target, request.body(Bytes::from_static(b"grant_type=x")).unwrap(), PATIENCE).await
}

#[tokio::test]
async fn a_tunnel_opens_with_a_reason_phrase_or_without_and_in_any_portions() {
    for (text, portion) in [
        ("HTTP/1.1 200 Connection established\r\n\r\n", usize::MAX),
        ("HTTP/1.1 200 Connection established\r\nVia: 1.1 proxy\r\n\r\n", 1),
        ("HTTP/1.1 200 \r\n\r\n", usize::MAX),
        ("HTTP/1.1 200\r\n\r\n", usize::MAX),
        ("HTTP/1.1 200\r\nX: HTTP/1.1 407 no\r\n\r\n", 1),
        ("HTTP/1.0 204 Fine\r\n\r\n", 3),
    ] {
        let provider = Provider::start().await;
        let answer = Answer { portion, ..Answer::whole(text) };
        let (port, proxy) = proxy(answer, provider.port).await;
        let answer =
            send(port, &provider.certificate).await.unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!(answer.body().as_ref(), b"token", "{text:?}");
        let (heard, first) = proxy.await.unwrap();
        let connect = "CONNECT bank.example:443 HTTP/1.1\r\nHost: bank.example:443\r\n";
        assert_eq!(heard, format!("{connect}{AUTHORIZATION}\r\n"));
        assert_eq!(first[0], 0x16, "only a TLS handshake follows, and nothing in clear");
        let request = provider.heard.await.unwrap().to_ascii_lowercase();
        assert!(request.starts_with("post /token http/1.1\r\n"), "{request}");
        assert!(request.contains("authorization: basic c2vjcmv0\r\n"), "{request}");
        assert!(!request.contains("proxy-authorization") && !request.contains("dxnlcjp"), "{request}");
    }
}

#[tokio::test]
async fn a_proxy_that_refuses_or_talks_nonsense_hears_no_more() {
    let long = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(9 * 1024));
    for (text, status) in [
        ("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n", Some(407)),
        ("HTTP/1.1 403\r\n\r\n", Some(403)),
        ("HTTP/1.1 100 Continue\r\n\r\n", Some(100)),
        ("HTTP/1.1 407\r\nX: a 200 b\r\n\r\n", Some(407)),
        ("SSH-2.0-OpenSSH_9.9\r\n\r\n", None),
        ("HTTP/2 200\r\n\r\n", None),
        ("HTTP/1.1 2000 OK\r\n\r\n", None),
        ("HTTP/1.1\r\nX: y 200 \r\n\r\n", None),
        ("HTTP/1.1  200 OK\r\n\r\n", None),
        ("\r\n\r\n", None),
        (&long, None),
    ] {
        let provider = Provider::start().await;
        let (port, proxy) = proxy(Answer::whole(text), provider.port).await;
        let error = send(port, &provider.certificate).await.unwrap_err();
        let name = format!("127.0.0.1:{port}");
        match (&error, status) {
            (TransportError::Proxy(proxy, told), Some(status)) => assert_eq!((proxy, *told), (&name, status)),
            (TransportError::ProxyProtocol(proxy), None) => assert_eq!(proxy, &name),
            _ => panic!("{text:?}: {error}"),
        }
        assert!(!error.to_string().contains("pa:55") && !error.to_string().contains("dXNl"), "{error}");
        assert_eq!(proxy.await.unwrap().1, b"", "{text:?}");
        assert!(!provider.heard.is_finished(), "nobody asked the provider");
    }
}

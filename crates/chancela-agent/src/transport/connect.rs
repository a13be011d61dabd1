//! A connection: a look-up, TCP, perhaps a proxy's tunnel, and TLS.

use super::error::TransportError;
use super::exchange::is_about_certificate;
use super::proxy::Proxy;
use super::{Route, Target};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Most bytes of a proxy's answer.
const MAX_PROXY_HEAD: usize = 8 * 1024;

/// An open connection.
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

pub(super) async fn connect(route: &Route, target: &Target) -> Result<Stream, TransportError> {
    let stream = match route.proxies.towards(target.host()) {
        None => tcp(target.host(), target.port()).await?,
        Some(proxy) => tunnel(proxy, target).await?,
    };
    // The request is one small write, and the answer is waited for.
    let _ = stream.set_nodelay(true);
    let Some(name) = target.tls_name() else { return Ok(Stream::Plain(stream)) };
    let config = match route.tls.made() {
        Some(config) => config,
        None => {
            let tls = Arc::clone(&route.tls);
            let config = tokio::task::spawn_blocking(move || tls.config()).await;
            config.unwrap_or(Err(TransportError::NoRoots))?
        }
    };
    let connector = TlsConnector::from(config);
    match connector.connect(name.clone(), stream).await {
        Ok(stream) => Ok(Stream::Tls(Box::new(stream))),
        Err(error) => Err(tls_error(target, &error)),
    }
}

pub(super) async fn tcp(host: &str, port: u16) -> Result<TcpStream, TransportError> {
    let addresses = tokio::net::lookup_host((host, port)).await;
    let addresses = addresses.map_err(|_| TransportError::Resolve(host.to_owned()))?;
    let mut last = None;
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = Some(error),
        }
    }
    Err(match last {
        Some(error) => TransportError::Connect(format!("{host}:{port}"), error),
        None => TransportError::Resolve(host.to_owned()),
    })
}

/// A tunnel through an HTTP proxy (RFC 9110 section 9.3.6).
pub(super) async fn tunnel(proxy: &Proxy, target: &Target) -> Result<TcpStream, TransportError> {
    let mut stream = tcp(&proxy.host, proxy.port).await?;
    let name = format!("{}:{}", proxy.host, proxy.port);
    let bracketed =
        if target.host().contains(':') { format!("[{}]", target.host()) } else { target.host().to_owned() };
    let place = format!("{bracketed}:{}", target.port());
    let authorization = proxy.authorization.as_ref();
    let authorization =
        authorization.map(|value| format!("Proxy-Authorization: {value}\r\n")).unwrap_or_default();
    let head = format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n{authorization}\r\n");
    let broken = |error| TransportError::Connect(name.clone(), error);
    stream.write_all(head.as_bytes()).await.map_err(broken)?;
    let mut answer = Vec::new();
    // Byte by byte: what follows the head belongs to the tunnel.
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        let read = stream.read(&mut byte).await.map_err(broken)?;
        if read == 0 || answer.len() == MAX_PROXY_HEAD {
            return Err(TransportError::ProxyProtocol(name));
        }
        answer.extend_from_slice(&byte);
    }
    match status(&answer) {
        Some(200..=299) => Ok(stream),
        Some(status) => Err(TransportError::Proxy(name, status)),
        None => Err(TransportError::ProxyProtocol(name)),
    }
}

/// The status of an answer: that of its first line, with a reason phrase or without (RFC 9112 section 4).
fn status(head: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(head.split(|byte| *byte == b'\r').next()?).ok()?;
    let (version, rest) = line.split_once(' ')?;
    let status = rest.split(' ').next().filter(|status| status.len() == 3)?;
    matches!(version, "HTTP/1.0" | "HTTP/1.1").then(|| status.parse().ok())?
}

pub(super) fn tls_error(target: &Target, error: &io::Error) -> TransportError {
    let name = target.name();
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(why)) => {
            TransportError::ServerCertificate(name, why.to_string())
        }
        Some(rustls::Error::AlertReceived(alert)) if is_about_certificate(*alert) => {
            TransportError::ClientCertificate(format!("{alert:?}"))
        }
        Some(other) => TransportError::Tls(name, other.to_string()),
        None => TransportError::Tls(name, error.to_string()),
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

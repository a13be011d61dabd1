//! Who sent a request, as far as the connection knows.

use crate::trust::Judged;
use rustls::pki_types::CertificateDer;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};

/// The other end of a connection.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Its address; 127.0.0.1 on a Unix socket, whose peers are on this machine: a proxy that comes that way is trusted
    /// under this address.
    pub address: IpAddr,
    /// How it came.
    pub channel: Channel,
    /// The certificates that it presented and whose key it holds; only on [`Channel::MutualTls`], and there only if it
    /// had any.
    pub certificates: Option<Arc<PeerCertificates>>,
}

/// How a connection came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// TCP without TLS: from a proxy, or in development.
    Plain,
    /// TLS without a client's certificate.
    Tls,
    /// TLS that asked for a client's certificate.
    MutualTls,
    /// A Unix socket.
    UnixSocket,
}

/// The chain that a client presented in its handshake. That the client holds the leaf's private key is proven; nothing
/// else about it is: whether to believe it is the realm's decision (RFC 8705 section 2).
#[derive(Debug)]
pub struct PeerCertificates {
    /// The certificates in DER as the client sent them, its own first; never empty.
    pub chain: Vec<CertificateDer<'static>>,
    /// What a realm thought of them last: requests on one connection are mostly for one realm.
    pub judged: Mutex<Option<Judged>>,
}

impl Peer {
    /// A peer without TLS.
    pub const fn plain(address: IpAddr) -> Self {
        Self { address, channel: Channel::Plain, certificates: None }
    }

    /// A peer on a Unix socket.
    pub const fn unix_socket() -> Self {
        Self { address: IpAddr::V4(Ipv4Addr::LOCALHOST), channel: Channel::UnixSocket, certificates: None }
    }
}

impl PeerCertificates {
    /// A chain that nobody has judged yet.
    pub const fn new(chain: Vec<CertificateDer<'static>>) -> Self {
        Self { chain, judged: Mutex::new(None) }
    }

    /// The client's own certificate.
    pub fn leaf(&self) -> Option<&CertificateDer<'static>> {
        self.chain.first()
    }
}

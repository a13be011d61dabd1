//! The sandbox's sockets: one for all realms, one for the root of each on the ports above it, and two with TLS, of which the
//! second asks for client certificates. The authority that signed the server's certificate is made at the first start.

use crate::failure::Failure;
use chancela_core::time::Timestamp;
use chancela_server::config::{Listen, ListenMutualTls, ListenTls};
use chancela_server::tls::ServerCertificate;
use chancela_server::tls::certificate::CertificateFiles;
use chancela_server::tls::self_signed;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How far the TLS port is above the plain one, unless it is chosen: 8443 for 8080.
const TLS_DISTANCE: u16 = 363;
/// Seconds for which the server's certificate must still be good at a start; otherwise it is made anew.
const TLS_LEFT: i64 = 30 * 86_400;

/// The chain of a certificate that has expired.
const EXPIRED: &str = "expired.pem";

/// The main socket and one for the root of each realm, on the ports above it; TLS, and TLS with client certificates.
pub(super) struct Listeners {
    pub(super) main: TcpListener,
    /// Host and port that clients on this machine use.
    pub(super) authority: String,
    pub(super) roots: Vec<(TcpListener, String)>,
    pub(super) tls: (TcpListener, String),
    pub(super) mtls: (TcpListener, String),
    /// Where they are bound, for errors and hosts.
    host: Option<String>,
}

impl Listeners {
    pub(super) fn bind(
        listen: SocketAddr,
        tls: Option<SocketAddr>,
        host: Option<&str>,
        realms: usize,
    ) -> Result<Self, Failure> {
        let bind = |address: SocketAddr, option: &str| {
            TcpListener::bind(address).map_err(Failure::io(format!(
                "listening on {address} (choose other ports with {option} 127.0.0.1:PORT; {} in a row are used)",
                if option == "--listen" { realms + 1 } else { 2 }
            )))
        };
        let reachable = |listener: &TcpListener| {
            let mut address = listener.local_addr().map_err(Failure::io("asking for the port"))?;
            if address.ip().is_unspecified() {
                address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
            }
            Ok::<_, Failure>(match host {
                Some(host) => format!("{host}:{}", address.port()),
                None => address.to_string(),
            })
        };
        let main = bind(listen, "--listen")?;
        let authority = reachable(&main)?;
        let mut roots = Vec::new();
        for number in 1..=realms {
            let number = u16::try_from(number).unwrap_or(u16::MAX);
            let listener = bind(above(listen, number)?, "--listen")?;
            let authority = reachable(&listener)?;
            roots.push((listener, authority));
        }
        let tls = tls.map_or_else(|| above(listen, TLS_DISTANCE), Ok)?;
        let secure = |address: SocketAddr| {
            let listener = bind(address, "--tls-listen")?;
            let authority = reachable(&listener)?;
            Ok::<_, Failure>((listener, authority))
        };
        let (first, second) = (secure(tls)?, secure(above(tls, 1)?)?);
        Ok(Self { main, authority, roots, tls: first, mtls: second, host: host.map(str::to_owned) })
    }

    /// The sockets as a configuration would have them.
    pub(super) fn configuration(&self, listen: SocketAddr, data: &Path) -> Listen {
        let [chain, key] = ["server.pem", "server.key"].map(|name| data.join("tls").join(name));
        let at = |socket: &TcpListener| socket.local_addr().unwrap_or(listen);
        Listen {
            address: at(&self.main),
            tls: Some(ListenTls { address: at(&self.tls.0), certificate: chain, key }),
            mtls: Some(ListenMutualTls { address: at(&self.mtls.0), certificate: None, key: None }),
            ..Listen::default()
        }
    }

    /// The certificate of both TLS sockets, and the PEM of the authority that signed it.
    pub(super) fn certificate(
        &self,
        data: &Path,
        now: Timestamp,
    ) -> Result<(Arc<ServerCertificate>, String), Failure> {
        let folder = data.join("tls");
        let [ca, chain, key, old] =
            ["ca.pem", "server.pem", "server.key", EXPIRED].map(|name| folder.join(name));
        let files = CertificateFiles { certificate: chain.clone(), key: key.clone() };
        if ca.exists()
            && old.exists()
            && let Ok(kept) = ServerCertificate::load("tls", files.clone(), now)
            && now.seconds() + TLS_LEFT < kept.expires()
        {
            let pem = fs::read_to_string(&ca).map_err(Failure::io(ca.display().to_string()))?;
            return Ok((Arc::new(kept), pem));
        }
        let mut hosts: Vec<String> = self.host.iter().cloned().collect();
        let bound = self.tls.0.local_addr().map_err(Failure::io("asking for the port"))?.ip();
        if !bound.is_unspecified() {
            hosts.push(bound.to_string());
        }
        let (made, expired) = self_signed::make_with_expired(&hosts, self_signed::MAX_DAYS, now)
            .map_err(|error| Failure::Other(error.to_string()))?;
        fs::create_dir_all(&folder).map_err(Failure::io(folder.display().to_string()))?;
        for (path, text, mode) in [
            (&key, made.key_pem.as_str(), 0o600),
            (&chain, &made.chain_pem, 0o644),
            (&old, &expired, 0o600),
            (&ca, &made.ca_pem, 0o644),
        ] {
            replace(path, text.as_bytes(), mode)?;
        }
        Ok((Arc::new(ServerCertificate::load("tls", files, now)?), made.ca_pem))
    }
}

/// The chain of the expired certificate that faults show, and its key.
pub(super) fn expired_files(data: &Path) -> [PathBuf; 2] {
    [EXPIRED, "server.key"].map(|name| data.join("tls").join(name))
}

/// Where the authority's certificate is, for whoever trusts it.
pub(super) fn ca_file(data: &Path) -> PathBuf {
    data.join("tls/ca.pem")
}

/// A port above one. With port 0 every port is the system's choice.
fn above(address: SocketAddr, number: u16) -> Result<SocketAddr, Failure> {
    let port = match address.port() {
        0 => 0,
        port => port.checked_add(number).ok_or_else(|| {
            Failure::Usage("the ports above this one do not suffice; choose a lower one".into())
        })?,
    };
    Ok(SocketAddr::new(address.ip(), port))
}

fn replace(path: &Path, text: &[u8], mode: u32) -> Result<(), Failure> {
    let failed = || Failure::io(path.display().to_string());
    let new = path.with_extension("new");
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&new).map_err(failed())?;
    file.write_all(text).and_then(|()| file.sync_all()).map_err(failed())?;
    fs::rename(&new, path).map_err(failed())
}

//! Where the server listens: plain HTTP, TLS, TLS with client certificates, a Unix socket, and the operators' address.

use super::ConfigError;
use crate::proxy::{ClientCertificateHeader, ForwardedCertificates};
use crate::source::Network;
use crate::tls::certificate::CertificateFiles;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Addresses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Listen {
    /// Where clients come without TLS: through a proxy that ends it (requirement A-01).
    pub address: SocketAddr,
    /// Whether `address` is listened on at all; false where TLS is served directly.
    pub plain: bool,
    /// Where `/livez`, `/readyz` and `/metrics` are; keep it off the public network. None if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub management: Option<SocketAddr>,
    /// Threads that serve requests; one for each core if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threads: Option<usize>,
    /// Seconds between "not ready" and the last accepted connection at shutdown.
    pub drain_seconds: u64,
    /// Proxies whose `X-Forwarded-For` says where a client is: addresses, or networks such as `10.0.0.0/8`. One that comes
    /// through the Unix socket is 127.0.0.1.
    pub trusted_proxies: Vec<String>,
    /// TLS. None if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<ListenTls>,
    /// TLS that asks for client certificates. None if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mtls: Option<ListenMutualTls>,
    /// The header in which a proxy that ends TLS passes the client's certificate on. None if absent: then no header is
    /// believed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_certificate_header: Option<ClientCertificateHeader>,
    /// A Unix socket, for a proxy on the same machine. None if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unix: Option<ListenUnix>,
}

/// A TLS listener.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenTls {
    /// Where clients come.
    pub address: SocketAddr,
    /// PEM file with the certificate chain, the server's own first; looked at every few seconds.
    pub certificate: PathBuf,
    /// PEM file with its private key; only the server's user may read it.
    pub key: PathBuf,
}

/// A TLS listener that asks for client certificates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenMutualTls {
    /// Where clients come.
    pub address: SocketAddr,
    /// PEM file with the certificate chain; that of `listen.tls` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<PathBuf>,
    /// PEM file with its private key; that of `listen.tls` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
}

/// A Unix socket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenUnix {
    /// The socket's file, mode 0660: members of the server's group may connect.
    pub path: PathBuf,
}

impl Listen {
    /// The networks of trusted proxies.
    ///
    /// # Errors
    /// [`ConfigError`] for the first that cannot be read.
    pub fn trusted_proxies(&self) -> Result<Vec<Network>, ConfigError> {
        let wrong = |text| ConfigError(format!("listen.trusted_proxies: {text}"));
        self.trusted_proxies.iter().map(|text| text.parse().map_err(wrong)).collect()
    }

    /// How a proxy's client certificates are read, and whom they are believed from.
    ///
    /// # Errors
    /// [`ConfigError`] for the first thing that is wrong.
    pub fn forwarded_certificates(&self) -> Result<Option<ForwardedCertificates>, ConfigError> {
        self.client_certificate_header.as_ref().map(ForwardedCertificates::new).transpose()
    }

    /// Certificate and key of `listen.mtls`: its own, or those of `listen.tls`.
    ///
    /// # Errors
    /// [`ConfigError`] if it has one of the two alone, or none and there is no `listen.tls`.
    pub fn mtls_files(&self, mtls: &ListenMutualTls) -> Result<CertificateFiles, ConfigError> {
        match (&mtls.certificate, &mtls.key, &self.tls) {
            (Some(certificate), Some(key), _) => {
                Ok(CertificateFiles { certificate: certificate.clone(), key: key.clone() })
            }
            (None, None, Some(tls)) => Ok(tls.files()),
            (None, None, None) => Err(ConfigError(
                "listen.mtls has no certificate; add certificate and key, or a table [listen.tls] with them".into(),
            )),
            _ => Err(ConfigError(
                "listen.mtls has only one of certificate and key; give both, or neither to use those of listen.tls"
                    .into(),
            )),
        }
    }

    /// Checks what the vocabulary alone cannot refuse.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        self.trusted_proxies()?;
        if let Some(mtls) = &self.mtls {
            self.mtls_files(mtls)?;
        }
        self.forwarded_certificates()?;
        if self.unix.as_ref().is_some_and(|unix| unix.path.as_os_str().is_empty()) {
            return Err(ConfigError("listen.unix.path is empty; name a file for the socket".into()));
        }
        if !self.plain && self.tls.is_none() && self.mtls.is_none() && self.unix.is_none() {
            return Err(ConfigError(
                "listen.plain is false and nothing else listens; add [listen.tls], [listen.mtls] or [listen.unix]"
                    .into(),
            ));
        }
        self.addresses_differ()
    }

    fn addresses_differ(&self) -> Result<(), ConfigError> {
        let addresses = [
            ("listen.address", self.plain.then_some(self.address)),
            ("listen.tls.address", self.tls.as_ref().map(|tls| tls.address)),
            ("listen.mtls.address", self.mtls.as_ref().map(|mtls| mtls.address)),
            ("listen.management", self.management),
        ];
        let mut taken: Vec<(&str, SocketAddr)> = Vec::new();
        for (name, address) in addresses {
            // Port 0 is the system's choice, each time another.
            let Some(address) = address.filter(|address| address.port() != 0) else { continue };
            if let Some((other, _)) = taken.iter().find(|(_, taken)| *taken == address) {
                return Err(ConfigError(format!("{name} must not be {other}; give it a port of its own")));
            }
            taken.push((name, address));
        }
        Ok(())
    }
}

impl ListenTls {
    /// Certificate and key.
    pub fn files(&self) -> CertificateFiles {
        CertificateFiles { certificate: self.certificate.clone(), key: self.key.clone() }
    }
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 8080)),
            plain: true,
            management: None,
            threads: None,
            drain_seconds: 0,
            trusted_proxies: Vec::new(),
            tls: None,
            mtls: None,
            unix: None,
            client_certificate_header: None,
        }
    }
}

//! `listen.client_certificate_header`: which header, and what proves that a proxy wrote it.

use crate::config::{ConfigError, read_key_file};
use chancela_core::secret::sha256;
use chancela_core::x509::forwarded::{Form, mac::MacKey};
use http::HeaderName;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::PathBuf;

/// The table. At least one of the three proofs must be set; a request counts if one of those that are set holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientCertificateHeader {
    /// How the proxy writes the certificate.
    pub form: Form,
    /// The header's name; the form's usual one if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// The name of the header with the rest of the chain, in the form `client_cert`; `Client-Cert-Chain` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain_header: Option<String>,
    /// Proof: the connection came through `listen.unix`, which only the proxy may open.
    #[serde(default)]
    pub from_unix_socket: bool,
    /// Proof: the connection is mutual TLS with one of these certificates; PEM files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proxy_certificates: Vec<PathBuf>,
    /// Proof: the header `Client-Cert-Mac`, under the key in this file: 64 hexadecimal digits, read by nobody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac_key_file: Option<PathBuf>,
}

impl ClientCertificateHeader {
    /// The names of the certificate's and the chain's header.
    pub(super) fn names(&self) -> Result<(HeaderName, Option<HeaderName>), ConfigError> {
        let header = name("header", self.header.as_deref().unwrap_or(self.form.header()))?;
        let chain = match (self.chain_header.as_deref(), self.form.chain_header()) {
            (Some(_), None) => {
                return Err(wrong(
                    "chain_header: only the form client_cert has one; take it out, the chain stands in the header itself",
                ));
            }
            (own, usual) => own.or(usual).map(|text| name("chain_header", text)).transpose()?,
        };
        if chain.as_ref() == Some(&header) {
            return Err(wrong(
                "chain_header: is the header of the certificate too; give it a name of its own",
            ));
        }
        Ok((header, chain))
    }

    /// That there is a proof at all (in the spirit of HF-06: no default trust).
    pub(super) fn check_proofs(&self) -> Result<(), ConfigError> {
        if self.from_unix_socket || !self.proxy_certificates.is_empty() || self.mac_key_file.is_some() {
            return Ok(());
        }
        Err(wrong(
            "nothing proves that a proxy wrote the header; set from_unix_socket, proxy_certificates or mac_key_file",
        ))
    }

    /// SHA-256 of the proxies' certificates.
    pub(super) fn proxies(&self) -> Result<Vec<[u8; 32]>, ConfigError> {
        let mut digests = Vec::new();
        for path in &self.proxy_certificates {
            let unreadable = |why: String| {
                wrong(&format!(
                    "proxy_certificates: {}: {why}; name PEM files of certificates",
                    path.display()
                ))
            };
            let text = fs::read(path).map_err(|error| unreadable(error.to_string()))?;
            let found = digests.len();
            for certificate in CertificateDer::pem_slice_iter(&text) {
                digests.push(sha256(&certificate.map_err(|error| unreadable(error.to_string()))?));
            }
            if digests.len() == found {
                return Err(unreadable("has no certificate".into()));
            }
        }
        Ok(digests)
    }

    /// The key that proves a header, if there is one.
    pub(super) fn mac_key(&self) -> Result<Option<MacKey>, ConfigError> {
        let read = |path| read_key_file("listen.client_certificate_header.mac_key_file", path);
        Ok(self.mac_key_file.as_deref().map(read).transpose()?.map(|key| MacKey::new(&key)))
    }
}

fn name(key: &str, text: &str) -> Result<HeaderName, ConfigError> {
    // What the server itself relies on cannot be a certificate's too.
    let taken = [
        "authorization",
        "host",
        "cookie",
        "content-type",
        "content-length",
        "transfer-encoding",
        "client-cert-mac",
        "dpop",
    ];
    let parsed = text.parse::<HeaderName>().ok().filter(|name| !taken.contains(&name.as_str()));
    parsed.ok_or_else(|| {
        wrong(&format!("{key}: {text:?} cannot be this header; write a name such as Client-Cert"))
    })
}

fn wrong(text: &str) -> ConfigError {
    ConfigError(format!("listen.client_certificate_header: {text}"))
}

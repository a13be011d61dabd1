//! What a client's record says of certificates: which one is its own (RFC 8705 §2), and that one let it register itself
//! (RFC 7591).

use crate::id::ClientKey;
use crate::secret::SecretDigest;
use serde::{Deserialize, Serialize};

/// What a certificate has to say to be a client's: exactly one of these (RFC 8705 §2.1.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum CertificateSubject {
    /// The subject, as RFC 4514 writes it; compared attribute by attribute.
    #[serde(rename = "tls_client_auth_subject_dn")]
    Dn(Box<str>),
    /// A DNS name among its alternative names.
    #[serde(rename = "tls_client_auth_san_dns")]
    SanDns(Box<str>),
    /// A URI among its alternative names.
    #[serde(rename = "tls_client_auth_san_uri")]
    SanUri(Box<str>),
    /// An IP address among its alternative names.
    #[serde(rename = "tls_client_auth_san_ip")]
    SanIp(Box<str>),
    /// An e-mail address among its alternative names.
    #[serde(rename = "tls_client_auth_san_email")]
    SanEmail(Box<str>),
}

impl CertificateSubject {
    /// The member of RFC 8705 that says it.
    pub const fn member(&self) -> &'static str {
        match self {
            Self::Dn(_) => "tls_client_auth_subject_dn",
            Self::SanDns(_) => "tls_client_auth_san_dns",
            Self::SanUri(_) => "tls_client_auth_san_uri",
            Self::SanIp(_) => "tls_client_auth_san_ip",
            Self::SanEmail(_) => "tls_client_auth_san_email",
        }
    }

    /// What it says.
    pub const fn value(&self) -> &str {
        match self {
            Self::Dn(text)
            | Self::SanDns(text)
            | Self::SanUri(text)
            | Self::SanIp(text)
            | Self::SanEmail(text) => text,
        }
    }
}

/// How a client registered itself (RFC 7591), and how it manages that (RFC 7592).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// The client whose certificate was the credential.
    pub owner: ClientKey,
    /// Digest of the registration access token.
    pub access_token: SecretDigest,
}

/// A certificate registered for a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisteredCertificate {
    /// SHA-256 of its DER encoding, in hexadecimal.
    pub sha256: Box<str>,
}

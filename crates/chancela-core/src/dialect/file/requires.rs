//! What must come with a token request beside the client's own credentials.

use serde::{Deserialize, Serialize};

/// What must come with a token request beside the client's own credentials.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Requires {
    /// The access token of an earlier step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token: Option<ChainedToken>,
    /// The connection must be mutual TLS: the endpoint is not on the other listeners.
    pub mutual_tls: bool,
    /// The client's certificate in a header. It proves nothing, because a certificate is public (requirements.md
    /// 0.15); only for a provider that documents it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub danger_client_certificate: Option<CertificateHeader>,
}

/// The access token of an earlier step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainedToken {
    /// Header that carries it, without a scheme word.
    pub header: String,
    /// Name of the token endpoint that issued it.
    pub from: String,
}

/// A header with a certificate in PEM (with spaces, `\n`, or URL-encoded) or bare base64.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateHeader {
    /// Its name.
    pub header: String,
}

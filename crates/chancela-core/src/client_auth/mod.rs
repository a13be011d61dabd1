//! Client authentication (RFC 6749 §2.3): one file per `token_endpoint_auth_method`.

use serde::{Deserialize, Serialize};

/// A `token_endpoint_auth_method` (RFC 7591 §2, RFC 8705 §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// HTTP Basic.
    ClientSecretBasic,
    /// Members of the request body, whatever its encoding.
    ClientSecretPost,
    /// A certificate issued by a trusted CA.
    TlsClientAuth,
    /// A certificate that the client registered itself.
    SelfSignedTlsClientAuth,
    /// A signed assertion (RFC 7523).
    PrivateKeyJwt,
    /// No authentication: a public client.
    None,
}

//! How a client proves who it is.

use crate::client_auth::Method;
use serde::{Deserialize, Serialize};

/// How a client proves who it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClientAuthentication {
    /// Methods that the endpoint accepts; the first is the documented one.
    pub methods: Vec<Method>,
    /// How id and secret are encoded inside Basic.
    pub basic_encoding: BasicEncoding,
    /// What to do with a line break at the end of the secret (credentials encoded with `echo`).
    pub trailing_newline: TrailingNewline,
    /// A client certificate is needed beside the method.
    pub require_client_certificate: bool,
    /// A header with a key of the application beside the method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key_header: Option<String>,
    /// Credentials of a platform that acts for the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner: Option<Partner>,
}

impl ClientAuthentication {
    /// Whether a client may come without a secret: a public one, or one with a certificate.
    pub fn without_secret(&self) -> bool {
        let without = [Method::None, Method::TlsClientAuth, Method::SelfSignedTlsClientAuth];
        self.methods.iter().any(|method| without.contains(method))
    }
}

impl Default for ClientAuthentication {
    fn default() -> Self {
        Self {
            methods: vec![Method::ClientSecretBasic, Method::ClientSecretPost],
            basic_encoding: BasicEncoding::Either,
            trailing_newline: TrailingNewline::Reject,
            require_client_certificate: false,
            api_key_header: None,
            partner: None,
        }
    }
}

/// How id and secret are encoded inside Basic (RFC 6749 §2.3.1 says form-encoded; most bank clients do not).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BasicEncoding {
    /// Both are tried: as sent, and form-decoded if that is another text.
    Either,
    /// As sent.
    Raw,
    /// Form-encoded.
    Form,
}

/// What to do with a line break at the end of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrailingNewline {
    /// Refuse and say why.
    Reject,
    /// Take it off: the provider's own sample has one.
    Trim,
}

/// A header with the credentials of a partner platform.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partner {
    /// The header: base64 of `id:secret`.
    pub header: String,
    /// Word before the base64; none if empty.
    #[serde(default)]
    pub scheme: String,
}

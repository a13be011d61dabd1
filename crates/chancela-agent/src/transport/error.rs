//! Why there is no answer.

use crate::engine::Class;
use std::io;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// No root certificate is known.
    #[error(
        "no certificate authority is trusted; install the system's certificates, or name the provider's with `ca`"
    )]
    NoRoots,
    /// The name leads nowhere.
    #[error("the name {0} cannot be resolved; check the address and the name servers")]
    Resolve(String),
    /// Nobody listens.
    #[error("{0} cannot be reached ({1}); check the address, the firewall and the proxy settings")]
    Connect(String, #[source] io::Error),
    /// It took too long.
    #[error(
        "{0} did not take the connection in time; check the firewall, or whether the provider knows your address"
    )]
    ConnectTimeout(String),
    /// The proxy does not let the connection through.
    #[error("the proxy {0} answered {1} to CONNECT; check whether it allows this host, and its credentials")]
    Proxy(String, u16),
    /// The proxy talks something else.
    #[error("the proxy {0} did not answer as an HTTP proxy does")]
    ProxyProtocol(String),
    /// The server's certificate is not good.
    #[error("the certificate of {0} is not trusted ({1}); check the address and `ca`")]
    ServerCertificate(String, String),
    /// TLS failed otherwise.
    #[error("TLS with {0} failed ({1})")]
    Tls(String, String),
    /// The server does not take the client's certificate.
    #[error(
        "the server does not accept the client certificate ({0}); check that the provider knows it and that it is valid"
    )]
    ClientCertificate(String),
    /// The request may have arrived.
    #[error(transparent)]
    Lost(#[from] Lost),
}

/// Why an answer did not arrive, or not whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// It took too long.
    #[error("the provider did not answer in time; it may have acted all the same")]
    Timeout,
    /// The connection ended, or what came is not HTTP.
    #[error(
        "the connection ended before the whole answer was there; the provider may have acted all the same"
    )]
    Broken,
    /// The answer is larger than any answer of a token endpoint.
    #[error("the answer is larger than any token answer; check that the address is the token endpoint's")]
    TooLarge,
    /// The answer is compressed, which nobody asked for.
    #[error("the answer is compressed although nobody asked for that")]
    Encoded,
}

impl TransportError {
    /// What would change the outcome.
    pub const fn class(&self) -> Class {
        match self {
            Self::Lost(_) => Class::Lost,
            Self::ClientCertificate(_) => Class::Credentials,
            Self::NoRoots => Class::Local,
            _ => Class::Unsent,
        }
    }
}

//! Why a token request cannot be sent: what its endpoint would refuse, found before anything leaves. Each sentence says
//! what to do; none repeats a secret.

use crate::scope::ScopeError;

/// Why a token request cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The endpoint does not know the grant.
    #[error("this endpoint does not support the grant {grant}; use one of: {offered}")]
    Grant {
        /// The registered name of the grant.
        grant: &'static str,
        /// Registered names of those that it supports.
        offered: String,
    },
    /// No encoding of the endpoint can be written.
    #[error(
        "this endpoint reads no body that can be written here; its dialect needs `form` or `json` among request.encodings, and `json` for a scope that is an array"
    )]
    Encoding,
    /// The scope is not one.
    #[error("{0}; separate scopes by one space, without quotes or accents")]
    Scope(#[from] ScopeError),
    /// A scope contains the separator.
    #[error(
        "this endpoint separates scopes by commas, so none may contain one; separate them by spaces here"
    )]
    CommaInScope,
    /// More scopes than the endpoint gives for one token.
    #[error(
        "{given} scopes are asked for and this endpoint gives at most {max} for one token; ask for fewer, or for several tokens"
    )]
    TooManyScopes {
        /// The most.
        max: u16,
        /// Those of the request.
        given: usize,
    },
    /// The endpoint accepts one list alone.
    #[error("this endpoint accepts one scope alone; ask for exactly: {0}")]
    ScopeNotExact(String),
    /// The endpoint refuses requests without scope.
    #[error("this endpoint gives no token without a scope; say which scopes to ask for")]
    MissingScope,
    /// The endpoint does not accept the method.
    #[error("this endpoint does not accept {method}; choose one of: {offered}")]
    MethodNotOffered {
        /// The method.
        method: &'static str,
        /// Those that it accepts.
        offered: String,
    },
    /// The method needs what is not there.
    #[error("{method} needs {lacks}; give one, or choose another method")]
    MethodLacks {
        /// The method.
        method: &'static str,
        /// What is missing.
        lacks: &'static str,
    },
    /// No method fits.
    #[error(
        "none of the methods of this endpoint ({offered}) fits what is given; give the client secret, client certificate or key that one of them needs"
    )]
    NoMethod {
        /// Those that it accepts.
        offered: String,
    },
    /// The endpoint is for connections with a client certificate alone.
    #[error(
        "this endpoint wants a client certificate on the connection; say which certificate and key to use"
    )]
    MissingMutualTls,
    /// The first step's token is missing.
    #[error(
        "this endpoint needs an access token of the endpoint {from:?}; ask that one first, and give its token"
    )]
    MissingChainToken {
        /// Name of the token endpoint of the first step.
        from: String,
    },
    /// The certificate for the header is missing.
    #[error(
        "this endpoint needs the client's certificate in the header {header}; give the certificate in PEM"
    )]
    MissingCertificate {
        /// The header.
        header: String,
    },
    /// The certificate for the header is none.
    #[error(
        "the certificate for the header {header} is not readable; give one X.509 certificate in PEM (-----BEGIN CERTIFICATE-----)"
    )]
    UnreadableCertificate {
        /// The header.
        header: String,
    },
    /// The application's key is missing.
    #[error(
        "this endpoint needs the application's key in the header {header}; give the key that the provider issued"
    )]
    MissingApiKey {
        /// The header.
        header: String,
    },
    /// A header whose value only the client knows.
    #[error("this endpoint needs the header {header}; give its value")]
    MissingHeader {
        /// The header.
        header: String,
    },
    /// A path that names a tenant.
    #[error("this endpoint's path names a tenant; give the tenant's id")]
    MissingTenant,
    /// A tenant that is no segment of a path.
    #[error("the tenant is not one segment of a path; give its id, made of letters, digits and - . _ ~")]
    InvalidTenant,
    /// Something is empty.
    #[error("the {0} is empty; give one")]
    Empty(&'static str),
    /// An id or a secret with a line break.
    #[error(
        "the {0} contains a line break or another control character; store it without (printf instead of echo)"
    )]
    ControlCharacter(&'static str),
    /// An id that Basic cannot carry.
    #[error(
        "an id with a colon cannot be sent as it is in HTTP Basic; check the id, or set basic_encoding = \"form\" in the dialect if the provider decodes it"
    )]
    ColonInId,
    /// A header that HTTP does not allow.
    #[error(
        "the header {name} cannot be sent, because HTTP allows no line break, no accent and no other special character there; check its value"
    )]
    Header {
        /// The header.
        name: String,
    },
    /// Something that the endpoint does not read.
    #[error("this endpoint takes no {0}; leave that out")]
    NotTaken(&'static str),
}

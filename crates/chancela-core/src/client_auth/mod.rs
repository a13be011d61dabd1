//! Client authentication (RFC 6749 §2.3): one file per `token_endpoint_auth_method`.
//!
//! Owns reading credentials from a request and the one place that believes them. Whoever holds an
//! [`AuthenticatedClient`] has proof; there is no other way to make one. For clients it owns which method they choose and
//! how they write it.

pub use credentials::{Credentials, partner};
pub use own::OwnCredentials;

mod client_secret_basic;
mod client_secret_post;
mod credentials;
mod own;
pub mod private_key_jwt;
pub mod self_signed_tls_client_auth;
pub mod tls_client_auth;

use crate::dialect::ClientAuthentication;
use crate::pepper::Pepper;
use crate::record::Client;
use crate::rejection::{Rejection, Rule};
use crate::secret::SecretDigest;
use crate::time::Timestamp;
use crate::x509::PresentedCertificate;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

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

impl Method {
    /// The method on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::TlsClientAuth => "tls_client_auth",
            Self::SelfSignedTlsClientAuth => "self_signed_tls_client_auth",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::None => "none",
        }
    }
}

/// Proof that a client is who it says it is, and may come to this endpoint.
#[derive(Debug)]
pub struct AuthenticatedClient {
    client: Arc<Client>,
    method: Method,
}

impl AuthenticatedClient {
    /// The client's record.
    pub const fn client(&self) -> &Arc<Client> {
        &self.client
    }

    /// How it proved itself.
    pub const fn method(&self) -> Method {
        self.method
    }

    /// Whether it has a credential of its own (RFC 6749 §2.1).
    pub fn is_confidential(&self) -> bool {
        self.method != Method::None
    }
}

/// Believes credentials or not. `lookup` gives the fact "this is the client of that id, if there is one".
///
/// An unknown client costs the same digest and comparisons as a known one and is refused in the same words, so that
/// neither time nor text tells which ids exist (requirement EN-06, CA-23).
///
/// # Errors
/// Why they are not believed; every reason that depends on the record looks the same on the wire.
pub fn verify(
    credentials: &Credentials<'_>,
    policy: &ClientAuthentication,
    lookup: &dyn Fn(&str) -> Option<Arc<Client>>,
    pepper: &Pepper,
    now: Timestamp,
) -> Result<AuthenticatedClient, Rejection> {
    use crate::dialect::BasicEncoding;
    let client = verify_one(credentials, lookup, pepper, now);
    let client = match (client, policy.basic_encoding) {
        (first, BasicEncoding::Raw) => first,
        (Ok(client), BasicEncoding::Either) => Ok(client),
        (first, _) => match credentials.form_decoded() {
            Some(decoded) => verify_one(&decoded, lookup, pepper, now),
            None => first,
        },
    }?;
    if policy.require_client_certificate {
        let certificate = credentials.certificate.ok_or(Rule::MissingClientCertificate)?;
        tls_client_auth::verify(&client.client, certificate)?;
    }
    // Without a secret, only the client's record says which method it is.
    if !policy.methods.contains(&client.method) {
        return Err(Rule::WrongAuthenticationMethod.into());
    }
    if client.client.partner { Err(Rule::UnknownClient.into()) } else { Ok(client) }
}

/// Believes a partner platform's credentials or not.
///
/// # Errors
/// [`Rule::InvalidPartner`].
pub fn verify_partner(
    credentials: &Credentials<'_>,
    lookup: &dyn Fn(&str) -> Option<Arc<Client>>,
    pepper: &Pepper,
    now: Timestamp,
) -> Result<AuthenticatedClient, Rejection> {
    let found = verify_one(credentials, lookup, pepper, now).map_err(|_| Rule::InvalidPartner)?;
    if found.client.partner { Ok(found) } else { Err(Rule::InvalidPartner.into()) }
}

fn verify_one(
    credentials: &Credentials<'_>,
    lookup: &dyn Fn(&str) -> Option<Arc<Client>>,
    pepper: &Pepper,
    now: Timestamp,
) -> Result<AuthenticatedClient, Rejection> {
    let client = lookup(credentials.client_id());
    let proof = match credentials.secret() {
        Some(secret) => match has_secret(client.as_deref(), &pepper.client_secret(secret), now) {
            true => Ok(credentials.method()),
            false => Err(Rule::WrongSecret),
        },
        None => without_secret(credentials.certificate, client.as_deref(), now),
    };
    match (client, proof) {
        (None, proof) => {
            Err(proof.err().filter(|rule| is_of_the_certificate(*rule)).unwrap_or(Rule::UnknownClient).into())
        }
        (Some(_), Err(rule)) => Err(rule.into()),
        (Some(client), Ok(_)) if !client.enabled => Err(Rule::DisabledClient.into()),
        (Some(client), Ok(method)) if client.token_endpoint_auth_method.is_some_and(|own| own != method) => {
            Err(Rule::WrongAuthenticationMethod.into())
        }
        (Some(client), Ok(method)) => Ok(AuthenticatedClient { client, method }),
    }
}

/// How a client that sent no secret proved itself. What is wrong with the certificate alone is said whoever is asked for,
/// so that it tells nothing of the client.
fn without_secret(
    certificate: Option<&PresentedCertificate>,
    client: Option<&Client>,
    now: Timestamp,
) -> Result<Method, Rule> {
    match (client.and_then(|client| client.token_endpoint_auth_method), certificate) {
        (Some(Method::None), _) => Ok(Method::None),
        (Some(Method::SelfSignedTlsClientAuth), Some(certificate)) => {
            let client = client.ok_or(Rule::UnknownClient)?;
            match self_signed_tls_client_auth::verify(client, certificate, now) {
                // Another's certificate is refused as it is for a client that there is not.
                Err(Rule::ForeignClientCertificate) => {
                    Err(certificate.trusted().err().unwrap_or(Rule::ForeignClientCertificate))
                }
                proof => proof.map(|()| Method::SelfSignedTlsClientAuth),
            }
        }
        (method, Some(certificate)) => {
            certificate.trusted()?;
            let client = client.filter(|_| method == Some(Method::TlsClientAuth)).ok_or(Rule::WrongSecret)?;
            tls_client_auth::verify(client, certificate)?;
            Ok(Method::TlsClientAuth)
        }
        (_, None) => Err(Rule::WrongSecret),
    }
}

const fn is_of_the_certificate(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::UntrustedClientCertificate
            | Rule::UnsuitableClientCertificate
            | Rule::RevokedClientCertificate
            | Rule::CertificateOutsideValidity
    )
}

/// Compares with exactly two digests whoever the client is, known or not.
fn has_secret(client: Option<&Client>, digest: &SecretDigest, now: Timestamp) -> bool {
    const NONE: SecretDigest = SecretDigest::from_bytes([0; 32]);
    let mut good = false;
    for slot in 0..2 {
        let own = client.and_then(|client| client.secrets.get(slot));
        let equal = digest == own.map_or(&NONE, |own| &own.digest);
        let live = own.is_some_and(|own| own.expires_at.is_none_or(|at| now.seconds() < at));
        good |= equal & live;
    }
    good
}

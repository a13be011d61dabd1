//! Client authentication (RFC 6749 §2.3): one file per `token_endpoint_auth_method`.
//!
//! Owns reading credentials from a request and the one place that believes them. Whoever holds an
//! [`AuthenticatedClient`] has proof; there is no other way to make one.

mod client_secret_basic;
mod client_secret_post;

use crate::dialect::{ClientAuthentication, ParameterNames};
use crate::message::HttpRequest;
use crate::message::body::Parameters;
use crate::pepper::Pepper;
use crate::record::Client;
use crate::rejection::{Rejection, Rule};
use crate::secret::SecretDigest;
use crate::time::Timestamp;
use http::header::AUTHORIZATION;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

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

/// Longest client id or secret in bytes that is looked at.
const MAX_CREDENTIAL_BYTES: usize = 1024;

/// Credentials as sent. Debug output shows neither id nor secret.
pub struct Credentials<'a> {
    method: Method,
    text: Text<'a>,
}

enum Text<'a> {
    /// `id:secret` and where the colon is.
    Pair(Zeroizing<String>, usize),
    /// Two parameters.
    Parameters(Cow<'a, str>, Option<Cow<'a, str>>),
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

impl<'a> Credentials<'a> {
    /// Finds the one set of credentials in a request.
    ///
    /// # Errors
    /// The rule that the request breaks.
    pub fn parse(
        policy: &ClientAuthentication,
        names: &ParameterNames,
        http: &HttpRequest<'a>,
        parameters: &Parameters<'a>,
    ) -> Result<Self, Rejection> {
        let header = http.single_header(AUTHORIZATION.as_str()).map_err(|()| {
            let several = http.headers.get_all(AUTHORIZATION).iter().nth(1).is_some();
            if several { Rule::AmbiguousAuthorization } else { Rule::MalformedAuthorization }
        })?;
        let id = parameters.text(&names.client_id)?;
        let secret = parameters.text(&names.client_secret)?;
        let credentials = match (header, id, secret) {
            (Some(_), _, Some(_)) => return Err(Rule::SeveralAuthentications.into()),
            (Some(header), id, None) => {
                let credentials = client_secret_basic::parse(header, policy.trailing_newline)?;
                let same = |id: &Cow<'_, str>| {
                    **id == *credentials.client_id()
                        || credentials.form_decoded().is_some_and(|other| **id == *other.client_id())
                };
                if !id.is_none_or(same) {
                    return Err(Rule::ClientIdMismatch.into());
                }
                credentials
            }
            (None, Some(id), Some(secret)) => client_secret_post::parse(id, secret, policy.trailing_newline)?,
            (None, Some(id), None) if policy.methods.contains(&Method::None) => {
                Self { method: Method::None, text: Text::Parameters(id.clone(), None) }
            }
            (None, _, _) => return Err(Rule::MissingCredentials.into()),
        };
        if !policy.methods.contains(&credentials.method) {
            return Err(Rule::UnsupportedAuthenticationMethod.into());
        }
        if credentials.client_id().len() > MAX_CREDENTIAL_BYTES
            || credentials.secret().is_some_and(|secret| secret.len() > MAX_CREDENTIAL_BYTES)
        {
            return Err(Rule::ParameterTooLong.into());
        }
        Ok(credentials)
    }

    /// The client id as sent.
    pub fn client_id(&self) -> &str {
        match &self.text {
            Text::Pair(pair, colon) => &pair[..*colon],
            Text::Parameters(id, _) => id,
        }
    }

    /// How they were sent.
    pub const fn method(&self) -> Method {
        self.method
    }

    fn secret(&self) -> Option<&str> {
        match &self.text {
            Text::Pair(pair, colon) => Some(&pair[*colon + 1..]),
            Text::Parameters(_, secret) => secret.as_deref(),
        }
    }

    /// The other reading of a Basic pair, if there is one (RFC 6749 §2.3.1 against what bank clients send).
    fn form_decoded(&self) -> Option<Credentials<'static>> {
        match &self.text {
            Text::Pair(pair, colon) if self.method == Method::ClientSecretBasic => {
                client_secret_basic::form_decoded(&pair[..*colon], &pair[*colon + 1..])
            }
            _ => None,
        }
    }
}

impl fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({} ***)", self.method.as_str())
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

/// Credentials of a partner platform, from the header that the dialect names.
///
/// # Errors
/// [`Rule::InvalidPartner`] if the header is there and is not readable.
pub fn partner(
    policy: &ClientAuthentication,
    http: &HttpRequest<'_>,
) -> Result<Option<Credentials<'static>>, Rejection> {
    let Some(partner) = &policy.partner else { return Ok(None) };
    let invalid = Rejection::from(Rule::InvalidPartner);
    let Some(text) = http.single_header(&partner.header).map_err(|()| invalid)? else { return Ok(None) };
    let text = text.strip_prefix(partner.scheme.as_str()).ok_or(invalid)?;
    client_secret_basic::parse_pair(text.trim(), policy.trailing_newline).map(Some).map_err(|_| invalid)
}

fn verify_one(
    credentials: &Credentials<'_>,
    lookup: &dyn Fn(&str) -> Option<Arc<Client>>,
    pepper: &Pepper,
    now: Timestamp,
) -> Result<AuthenticatedClient, Rejection> {
    let client = lookup(credentials.client_id());
    let method = credentials.method();
    let good = match credentials.secret() {
        Some(secret) => has_secret(client.as_deref(), &pepper.client_secret(secret), now),
        None => client.as_deref().is_some_and(|c| c.token_endpoint_auth_method == Some(Method::None)),
    };
    match client {
        None => Err(Rule::UnknownClient.into()),
        Some(_) if !good => Err(Rule::WrongSecret.into()),
        Some(client) if !client.enabled => Err(Rule::DisabledClient.into()),
        Some(client) if client.token_endpoint_auth_method.is_some_and(|own| own != method) => {
            Err(Rule::WrongAuthenticationMethod.into())
        }
        Some(client) => Ok(AuthenticatedClient { client, method }),
    }
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

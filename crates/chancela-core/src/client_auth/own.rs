//! A client's own credentials: which `token_endpoint_auth_method` they fit at an endpoint, and how that is written.
//!
//! Does not own what proves them: the assertion is signed and the certificate shown elsewhere.

use super::credentials::{Credentials, Text};
use super::{Method, client_secret_basic};
use crate::dialect::{BasicEncoding, ParameterNames, TokenEndpoint};
use crate::message::token_request::EncodeError;
use crate::secret::Secret;
use zeroize::Zeroizing;

/// `client_assertion_type` of a JWT (RFC 7523 §2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a client has to say who it is.
#[derive(Debug, Clone, Copy)]
pub struct OwnCredentials<'a> {
    /// `client_id`.
    pub client_id: &'a str,
    /// `client_secret`; an empty one counts as none.
    pub client_secret: Option<&'a Secret>,
    /// A JWT that was signed for this one request (RFC 7523); an empty one counts as none.
    pub client_assertion: Option<&'a Secret>,
    /// Whether the connection shows a client certificate.
    pub certificate: bool,
    /// The method that the client is registered with. If `None`, the strongest that fits; of the two with a secret, the
    /// one that the dialect names first.
    pub method: Option<Method>,
}

impl OwnCredentials<'_> {
    /// What `method` needs and these credentials have not, in words.
    fn lacks(&self, method: Method) -> Option<&'static str> {
        match method {
            Method::PrivateKeyJwt if self.assertion().is_none() => Some("a key that signs client assertions"),
            Method::TlsClientAuth | Method::SelfSignedTlsClientAuth if !self.certificate => {
                Some("a client certificate on the connection")
            }
            Method::ClientSecretBasic | Method::ClientSecretPost if self.secret().is_none() => {
                Some("a client secret")
            }
            _ => None,
        }
    }

    fn secret(&self) -> Option<&Secret> {
        self.client_secret.filter(|secret| !secret.expose().is_empty())
    }

    fn assertion(&self) -> Option<&Secret> {
        self.client_assertion.filter(|assertion| !assertion.expose().is_empty())
    }

    fn choose(&self, offered: &[Method]) -> Result<Method, EncodeError> {
        if let Some(method) = self.method {
            if !offered.contains(&method) {
                return Err(EncodeError::MethodNotOffered {
                    method: method.as_str(),
                    offered: names(offered),
                });
            }
            return match self.lacks(method) {
                Some(lacks) => Err(EncodeError::MethodLacks { method: method.as_str(), lacks }),
                None => Ok(method),
            };
        }
        // Whoever has a secret does not mean to come without.
        let is_public = self.secret().is_none() && self.assertion().is_none();
        let fits =
            |method: &&Method| self.lacks(**method).is_none() && (**method != Method::None || is_public);
        let best = offered.iter().filter(fits).min_by_key(|method| weakness(**method));
        best.copied().ok_or_else(|| EncodeError::NoMethod { offered: names(offered) })
    }
}

/// A signature, then a certificate, a secret, nothing. Where the secret stands is no difference in strength, so the
/// provider's documentation decides, which names the first.
const fn weakness(method: Method) -> u8 {
    match method {
        Method::PrivateKeyJwt => 0,
        Method::TlsClientAuth => 1,
        Method::SelfSignedTlsClientAuth => 2,
        Method::ClientSecretBasic | Method::ClientSecretPost => 3,
        Method::None => 4,
    }
}

impl<'a> Credentials<'a> {
    /// A client's own, to be sent to `endpoint`.
    ///
    /// # Errors
    /// [`EncodeError`]: no method of the endpoint fits, or an id or secret that cannot be sent.
    pub fn own(endpoint: &TokenEndpoint, own: &OwnCredentials<'a>) -> Result<Self, EncodeError> {
        let policy = &endpoint.client_authentication;
        if own.client_id.is_empty() {
            return Err(EncodeError::Empty("client id"));
        }
        let method = own.choose(&policy.methods)?;
        if (endpoint.requires.mutual_tls || policy.require_client_certificate) && !own.certificate {
            return Err(EncodeError::MissingMutualTls);
        }
        let secret = own.client_secret.map_or("", Secret::expose);
        printable("client id", own.client_id)?;
        printable("client secret", secret)?;
        let text = match (method, own.client_assertion) {
            (Method::PrivateKeyJwt, Some(assertion)) => Text::Assertion(own.client_id, assertion),
            (Method::ClientSecretBasic, _) => pair(own.client_id, secret),
            (Method::ClientSecretPost, _) => Text::Parameters(own.client_id.into(), Some(secret.into())),
            _ => Text::Parameters(own.client_id.into(), None),
        };
        Ok(Self { method, text, certificate: None })
    }

    /// A partner platform's, to be sent beside a client's.
    ///
    /// # Errors
    /// [`EncodeError`]: an id or secret that cannot be sent.
    pub fn own_partner(id: &'a str, secret: &'a Secret) -> Result<Self, EncodeError> {
        let secret = secret.expose();
        if id.is_empty() || secret.is_empty() {
            return Err(EncodeError::Empty("partner's id or secret"));
        }
        printable("partner's id", id)?;
        printable("partner's secret", secret)?;
        Ok(Self { method: Method::ClientSecretBasic, text: pair(id, secret), certificate: None })
    }

    /// The value of `Authorization`, if the method writes one.
    pub(crate) fn authorization(
        &self,
        encoding: BasicEncoding,
    ) -> Result<Option<Zeroizing<String>>, EncodeError> {
        let Text::Pair(..) = &self.text else { return Ok(None) };
        let encoded = self.encoded_pair(encoding)?;
        Ok(Some(Zeroizing::new(format!("Basic {}", *encoded))))
    }

    /// Base64 of the pair, as Basic and the partner's header have it.
    pub(crate) fn encoded_pair(&self, encoding: BasicEncoding) -> Result<Zeroizing<String>, EncodeError> {
        let secret = self.secret().unwrap_or_default();
        client_secret_basic::encode(self.client_id(), secret, encoding).ok_or(EncodeError::ColonInId)
    }

    /// The parameters that the method writes, by the endpoint's names.
    pub(crate) fn parameters<'s>(&'s self, names: &'s ParameterNames) -> Vec<(&'s str, &'s str)> {
        let id = (names.client_id.as_str(), self.client_id());
        match &self.text {
            Text::Pair(..) => Vec::new(),
            Text::Parameters(_, None) => vec![id],
            Text::Parameters(_, Some(secret)) => vec![id, (&names.client_secret, secret)],
            Text::Assertion(_, assertion) => {
                vec![id, ("client_assertion_type", JWT_BEARER), ("client_assertion", assertion.expose())]
            }
        }
    }
}

fn pair(id: &str, secret: &str) -> Text<'static> {
    let mut pair = Zeroizing::new(String::with_capacity(id.len() + secret.len() + 1));
    pair.push_str(id);
    pair.push(':');
    pair.push_str(secret);
    Text::Pair(pair, id.len())
}

/// A secret's line break is the editor's or `echo`'s, and no server knows it (RFC 7617 §2 forbids it, too).
fn printable(what: &'static str, text: &str) -> Result<(), EncodeError> {
    if text.chars().any(char::is_control) { Err(EncodeError::ControlCharacter(what)) } else { Ok(()) }
}

fn names(methods: &[Method]) -> String {
    methods.iter().map(|method| method.as_str()).collect::<Vec<_>>().join(", ")
}

//! Finding the one set of credentials in a request. Nothing in them has been believed yet.

use super::{Method, client_secret_basic, client_secret_post};
use crate::dialect::{ClientAuthentication, ParameterNames};
use crate::message::HttpRequest;
use crate::message::body::Parameters;
use crate::rejection::{Rejection, Rule};
use crate::secret::Secret;
use crate::x509::PresentedCertificate;
use http::header::AUTHORIZATION;
use std::borrow::Cow;
use std::fmt;
use zeroize::Zeroizing;

/// Longest client id or secret in bytes that is looked at.
const MAX_CREDENTIAL_BYTES: usize = 1024;

/// Credentials as sent. Debug output shows neither id nor secret.
pub struct Credentials<'a> {
    pub(super) method: Method,
    pub(super) text: Text<'a>,
    /// The certificate of the connection.
    pub(super) certificate: Option<&'a PresentedCertificate>,
}

pub(super) enum Text<'a> {
    /// `id:secret` and where the colon is.
    Pair(Zeroizing<String>, usize),
    /// Two parameters.
    Parameters(Cow<'a, str>, Option<Cow<'a, str>>),
    /// The client's id and its signed assertion, which a client sends and this server does not read yet.
    Assertion(&'a str, &'a Secret),
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
            // Whether it is a public client or a certificate's holder, its record says.
            (None, Some(id), None) if policy.without_secret() => {
                Self { method: Method::None, text: Text::Parameters(id.clone(), None), certificate: None }
            }
            (None, _, _) => return Err(Rule::MissingCredentials.into()),
        };
        let secretless = credentials.secret().is_none();
        if secretless && http.certificate.is_none() && !policy.methods.contains(&Method::None) {
            return Err(Rule::MissingClientCertificate.into());
        }
        if !secretless && !policy.methods.contains(&credentials.method) {
            return Err(Rule::UnsupportedAuthenticationMethod.into());
        }
        let credentials = Self { certificate: http.certificate, ..credentials };
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
            Text::Assertion(id, _) => id,
        }
    }

    /// How they were sent.
    pub const fn method(&self) -> Method {
        self.method
    }

    pub(super) fn secret(&self) -> Option<&str> {
        match &self.text {
            Text::Pair(pair, colon) => Some(&pair[*colon + 1..]),
            Text::Parameters(_, secret) => secret.as_deref(),
            Text::Assertion(..) => None,
        }
    }

    /// The other reading of a Basic pair, if there is one (RFC 6749 §2.3.1 against what bank clients send).
    pub(super) fn form_decoded(&self) -> Option<Credentials<'static>> {
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

//! The token request (RFC 6749 §3.2, §4.4.2, §4.3.2, §6) as a dialect writes it: read here by a server, written in
//! `encode` by a client. What one writes the other reads as the same request.

mod encode;
pub(super) mod envelope;
mod error;
pub(super) mod written;

pub use envelope::{Envelope, path};
pub use error::EncodeError;

use super::HttpRequest;
use super::body::{Parameters, Value, refuse_credentials_in_query};
use super::device_authorization::DEVICE_CODE;
use crate::client_auth::{self, Credentials};
use crate::dialect::{Grant, GrantTypeIn, Request, ScopeAs, TokenEndpoint};
use crate::rejection::{Rejection, Rule};
use http::Method;
use std::borrow::Cow;
use std::fmt;

/// A well-formed token request. Nothing in it has been believed yet. Debug output shows no credential and no token.
pub struct TokenRequest<'a> {
    /// What is asked for.
    pub grant: GrantRequest<'a>,
    /// Who says it is asking.
    pub credentials: Credentials<'a>,
    /// Credentials of the partner platform, if any were sent.
    pub partner: Option<Credentials<'a>>,
    /// Requested scope as sent; `None` if absent or empty.
    pub scope: Option<Cow<'a, str>>,
    /// The resource server that the token is to be for (RFC 8707 §2.2).
    pub resource: Option<Cow<'a, str>>,
    /// The access token of an earlier step.
    pub chain_token: Option<&'a str>,
    /// The certificate header.
    pub certificate: Option<&'a str>,
}

/// The members that are a grant's own. Debug output shows the grant's name alone.
#[derive(Clone)]
pub enum GrantRequest<'a> {
    /// RFC 6749 §4.4.2.
    ClientCredentials,
    /// RFC 6749 §4.3.2.
    Password {
        /// `username`.
        username: Cow<'a, str>,
        /// `password`.
        password: crate::secret::Secret,
    },
    /// RFC 6749 §4.1.3.
    AuthorizationCode {
        /// `code`.
        code: Cow<'a, str>,
        /// `redirect_uri`.
        redirect_uri: Option<Cow<'a, str>>,
        /// `code_verifier` (RFC 7636 §4.5); absent if empty (PK-09).
        code_verifier: Option<Cow<'a, str>>,
    },
    /// RFC 6749 §6.
    RefreshToken {
        /// `refresh_token`.
        refresh_token: Cow<'a, str>,
    },
    /// RFC 8628 §3.4, of a dialect that has a device authorization endpoint. It is written and never read.
    DeviceCode {
        /// `device_code`.
        device_code: crate::secret::Secret,
    },
}

impl GrantRequest<'_> {
    /// What the request means, whatever the dialect calls it. `None` for a device's code, which all call by one name.
    pub const fn meaning(&self) -> Option<Grant> {
        Some(match self {
            Self::ClientCredentials => Grant::ClientCredentials,
            Self::Password { .. } => Grant::DangerPassword,
            Self::AuthorizationCode { .. } => Grant::AuthorizationCode,
            Self::RefreshToken { .. } => Grant::RefreshToken,
            Self::DeviceCode { .. } => return None,
        })
    }
}

impl fmt::Debug for GrantRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.meaning().map_or(DEVICE_CODE, |grant| grant.grant_type().as_str()))
    }
}

impl fmt::Debug for TokenRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { grant, credentials, partner, scope, resource, chain_token, certificate } = self;
        f.debug_struct("TokenRequest")
            .field("grant", grant)
            .field("credentials", credentials)
            .field("partner", partner)
            .field("scope", scope)
            .field("resource", resource)
            .field("chain_token", &chain_token.map(|_| "***"))
            .field("certificate", certificate)
            .finish()
    }
}

/// Longest password in bytes that is looked at (requirement DO-06).
const MAX_PASSWORD_BYTES: usize = 1024;

impl<'a> TokenRequest<'a> {
    /// Reads a request to `endpoint`.
    ///
    /// # Errors
    /// The rule that the request breaks.
    pub fn parse(endpoint: &TokenEndpoint, http: &HttpRequest<'a>) -> Result<Self, Rejection> {
        if http.method != Method::POST {
            return Err(Rule::MethodNotAllowed.into());
        }
        refuse_credentials_in_query(http.query)?;
        required_headers(&endpoint.request, http)?;
        let parameters = Parameters::parse(&endpoint.request, http)?;
        let names = &endpoint.request.names;
        let credentials = Credentials::parse(&endpoint.client_authentication, names, http, &parameters)?;
        let partner = client_auth::partner(&endpoint.client_authentication, http)?;
        let grant = grant(&endpoint.request, &parameters, http.query)?;
        let scope = scope(endpoint.request.scope_as, &parameters, &names.scope)?;
        let resource = resource(&parameters)?;
        let requires = &endpoint.requires;
        let chain_token = match &requires.access_token {
            Some(chained) => http.single_header(&chained.header).map_err(|()| Rule::MissingChainToken)?,
            None => None,
        };
        let certificate = match &requires.danger_client_certificate {
            Some(header) => http.single_header(&header.header).map_err(|()| Rule::MissingCertificate)?,
            None => None,
        };
        Ok(Self { grant, credentials, partner, scope, resource, chain_token, certificate })
    }
}

fn required_headers(request: &Request, http: &HttpRequest<'_>) -> Result<(), Rejection> {
    for header in &request.headers {
        let sent = http.single_header(&header.name).map_err(|()| Rule::MissingHeader)?;
        let good = match (&header.value, sent) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(wanted), Some(sent)) => wanted == sent,
        };
        if !good {
            return Err(Rule::MissingHeader.into());
        }
    }
    Ok(())
}

fn grant<'a>(
    request: &Request,
    parameters: &Parameters<'a>,
    query: Option<&'a str>,
) -> Result<GrantRequest<'a>, Rejection> {
    let names = &request.names;
    let in_query;
    let of_grant = match request.grant_type_in {
        GrantTypeIn::Body => parameters,
        GrantTypeIn::Query => {
            in_query = Parameters::form(query.unwrap_or_default().as_bytes())?;
            &in_query
        }
    };
    let meaning = match of_grant.text(&names.grant_type)? {
        Some(wire) => *request.grants.get(&**wire).ok_or(Rule::UnsupportedGrantType)?,
        None => request.default_grant.ok_or(Rule::MissingGrantType)?,
    };
    let needed = |name: &str, rule: Rule| parameters.text(name)?.cloned().ok_or(Rejection::from(rule));
    match meaning {
        Grant::ClientCredentials => Ok(GrantRequest::ClientCredentials),
        Grant::DangerPassword => {
            let username = needed(&names.username, Rule::MissingUsername)?;
            let password = needed(&names.password, Rule::MissingPassword)?;
            if password.len() > MAX_PASSWORD_BYTES {
                return Err(Rule::PasswordTooLong.into());
            }
            Ok(GrantRequest::Password {
                username,
                password: crate::secret::Secret::new(password.into_owned()),
            })
        }
        Grant::RefreshToken => {
            let refresh_token = needed(&names.refresh_token, Rule::MissingRefreshToken)?;
            Ok(GrantRequest::RefreshToken { refresh_token })
        }
        Grant::AuthorizationCode => Ok(GrantRequest::AuthorizationCode {
            code: needed(&names.code, Rule::MissingCode)?,
            redirect_uri: parameters.text(&names.redirect_uri)?.cloned(),
            code_verifier: parameters.text(&names.code_verifier)?.cloned(),
        }),
    }
}

/// At most one: a token is for one resource server.
fn resource<'a>(parameters: &Parameters<'a>) -> Result<Option<Cow<'a, str>>, Rejection> {
    match parameters.count("resource") {
        0 | 1 => Ok(parameters.text("resource")?.cloned()),
        _ => Err(Rule::UnknownResource.into()),
    }
}

fn scope<'a>(
    scope_as: ScopeAs,
    parameters: &Parameters<'a>,
    name: &str,
) -> Result<Option<Cow<'a, str>>, Rejection> {
    let text = match (scope_as, parameters.get(name)) {
        (_, None) => return Ok(None),
        (ScopeAs::Text, Some(Value::Text(text))) => text.clone(),
        (ScopeAs::CommaText, Some(Value::Text(text))) => Cow::Owned(text.replace(',', " ")),
        (ScopeAs::Array, Some(Value::List(list))) => Cow::Owned(list.join(" ")),
        _ => return Err(Rule::MalformedScope.into()),
    };
    Ok(Some(text).filter(|text| !text.trim_matches(' ').is_empty()))
}

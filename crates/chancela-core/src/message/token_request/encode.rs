//! Writing a token request as a client sends it: the endpoint's path, headers, encoding and names. What the endpoint
//! would refuse is refused here, before a secret leaves.
//!
//! Does not own which credentials are chosen ([`Credentials::own`](crate::client_auth::Credentials::own)), the
//! provider's address, or sending.

use super::envelope::{Envelope, headers, path};
use super::written::{self, Written};
use super::{EncodeError, GrantRequest, TokenRequest};
use crate::client_auth::Method as AuthenticationMethod;
use crate::dialect::{BodyEncoding, Grant, GrantTypeIn, Request, ScopeAs, TokenEndpoint, WhenScopeAbsent};
use crate::message::authorization_request::append;
use crate::message::device_authorization::DEVICE_CODE;
use crate::scope::Scope;
use bytes::Bytes;
use http::Method;

impl TokenRequest<'_> {
    /// Writes it for `endpoint`. The URI is a path below the provider's base address. The body is wiped when it is
    /// dropped; a request's debug output shows it, so requests are not to be logged.
    ///
    /// # Errors
    /// [`EncodeError`]: what the endpoint would refuse, or cannot be told.
    pub fn encode(
        &self,
        endpoint: &TokenEndpoint,
        envelope: &Envelope<'_>,
    ) -> Result<http::Request<Bytes>, EncodeError> {
        self.check_method(endpoint)?;
        let encoding = encoding(&endpoint.request)?;
        let wire_grant = match self.grant.meaning() {
            Some(meaning) => wire_grant(&endpoint.request, meaning)?,
            None => Some(DEVICE_CODE),
        };
        let in_query = endpoint.request.grant_type_in == GrantTypeIn::Query;
        let mut target = path(endpoint, envelope.tenant)?;
        if let Some(wire) = wire_grant.filter(|_| in_query) {
            let mut query = String::new();
            append(&mut query, &endpoint.request.names.grant_type, wire);
            target = [&target, "?", &query].concat();
        }
        let scope = self.checked_scope(endpoint)?;
        let by_commas = scope.as_ref().map(|scope| scope.as_str().replace(' ', ","));
        let scope = match endpoint.request.scope_as {
            ScopeAs::Text => scope.as_ref().map(|scope| Written::Text(scope.as_str())),
            ScopeAs::CommaText => by_commas.as_deref().map(Written::Text),
            ScopeAs::Array => scope.as_ref().map(|scope| Written::List(scope.iter().collect())),
        };
        let parameters = self.parameters(endpoint, wire_grant.filter(|_| !in_query), scope)?;
        let body = match encoding {
            BodyEncoding::Json => written::json(&parameters),
            _ => written::form(&parameters).ok_or(EncodeError::Encoding)?,
        };
        let mut request = http::Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = target.parse().map_err(|_| EncodeError::InvalidTenant)?;
        *request.headers_mut() = headers(self, endpoint, envelope, encoding)?;
        Ok(request)
    }

    /// Credentials may have been chosen for another endpoint. As a server reads them, those without a secret are of the
    /// method `none`.
    fn check_method(&self, endpoint: &TokenEndpoint) -> Result<(), EncodeError> {
        let (policy, method) = (&endpoint.client_authentication, self.credentials.method());
        let secretless = method == AuthenticationMethod::None && policy.without_secret();
        if secretless || policy.methods.contains(&method) {
            return Ok(());
        }
        let offered = policy.methods.iter().map(|method| method.as_str()).collect::<Vec<_>>().join(", ");
        Err(EncodeError::MethodNotOffered { method: method.as_str(), offered })
    }

    /// The scope in the form in which it is sent, within the endpoint's rules. A code and a refresh token bring a scope
    /// of their own, so only the other grants need one.
    fn checked_scope(&self, endpoint: &TokenEndpoint) -> Result<Option<Scope>, EncodeError> {
        let rules = &endpoint.scope;
        let scope = self.scope.as_deref().map(Scope::parse).transpose()?.filter(|scope| !scope.is_empty());
        let begins = matches!(self.grant, GrantRequest::ClientCredentials | GrantRequest::Password { .. });
        let Some(scope) = scope else {
            return match &endpoint.exact_scope {
                _ if !begins || rules.when_absent != WhenScopeAbsent::Reject => Ok(None),
                Some(exact) => Err(EncodeError::ScopeNotExact(exact.as_str().to_owned())),
                None => Err(EncodeError::MissingScope),
            };
        };
        if let Some(max) = rules.max.filter(|max| scope.len() > usize::from(*max)) {
            return Err(EncodeError::TooManyScopes { max, given: scope.len() });
        }
        let differs = |exact: &&Scope| !(exact.is_subset_of(&scope) && scope.is_subset_of(exact));
        if let Some(exact) = endpoint.exact_scope.as_ref().filter(|_| begins).filter(differs) {
            return Err(EncodeError::ScopeNotExact(exact.as_str().to_owned()));
        }
        if endpoint.request.scope_as == ScopeAs::CommaText && scope.as_str().contains(',') {
            return Err(EncodeError::CommaInScope);
        }
        Ok(Some(scope))
    }

    fn parameters<'s>(
        &'s self,
        endpoint: &'s TokenEndpoint,
        wire_grant: Option<&'s str>,
        scope: Option<Written<'s>>,
    ) -> Result<Vec<(&'s str, Written<'s>)>, EncodeError> {
        let names = &endpoint.request.names;
        let mut texts: Vec<(&str, &str)> = Vec::with_capacity(8);
        texts.extend(wire_grant.map(|wire| (names.grant_type.as_str(), wire)));
        texts.extend(self.credentials.parameters(names));
        match &self.grant {
            GrantRequest::ClientCredentials => {}
            GrantRequest::Password { username, password } => {
                texts.push((&names.username, needed("user name", username)?));
                texts.push((&names.password, needed("password", password.expose())?));
            }
            GrantRequest::AuthorizationCode { code, redirect_uri, code_verifier } => {
                texts.push((&names.code, needed("code", code)?));
                texts.extend(redirect_uri.as_deref().map(|uri| (names.redirect_uri.as_str(), uri)));
                texts.extend(code_verifier.as_deref().map(|text| (names.code_verifier.as_str(), text)));
            }
            GrantRequest::DeviceCode { device_code } => {
                texts.push(("device_code", needed("device code", device_code.expose())?));
            }
            GrantRequest::RefreshToken { refresh_token } => {
                texts.push((&names.refresh_token, needed("refresh token", refresh_token)?));
            }
        }
        texts.extend(self.resource.as_deref().map(|resource| ("resource", resource)));
        // An empty parameter says nothing (OAuth 2.1 section 3.2).
        let texts = texts.into_iter().filter(|(_, text)| !text.is_empty());
        let mut out: Vec<_> = texts.map(|(name, text)| (name, Written::Text(text))).collect();
        out.extend(scope.map(|scope| (names.scope.as_str(), scope)));
        Ok(out)
    }
}

fn needed<'t>(what: &'static str, text: &'t str) -> Result<&'t str, EncodeError> {
    if text.is_empty() { Err(EncodeError::Empty(what)) } else { Ok(text) }
}

/// The encoding that the provider documents, or the first other one that can be written.
fn encoding(request: &Request) -> Result<BodyEncoding, EncodeError> {
    let array = request.scope_as == ScopeAs::Array;
    let possible = |encoding: &&BodyEncoding| match encoding {
        BodyEncoding::Form => !array,
        BodyEncoding::Json => true,
        BodyEncoding::Multipart => false,
    };
    request.encodings.iter().find(possible).copied().ok_or(EncodeError::Encoding)
}

/// What the endpoint calls a grant: the registered name if that is one of several, else the first in order. `None` where
/// the provider knows no `grant_type`.
fn wire_grant(request: &Request, meaning: Grant) -> Result<Option<&str>, EncodeError> {
    let registered = meaning.grant_type().as_str();
    let names = || request.grants.iter().filter(|(_, own)| **own == meaning).map(|(wire, _)| wire.as_str());
    match names().find(|wire| *wire == registered).or_else(|| names().next()) {
        Some(wire) => Ok(Some(wire)),
        None if request.default_grant == Some(meaning) => Ok(None),
        None => {
            let mut offered: Vec<_> =
                request.grants.values().chain(&request.default_grant).map(|own| own.grant_type()).collect();
            offered.sort_unstable();
            offered.dedup();
            let offered = offered.iter().map(|own| own.as_str()).collect::<Vec<_>>().join(", ");
            Err(EncodeError::Grant { grant: registered, offered })
        }
    }
}

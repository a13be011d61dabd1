//! The request with which a client begins a login: a code with a proof key (RFC 7636), and what the dialect demands.
//!
//! Owns neither the random texts nor the browser.

use super::{AuthorizationRequest, MAX_NONCE_BYTES, MAX_STATE_BYTES, joint};
use crate::dialect::Authorization;
use crate::message::body::MAX_VALUE_BYTES;
use crate::scope::Scope;
use crate::secret::Secret;
use crate::{pkce, redirect_uri};

/// What a client begins a login with. `state`, `nonce` and the verifier are random and new for each login.
#[derive(Debug, Clone, Copy)]
pub struct Login<'a> {
    /// `client_id`.
    pub client_id: &'a str,
    /// Where the answer goes.
    pub redirect_uri: &'a str,
    /// What is asked for; without one, what the provider gives.
    pub scope: Option<&'a Scope>,
    /// `state`: the login that an answer belongs to.
    pub state: &'a str,
    /// `nonce`, which OpenID Connect needs.
    pub nonce: Option<&'a str>,
    /// What the code is redeemed with (RFC 7636).
    pub code_verifier: &'a Secret,
    /// The resource server that the tokens are to be for (RFC 8707).
    pub resource: Option<&'a str>,
    /// More parameters, such as `prompt` and `login_hint`.
    pub more: &'a [(&'a str, &'a str)],
}

/// Why a login cannot begin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// Something is empty, or longer than servers read.
    #[error("the {0} is empty or too long; give one of a usual length")]
    Length(&'static str),
    /// The redirect URI is none.
    #[error(
        "the redirect URI is not an absolute URI without fragment; give the one that the provider registered"
    )]
    RedirectUri,
    /// OpenID Connect without a nonce.
    #[error("the scope openid needs a nonce; give a random one")]
    MissingNonce,
    /// The provider accepts one scope alone.
    #[error("this provider accepts one scope alone for logins; ask for exactly: {0}")]
    ScopeNotExact(String),
    /// A parameter that the login itself or the dialect gives.
    #[error("the parameter {0} is set by the login itself; leave it out")]
    Parameter(String),
}

impl AuthorizationRequest {
    /// A client's request for a code, with everything that the dialect demands.
    ///
    /// # Errors
    /// [`LoginError`]: what the provider would refuse.
    pub fn begin(rules: &Authorization, login: &Login<'_>) -> Result<Self, LoginError> {
        let within = |what, text: &str, most: usize| {
            if (1..=most).contains(&text.len()) { Ok(()) } else { Err(LoginError::Length(what)) }
        };
        within("client id", login.client_id, MAX_VALUE_BYTES)?;
        within("state", login.state, MAX_STATE_BYTES)?;
        login.nonce.map_or(Ok(()), |nonce| within("nonce", nonce, MAX_NONCE_BYTES))?;
        redirect_uri::host(login.redirect_uri).ok_or(LoginError::RedirectUri)?;
        exact_scope(rules, login.scope)?;
        let mut request = Self::default()
            .with("response_type", "code")
            .with("client_id", login.client_id)
            .with("redirect_uri", login.redirect_uri);
        if let Some(scope) = login.scope.filter(|scope| !scope.is_empty()) {
            request = request.with("scope", scope.as_str());
        }
        request = request
            .with("state", login.state)
            .with("code_challenge", &pkce::challenge(login.code_verifier))
            .with("code_challenge_method", pkce::METHOD);
        if request.is_openid() && login.nonce.is_none() {
            return Err(LoginError::MissingNonce);
        }
        let own = [("nonce", login.nonce), ("resource", login.resource)];
        let own = own.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let fixed = rules.parameters.iter().map(|fixed| (fixed.name.as_str(), fixed.value.as_str()));
        for (name, value) in own.chain(fixed).chain(login.more.iter().copied()) {
            if request.get(name).is_some() {
                return Err(LoginError::Parameter(name.to_owned()));
            }
            request = request.with(name, value);
        }
        Ok(request)
    }

    /// The URL to open in the user's browser. `endpoint` is the provider's, without fragment.
    pub fn url(&self, endpoint: &str) -> String {
        [endpoint, joint(endpoint), &self.to_query()].concat()
    }
}

/// Whether the scope is the one that the dialect's provider demands, apart from what is optional.
fn exact_scope(rules: &Authorization, scope: Option<&Scope>) -> Result<(), LoginError> {
    let Some(exact) = rules.scope_exactly.as_deref() else { return Ok(()) };
    let optional: Vec<&str> = rules.scope_optional.iter().flat_map(|text| text.split(' ')).collect();
    let demanded: Scope =
        scope.into_iter().flat_map(|scope| scope.iter()).filter(|token| !optional.contains(token)).collect();
    let wanted: Scope = exact.split(' ').filter(|token| !token.is_empty()).collect();
    if demanded.is_subset_of(&wanted) && wanted.is_subset_of(&demanded) {
        Ok(())
    } else {
        Err(LoginError::ScopeNotExact(exact.to_owned()))
    }
}

//! What a good authorization request is. [`validate`] is the list of checks; each is a function in `checks`.

use super::checks;
use crate::dialect::{Authorization, ScopeRules};
use crate::message::authorization_request::AuthorizationRequest;
use crate::openid::claims::ClaimsRequest;
use crate::record::Client;
use crate::rejection::Rejection;
use crate::scope::Scope;
use std::sync::Arc;

/// What a realm brings to the checks.
#[derive(Clone, Copy)]
pub struct Policy<'a> {
    /// The realm's name.
    pub realm: &'a str,
    /// The dialect's rules for the endpoint.
    pub rules: &'a Authorization,
    /// The scope rules of the token endpoint at which its codes are redeemed.
    pub scope: &'a ScopeRules,
    /// Whether a scope is in the realm's catalogue.
    pub exists: &'a dyn Fn(&str) -> bool,
    /// Resource servers that tokens may be for (RFC 8707).
    pub resources: &'a [String],
    /// "This is the client of that id, if there is one."
    pub client: &'a dyn Fn(&str) -> Option<Arc<Client>>,
}

/// A request that passed every check. There is no other way to make one.
#[derive(Debug)]
#[non_exhaustive]
pub struct ValidRequest {
    /// Who asks.
    pub client: Arc<Client>,
    /// Where the answer goes.
    pub target: RedirectTarget,
    /// Whether the request named the redirect URI.
    pub redirect_uri_given: bool,
    /// What is asked for, as far as the client may have it.
    pub scope: Scope,
    /// `nonce`, for the ID token.
    pub nonce: Option<Box<str>>,
    /// SHA-256 that the verifier must have.
    pub code_challenge: Option<[u8; 32]>,
    /// What the user is to be asked in any case.
    pub prompt: Prompt,
    /// Seconds since the login after which the user logs in again.
    pub max_age: Option<u32>,
    /// Claims that are asked for singly.
    pub claims: ClaimsRequest,
    /// Context classes that the client would like, best first.
    pub acr_values: Vec<Box<str>>,
    /// The resource server that the tokens are for.
    pub resource: Option<Box<str>>,
    /// Who the user says to be, for the login page.
    pub login_hint: Option<Box<str>>,
    /// Languages that the client asks for, best first.
    pub ui_locales: Option<Box<str>>,
    /// An ID token of the user who is expected; not verified yet.
    pub id_token_hint: Option<Box<str>>,
}

impl ValidRequest {
    /// Context classes that are asked for, those of `claims` first.
    pub fn wanted_acr(&self) -> Vec<&str> {
        let (mut wanted, _) = self.claims.acr();
        wanted.extend(self.acr_values.iter().map(|value| &**value));
        wanted
    }
}

/// Where an answer may be sent. Made only of a registered redirect URI.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RedirectTarget {
    /// The redirect URI.
    pub redirect_uri: Box<str>,
    /// How it gets there.
    pub response_mode: ResponseMode,
    /// `state`, byte for byte.
    pub state: Option<Box<str>>,
}

/// How an answer gets to its client (OAuth 2.0 Multiple Response Type Encoding Practices §2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ResponseMode {
    /// In the query of the redirect URI.
    #[default]
    Query,
    /// In a form that the browser posts.
    FormPost,
}

/// `prompt` (OpenID Connect Core §3.1.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Prompt {
    /// No page may be shown.
    pub none: bool,
    /// The user logs in, even when logged in.
    pub login: bool,
    /// The user consents, even when they did before.
    pub consent: bool,
    /// The user chooses an account.
    pub select_account: bool,
}

/// Why a request is refused, and whom to tell.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{rejection}")]
pub struct AuthorizationError {
    /// The rule.
    pub rejection: Rejection,
    /// Where the error goes; `None` means: to a page of this server, never to a URI of the request.
    pub answer_to: Option<RedirectTarget>,
}

/// Checks a request.
///
/// # Errors
/// [`AuthorizationError`]. As long as client and redirect URI are not trusted, it leads nowhere (requirements B-07, RU-09).
pub fn validate(
    request: &AuthorizationRequest,
    policy: &Policy<'_>,
) -> Result<ValidRequest, AuthorizationError> {
    let trusted = || -> Result<_, Rejection> {
        let client = checks::client(request, policy)?;
        let redirect_uri = checks::redirect_uri(request, &client, policy.rules)?;
        Ok((client, redirect_uri))
    };
    let (client, redirect_uri) =
        trusted().map_err(|rejection| AuthorizationError { rejection, answer_to: None })?;
    let target = checks::target(request, redirect_uri);
    details(request, policy, client, &target)
        .map_err(|rejection| AuthorizationError { rejection, answer_to: Some(target) })
}

/// The checks whose errors the client hears.
fn details(
    request: &AuthorizationRequest,
    policy: &Policy<'_>,
    client: Arc<Client>,
    target: &RedirectTarget,
) -> Result<ValidRequest, Rejection> {
    checks::duplicates(request)?;
    checks::response_type(request)?;
    checks::response_mode(request)?;
    checks::grant(&client)?;
    checks::request_object(request)?;
    checks::lengths(request)?;
    checks::fixed_parameters(request, policy.rules)?;
    let own = |name: &str| request.get(name).map(Into::into);
    Ok(ValidRequest {
        target: target.clone(),
        redirect_uri_given: request.get("redirect_uri").is_some(),
        code_challenge: checks::code_challenge(request, &client, policy.rules)?,
        prompt: checks::prompt(request)?,
        max_age: checks::max_age(request)?.or(client.default_max_age),
        claims: checks::claims(request)?,
        acr_values: checks::acr_values(request),
        scope: checks::scope(request, &client, policy)?,
        resource: checks::resource(request, policy)?,
        nonce: own("nonce"),
        login_hint: own("login_hint"),
        ui_locales: own("ui_locales"),
        id_token_hint: own("id_token_hint"),
        client,
    })
}

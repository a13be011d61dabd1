//! One function for each check of an authorization request. [`super::validate`] says in which order they run.

use super::{Policy, Prompt, RedirectTarget, ResponseMode};
use crate::dialect::Authorization;
use crate::grant::{GrantType, registered, requested_scope};
use crate::message::authorization_request::{
    AuthorizationRequest, MAX_LOGIN_HINT_BYTES, MAX_NONCE_BYTES, MAX_STATE_BYTES, MAX_UI_LOCALES_BYTES,
};
use crate::openid::claims::ClaimsRequest;
use crate::record::Client;
use crate::rejection::{Rejection, Rule};
use crate::scope::Scope;
use crate::{pkce, redirect_uri as uri};
use std::sync::Arc;

/// Most context classes that are looked at.
const MAX_ACR_VALUES: usize = 10;

/// The scope by which a client asks for refresh tokens.
const OFFLINE_ACCESS: &str = "offline_access";

/// Stage 1: the client is known, enabled and one of this realm's.
pub(super) fn client(request: &AuthorizationRequest, policy: &Policy<'_>) -> Result<Arc<Client>, Rejection> {
    let id = request.single("client_id")?.ok_or(Rule::MissingClientId)?;
    let good = |client: &Arc<Client>| client.enabled && !client.partner && *client.realm == *policy.realm;
    (policy.client)(id).filter(good).ok_or(Rule::UnknownClientAtAuthorization.into())
}

/// Stage 1: the redirect URI is one of the client's. It may be left out where the client has one and the request is not
/// OpenID Connect's (RFC 6749 §3.1.2.3, OpenID Connect Core §3.1.2.1).
pub(super) fn redirect_uri(
    request: &AuthorizationRequest,
    client: &Client,
    rules: &Authorization,
) -> Result<Box<str>, Rejection> {
    let Some(requested) = request.single("redirect_uri")? else {
        return match client.redirect_uris.as_slice() {
            [only] if !request.is_openid() => Ok(only.clone()),
            _ => Err(Rule::MissingRedirectUri.into()),
        };
    };
    let prefix = rules.danger_redirect_uri_prefix;
    if uri::matches(&client.redirect_uris, requested, client.application_type, prefix) {
        Ok(requested.into())
    } else {
        Err(Rule::UnregisteredRedirectUri.into())
    }
}

/// Whom to tell from here on, read without complaint: what is wrong with it is told to the default.
pub(super) fn target(request: &AuthorizationRequest, redirect_uri: Box<str>) -> RedirectTarget {
    let once = |name| request.single(name).ok().flatten();
    let response_mode =
        if once("response_mode") == Some("form_post") { ResponseMode::FormPost } else { ResponseMode::Query };
    RedirectTarget { redirect_uri, response_mode, state: once("state").map(Into::into) }
}

/// Nothing is sent twice (RFC 6749 §3.1).
pub(super) fn duplicates(request: &AuthorizationRequest) -> Result<(), Rejection> {
    refuse(request.has_duplicates(), Rule::DuplicateParameter)
}

/// `code` alone (requirement B-13).
pub(super) fn response_type(request: &AuthorizationRequest) -> Result<(), Rejection> {
    let sent = request.get("response_type").ok_or(Rule::MissingResponseType)?;
    refuse(sent != "code", Rule::UnsupportedResponseType)
}

/// `query` or `form_post`: a fragment reaches scripts, and signed responses are not served.
pub(super) fn response_mode(request: &AuthorizationRequest) -> Result<(), Rejection> {
    let known = matches!(request.get("response_mode"), None | Some("query" | "form_post"));
    refuse(!known, Rule::UnsupportedResponseMode)
}

/// The client is registered for codes.
pub(super) fn grant(client: &Client) -> Result<(), Rejection> {
    registered(client, GrantType::AuthorizationCode)
}

/// What OpenID Connect Core §6 and §7 may carry and this server does not read.
pub(super) fn request_object(request: &AuthorizationRequest) -> Result<(), Rejection> {
    refuse(request.get("request").is_some(), Rule::RequestObjectNotSupported)?;
    refuse(request.get("request_uri").is_some(), Rule::RequestUriNotSupported)?;
    refuse(request.get("registration").is_some(), Rule::RegistrationNotSupported)
}

/// Limits of what is carried from page to page and kept with the code (requirement B-22).
pub(super) fn lengths(request: &AuthorizationRequest) -> Result<(), Rejection> {
    for (name, most, rule) in [
        ("state", MAX_STATE_BYTES, Rule::StateTooLong),
        ("nonce", MAX_NONCE_BYTES, Rule::NonceTooLong),
        ("login_hint", MAX_LOGIN_HINT_BYTES, Rule::LoginHintTooLong),
        ("ui_locales", MAX_UI_LOCALES_BYTES, Rule::UiLocalesTooLong),
    ] {
        if request.get(name).is_some_and(|value| value.len() > most) {
            return Err(Rejection::with(rule, u32::try_from(most).unwrap_or(u32::MAX)));
        }
    }
    Ok(())
}

/// Parameters that the dialect demands beside the RFCs'.
pub(super) fn fixed_parameters(
    request: &AuthorizationRequest,
    rules: &Authorization,
) -> Result<(), Rejection> {
    let good = rules.parameters.iter().all(|fixed| request.get(&fixed.name) == Some(&fixed.value));
    refuse(!good, Rule::ExtraParameterMissing)
}

/// A well-formed S256 challenge (requirements D-01 to D-03). It may be missing only where client or dialect say so, and
/// never for a public client.
pub(super) fn code_challenge(
    request: &AuthorizationRequest,
    client: &Client,
    rules: &Authorization,
) -> Result<Option<[u8; 32]>, Rejection> {
    let method = request.get("code_challenge_method");
    let Some(challenge) = request.get("code_challenge") else {
        let optional = !client.require_pkce.unwrap_or(!rules.danger_pkce_optional);
        let left_out = optional && !client.is_public() && method.is_none();
        return if left_out { Ok(None) } else { Err(Rule::MissingCodeChallenge.into()) };
    };
    refuse(method != Some(pkce::METHOD), Rule::UnsupportedCodeChallengeMethod)?;
    pkce::parse_challenge(challenge).map(Some).ok_or(Rule::MalformedCodeChallenge.into())
}

/// Known words, `none` alone.
pub(super) fn prompt(request: &AuthorizationRequest) -> Result<Prompt, Rejection> {
    let mut out = Prompt::default();
    for word in request.get("prompt").unwrap_or_default().split(' ').filter(|word| !word.is_empty()) {
        match word {
            "none" => out.none = true,
            "login" => out.login = true,
            "consent" => out.consent = true,
            "select_account" => out.select_account = true,
            _ => return Err(Rule::MalformedPrompt.into()),
        }
    }
    refuse(out.none && (out.login || out.consent || out.select_account), Rule::MalformedPrompt)?;
    Ok(out)
}

/// A number of seconds.
pub(super) fn max_age(request: &AuthorizationRequest) -> Result<Option<u32>, Rejection> {
    let Some(text) = request.get("max_age") else { return Ok(None) };
    refuse(!text.bytes().all(|b| b.is_ascii_digit()), Rule::MalformedMaxAge)?;
    text.parse().map(Some).map_err(|_| Rule::MalformedMaxAge.into())
}

/// The object that OpenID Connect defines.
pub(super) fn claims(request: &AuthorizationRequest) -> Result<ClaimsRequest, Rejection> {
    request.get("claims").map_or_else(|| Ok(ClaimsRequest::default()), ClaimsRequest::parse)
}

/// Context classes, which are a wish: unknown ones are no error.
pub(super) fn acr_values(request: &AuthorizationRequest) -> Vec<Box<str>> {
    let values = request.get("acr_values").unwrap_or_default().split(' ').filter(|value| !value.is_empty());
    values.take(MAX_ACR_VALUES).map(Into::into).collect()
}

/// What is asked for, by the rules of the token endpoint and of the dialect's own list. Optional scope that the client
/// may not have is left out: it asks for more only where more is allowed. So is `offline_access` where no refresh token
/// could come of it (OpenID Connect Core §11).
pub(super) fn scope(
    request: &AuthorizationRequest,
    client: &Client,
    policy: &Policy<'_>,
) -> Result<Scope, Rejection> {
    let known = |text: &Option<String>| text.as_deref().map(requested_scope::parse).transpose();
    let (exact, optional) = (known(&policy.rules.scope_exactly)?, known(&policy.rules.scope_optional)?);
    let Some(text) = request.get("scope").filter(|text| !text.trim_matches(' ').is_empty()) else {
        refuse(exact.is_some(), Rule::MissingScope)?;
        return requested_scope::decide(None, policy.scope, None, &client.scope, policy.exists);
    };
    let requested = requested_scope::parse(text)?;
    let is_optional = |token: &str| optional.as_ref().is_some_and(|optional| optional.contains(token));
    if let Some(exact) = &exact {
        let demanded: Scope = requested.iter().filter(|token| !is_optional(token)).collect();
        refuse(!(demanded.is_subset_of(exact) && exact.is_subset_of(&demanded)), Rule::ScopeNotExact)?;
    }
    let possible = |token: &&str| match *token {
        OFFLINE_ACCESS => client.scope.contains(OFFLINE_ACCESS) && client.may_use(GrantType::RefreshToken),
        token => !is_optional(token) || client.scope.contains(token),
    };
    let asked: Scope = requested.iter().filter(possible).collect();
    requested_scope::decide(Some(asked.as_str()), policy.scope, None, &client.scope, policy.exists)
}

/// At most one resource server, and one that this realm issues tokens for (RFC 8707 §2).
pub(super) fn resource(
    request: &AuthorizationRequest,
    policy: &Policy<'_>,
) -> Result<Option<Box<str>>, Rejection> {
    let mut named = request.all("resource").filter(|value| !value.is_empty());
    let Some(resource) = named.next() else { return Ok(None) };
    let known = !resource.contains('#') && policy.resources.iter().any(|own| own == resource);
    refuse(!known || named.next().is_some(), Rule::UnknownResource)?;
    Ok(Some(resource.into()))
}

fn refuse(broken: bool, rule: Rule) -> Result<(), Rejection> {
    if broken { Err(rule.into()) } else { Ok(()) }
}

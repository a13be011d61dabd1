//! What the vocabulary alone cannot refuse about the authorization endpoint and the paths of the other endpoints.

use super::Dialect;
use super::check::is_canonical;
use super::error::{DialectError, meaning};
use crate::scope::Scope;

/// Longest lifetime of codes in seconds that a dialect may document (OAuth 2.1 §4.1.2: ten minutes).
const MAX_CODE_LIFETIME: u32 = 600;

/// Parameters that have a meaning of their own and so no fixed value, except those that a dialect may really fix.
const RESERVED: [&str; 19] = [
    "acr_values",
    "claims",
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "id_token_hint",
    "login_hint",
    "max_age",
    "nonce",
    "prompt",
    "redirect_uri",
    "registration",
    "request",
    "request_uri",
    "resource",
    "response_mode",
    "response_type",
    "scope",
    "state",
];

/// Checks `[authorization]` and `[endpoints]`.
pub(super) fn check(path: &str, dialect: &Dialect) -> Result<(), DialectError> {
    let rules = &dialect.authorization;
    let refuse = |key: &str, message: &str| Err(meaning(path, &format!("authorization.{key}"), message));
    if !(1..=MAX_CODE_LIFETIME).contains(&rules.code_lifetime) {
        return refuse("code_lifetime", "must be from 1 to 600 seconds");
    }
    for parameter in &rules.parameters {
        let name = parameter.name.as_str();
        if name.is_empty() || parameter.value.is_empty() || RESERVED.contains(&name) {
            return refuse("parameters", "each needs a value and a name that no specification has");
        }
    }
    for (key, scope) in [("scope_exactly", &rules.scope_exactly), ("scope_optional", &rules.scope_optional)] {
        let Some(scope) = scope else { continue };
        let known = |scope: &Scope| scope.iter().all(|token| dialect.scopes.contains_key(token));
        if !Scope::parse(scope).is_ok_and(|scope| !scope.is_empty() && known(&scope)) {
            return refuse(key, "must be a list of names in [scopes]");
        }
    }
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~=".contains(&b);
    if rules.error_fragment.as_ref().is_some_and(|text| text.is_empty() || !text.bytes().all(unreserved)) {
        return refuse("error_fragment", "must be letters, digits and - . _ ~ =");
    }
    paths(path, dialect)
}

fn paths(path: &str, dialect: &Dialect) -> Result<(), DialectError> {
    let own = &dialect.endpoints;
    let fixed = [
        ("introspection", &own.introspection),
        ("revocation", &own.revocation),
        ("jwks", &own.jwks),
        ("authorization", &own.authorization),
        ("userinfo", &own.userinfo),
        ("end_session", &own.end_session),
        ("account", &own.account),
    ];
    for (key, value) in fixed {
        if !is_canonical(value) || value.contains('{') {
            let key = format!("endpoints.{key}");
            return Err(meaning(
                path,
                &key,
                format!("{value:?} is not a canonical path (letters, digits, - . _ ~)"),
            ));
        }
    }
    if let Some(device) = dialect.device_authorization.as_ref().filter(|device| !is_canonical(&device.path)) {
        let message = format!(
            "{:?} is not a canonical path (letters, digits, - . _ ~ and one {{tenant}} segment)",
            device.path
        );
        return Err(meaning(path, "device_authorization.path", message));
    }
    match own.discovery.iter().find(|value| !is_canonical(value)) {
        Some(value) => Err(meaning(
            path,
            "endpoints.discovery",
            format!(
                "{value:?} is not a canonical path (letters, digits, - . _ ~ and one {{tenant}} segment)"
            ),
        )),
        None => Ok(()),
    }
}

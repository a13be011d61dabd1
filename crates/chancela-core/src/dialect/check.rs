//! What the vocabulary alone cannot refuse: references that lead nowhere, tables that contradict each other, and
//! facts without a source.

use super::error::{DialectError, meaning};
use super::{ClaimValue, Dialect, DialectFile, ErrorMember, RefreshPolicy, TokenEndpoint};
use super::{check_api, check_authorization, check_certificates};
use crate::scope::Scope;
use crate::token::reference;
use http::{HeaderName, HeaderValue};
use toml::{Table, Value};

/// Version of the vocabulary that this program reads.
const FORMAT: u32 = 1;

/// Checks a merged file.
pub(super) fn file(path: &str, name: &str, file: &DialectFile) -> Result<(), DialectError> {
    if file.format != FORMAT {
        return Err(meaning(path, "format", "must be 1, the version of the vocabulary"));
    }
    if file.name != name {
        return Err(meaning(path, "name", format!("must be {name:?}, the file's name")));
    }
    if file.title.is_empty() || file.sources.is_empty() {
        return Err(meaning(
            path,
            "title, sources",
            "must not be empty: say whose dialect it is and what it rests on",
        ));
    }
    if file.token_endpoint.is_empty() {
        return Err(meaning(path, "token_endpoint", "there must be at least one [token_endpoint.<name>]"));
    }
    if file.environments.is_empty() {
        return Err(meaning(path, "environments", "there must be at least one [environments.<name>]"));
    }
    for scope in file.scopes.keys() {
        if Scope::parse(scope).map_or(true, |parsed| parsed.len() != 1 || parsed.as_str() != scope) {
            return Err(meaning(
                path,
                &format!("scopes.{scope:?}"),
                "is not one scope-token (RFC 6749 section 3.3)",
            ));
        }
    }
    Ok(())
}

/// Checks that every mark of one file stands for a key of that file. A mark's key is a dotted TOML key, so that a part
/// with a dot of its own can be quoted: `scopes."pix.read"`.
pub(super) fn marks(path: &str, table: &Table, file: &DialectFile) -> Result<(), DialectError> {
    for key in file.marks.keys() {
        let Ok(parts) = format!("{key} = 0").parse::<Table>() else {
            return Err(meaning(path, &format!("marks.{key:?}"), "is not a dotted TOML key"));
        };
        if !has(table, &parts) {
            return Err(meaning(path, &format!("marks.{key:?}"), "names no key of this file"));
        }
    }
    Ok(())
}

/// Whether `table` has the keys of `path`, a chain of one-key tables with a number at its end.
fn has(table: &Table, path: &Table) -> bool {
    path.iter().all(|(key, rest)| match (table.get(key), rest) {
        (Some(Value::Table(below)), Value::Table(rest)) => has(below, rest),
        (found, rest) => found.is_some() && !rest.is_table(),
    })
}

/// Checks a resolved dialect.
pub(super) fn dialect(path: &str, dialect: &Dialect) -> Result<(), DialectError> {
    check_authorization::check(path, dialect)?;
    check_certificates::check(path, dialect)?;
    check_api::check(path, dialect)?;
    for endpoint in &dialect.token_endpoints {
        let key = |section: &str| format!("token_endpoint.{}.{section}", endpoint.name);
        paths(endpoint).map_err(|message| meaning(path, &key("paths"), message))?;
        if let Some(message) = contradiction(endpoint) {
            return Err(meaning(path, &key(message.0), message.1));
        }
        errors(endpoint).map_err(|(section, message)| meaning(path, &key(&section), message))?;
        if let Some(chained) = &endpoint.requires.access_token {
            let from = dialect.token_endpoint(&chained.from);
            if from.is_none() || chained.from == endpoint.name {
                return Err(meaning(
                    path,
                    &key("requires.access_token.from"),
                    "must name another token endpoint",
                ));
            }
            if from.is_some_and(|from| from.requires.access_token.is_some()) {
                return Err(meaning(
                    path,
                    &key("requires.access_token.from"),
                    "must name a first step, which requires no token itself",
                ));
            }
        }
        let unknown =
            |exact: &Scope| exact.iter().find(|s| !dialect.scopes.contains_key(*s)).map(str::to_owned);
        if let Some(scope) = endpoint.exact_scope.as_ref().and_then(unknown) {
            return Err(meaning(path, &key("scope.exactly"), format!("{scope:?} is not in [scopes]")));
        }
        for (name, environment) in &dialect.environments {
            let own = environment.access_token_lifetime;
            if let Err(limit) =
                reference::check_lifetime(endpoint.token.format, own.unwrap_or(endpoint.token.lifetime))
            {
                let here = own.map_or_else(
                    || key("token.lifetime"),
                    |_| format!("environments.{name}.access_token_lifetime"),
                );
                let message = format!("must be from 1 to {limit} seconds for this token format");
                return Err(meaning(path, &here, message));
            }
        }
    }
    Ok(())
}

fn paths(endpoint: &TokenEndpoint) -> Result<(), String> {
    if endpoint.paths.is_empty() {
        return Err("there must be at least one path".into());
    }
    for path in &endpoint.paths {
        if !is_canonical(path) {
            return Err(format!(
                "{path:?} is not a canonical path (letters, digits, - . _ ~ and one {{tenant}} segment)"
            ));
        }
    }
    Ok(())
}

/// Whether a path is written in the one way that requests are compared with.
pub(super) fn is_canonical(path: &str) -> bool {
    let plain = path.replacen("/{tenant}/", "/t/", 1);
    plain.starts_with('/')
        && !plain.contains("//")
        && plain.split('/').all(|segment| segment != "." && segment != "..")
        && plain.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-._~".contains(&b))
}

/// Statuses and headers of overrides, which would else be left out in silence.
fn errors(endpoint: &TokenEndpoint) -> Result<(), (String, &'static str)> {
    let errors = &endpoint.errors;
    let by_code = errors.code.iter().map(|(code, over)| (format!("errors.code.{}", code.as_str()), over));
    let by_rule = errors.rule.iter().map(|(rule, over)| (format!("errors.rule.{}", rule.name()), over));
    for (key, over) in by_code.chain(by_rule) {
        if over.status.is_some_and(|status| !(400..600).contains(&status)) {
            return Err((key + ".status", "must be a status from 400 to 599"));
        }
        let allowed = |[name, value]: &[String; 2]| {
            HeaderName::from_bytes(name.as_bytes()).is_ok() && HeaderValue::from_str(value).is_ok()
        };
        if !over.headers.iter().all(allowed) {
            return Err((key + ".headers", "has a header that HTTP does not allow"));
        }
    }
    if HeaderValue::from_str(&errors.www_authenticate).is_err() {
        return Err(("errors.www_authenticate".to_owned(), "is not a value that HTTP allows in a header"));
    }
    Ok(())
}

fn contradiction(endpoint: &TokenEndpoint) -> Option<(&'static str, &'static str)> {
    if endpoint.request.grants.is_empty() && endpoint.request.default_grant.is_none() {
        return Some(("request.grants", "must say what each grant_type value means"));
    }
    if endpoint.request.encodings.is_empty() {
        return Some(("request.encodings", "must name at least one of form, json, multipart"));
    }
    if endpoint.client_authentication.methods.is_empty() {
        return Some(("client_authentication.methods", "must name at least one method"));
    }
    if endpoint.refresh.policy == RefreshPolicy::Uses && endpoint.refresh.uses.is_none_or(|uses| uses == 0) {
        return Some(("refresh.uses", "must say how many uses a refresh token has"));
    }
    for member in &endpoint.response.members {
        let sources = [member.value.is_some(), member.literal.is_some(), member.number.is_some()];
        if sources.into_iter().filter(|there| *there).count() != 1 {
            return Some(("response.members", "each member needs exactly one of value, literal and number"));
        }
    }
    for claim in &endpoint.token.jwt.claims {
        if claim.value.is_some() == claim.literal.is_some() {
            return Some(("token.jwt.claims", "each claim needs exactly one of value and literal"));
        }
    }
    // Without these a token could not be told from one of before its client was disabled, or would live for ever.
    let claims = |value| endpoint.token.jwt.claims.iter().any(|claim| claim.value == Some(value));
    if !claims(ClaimValue::IssuedAt) || !claims(ClaimValue::ExpiresAt) {
        return Some((
            "token.jwt.claims",
            "must have a claim with the value issued_at and one with expires_at",
        ));
    }
    if !claims(ClaimValue::ClientId) && !claims(ClaimValue::Subject) {
        return Some(("token.jwt.claims", "must have a claim with the value client_id or subject"));
    }
    if !endpoint.errors.members.iter().all(one_source) {
        return Some((
            "errors.members",
            "each member needs exactly one of value, literal, members and array",
        ));
    }
    None
}

fn one_source(member: &ErrorMember) -> bool {
    let sources = usize::from(member.value.is_some())
        + usize::from(member.literal.is_some())
        + usize::from(member.members.is_some())
        + usize::from(member.array.is_some());
    let below = member.members.iter().chain(&member.array).flatten();
    sources == 1 && below.into_iter().all(one_source)
}

//! Single members of an answer: where the dialect has them, and every way to write a number, a time and a scope.

use super::MAX_TOKEN_BYTES;
use crate::dialect::{MemberValue, TokenEndpoint};
use crate::message::date;
use crate::secret::Secret;
use serde_json::{Map, Value};

/// Longest `token_type`, and longest text that is read as a number.
const MAX_WORD_BYTES: usize = 64;
/// From here on an epoch is in milliseconds: in seconds it is the year 5138.
const MILLISECONDS_FROM: i64 = 100_000_000_000;

/// A token that is there and cannot be used: the answer as a whole is not to be trusted then.
#[derive(Debug)]
pub(super) struct Unreadable;

/// Names of the members with one of `values`: the dialect's, then the usual ones, unless the dialect has these for
/// something else.
fn names<'e>(
    endpoint: &'e TokenEndpoint,
    values: &[MemberValue],
    usual: &[&'e str],
) -> impl Iterator<Item = &'e str> {
    let members = &endpoint.response.members;
    let own = members.iter().filter(|member| member.value.is_some_and(|value| values.contains(&value)));
    let free = usual.iter().filter(|name| !members.iter().any(|member| member.name == **name));
    let names: Vec<&str> = own.map(|member| member.name.as_str()).chain(free.copied()).collect();
    names.into_iter()
}

/// The first member that is there with a value.
pub(super) fn find<'m>(
    endpoint: &TokenEndpoint,
    members: &'m Map<String, Value>,
    values: &[MemberValue],
    usual: &[&str],
) -> Option<&'m Value> {
    names(endpoint, values, usual).filter_map(|name| members.get(name)).find(|value| !value.is_null())
}

/// Takes a token out. Absent, `null` and empty are the same; line breaks at its end are the server's template's.
pub(super) fn find_token(
    endpoint: &TokenEndpoint,
    members: &mut Map<String, Value>,
    value: MemberValue,
    usual: &str,
) -> Result<Option<Secret>, Unreadable> {
    for name in names(endpoint, &[value], &[usual]) {
        match members.get_mut(name).map(Value::take) {
            None | Some(Value::Null) => {}
            Some(Value::String(mut text)) => {
                text.truncate(text.trim_end_matches(['\r', '\n']).len());
                if text.is_empty() {
                    continue;
                }
                let visible = text.bytes().all(|b| b.is_ascii_graphic());
                let token = Secret::new(text);
                return if visible && token.expose().len() <= MAX_TOKEN_BYTES {
                    Ok(Some(token))
                } else {
                    Err(Unreadable)
                };
            }
            Some(_) => return Err(Unreadable),
        }
    }
    Ok(None)
}

/// A whole number of seconds: a number or its text; parts of a second are cut off, so that it is never too long.
pub(in crate::message) fn number(value: &Value) -> Option<i64> {
    let of_float = |float: f64| {
        let floor = float.floor();
        // `as` keeps to the limits of i64.
        floor.is_finite().then_some(floor as i64)
    };
    match value {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().and_then(of_float)),
        Value::String(text) if text.len() <= MAX_WORD_BYTES => {
            let text = text.trim();
            text.parse().ok().or_else(|| text.parse().ok().and_then(of_float))
        }
        _ => None,
    }
}

/// A point in time: seconds or milliseconds since the epoch, or ISO 8601.
pub(super) fn instant(value: &Value) -> Option<i64> {
    match number(value) {
        Some(millis) if millis >= MILLISECONDS_FROM => Some(millis / 1000),
        Some(seconds) => Some(seconds),
        None => date::parse_iso(value.as_str()?),
    }
}

/// One word of visible characters.
pub(super) fn word(value: &Value) -> Option<String> {
    let text = value.as_str()?.trim();
    let good = (1..=MAX_WORD_BYTES).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    good.then(|| text.to_owned())
}

/// A scope as text or as an array. What cannot be a scope (RFC 6749 §3.3) is left out, because it may be shown.
pub(super) fn scope(value: &Value) -> Option<String> {
    let texts: Vec<&str> = match value {
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().filter_map(Value::as_str).collect(),
        _ => return None,
    };
    let tokens = texts.into_iter().flat_map(str::split_whitespace);
    let good = |token: &&str| token.bytes().all(|b| b.is_ascii_graphic());
    Some(tokens.filter(good).collect::<Vec<_>>().join(" "))
}

/// A text, or a number as text: what error codes are.
pub(in crate::message) fn text_of_number(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.trim().is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

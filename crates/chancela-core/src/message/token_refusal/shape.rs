//! What an error body says, read along the shape in which the dialect has the provider write it, and the way back from the
//! provider's words to registered codes.

use crate::dialect::{ErrorMember, ErrorOverride, ErrorValue, Errors};
use crate::error_code::ErrorCode;
use crate::message::token_answer::text_of_number;
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) error: Option<String>,
    pub(super) description: Option<String>,
    details: Option<String>,
    title: Option<String>,
}

/// Reads the dialect's shape, and then RFC 6749's for what is still missing.
pub(super) fn read(errors: &Errors, members: Option<&Map<String, Value>>) -> Told {
    let mut told = Told::default();
    let Some(members) = members else { return told };
    collect(&errors.members, members, &mut told);
    let text = |name: &str| members.get(name).and_then(Value::as_str).map(str::to_owned);
    let filled = |text: &String| !text.trim().is_empty();
    told.error = told.error.or_else(|| text("error").filter(filled));
    told.description =
        told.description.or_else(|| text("error_description").filter(filled)).or(told.title.take());
    if let Some(details) = told.details.take() {
        told.description = Some(match told.description {
            Some(sentence) => format!("{sentence} {details}"),
            None => details,
        });
    }
    told
}

fn collect(shape: &[ErrorMember], members: &Map<String, Value>, told: &mut Told) {
    for member in shape {
        let Some(found) = members.get(&member.name) else { continue };
        match member.value {
            Some(ErrorValue::Error) => keep(&mut told.error, text_of_number(found)),
            Some(ErrorValue::Description) => keep(&mut told.description, text_of_number(found)),
            Some(ErrorValue::Title) => keep(&mut told.title, text_of_number(found)),
            Some(ErrorValue::Details) => keep(&mut told.details, details(found)),
            Some(ErrorValue::Status | ErrorValue::Rule) | None => {}
        }
        let inner = match (&member.members, &member.array) {
            (Some(shape), _) => found.as_object().map(|object| (shape, object)),
            (_, Some(shape)) => found.as_array().and_then(|all| Some((shape, all.first()?.as_object()?))),
            _ => None,
        };
        if let Some((shape, object)) = inner {
            collect(shape, object, told);
        }
    }
}

fn keep(slot: &mut Option<String>, found: Option<String>) {
    if slot.is_none() {
        *slot = found;
    }
}

/// `field: sentence` of each field, of an object of texts or of lists of texts.
fn details(value: &Value) -> Option<String> {
    let sentences = |value: &Value| match value {
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
        other => other.as_str().unwrap_or_default().to_owned(),
    };
    let all: Vec<String> = value
        .as_object()?
        .iter()
        .map(|(field, value)| (field, sentences(value)))
        .filter(|(_, sentence)| !sentence.is_empty())
        .map(|(field, sentence)| format!("{field}: {sentence}"))
        .collect();
    Some(all.join("; ")).filter(|text| !text.is_empty())
}

/// Every code and what the dialect changes for it or for one of its rules.
fn overrides(errors: &Errors) -> impl Iterator<Item = (ErrorCode, &ErrorOverride)> {
    let of_rules = errors.rule.iter().map(|(rule, over)| (rule.code(), over));
    errors.code.iter().map(|(code, over)| (*code, over)).chain(of_rules)
}

/// The code of this name.
pub(super) fn registered(text: &str) -> Option<ErrorCode> {
    serde_json::from_value(text.into()).ok()
}

/// The code that the provider means by a text. Where a text stands for several, the one with the answer's status, then
/// the one that has this name.
pub(super) fn code_of(errors: &Errors, text: &str, status: StatusCode) -> Option<ErrorCode> {
    let named = registered(text);
    let own_words = || overrides(errors).filter(|(_, over)| over.error.as_deref() == Some(text));
    let status_of = |code: ErrorCode, over: Option<&ErrorOverride>| {
        over.and_then(|over| over.status).unwrap_or_else(|| code.status().as_u16())
    };
    let fits = |(code, over): &(ErrorCode, &ErrorOverride)| status_of(*code, Some(over)) == status.as_u16();
    let plain = named.filter(|code| status_of(*code, errors.code.get(code)) == status.as_u16());
    plain
        .or_else(|| own_words().find(fits).map(|(code, _)| code))
        .or(named)
        .or_else(|| own_words().next().map(|(code, _)| code))
}

/// The code whose headers the answer has, where a provider says errors in headers of its own.
pub(super) fn code_of_headers(errors: &Errors, headers: &HeaderMap) -> Option<ErrorCode> {
    let is_there = |[name, value]: &[String; 2]| {
        let mut sent = headers.get_all(name).iter();
        sent.any(|sent| sent.as_bytes() == value.as_bytes())
    };
    // What ends at the next hop says nothing of the error.
    let own = |over: &ErrorOverride| {
        let telling: Vec<_> =
            over.headers.iter().filter(|[name, _]| !name.eq_ignore_ascii_case("connection")).collect();
        !telling.is_empty() && telling.into_iter().all(is_there)
    };
    overrides(errors).find(|(_, over)| own(over)).map(|(code, _)| code)
}

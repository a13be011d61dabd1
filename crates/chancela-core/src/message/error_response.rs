//! The error response (RFC 6749 §5.2) in a dialect's shape.

use crate::dialect::json::Writer;
use crate::dialect::{ErrorMember, ErrorOverride, ErrorValue, Errors, TokenEndpoint};
use crate::error_code::ErrorCode;
use crate::rejection::{Rejection, Rule};
use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use std::sync::LazyLock;

/// The RFC's own shape.
static STANDARD: LazyLock<Errors> = LazyLock::new(Errors::default);

/// Writes a refusal at `endpoint`. `realm` is the name in a `WWW-Authenticate` challenge.
pub fn encode(endpoint: &TokenEndpoint, realm: &str, rejection: Rejection) -> Response<Bytes> {
    encode_as(&endpoint.errors, &endpoint.error_headers, realm, rejection)
}

/// Writes a refusal at an endpoint that no dialect changes.
pub fn encode_standard(realm: &str, rejection: Rejection) -> Response<Bytes> {
    use http::header::{CACHE_CONTROL, PRAGMA};
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (PRAGMA, HeaderValue::from_static("no-cache")),
    ];
    encode_as(&STANDARD, &headers, realm, rejection)
}

fn encode_as(
    errors: &Errors,
    fixed: &[(HeaderName, HeaderValue)],
    realm: &str,
    rejection: Rejection,
) -> Response<Bytes> {
    let told = Told::of(errors, rejection);
    let mut response = Response::new(body(errors, &told));
    *response.status_mut() = told.status;
    let headers = response.headers_mut();
    for (name, value) in fixed {
        headers.insert(name, value.clone());
    }
    if errors.members.is_empty() {
        headers.remove(CONTENT_TYPE);
    }
    let overrides = [told.by_code, told.by_rule].into_iter().flatten();
    for [name, value] in overrides.flat_map(|over| &over.headers) {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value))
        {
            headers.insert(name, value);
        }
    }
    if told.status == StatusCode::UNAUTHORIZED && !headers.contains_key(WWW_AUTHENTICATE) {
        let challenge = errors.www_authenticate.replace("{realm}", realm);
        if let Some(value) = HeaderValue::from_str(&challenge).ok().filter(|value| !value.is_empty()) {
            headers.insert(WWW_AUTHENTICATE, value);
        }
    }
    if let Some(seconds) = rejection.retry_after() {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if rejection.rule == Rule::MethodNotAllowed {
        headers.insert(ALLOW, HeaderValue::from_static("POST"));
    }
    response
}

/// What the client is told, after the dialect's overrides: the rule's win over its code's.
struct Told<'a> {
    by_code: Option<&'a ErrorOverride>,
    by_rule: Option<&'a ErrorOverride>,
    rule: Rule,
    error: &'a str,
    status: StatusCode,
    description: String,
    field: Option<&'a str>,
    detail: Option<String>,
}

impl<'a> Told<'a> {
    fn of(errors: &'a Errors, rejection: Rejection) -> Self {
        let by_rule = errors.rule.get(&rejection.rule);
        let code = by_rule
            .and_then(|over| over.error.as_deref())
            .and_then(parse_code)
            .unwrap_or(rejection.rule.code());
        let by_code = errors.code.get(&code);
        let first =
            |pick: fn(&ErrorOverride) -> Option<&String>| by_rule.and_then(pick).or(by_code.and_then(pick));
        let status = by_rule
            .and_then(|over| over.status)
            .or(rejection.http_status().map(|status| status.as_u16()))
            .or(by_code.and_then(|over| over.status))
            .and_then(|status| StatusCode::from_u16(status).ok())
            .unwrap_or(code.status());
        let description =
            first(|over| over.description.as_ref()).map_or(rejection.rule.text(), String::as_str);
        Self {
            rule: rejection.rule,
            error: first(|over| over.error.as_ref()).map_or(code.as_str(), String::as_str),
            status,
            description: rejection.fill(description),
            field: first(|over| over.field.as_ref()).map(String::as_str),
            detail: first(|over| over.detail.as_ref()).map(|text| rejection.fill(text)),
            by_code,
            by_rule,
        }
    }
}

fn parse_code(text: &str) -> Option<ErrorCode> {
    serde_json::from_value(serde_json::Value::from(text)).ok()
}

fn body(errors: &Errors, told: &Told<'_>) -> Bytes {
    if errors.members.is_empty() {
        return Bytes::new();
    }
    let mut writer = Writer::new(&errors.json);
    object(&mut writer, &errors.members, told);
    Bytes::from(writer.into_bytes())
}

fn object(writer: &mut Writer<'_>, members: &[ErrorMember], told: &Told<'_>) {
    writer.begin_object();
    for member in members {
        writer.key(&member.name);
        if let Some(value) = member.value {
            self::value(writer, value, told);
        } else if let Some(literal) = &member.literal {
            writer.string(literal);
        } else if let Some(members) = &member.members {
            object(writer, members, told);
        } else if let Some(members) = &member.array {
            writer.begin_array();
            writer.next();
            object(writer, members, told);
            writer.end_array();
        }
    }
    writer.end_object();
}

fn value(writer: &mut Writer<'_>, value: ErrorValue, told: &Told<'_>) {
    match value {
        ErrorValue::Error => writer.string(told.error),
        ErrorValue::Description => writer.string(&told.description),
        ErrorValue::Status => writer.number(i64::from(told.status.as_u16())),
        ErrorValue::Title => writer.string(told.status.canonical_reason().unwrap_or("Error")),
        ErrorValue::Rule => writer.string(told.rule.name()),
        ErrorValue::Details => {
            writer.begin_object();
            if let Some(field) = told.field {
                writer.key(field);
                writer.strings(std::iter::once(told.detail.as_deref().unwrap_or(&told.description)));
            }
            writer.end_object();
        }
    }
}

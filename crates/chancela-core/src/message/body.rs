//! Reads the parameters of a request body: form (RFC 6749 appendix B) or JSON, strictly and within limits.
//!
//! Every parser here is total: any bytes give parameters or a [`Rejection`], in time linear in their number.

use super::HttpRequest;
use crate::dialect::{BodyEncoding, Request};
use crate::rejection::{Rejection, Rule};
use http::header::CONTENT_TYPE;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Most parameters of a request.
pub const MAX_PARAMETERS: usize = 64;
/// Most bytes of a parameter's name.
pub const MAX_NAME_BYTES: usize = 64;
/// Most bytes of a parameter's value.
pub const MAX_VALUE_BYTES: usize = 16 * 1024;
/// Deepest nesting of a JSON body.
pub const MAX_JSON_DEPTH: usize = 32;

/// Parameters that may occur more than once (RFC 8707 §2, RFC 8693 §2.1).
const REPEATABLE: [&str; 2] = ["resource", "audience"];

/// A parameter's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// Text.
    Text(Cow<'a, str>),
    /// An array of texts (JSON only).
    List(Vec<String>),
    /// Anything else that JSON knows; good for no parameter that is read.
    Other,
}

/// The parameters of a body, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parameters<'a>(Vec<(Cow<'a, str>, Value<'a>)>);

impl<'a> Parameters<'a> {
    /// Reads the body in one of the encodings that `request` allows.
    ///
    /// # Errors
    /// The rule that the body breaks.
    pub fn parse(request: &Request, http: &HttpRequest<'a>) -> Result<Self, Rejection> {
        let labelled = content_type(http)?;
        let looks_like_json = || http.body.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{');
        let encoding = match labelled {
            BodyEncoding::Form if request.json_labelled_as_form && looks_like_json() => BodyEncoding::Json,
            other => other,
        };
        if !request.encodings.contains(&encoding) {
            return Err(Rule::UnsupportedContentType.into());
        }
        match encoding {
            BodyEncoding::Form => Self::form(http.body),
            BodyEncoding::Json => Self::json(http.body),
            BodyEncoding::Multipart => Self::multipart(http),
        }
    }

    /// Reads a form.
    ///
    /// # Errors
    /// The rule that the form breaks.
    pub fn form(body: &'a [u8]) -> Result<Self, Rejection> {
        let mut out = Self(Vec::with_capacity(8));
        for pair in body.split(|b| *b == b'&').filter(|pair| !pair.is_empty()) {
            let (name, value) = match pair.iter().position(|b| *b == b'=') {
                Some(at) => (&pair[..at], &pair[at + 1..]),
                None => (pair, &[][..]),
            };
            out.push(form_decode(name)?, Value::Text(form_decode(value)?))?;
        }
        Ok(out)
    }

    /// Reads a JSON object. `null` counts as absent.
    ///
    /// # Errors
    /// The rule that the text breaks.
    pub fn json(body: &'a [u8]) -> Result<Self, Rejection> {
        if depth(body) > MAX_JSON_DEPTH {
            return Err(Rule::BodyNestedTooDeep.into());
        }
        if body.iter().find(|b| !b.is_ascii_whitespace()).is_some_and(|first| *first != b'{') {
            let valid = serde_json::from_slice::<IgnoredAny>(body).is_ok();
            return Err(if valid { Rule::BodyNotObject } else { Rule::MalformedBody }.into());
        }
        let members: Members = serde_json::from_slice(body).map_err(|_| Rule::MalformedBody)?;
        let mut out = Self(Vec::with_capacity(members.0.len().min(MAX_PARAMETERS)));
        for (name, value) in members.0 {
            out.push(Cow::Owned(name), value)?;
        }
        Ok(out)
    }

    /// Names and texts of all parameters that are text, in order.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|(name, value)| match value {
            Value::Text(text) => Some((&**name, &**text)),
            Value::List(_) | Value::Other => None,
        })
    }

    /// The text of a parameter; `None` if it is absent or empty (both mean the same, OAuth 2.1 §3.2).
    ///
    /// # Errors
    /// [`Rule::BodyNotObject`] if the value is not text.
    pub fn text(&self, name: &str) -> Result<Option<&Cow<'a, str>>, Rejection> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
            Some(_) => Err(Rule::BodyNotObject.into()),
        }
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// How often a parameter occurs.
    pub fn count(&self, name: &str) -> usize {
        self.0.iter().filter(|(own, _)| own == name).count()
    }

    pub(super) fn push(&mut self, name: Cow<'a, str>, value: Value<'a>) -> Result<(), Rejection> {
        let limit = |rule, number: usize| Rejection::with(rule, u32::try_from(number).unwrap_or(u32::MAX));
        if self.0.len() == MAX_PARAMETERS {
            return Err(limit(Rule::TooManyParameters, MAX_PARAMETERS));
        }
        let length = if let Value::Text(text) = &value { text.len() } else { 0 };
        if name.len() > MAX_NAME_BYTES || length > MAX_VALUE_BYTES {
            return Err(Rule::ParameterTooLong.into());
        }
        if !REPEATABLE.contains(&&*name) && self.get(&name).is_some() {
            return Err(Rule::DuplicateParameter.into());
        }
        self.0.push((name, value));
        Ok(())
    }
}

/// Refuses credentials and tokens in the query, where proxies log them (requirement A-22).
///
/// # Errors
/// [`Rule::ParameterInQuery`].
pub fn refuse_credentials_in_query(query: Option<&str>) -> Result<(), Rejection> {
    const REFUSED: [&str; 8] = [
        "client_secret",
        "client_assertion",
        "password",
        "code",
        "refresh_token",
        "access_token",
        "token",
        "client_id",
    ];
    let Some(query) = query else { return Ok(()) };
    for (name, _) in form_urlencoded::parse(query.as_bytes()) {
        if REFUSED.contains(&&*name) {
            return Err(Rule::ParameterInQuery.into());
        }
    }
    Ok(())
}

fn content_type(http: &HttpRequest<'_>) -> Result<BodyEncoding, Rejection> {
    let text = match http.single_header(CONTENT_TYPE.as_str()) {
        Ok(Some(text)) => text,
        _ => return Err(Rule::MissingContentType.into()),
    };
    let (essence, parameters) = text.split_once(';').unwrap_or((text, ""));
    let charset = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    });
    if charset.is_some_and(|charset| {
        !charset.eq_ignore_ascii_case("utf-8") && !charset.eq_ignore_ascii_case("utf8")
    }) {
        return Err(Rule::UnsupportedContentType.into());
    }
    let essence = essence.trim();
    for (name, encoding) in [
        ("application/x-www-form-urlencoded", BodyEncoding::Form),
        ("application/json", BodyEncoding::Json),
        ("multipart/form-data", BodyEncoding::Multipart),
    ] {
        if essence.eq_ignore_ascii_case(name) {
            return Ok(encoding);
        }
    }
    Err(Rule::UnsupportedContentType.into())
}

/// Undoes form encoding; borrows where there is nothing to undo.
pub(crate) fn form_decode(text: &[u8]) -> Result<Cow<'_, str>, Rejection> {
    let malformed = || Rejection::from(Rule::MalformedBody);
    if !text.iter().any(|b| matches!(b, b'%' | b'+')) {
        return std::str::from_utf8(text).map(Cow::Borrowed).map_err(|_| malformed());
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || rest.next().and_then(|b| char::from(*b).to_digit(16));
                let (high, low) = (digit().ok_or_else(malformed)?, digit().ok_or_else(malformed)?);
                u8::try_from(high * 16 + low).map_err(|_| malformed())?
            }
            other => *other,
        });
    }
    String::from_utf8(out).map(Cow::Owned).map_err(|_| malformed())
}

/// Deepest nesting of brackets outside texts.
pub(crate) fn depth(body: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_text, mut escaped) = (0_usize, 0, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Members of an object in order, duplicates kept, so that they can be refused.
struct Members(Vec<(String, Value<'static>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Members, M::Error> {
                let mut members = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    match map.next_value::<serde_json::Value>()? {
                        serde_json::Value::Null => {}
                        serde_json::Value::String(text) => {
                            members.push((name, Value::Text(Cow::Owned(text))))
                        }
                        serde_json::Value::Array(values) => {
                            let texts = values.into_iter().map(|v| match v {
                                serde_json::Value::String(text) => Some(text),
                                _ => None,
                            });
                            let list = texts.collect::<Option<Vec<_>>>().map_or(Value::Other, Value::List);
                            members.push((name, list));
                        }
                        _ => members.push((name, Value::Other)),
                    }
                }
                Ok(Members(members))
            }
        }
        input.deserialize_map(Collect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rule<T: fmt::Debug>(result: Result<T, Rejection>) -> Rule {
        result.unwrap_err().rule
    }

    #[test]
    fn a_form_is_read_in_every_spelling_that_clients_use() {
        for body in ["scope=a+b&x=", "scope=a%20b&x", "&&scope=a%20b&x=&"] {
            let parameters = Parameters::form(body.as_bytes()).unwrap();
            assert_eq!(parameters.text("scope").unwrap().unwrap(), "a b", "{body}");
            assert_eq!(parameters.text("x").unwrap(), None, "an empty parameter counts as absent");
        }
    }

    /// A-21.
    #[test]
    fn a_parameter_sent_twice_is_refused_even_when_empty() {
        assert_eq!(rule(Parameters::form(b"a=1&a=1")), Rule::DuplicateParameter);
        assert_eq!(rule(Parameters::form(b"a=&a=")), Rule::DuplicateParameter);
        assert_eq!(rule(Parameters::form(b"a=1&%61=2")), Rule::DuplicateParameter);
        assert_eq!(rule(Parameters::json(br#"{"a":"1","a":"1"}"#)), Rule::DuplicateParameter);
        assert!(Parameters::form(b"resource=a&resource=b").is_ok());
    }

    /// DO-01, DO-02.
    #[test]
    fn limits_hold() {
        let many: Vec<String> = (0..=MAX_PARAMETERS).map(|n| format!("p{n}=1")).collect();
        assert_eq!(rule(Parameters::form(many.join("&").as_bytes())), Rule::TooManyParameters);
        assert_eq!(
            rule(Parameters::form(format!("{}=1", "n".repeat(65)).as_bytes())),
            Rule::ParameterTooLong
        );
        assert_eq!(
            rule(Parameters::form(format!("a={}", "v".repeat(16_385)).as_bytes())),
            Rule::ParameterTooLong
        );
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(40), "]".repeat(40));
        assert_eq!(rule(Parameters::json(deep.as_bytes())), Rule::BodyNestedTooDeep);
    }

    #[test]
    fn malformed_bodies_are_told_apart_from_wrong_shapes() {
        for body in [&b"a=%zz"[..], b"a=%f", b"a=%ff", b"\xff=1"] {
            assert_eq!(rule(Parameters::form(body)), Rule::MalformedBody);
        }
        for body in ["", "{", "{\"a\":}", "nonsense", "{} {}"] {
            assert_eq!(rule(Parameters::json(body.as_bytes())), Rule::MalformedBody, "{body}");
        }
        for body in ["[]", "\"text\"", "1", "null"] {
            assert_eq!(rule(Parameters::json(body.as_bytes())), Rule::BodyNotObject, "{body}");
        }
        assert_eq!(
            rule(Parameters::json(br#"{"a":1}"#).unwrap().text("a").cloned_none()),
            Rule::BodyNotObject
        );
        assert_eq!(Parameters::json(br#"{"a":null}"#).unwrap().get("a"), None);
    }

    trait ClonedNone {
        fn cloned_none(self) -> Result<(), Rejection>;
    }
    impl ClonedNone for Result<Option<&Cow<'_, str>>, Rejection> {
        fn cloned_none(self) -> Result<(), Rejection> {
            self.map(|_| ())
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_a_reader_fail(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Parameters::form(&body);
            let _ = Parameters::json(&body);
        }

        #[test]
        fn what_a_form_writer_writes_is_read_back(name in "[a-z]{1,20}", value in ".{1,60}") {
            let body = form_urlencoded::Serializer::new(String::new()).append_pair(&name, &value).finish();
            let read = Parameters::form(body.as_bytes()).unwrap();
            prop_assert_eq!(read.text(&name).unwrap().unwrap(), &value);
        }
    }
}

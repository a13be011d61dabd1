//! How refusal is answered.

use super::JsonLayout;
use crate::error_code::ErrorCode;
use crate::rejection::Rule;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How refusal is answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Errors {
    /// `Content-Type`.
    pub content_type: String,
    /// More headers on every refusal.
    pub headers: Vec<[String; 2]>,
    /// Members of the body in order; an empty body if none.
    pub members: Vec<ErrorMember>,
    /// How JSON is laid out.
    pub json: JsonLayout,
    /// What a refusal with this error code says instead of the RFC's.
    pub code: BTreeMap<ErrorCode, ErrorOverride>,
    /// What a refusal for this rule says instead of its code's.
    pub rule: BTreeMap<Rule, ErrorOverride>,
    /// `WWW-Authenticate` where client authentication fails with 401; none if empty. `{realm}` is the realm's name.
    pub www_authenticate: String,
}

impl Default for Errors {
    fn default() -> Self {
        let member =
            |name: &str, value| ErrorMember { name: name.into(), value: Some(value), ..Default::default() };
        Self {
            content_type: "application/json".into(),
            headers: vec![["Cache-Control".into(), "no-store".into()], ["Pragma".into(), "no-cache".into()]],
            members: vec![
                member("error", ErrorValue::Error),
                member("error_description", ErrorValue::Description),
            ],
            json: JsonLayout::default(),
            code: BTreeMap::new(),
            rule: BTreeMap::new(),
            www_authenticate: "Basic realm=\"{realm}\", charset=\"UTF-8\"".into(),
        }
    }
}

/// One member of an error body: a value, a fixed text, an object (`members`) or an array of one object (`array`).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorMember {
    /// Name in the body.
    pub name: String,
    /// Source of the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<ErrorValue>,
    /// Fixed text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub literal: Option<String>,
    /// Members of an object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<ErrorMember>>,
    /// Members of the one object in an array.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub array: Option<Vec<ErrorMember>>,
}

/// Source of a value in an error body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorValue {
    /// The error code on the wire.
    Error,
    /// The sentence.
    Description,
    /// The HTTP status, a number.
    Status,
    /// The HTTP status' phrase.
    Title,
    /// The rule's stable name.
    Rule,
    /// `{"<field>": ["<sentence>"]}`, or `{}` where the override names no field.
    Details,
}

/// What a refusal says instead. A rule's override wins key by key over its code's, and that over the RFC; headers of
/// both are sent. A status that HTTP itself demands (405, 408, 413, 415, 429) yields to the rule's override alone.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ErrorOverride {
    /// The error code on the wire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// HTTP status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The sentence; `{n}` is the rejection's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Key in `details`, such as `Entity.field`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The sentence in `details`, if it is another; `{n}` as above.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Headers beside the usual ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<[String; 2]>,
}

//! How success is answered, and how JSON is laid out.

use serde::{Deserialize, Serialize};

/// How success is answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: String,
    /// More headers.
    pub headers: Vec<[String; 2]>,
    /// Members of the body in order; one without a value for a token is left out.
    pub members: Vec<Member>,
    /// `token_type`.
    pub token_type: String,
    /// How JSON is laid out.
    pub json: JsonLayout,
}

impl Default for Response {
    fn default() -> Self {
        let member =
            |name: &str, value| Member { name: name.into(), value: Some(value), literal: None, number: None };
        Self {
            status: 200,
            content_type: "application/json".into(),
            headers: vec![["Cache-Control".into(), "no-store".into()], ["Pragma".into(), "no-cache".into()]],
            members: vec![
                member("access_token", MemberValue::AccessToken),
                member("token_type", MemberValue::TokenType),
                member("expires_in", MemberValue::ExpiresIn),
                member("refresh_token", MemberValue::RefreshToken),
                member("scope", MemberValue::Scope),
            ],
            token_type: "Bearer".into(),
            json: JsonLayout::default(),
        }
    }
}

/// One member of a success body: its name and where its value comes from, or a fixed text or number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Name in the body.
    pub name: String,
    /// Source of the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<MemberValue>,
    /// Fixed text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub literal: Option<String>,
    /// Fixed number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<i64>,
}

/// Source of a member's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberValue {
    /// The access token.
    AccessToken,
    /// `response.token_type`.
    TokenType,
    /// Lifetime in seconds, a number.
    ExpiresIn,
    /// Lifetime in seconds, as text.
    ExpiresInText,
    /// Expiry as seconds since the epoch.
    ExpiresAt,
    /// Expiry as an ISO 8601 date and time in UTC.
    ExpiresAtIso,
    /// The ID token, if there is one.
    IdToken,
    /// The refresh token, if there is one.
    RefreshToken,
    /// Lifetime of the refresh token in seconds, if there is one.
    RefreshTokenExpiresIn,
    /// Scope separated by spaces.
    Scope,
    /// Scope as an array.
    ScopeArray,
    /// Scope in upper case, separated by spaces.
    ScopeUpper,
}

/// How JSON is laid out, for clients and recordings that compare bytes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JsonLayout {
    /// Line break between members; one line if empty.
    pub newline: String,
    /// Spaces before a member, for each level.
    pub indent: u8,
    /// A space after the colon.
    pub space_after_colon: bool,
}

impl JsonLayout {
    /// One line without spaces.
    pub const COMPACT: &'static Self = &Self { newline: String::new(), indent: 0, space_after_colon: false };
}

//! How a token request is written: encodings, names and what its `grant_type` values mean.

use crate::grant::GrantType;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How a token request is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Request {
    /// Encodings of the body that are read; the first is the documented one.
    pub encodings: Vec<BodyEncoding>,
    /// Reads a body that is labelled as a form and starts with `{` as JSON, as some clients send it.
    pub json_labelled_as_form: bool,
    /// Where `grant_type` stands.
    pub grant_type_in: GrantTypeIn,
    /// Parameter names on the wire.
    pub names: ParameterNames,
    /// `grant_type` values on the wire and what they mean.
    pub grants: BTreeMap<String, Grant>,
    /// What a request without `grant_type` means, where a provider documents none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_grant: Option<Grant>,
    /// How the scope is written.
    pub scope_as: ScopeAs,
    /// Headers that must be present; with a value, exactly that one.
    pub headers: Vec<RequiredHeader>,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            encodings: vec![BodyEncoding::Form],
            json_labelled_as_form: false,
            grant_type_in: GrantTypeIn::Body,
            names: ParameterNames::default(),
            grants: BTreeMap::new(),
            default_grant: None,
            scope_as: ScopeAs::Text,
            headers: Vec::new(),
        }
    }
}

/// Encoding of a request body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyEncoding {
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `application/json`.
    Json,
    /// `multipart/form-data`.
    Multipart,
}

/// Where `grant_type` stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantTypeIn {
    /// In the body.
    Body,
    /// In the URL's query.
    Query,
}

/// How a scope is written in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScopeAs {
    /// Separated by spaces.
    Text,
    /// Separated by commas.
    CommaText,
    /// A JSON array of strings.
    Array,
}

/// What a `grant_type` value means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// RFC 6749 §4.4.
    ClientCredentials,
    /// RFC 6749 §4.1.
    AuthorizationCode,
    /// RFC 6749 §6.
    RefreshToken,
    /// RFC 6749 §4.3: the client sees the user's password (RFC 9700 §2.4 forbids it).
    DangerPassword,
}

impl Grant {
    /// The grant it means.
    pub const fn grant_type(self) -> GrantType {
        match self {
            Self::ClientCredentials => GrantType::ClientCredentials,
            Self::AuthorizationCode => GrantType::AuthorizationCode,
            Self::RefreshToken => GrantType::RefreshToken,
            Self::DangerPassword => GrantType::Password,
        }
    }
}

/// Parameter names on the wire.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "each field is the RFC 6749 parameter of the same name")]
pub struct ParameterNames {
    pub grant_type: String,
    pub client_id: String,
    pub client_secret: String,
    pub scope: String,
    pub username: String,
    pub password: String,
    pub refresh_token: String,
    pub code: String,
    pub redirect_uri: String,
    pub code_verifier: String,
}

impl Default for ParameterNames {
    fn default() -> Self {
        Self {
            grant_type: "grant_type".into(),
            client_id: "client_id".into(),
            client_secret: "client_secret".into(),
            scope: "scope".into(),
            username: "username".into(),
            password: "password".into(),
            refresh_token: "refresh_token".into(),
            code: "code".into(),
            redirect_uri: "redirect_uri".into(),
            code_verifier: "code_verifier".into(),
        }
    }
}

/// A header that a request must carry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequiredHeader {
    /// Its name.
    pub name: String,
    /// Its one allowed value; any if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// A fresh value in each request (a correlation id); checked by nobody, made by the agent.
    #[serde(default)]
    pub fresh: bool,
}

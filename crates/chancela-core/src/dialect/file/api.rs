//! What every call of the provider's API carries besides the access token. The server's part ends with the token, so
//! only clients (the agent) read this.

use serde::{Deserialize, Serialize};

/// What every call of the provider's API carries besides the access token.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Api {
    /// Calls are made over connections that show the client's certificate, as the token request is.
    pub mutual_tls: bool,
    /// Headers.
    pub headers: Vec<ApiParameter>,
    /// Parameters of the URL's query.
    pub query: Vec<ApiParameter>,
}

/// A header or a parameter, and where its value comes from: exactly one of `value`, `literal` and `credential`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiParameter {
    /// Its name.
    pub name: String,
    /// Source of the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<ApiValue>,
    /// Fixed text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub literal: Option<String>,
    /// Name of something that the provider gave to the client, such as the key of its application; its configuration
    /// has it under this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

/// Source of a parameter's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApiValue {
    /// The `client_id` with which the token was asked for.
    ClientId,
    /// A value that is new in each call: a UUID version 4.
    Fresh,
}

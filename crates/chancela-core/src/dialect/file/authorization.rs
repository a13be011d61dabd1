//! The authorization endpoint: what a provider's differs in from RFC 6749 §4.1, OAuth 2.1 and OpenID Connect.

use serde::{Deserialize, Serialize};

/// Rules of the authorization endpoint and of the codes that it issues.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Authorization {
    /// Lifetime of codes in seconds.
    pub code_lifetime: u32,
    /// A registered redirect URI also stands for every URI that continues it (RFC 9700 §2.1 forbids it).
    pub danger_redirect_uri_prefix: bool,
    /// Clients may leave the code challenge out (RFC 9700 §2.1.1 forbids it for most).
    pub danger_pkce_optional: bool,
    /// Parameters that a request must have beside the RFCs', each with its one value.
    pub parameters: Vec<FixedParameter>,
    /// The scope that a request must have, in any order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope_exactly: Option<String>,
    /// Scope that a request may have beside `scope_exactly`, and that may also be asked for when the code is redeemed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope_optional: Option<String>,
    /// What a successful response carries beside `code`, `state` and `iss`.
    pub response: Vec<ResponseParameter>,
    /// Fragment that ends the URL of an error response, against the browser's keeping the old one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_fragment: Option<String>,
}

impl Default for Authorization {
    fn default() -> Self {
        Self {
            code_lifetime: 30,
            danger_redirect_uri_prefix: false,
            danger_pkce_optional: false,
            parameters: Vec::new(),
            scope_exactly: None,
            scope_optional: None,
            response: Vec::new(),
            error_fragment: None,
        }
    }
}

/// The device authorization endpoint (RFC 8628 §3.1). Clients alone use it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceAuthorizationEndpoint {
    /// Its path; `{tenant}` as in token endpoints.
    pub path: String,
}

/// A parameter with its one value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixedParameter {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// What a successful authorization response may carry more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseParameter {
    /// The granted scope.
    Scope,
    /// `session_state` (OpenID Connect Session Management §2).
    SessionState,
}

/// What a scope lets a client do, in words for people: one text for every language, or sentences for each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ScopeMeaning {
    /// One sentence, whatever the language.
    Text(String),
    /// Sentences by language.
    Sentences {
        /// In Brazilian Portuguese.
        #[serde(rename = "pt-BR", default)]
        pt_br: Vec<String>,
        /// In English.
        #[serde(default)]
        en: Vec<String>,
    },
}

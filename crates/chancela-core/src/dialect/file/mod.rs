//! The vocabulary of a dialect file. Every table refuses unknown keys and every choice is a closed list; every default
//! is what RFC 6749 and RFC 6750 say. What a provider documents and no server should offer on its own accord is
//! spelled `danger_…`.

mod api;
mod authorization;
mod certificate_issuance;
mod client_authentication;
mod errors;
mod refresh;
mod registration;
mod request;
mod requires;
mod response;
mod scope;
mod token;

pub use api::*;
pub use authorization::*;
pub use certificate_issuance::*;
pub use client_authentication::*;
pub use errors::*;
pub use refresh::*;
pub use registration::*;
pub use request::*;
pub use requires::*;
pub use response::*;
pub use scope::*;
pub use token::*;

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A dialect file, or what one file adds to the file that it extends.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DialectFile {
    /// Version of this vocabulary; 1.
    pub format: u32,
    /// The dialect's name, equal to the file's.
    pub name: String,
    /// The provider's name, for people.
    pub title: String,
    /// Base file (an engine that several providers share) whose tables this file's tables override, key by key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extends: Option<String>,
    /// What the facts rest on: pages, recordings, clients.
    pub sources: Vec<String>,
    /// Environments of the provider by name.
    pub environments: BTreeMap<String, Environment>,
    /// What identifiers and secrets look like that a server makes for this dialect.
    pub credentials: CredentialFormats,
    /// Every known scope and its meaning for people.
    pub scopes: BTreeMap<String, ScopeMeaning>,
    /// Token endpoints by name; several where a token needs several steps. Each holds the tables below for itself,
    /// laid over those of the file.
    pub token_endpoint: BTreeMap<String, Endpoint>,
    /// The authorization endpoint and its codes.
    pub authorization: Authorization,
    /// The endpoint at which devices without a browser begin (RFC 8628), where the provider has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_authorization: Option<DeviceAuthorizationEndpoint>,
    /// Paths of the other endpoints.
    pub endpoints: OtherEndpoints,
    /// How clients get their certificates.
    pub certificate_issuance: CertificateIssuance,
    /// How clients register themselves.
    pub registration: RegistrationRules,
    /// For each fact that the provider does not document: what it rests on. Keys are paths into this file.
    pub marks: BTreeMap<String, Mark>,
    /// How a token request is written.
    pub request: Request,
    /// How a client proves who it is.
    pub client_authentication: ClientAuthentication,
    /// Rules for the requested scope.
    pub scope: ScopeRules,
    /// What an access token is and how it travels.
    pub token: Token,
    /// How success is answered.
    pub response: Response,
    /// How refusal is answered.
    pub errors: Errors,
    /// Refresh tokens.
    pub refresh: Refresh,
    /// A limit on token requests that the provider documents; a realm switches it on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
    /// What calls of the API carry besides the token.
    pub api: Api,
}

/// One token endpoint: where it is, and the tables that differ from the file's.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Endpoint {
    /// Paths below the realm's issuer; `{tenant}` stands for one segment that names a tenant.
    pub paths: Vec<String>,
    /// What must come with the request beside the client's own credentials.
    pub requires: Requires,
    /// How a token request is written.
    pub request: Request,
    /// How a client proves who it is.
    pub client_authentication: ClientAuthentication,
    /// Rules for the requested scope.
    pub scope: ScopeRules,
    /// What an access token is and how it travels.
    pub token: Token,
    /// How success is answered.
    pub response: Response,
    /// How refusal is answered.
    pub errors: Errors,
    /// Refresh tokens.
    pub refresh: Refresh,
    /// A limit on token requests that the provider documents; a realm switches it on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
    /// What calls of the API carry besides the token.
    pub api: Api,
}

/// One environment of a provider.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Environment {
    /// Lifetime of access tokens in seconds; the token's own `lifetime` if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token_lifetime: Option<u32>,
    /// Lifetime of refresh tokens in seconds; `refresh.lifetime` if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token_lifetime: Option<u32>,
    /// Where the provider serves it (used by the agent, and for people).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// The same of the endpoint at which certificates are ordered, if it is elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_url: Option<String>,
    /// The same of the token endpoints that are elsewhere, by their names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub base_urls: BTreeMap<String, String>,
}

/// What identifiers and secrets look like.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CredentialFormats {
    /// Of `client_id`.
    pub client_id: CredentialFormat,
    /// Of `client_secret`.
    pub client_secret: CredentialFormat,
}

/// Shape of a generated identifier or secret.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case", tag = "format")]
pub enum CredentialFormat {
    /// This server's own: a prefix, 256 random bits and a checksum.
    #[default]
    Own,
    /// UUID version 4.
    Uuid,
    /// A prefix and lower-case hexadecimal digits.
    Hex {
        /// Text before the digits.
        #[serde(default)]
        prefix: String,
        /// Number of digits.
        length: u16,
    },
    /// Decimal digits.
    Digits {
        /// Number of digits.
        length: u16,
    },
}

/// Paths of the endpoints that are not token endpoints; each realm has them, whatever its provider documents,
/// because the provider's own resource servers need them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(
    missing_docs,
    reason = "each field is the endpoint of that name in RFC 8414 §2 or OpenID Connect Discovery §3"
)]
pub struct OtherEndpoints {
    pub introspection: String,
    pub revocation: String,
    pub jwks: String,
    pub authorization: String,
    pub userinfo: String,
    pub end_session: String,
    /// The page where users see and end their sessions, consents and factors.
    pub account: String,
    /// Answers whether a request's access token is good, for proxies that ask before each request.
    pub verification: String,
    /// Status of certificates (RFC 6960).
    pub ocsp: String,
    /// Below it, the revocation lists (RFC 5280 §5) and the certificates of the realm's certificate authority.
    pub authority: String,
    /// More paths of the discovery document; `{tenant}` as in token endpoints.
    pub discovery: Vec<String>,
}

impl Default for OtherEndpoints {
    fn default() -> Self {
        Self {
            introspection: "/oauth/introspect".into(),
            revocation: "/oauth/revoke".into(),
            jwks: "/.well-known/jwks.json".into(),
            authorization: "/oauth/authorize".into(),
            userinfo: "/oauth/userinfo".into(),
            end_session: "/oauth/logout".into(),
            account: "/account".into(),
            verification: "/oauth/verify".into(),
            ocsp: "/ocsp".into(),
            authority: "/ca".into(),
            discovery: Vec::new(),
        }
    }
}

/// What a fact rests on that the provider does not document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Seen in public client code.
    Client,
    /// Recorded real traffic.
    Recorded,
    /// Captured from a real client's run.
    Wire,
    /// Inferred, without a direct source.
    Inferred,
    /// Not known of the provider; this project's own choice.
    Ours,
}

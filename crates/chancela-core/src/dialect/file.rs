//! The vocabulary of a dialect file. Every table refuses unknown keys and every choice is a closed list; every default
//! is what RFC 6749 and RFC 6750 say. What a provider documents and no server should offer on its own accord is
//! spelled `danger_…`.

use crate::client_auth::Method;
use crate::error_code::ErrorCode;
use crate::grant::GrantType;
use crate::jose::JwsAlgorithm;
use crate::rejection::Rule;
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
    pub scopes: BTreeMap<String, String>,
    /// Token endpoints by name; several where a token needs several steps. Each holds the tables below for itself,
    /// laid over those of the file.
    pub token_endpoint: BTreeMap<String, Endpoint>,
    /// Paths of the other endpoints.
    pub endpoints: OtherEndpoints,
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

/// How a client proves who it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClientAuthentication {
    /// Methods that the endpoint accepts; the first is the documented one.
    pub methods: Vec<Method>,
    /// How id and secret are encoded inside Basic.
    pub basic_encoding: BasicEncoding,
    /// What to do with a line break at the end of the secret (credentials encoded with `echo`).
    pub trailing_newline: TrailingNewline,
    /// A client certificate is needed beside the method.
    pub require_client_certificate: bool,
    /// A header with a key of the application beside the method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key_header: Option<String>,
    /// Credentials of a platform that acts for the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner: Option<Partner>,
}

impl Default for ClientAuthentication {
    fn default() -> Self {
        Self {
            methods: vec![Method::ClientSecretBasic, Method::ClientSecretPost],
            basic_encoding: BasicEncoding::Either,
            trailing_newline: TrailingNewline::Reject,
            require_client_certificate: false,
            api_key_header: None,
            partner: None,
        }
    }
}

/// How id and secret are encoded inside Basic (RFC 6749 §2.3.1 says form-encoded; most bank clients do not).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BasicEncoding {
    /// Both are tried: as sent, and form-decoded if that is another text.
    Either,
    /// As sent.
    Raw,
    /// Form-encoded.
    Form,
}

/// What to do with a line break at the end of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrailingNewline {
    /// Refuse and say why.
    Reject,
    /// Take it off: the provider's own sample has one.
    Trim,
}

/// A header with the credentials of a partner platform.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partner {
    /// The header: base64 of `id:secret`.
    pub header: String,
    /// Word before the base64; none if empty.
    #[serde(default)]
    pub scheme: String,
}

/// Rules for the requested scope.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScopeRules {
    /// What a request without scope gets.
    pub when_absent: WhenScopeAbsent,
    /// What happens to a known scope that the client may not have.
    pub when_ungranted: WhenScopeUngranted,
    /// Most scopes for one token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<u16>,
    /// The one list that is accepted, in any order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exactly: Option<String>,
}

impl Default for ScopeRules {
    fn default() -> Self {
        Self {
            when_absent: WhenScopeAbsent::All,
            when_ungranted: WhenScopeUngranted::Reject,
            max: None,
            exactly: None,
        }
    }
}

/// What a request without scope gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenScopeAbsent {
    /// All that the client may have (cut to `max`).
    All,
    /// A token without scope.
    None,
    /// A refusal.
    Reject,
}

/// What happens to a known scope that the client may not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenScopeUngranted {
    /// A refusal.
    Reject,
    /// It is left out of the answer.
    Narrow,
}

/// What an access token is and how it travels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Token {
    /// Its format.
    pub format: TokenFormat,
    /// Lifetime in seconds where the environment says nothing.
    pub lifetime: u32,
    /// Form of a JWT.
    pub jwt: Jwt,
    /// Header in which a client sends the token to a resource.
    pub header: String,
    /// Word before the token in that header; none if empty.
    pub scheme: String,
}

impl Default for Token {
    fn default() -> Self {
        Self {
            format: TokenFormat::Jwt,
            lifetime: 300,
            jwt: Jwt::default(),
            header: "Authorization".into(),
            scheme: "Bearer".into(),
        }
    }
}

/// Format of an access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenFormat {
    /// A signed JWT.
    Jwt,
    /// This server's own reference token: a prefix, 256 random bits, a masked expiry and a checksum.
    Opaque,
    /// A reference token that looks like a UUID version 4.
    Uuid,
    /// A reference token of 32 lower-case hexadecimal digits.
    Hex,
}

/// Form of a JWT access token; RFC 9068 by default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Jwt {
    /// Signature algorithm.
    pub algorithm: JwsAlgorithm,
    /// `typ` in the header.
    pub typ: String,
    /// Whether the header names the key.
    pub kid: bool,
    /// Claims in order; one without a value for a token is left out.
    pub claims: Vec<Claim>,
    /// What `cnf.x5t#S256` holds.
    pub thumbprint: Thumbprint,
}

impl Default for Jwt {
    fn default() -> Self {
        let claim = |name: &str, value| Claim { name: name.into(), value: Some(value), literal: None };
        Self {
            algorithm: JwsAlgorithm::Es256,
            typ: "at+jwt".into(),
            kid: true,
            claims: vec![
                claim("iss", ClaimValue::Issuer),
                claim("sub", ClaimValue::Subject),
                claim("aud", ClaimValue::Audience),
                claim("client_id", ClaimValue::ClientId),
                claim("exp", ClaimValue::ExpiresAt),
                claim("iat", ClaimValue::IssuedAt),
                claim("jti", ClaimValue::TokenId),
                claim("scope", ClaimValue::Scope),
                claim("cnf", ClaimValue::Confirmation),
            ],
            thumbprint: Thumbprint::Raw,
        }
    }
}

/// One claim: its name and where its value comes from (`value`), or a fixed text (`literal`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Name in the payload.
    pub name: String,
    /// Source of the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<ClaimValue>,
    /// Fixed text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub literal: Option<String>,
}

/// Source of a claim's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimValue {
    /// The realm's issuer.
    Issuer,
    /// The user, or the client where it acts for itself.
    Subject,
    /// The realm's audience.
    Audience,
    /// `client_id`.
    ClientId,
    /// Expiry, seconds since the epoch.
    ExpiresAt,
    /// Time of issue, seconds since the epoch.
    IssuedAt,
    /// Same as the time of issue.
    NotBefore,
    /// 128 random bits, base64url.
    TokenId,
    /// Scope separated by spaces.
    Scope,
    /// Scope as an array.
    ScopeArray,
    /// Scope as an array of upper-case texts.
    ScopeArrayUpper,
    /// `{"x5t#S256": …}` of the client's certificate (RFC 8705 §3.1).
    Confirmation,
    /// The tenant.
    Tenant,
}

/// What `cnf.x5t#S256` holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Thumbprint {
    /// base64url of the 32 bytes (RFC 8705 §3.1).
    Raw,
    /// base64url of the 64 hexadecimal digits, which no conforming resource server accepts.
    DangerHex,
}

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
        let member = |name: &str, value| Member { name: name.into(), value: Some(value), literal: None };
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

/// One member of a success body: its name and where its value comes from, or a fixed text.
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
        let member = |name: &str, value| ErrorMember { name: name.into(), value: Some(value), ..Default::default() };
        Self {
            content_type: "application/json".into(),
            headers: vec![["Cache-Control".into(), "no-store".into()], ["Pragma".into(), "no-cache".into()]],
            members: vec![member("error", ErrorValue::Error), member("error_description", ErrorValue::Description)],
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

/// Refresh tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Refresh {
    /// What happens to a refresh token when it is used.
    pub policy: RefreshPolicy,
    /// Lifetime in seconds where the environment says nothing.
    pub lifetime: u32,
    /// Whether each rotation starts the lifetime anew; otherwise it counts from the login.
    pub sliding: bool,
    /// Longest life of a family in seconds, counted from the login, however often it is rotated.
    pub absolute_lifetime: u32,
    /// Uses of one token, with policy `uses`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uses: Option<u16>,
    /// Scope without which none is issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requires_scope: Option<String>,
}

impl Default for Refresh {
    fn default() -> Self {
        Self {
            policy: RefreshPolicy::None,
            lifetime: 86_400,
            sliding: false,
            absolute_lifetime: 2_592_000,
            uses: None,
            requires_scope: None,
        }
    }
}

/// What happens to a refresh token when it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefreshPolicy {
    /// There are none.
    None,
    /// It is replaced; the old one is dead.
    Rotate,
    /// It stays the same until it expires.
    Fixed,
    /// It stays the same for a number of uses.
    Uses,
}

/// A limit on token requests of one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// Requests.
    pub requests: u16,
    /// In this many seconds.
    pub period: u32,
}

/// What must come with a token request beside the client's own credentials.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Requires {
    /// The access token of an earlier step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token: Option<ChainedToken>,
    /// The client's certificate in a header. It proves nothing, because a certificate is public (requirements.md
    /// 0.15); only for a provider that documents it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub danger_client_certificate: Option<CertificateHeader>,
}

/// The access token of an earlier step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainedToken {
    /// Header that carries it, without a scheme word.
    pub header: String,
    /// Name of the token endpoint that issued it.
    pub from: String,
}

/// A header with a certificate in PEM (with spaces, `\n`, or URL-encoded) or bare base64.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateHeader {
    /// Its name.
    pub header: String,
}

/// Paths of the endpoints that are not token endpoints; each realm has them, whatever its provider documents,
/// because the provider's own resource servers need them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "each field is the endpoint of that name in RFC 8414 §2")]
pub struct OtherEndpoints {
    pub introspection: String,
    pub revocation: String,
    pub jwks: String,
    pub authorization: String,
}

impl Default for OtherEndpoints {
    fn default() -> Self {
        Self {
            introspection: "/oauth/introspect".into(),
            revocation: "/oauth/revoke".into(),
            jwks: "/.well-known/jwks.json".into(),
            authorization: "/oauth/authorize".into(),
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

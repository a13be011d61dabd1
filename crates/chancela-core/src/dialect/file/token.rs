//! What an access token is and how it travels.

use crate::jose::JwsAlgorithm;
use serde::{Deserialize, Serialize};

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
    /// ID tokens.
    pub id_token: IdToken,
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
            id_token: IdToken::default(),
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
    /// This server's own self-contained token, which only it can read: a prefix, a sealed payload and a checksum. The
    /// store keeps no row of it.
    Sealed,
    /// A reference token that looks like a UUID version 4.
    Uuid,
    /// A reference token of 32 lower-case hexadecimal digits.
    Hex,
}

/// ID tokens (OpenID Connect Core §2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IdToken {
    /// Signature algorithm for clients that are registered with none.
    pub algorithm: JwsAlgorithm,
}

impl Default for IdToken {
    fn default() -> Self {
        Self { algorithm: JwsAlgorithm::Es256 }
    }
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
    /// At least 128 random bits, base64url, behind the grant's id where there is a grant.
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

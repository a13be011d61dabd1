//! JWT access tokens (RFC 9068, or a dialect's form): issuing, and verifying our own.
//!
//! A token is known by the SHA-256 of what is signed, not by its `jti` (some dialects have none) nor by the whole text
//! (an ECDSA signature can be altered and stay good): that is what a revocation remembers.

use super::issue::{IssueError, Issuer};
use crate::dialect::json::Writer;
use crate::dialect::{Claim, ClaimValue, JsonLayout, Jwt, Thumbprint};
use crate::grant::Approval;
use crate::id::TokenId;
use crate::jose::{MAX_TOKEN_BYTES, SigningKey, VerifyingKey};
use crate::record::Client;
use crate::secret::{hex, sha256};
use crate::time::Timestamp;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde_json::{Map, Value};
use std::sync::Arc;

/// A signing key with the JWT header that goes with it, encoded once.
#[derive(Debug)]
pub struct Signer {
    key: SigningKey,
    header: String,
}

impl Signer {
    /// For tokens of the form `jwt`.
    pub fn new(key: SigningKey, jwt: &Jwt) -> Self {
        let mut writer = Writer::new(JsonLayout::COMPACT);
        writer.begin_object();
        writer.key("typ");
        writer.string(&jwt.typ);
        writer.key("alg");
        writer.string(key.algorithm().as_str());
        if jwt.kid {
            writer.key("kid");
            writer.string(key.jwk().kid());
        }
        writer.end_object();
        Self { header: BASE64URL.encode(writer.into_bytes()), key }
    }

    /// The key.
    pub const fn key(&self) -> &SigningKey {
        &self.key
    }
}

/// Makes a signed token.
pub(super) fn issue(
    issuer: &Issuer<'_>,
    client: &Client,
    approval: &Approval,
    expires_at: i64,
) -> Result<String, IssueError> {
    let signer = issuer.signer.ok_or(IssueError::NoKey)?;
    let mut token_id = [0; 16];
    issuer.entropy.fill(&mut token_id)?;
    let mut writer = Writer::over(Vec::with_capacity(512), JsonLayout::COMPACT);
    writer.begin_object();
    for claim in &issuer.endpoint.token.jwt.claims {
        write_claim(&mut writer, claim, issuer, client, approval, (expires_at, &token_id));
    }
    writer.end_object();
    let payload = writer.into_bytes();
    let mut token = String::with_capacity(signer.header.len() + payload.len() * 4 / 3 + 360);
    token.push_str(&signer.header);
    token.push('.');
    BASE64URL.encode_string(payload, &mut token);
    signer.key.sign(&mut token)?;
    Ok(token)
}

fn write_claim(
    writer: &mut Writer<'_>,
    claim: &Claim,
    issuer: &Issuer<'_>,
    client: &Client,
    approval: &Approval,
    (expires_at, token_id): (i64, &[u8; 16]),
) {
    let Some(value) = claim.value else {
        writer.key(&claim.name);
        writer.string(claim.literal.as_deref().unwrap_or_default());
        return;
    };
    let absent = match value {
        ClaimValue::Scope | ClaimValue::ScopeArray | ClaimValue::ScopeArrayUpper => approval.scope.is_empty(),
        ClaimValue::Confirmation => approval.certificate.is_none(),
        ClaimValue::Tenant => approval.tenant.is_none(),
        _ => false,
    };
    if absent {
        return;
    }
    writer.key(&claim.name);
    match value {
        ClaimValue::Issuer => writer.string(issuer.issuer),
        ClaimValue::Subject => writer.string(approval.subject.as_deref().unwrap_or(&client.client_id)),
        ClaimValue::Audience => writer.string(approval.audience.as_deref().unwrap_or(issuer.audience)),
        ClaimValue::ClientId => writer.string(&client.client_id),
        ClaimValue::ExpiresAt => writer.number(expires_at),
        ClaimValue::IssuedAt => writer.number(issuer.issued_at(client, approval)),
        ClaimValue::NotBefore => writer.number(issuer.now.seconds()),
        ClaimValue::TokenId => writer.string(&BASE64URL.encode(token_id)),
        ClaimValue::Scope => writer.string(approval.scope.as_str()),
        ClaimValue::ScopeArray => writer.strings(approval.scope.iter()),
        ClaimValue::ScopeArrayUpper => writer.strings(approval.scope.as_str().to_uppercase().split(' ')),
        ClaimValue::Confirmation => {
            writer.begin_object();
            writer.key("x5t#S256");
            writer.string(&thumbprint(
                issuer.endpoint.token.jwt.thumbprint,
                &approval.certificate.unwrap_or_default(),
            ));
            writer.end_object();
        }
        ClaimValue::Tenant => writer.string(approval.tenant.as_deref().unwrap_or_default()),
    }
}

fn thumbprint(form: Thumbprint, digest: &[u8; 32]) -> String {
    match form {
        Thumbprint::Raw => BASE64URL.encode(digest),
        Thumbprint::DangerHex => BASE64URL.encode(hex(digest)),
    }
}

/// What a verified token of ours says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedJwt {
    /// By which it can be revoked.
    pub id: TokenId,
    /// `client_id` of who asked for it.
    pub client_id: Box<str>,
    /// The resource owner, where it is not the client.
    pub subject: Option<Box<str>>,
    /// Audience.
    pub audience: Option<Box<str>>,
    /// Scope as in the token, separated by spaces.
    pub scope: Arc<str>,
    /// `iat`.
    pub issued_at: i64,
    /// `exp`.
    pub expires_at: i64,
    /// SHA-256 of the certificate that it is bound to.
    pub certificate: Option<[u8; 32]>,
}

/// Verifies that `token` was signed by one of `keys` in the form `jwt`, has not expired, and is for `issuer`.
///
/// The algorithm comes from the key, never from the token (requirement K-01); a `kid` in the token picks the key, and a
/// form without `kid` tries each key of its algorithm.
pub fn verify(
    token: &str,
    jwt: &Jwt,
    keys: &[VerifyingKey],
    issuer: &str,
    now: Timestamp,
) -> Option<VerifiedJwt> {
    if token.len() > MAX_TOKEN_BYTES {
        return None;
    }
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, payload) = signed.split_once('.')?;
    let header: Map<String, Value> = serde_json::from_slice(&BASE64URL.decode(header).ok()?).ok()?;
    let alg = header.get("alg")?.as_str()?;
    let kid = header.get("kid").map(Value::as_str);
    if header.contains_key("crit") || header.get("typ")?.as_str()? != jwt.typ || kid.is_some() != jwt.kid {
        return None;
    }
    let signature = BASE64URL.decode(signature).ok()?;
    let candidate = |key: &&VerifyingKey| {
        key.algorithm().as_str() == alg && kid.is_none_or(|kid| kid == Some(key.jwk().kid()))
    };
    if !keys.iter().filter(candidate).any(|key| key.verify(signed.as_bytes(), &signature)) {
        return None;
    }
    let payload: Map<String, Value> = serde_json::from_slice(&BASE64URL.decode(payload).ok()?).ok()?;
    let claims = Claims { payload: &payload, claims: &jwt.claims };
    if claims.has(ClaimValue::Issuer) && claims.text(ClaimValue::Issuer) != Some(issuer) {
        return None;
    }
    let expires_at = claims.number(ClaimValue::ExpiresAt)?;
    if now.seconds() >= expires_at {
        return None;
    }
    let client = if claims.has(ClaimValue::ClientId) { ClaimValue::ClientId } else { ClaimValue::Subject };
    let client_id = claims.text(client)?;
    let mut id = [0; 16];
    id.copy_from_slice(&sha256(signed.as_bytes())[..16]);
    Some(VerifiedJwt {
        id: TokenId(id),
        subject: claims.text(ClaimValue::Subject).filter(|subject| *subject != client_id).map(Into::into),
        audience: claims.text(ClaimValue::Audience).map(Into::into),
        scope: claims.scope(),
        issued_at: claims.number(ClaimValue::IssuedAt)?,
        expires_at,
        certificate: claims.certificate(jwt.thumbprint),
        client_id: client_id.into(),
    })
}

/// Finds values in a payload by what they mean in the dialect's form.
struct Claims<'a> {
    payload: &'a Map<String, Value>,
    claims: &'a [Claim],
}

impl<'a> Claims<'a> {
    fn get(&self, value: ClaimValue) -> Option<&'a Value> {
        let claim = self.claims.iter().find(|claim| claim.value == Some(value))?;
        self.payload.get(&claim.name)
    }

    /// Whether tokens of this form say it.
    fn has(&self, value: ClaimValue) -> bool {
        self.claims.iter().any(|claim| claim.value == Some(value))
    }

    fn text(&self, value: ClaimValue) -> Option<&'a str> {
        self.get(value)?.as_str()
    }

    fn number(&self, value: ClaimValue) -> Option<i64> {
        self.get(value)?.as_i64()
    }

    fn scope(&self) -> Arc<str> {
        if let Some(text) = self.text(ClaimValue::Scope) {
            return Arc::from(text);
        }
        let list = self.get(ClaimValue::ScopeArray).or_else(|| self.get(ClaimValue::ScopeArrayUpper));
        let texts = list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        Arc::from(texts.collect::<Vec<_>>().join(" "))
    }

    fn certificate(&self, form: Thumbprint) -> Option<[u8; 32]> {
        let text = self.get(ClaimValue::Confirmation)?.get("x5t#S256")?.as_str()?;
        let bytes = BASE64URL.decode(text).ok()?;
        match form {
            Thumbprint::Raw => bytes.try_into().ok(),
            Thumbprint::DangerHex => crate::secret::from_hex(std::str::from_utf8(&bytes).ok()?),
        }
    }
}

//! JWTs (RFC 7519) in compact form: signing a payload with a header of its kind, and reading what one of our keys signed.

use super::{JwsError, SignedJwt, SigningKey, UnverifiedJwt, VerifyingKey};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde::Serialize;
use std::sync::Arc;

/// What a JWT's header says of its kind (RFC 8725 §3.11). No kind is accepted for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JwtKind<'a> {
    /// `typ`; the header has none if `None`.
    pub typ: Option<&'a str>,
    /// Whether the header names the key.
    pub kid: bool,
}

impl JwtKind<'static> {
    /// An ID token.
    pub const ID_TOKEN: Self = Self { typ: Some("JWT"), kid: true };
    /// A UserInfo answer. It has no `typ`: no specification gives it one, and JWT is the ID token's.
    pub const USERINFO: Self = Self { typ: None, kid: true };
    /// A logout token (OpenID Connect Back-Channel Logout §2.4).
    pub const LOGOUT_TOKEN: Self = Self { typ: Some("logout+jwt"), kid: true };
    /// A client's assertion (RFC 7523 §3). Its `typ` is the one that every server takes: many know no other, and only those
    /// of the draft that follows RFC 7523 know `client-authentication+jwt`. What keeps it from being another JWT is the key,
    /// which signs nothing else.
    pub const CLIENT_ASSERTION: Self = Self { typ: Some("JWT"), kid: true };
}

#[derive(Serialize)]
struct Header<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    typ: Option<&'a str>,
    alg: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
}

/// A signing key with the header of one kind of JWT, encoded once.
#[derive(Debug, Clone)]
pub struct Signer {
    key: Arc<SigningKey>,
    header: String,
}

impl Signer {
    /// For JWTs of one kind.
    pub fn new(key: Arc<SigningKey>, kind: JwtKind<'_>) -> Self {
        let kid = kind.kid.then(|| key.jwk().kid());
        let header = Header { typ: kind.typ, alg: key.algorithm().as_str(), kid };
        // A header of three texts always has a JSON form.
        let header = serde_json::to_vec(&header).unwrap_or_default();
        Self::with_header(key, &header)
    }

    /// With a header of its own, in JSON.
    pub(crate) fn with_header(key: Arc<SigningKey>, header: &[u8]) -> Self {
        Self { key, header: BASE64URL.encode(header) }
    }

    /// The key.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The JWT of a payload.
    ///
    /// # Errors
    /// [`JwsError::Signing`] if the primitive fails.
    pub fn sign(&self, payload: &[u8]) -> Result<String, JwsError> {
        let mut token = String::with_capacity(self.header.len() + payload.len() * 4 / 3 + 360);
        token.push_str(&self.header);
        token.push('.');
        BASE64URL.encode_string(payload, &mut token);
        self.key.sign(&mut token)?;
        Ok(token)
    }
}

/// Reads a JWT of one kind that one of `keys` signed.
///
/// The algorithm comes from the key, never from the token (requirement K-01); a `kid` in the token picks the key, and a
/// kind without `kid` tries each key of its algorithm.
pub fn read_signed<'t>(token: &'t str, kind: JwtKind<'_>, keys: &[VerifyingKey]) -> Option<SignedJwt<'t>> {
    UnverifiedJwt::parse(token).filter(|token| token.is(kind))?.verify(keys)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::JwsAlgorithm;
    use crate::jose::tests::key;

    /// F-10, K-01.
    #[test]
    fn no_kind_of_jwt_is_read_as_another() {
        let kinds = [
            JwtKind::ID_TOKEN,
            JwtKind::USERINFO,
            JwtKind::LOGOUT_TOKEN,
            JwtKind { typ: Some("at+jwt"), kid: true },
            JwtKind { typ: Some("at+jwt"), kid: false },
        ];
        let key = Arc::new(key(JwsAlgorithm::Es256));
        let keys = [key.verifying_key()];
        for kind in kinds {
            let token = Signer::new(Arc::clone(&key), kind).sign(b"{\"a\":1}").unwrap();
            for other in kinds {
                assert_eq!(read_signed(&token, other, &keys).is_some(), kind == other, "{kind:?} {other:?}");
            }
            assert!(read_signed(&token, kind, &[]).is_none());
        }
    }

    /// K-04, JW-10.
    #[test]
    fn a_payload_that_is_no_plain_object_is_no_jwt_although_it_was_signed() {
        let key = Arc::new(key(JwsAlgorithm::Es256));
        let signer = Signer::new(Arc::clone(&key), JwtKind::ID_TOKEN);
        for payload in [&b"[]"[..], b"", b"{\"a\":1,\"a\":2}", b"\xff"] {
            let token = signer.sign(payload).unwrap();
            assert!(read_signed(&token, JwtKind::ID_TOKEN, &[key.verifying_key()]).is_none());
        }
    }
}

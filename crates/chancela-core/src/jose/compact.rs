//! The compact serialization (RFC 7515 §3.1) taken apart, before and after its signature is checked.

use super::{JwtKind, MAX_TOKEN_BYTES, VerifyingKey};
use crate::strict_json;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde_json::{Map, Value};

/// A JWT in its parts. Nothing of it is believed yet: the header serves to choose keys, and the payload is not read.
#[derive(Debug)]
pub struct UnverifiedJwt<'t> {
    signed: &'t str,
    payload: &'t str,
    signature: Vec<u8>,
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
}

/// A JWT whose signature is good. Nothing that its claims say was checked yet.
#[derive(Debug)]
pub struct SignedJwt<'t> {
    /// What was signed: header and payload as they stand in the token.
    pub signed: &'t str,
    /// The payload.
    pub payload: Map<String, Value>,
}

impl<'t> UnverifiedJwt<'t> {
    /// Takes a token of at most [`MAX_TOKEN_BYTES`] apart. `None` if it has not three parts in base64url, its header is
    /// no plain object with an `alg`, `kid` or `typ` are no texts, or it has a `crit` (RFC 7515 §4.1.11; we know none).
    pub fn parse(token: &'t str) -> Option<Self> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        let mut header = strict_json::object(&BASE64URL.decode(header).ok()?)?;
        if header.contains_key("crit") {
            return None;
        }
        let mut text = |name: &str| match header.remove(name) {
            None => Some(None),
            Some(Value::String(text)) => Some(Some(text)),
            Some(_) => None,
        };
        let (alg, kid, typ) = (text("alg")??, text("kid")?, text("typ")?);
        Some(Self { signed, payload, signature: BASE64URL.decode(signature).ok()?, alg, kid, typ })
    }

    /// `alg` as the token says it. It only rules keys out; what is computed follows the key (requirement K-01).
    pub fn alg(&self) -> &str {
        &self.alg
    }

    /// `kid`, which no place but a list of keys may be searched with.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// `typ`, as it is spelled.
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// Whether `key` may be tried: it has the token's algorithm and, if the token names one, its key id.
    pub fn may_be_of(&self, key: &VerifyingKey) -> bool {
        key.algorithm().as_str() == self.alg && self.kid().is_none_or(|kid| kid == key.jwk().kid())
    }

    /// Whether the header is that of this kind.
    pub(super) fn is(&self, kind: JwtKind<'_>) -> bool {
        self.typ() == kind.typ && self.kid.is_some() == kind.kid
    }

    /// The token's content, if one of those of `keys` that may be tried made its signature and it is a plain object.
    pub fn verify<'k>(&self, keys: impl IntoIterator<Item = &'k VerifyingKey>) -> Option<SignedJwt<'t>> {
        let mut candidates = keys.into_iter().filter(|key| self.may_be_of(key));
        if !candidates.any(|key| key.verify(self.signed.as_bytes(), &self.signature)) {
            return None;
        }
        let payload = strict_json::object(&BASE64URL.decode(self.payload).ok()?)?;
        Some(SignedJwt { signed: self.signed, payload })
    }
}

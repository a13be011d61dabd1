//! `cnf`: the certificate that a token is bound to (RFC 8705 §3.1), and whether it is the connection's.

use crate::{Refusal, Settings};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use chancela_core::secret::{from_hex, sha256};
use serde_json::{Map, Value};

/// What `cnf` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Confirmation {
    /// SHA-256 of the certificate.
    Thumbprint([u8; 32]),
    /// The same, written as base64url of its hexadecimal text.
    Hex([u8; 32]),
    /// Anything else. It binds the token to something, so ignoring it would make a bound token a bearer token.
    Other,
}

impl Confirmation {
    /// Reads the claim; `None` where there is none.
    pub(crate) fn read(payload: &Map<String, Value>) -> Option<Self> {
        Some(Self::of(payload.get("cnf")?).unwrap_or(Self::Other))
    }

    fn of(claim: &Value) -> Option<Self> {
        let members = claim.as_object().filter(|members| members.len() == 1)?;
        let bytes = BASE64URL.decode(members.get("x5t#S256")?.as_str()?).ok()?;
        match <[u8; 32]>::try_from(bytes) {
            Ok(digest) => Some(Self::Thumbprint(digest)),
            Err(text) => from_hex(std::str::from_utf8(&text).ok()?).map(Self::Hex),
        }
    }
}

/// The thumbprint that a token is bound to, if the connection's certificate has it. `presented` is DER.
pub(crate) fn check(
    confirmation: Option<Confirmation>,
    settings: &Settings,
    presented: Option<&[u8]>,
) -> Result<Option<[u8; 32]>, Refusal> {
    let bound = match confirmation {
        None if settings.require_bound => return Err(Refusal::Unbound),
        None => return Ok(None),
        Some(Confirmation::Other) => return Err(Refusal::UnknownConfirmation),
        Some(Confirmation::Hex(_)) if !settings.danger_hex_thumbprint => return Err(Refusal::HexThumbprint),
        Some(Confirmation::Thumbprint(digest) | Confirmation::Hex(digest)) => digest,
    };
    match presented.filter(|der| !der.is_empty()) {
        None => Err(Refusal::CertificateMissing),
        Some(der) if sha256(der) != bound => Err(Refusal::CertificateMismatch),
        Some(_) => Ok(Some(bound)),
    }
}

//! What a token says of itself if it is a JWT (RFC 7519). No signature is checked and nothing is believed: it serves for
//! clocks, and to warn of a certificate that does not fit.

use super::member::number;
use crate::secret::{Secret, hex};
use crate::strict_json;
use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Base64url whose padding, which does not belong there, does not matter.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Longest thumbprint that is looked at; base64 of 64 hexadecimal digits has 88 characters.
const MAX_THUMBPRINT_BYTES: usize = 128;

/// What a JWT says of itself. Times are seconds since the epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwtHint {
    /// `exp`.
    pub exp: Option<i64>,
    /// `nbf`: before it the token may not be used. Some servers punish a refresh token that is.
    pub nbf: Option<i64>,
    /// `iat`.
    pub iat: Option<i64>,
    /// `cnf.x5t#S256` as it is written (RFC 8705 §3.1).
    pub thumbprint: Option<String>,
}

impl JwtHint {
    /// `None` if the token is no signed JWT.
    pub fn of(token: &Secret) -> Option<Self> {
        let mut parts = token.expose().split('.');
        let (header, payload, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else {
            return None;
        };
        strict_json::object(&LENIENT.decode(header).ok()?)?;
        let claims = strict_json::object(&LENIENT.decode(payload).ok()?)?;
        let time = |name: &str| claims.get(name).and_then(number);
        let thumbprint = claims.get("cnf").and_then(|cnf| cnf.get("x5t#S256")?.as_str());
        let thumbprint = thumbprint
            .filter(|text| text.len() <= MAX_THUMBPRINT_BYTES && text.bytes().all(|b| b.is_ascii_graphic()));
        Some(Self {
            exp: time("exp"),
            nbf: time("nbf"),
            iat: time("iat"),
            thumbprint: thumbprint.map(str::to_owned),
        })
    }

    /// Whether the token is bound to the certificate with this SHA-256; `None` if to none. Servers that encode the
    /// digest's hexadecimal text are understood.
    pub fn is_bound_to(&self, sha256: &[u8; 32]) -> Option<bool> {
        let own = self.thumbprint.as_deref()?.trim_end_matches('=');
        let digits = hex(sha256);
        let spellings = [&sha256[..], digits.as_bytes(), digits.to_uppercase().as_bytes()]
            .map(|bytes| BASE64URL.encode(bytes));
        Some(spellings.iter().any(|spelling| spelling == own))
    }
}

//! X.509 certificates as clients paste them into headers: PEM with its line breaks lost in one of several ways.
//!
//! Reading only; chains and revocation belong to TLS.

use crate::secret::sha256;
use crate::time::Timestamp;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use x509_parser::prelude::{FromDer, X509Certificate};

/// Largest header value that is looked at, in bytes.
const MAX_HEADER_BYTES: usize = 16 * 1024;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What is needed of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Certificate {
    /// SHA-256 of its DER encoding.
    pub sha256: [u8; 32],
    /// Start of its validity, seconds since the epoch.
    pub not_before: i64,
    /// End of its validity, seconds since the epoch.
    pub not_after: i64,
}

impl Certificate {
    /// Reads DER.
    pub fn parse_der(der: &[u8]) -> Option<Self> {
        let (rest, parsed) = X509Certificate::from_der(der).ok()?;
        if !rest.is_empty() {
            return None;
        }
        let validity = parsed.validity();
        Some(Self {
            sha256: sha256(der),
            not_before: validity.not_before.timestamp(),
            not_after: validity.not_after.timestamp(),
        })
    }

    /// Reads a header value: PEM whose line breaks became spaces, the two characters `\n`, or percent-encoded; or the
    /// base64 alone. The first certificate counts if several follow each other.
    pub fn parse_header(text: &str) -> Option<Self> {
        if text.len() > MAX_HEADER_BYTES {
            return None;
        }
        // A form encoder writes a space as `+`, and then a `+` of the base64 as `%2B`.
        let spaced =
            if text.contains("BEGIN+CERTIFICATE") { text.replace('+', " ") } else { text.to_owned() };
        let decoded = if spaced.contains('%') {
            percent_encoding::percent_decode_str(&spaced).decode_utf8().ok()?
        } else {
            spaced.as_str().into()
        };
        let unescaped = decoded.replace("\\r", "").replace("\\n", "\n");
        let body = match unescaped.split_once("-----BEGIN CERTIFICATE-----") {
            Some((_, rest)) => rest.split_once("-----END CERTIFICATE-----")?.0,
            None => &unescaped,
        };
        let base64: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        Self::parse_der(&BASE64.decode(base64).ok()?)
    }

    /// Whether `now` is within its validity.
    pub const fn is_valid_at(&self, now: Timestamp) -> bool {
        self.not_before <= now.seconds() && now.seconds() <= self.not_after
    }
}

//! Certificates as clients paste them into headers: PEM with its line breaks lost in one of several ways.

use super::certificate::Certificate;
use super::pem;

/// Largest header value that is looked at, in bytes.
const MAX_HEADER_BYTES: usize = 16 * 1024;

/// Reads what [`Certificate::parse_header`] describes.
pub(super) fn parse(text: &str) -> Option<Certificate> {
    if text.len() > MAX_HEADER_BYTES {
        return None;
    }
    // A form encoder writes a space as `+`, and then a `+` of the base64 as `%2B`.
    let spaced = if text.contains("BEGIN+CERTIFICATE") { text.replace('+', " ") } else { text.to_owned() };
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
    Certificate::parse_der(&pem::decode(body)?)
}

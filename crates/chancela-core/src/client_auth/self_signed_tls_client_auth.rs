//! `self_signed_tls_client_auth` (RFC 8705 §2.2): a certificate whose key is one that the client registered (`x5c` of its
//! `jwks`). Nobody's signature on it counts, its validity and revocation do.

use crate::record::Client;
use crate::rejection::Rule;
use crate::time::Timestamp;
use crate::x509::{Certificate, PresentedCertificate, Standing};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use serde_json::Value;

/// Most keys of a client that are looked at (requirement CA-11).
const MAX_KEYS: usize = 16;

/// Whether the key of `presented` is one of `client`'s.
///
/// # Errors
/// The rule that it breaks.
pub fn verify(client: &Client, presented: &PresentedCertificate, now: Timestamp) -> Result<(), Rule> {
    // H-16: a certificate of an authority does not pass this way, even if its key is registered.
    if matches!(presented.standing, Standing::Trusted { .. }) {
        return Err(Rule::ForeignClientCertificate);
    }
    let own = &presented.certificate.public_key_sha256;
    let mut registered = certificates(client.jwks.as_ref());
    if !registered.any(|known| known.public_key_sha256 == *own) {
        return Err(Rule::ForeignClientCertificate);
    }
    presented.possession(now)
}

/// The first certificate of each key (RFC 7517 §4.7).
pub fn certificates(jwks: Option<&Value>) -> impl Iterator<Item = Certificate> {
    let keys = jwks.and_then(|jwks| jwks.get("keys")?.as_array()).into_iter().flatten();
    keys.take(MAX_KEYS).filter_map(|key| {
        let first = key.get("x5c")?.as_array()?.first()?.as_str()?;
        Certificate::parse_der(&BASE64.decode(first).ok()?)
    })
}

//! A public key that a JWK says (RFC 7517 §4, RFC 7518 §6), in the form that it has in certificates, so that the two can be
//! compared.

use super::public_key::{ED25519, ELLIPTIC, P256, P384, PublicKey, encode, encode_rsa, without_zeros};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde_json::Value;

/// What a public key consists of.
const MEMBERS: [&str; 5] = ["crv", "x", "y", "n", "e"];

impl PublicKey {
    /// Reads `kty` and all that belongs to it; members of other kinds of keys do not count.
    ///
    /// `None` if one is missing or malformed, or the kind is none that certificates here may have.
    pub fn of_jwk(jwk: &Value) -> Option<Self> {
        let text = |name: &str| jwk.get(name)?.as_str();
        let bytes = |name: &str| BASE64URL.decode(text(name)?).ok().filter(|bytes| !bytes.is_empty());
        let sized = |name: &str, length: usize| bytes(name).filter(|bytes| bytes.len() == length);
        let point = |length: usize| Some([vec![4], sized("x", length)?, sized("y", length)?].concat());
        let der = match (text("kty")?, text("crv")) {
            ("RSA", _) => encode_rsa(without_zeros(&bytes("n")?), without_zeros(&bytes("e")?)),
            ("EC", Some("P-256")) => encode(&ELLIPTIC, Some(&P256), &point(32)?),
            ("EC", Some("P-384")) => encode(&ELLIPTIC, Some(&P384), &point(48)?),
            ("OKP", Some("Ed25519")) => encode(&ED25519, None, &sized("x", 32)?),
            _ => return None,
        };
        Self::parse_der(&der).ok()
    }

    /// Whether a JWK says anything of the key itself, beside its kind and its certificate.
    pub fn is_in_jwk(jwk: &Value) -> bool {
        MEMBERS.iter().any(|member| jwk.get(member).is_some())
    }
}

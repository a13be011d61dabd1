//! Public JWK (RFC 7517) and its thumbprint (RFC 7638).

use super::JwsAlgorithm;
use crate::secret::sha256;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde::Serialize;

/// A public signing key as it is published. There is no field that could hold a private member (requirement A-18).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Jwk {
    kty: &'static str,
    #[serde(rename = "use")]
    public_key_use: &'static str,
    alg: &'static str,
    kid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    crv: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    e: Option<String>,
}

impl Jwk {
    pub(super) fn rsa(algorithm: JwsAlgorithm, modulus: &[u8], exponent: &[u8]) -> Self {
        Self {
            n: Some(BASE64URL.encode(modulus)),
            e: Some(BASE64URL.encode(exponent)),
            ..Self::new(algorithm, "RSA")
        }
        .with_kid()
    }

    pub(super) fn p256(algorithm: JwsAlgorithm, x: &[u8], y: &[u8]) -> Self {
        let (x, y) = (Some(BASE64URL.encode(x)), Some(BASE64URL.encode(y)));
        Self { crv: Some("P-256"), x, y, ..Self::new(algorithm, "EC") }.with_kid()
    }

    pub(super) fn ed25519(algorithm: JwsAlgorithm, x: &[u8]) -> Self {
        Self { crv: Some("Ed25519"), x: Some(BASE64URL.encode(x)), ..Self::new(algorithm, "OKP") }.with_kid()
    }

    /// The key under the id that its owner gave it.
    pub(super) fn named(self, kid: &str) -> Self {
        Self { kid: kid.into(), ..self }
    }

    /// Key id: the thumbprint, or what the owner of a key of others calls it.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    fn new(algorithm: JwsAlgorithm, kty: &'static str) -> Self {
        Self {
            kty,
            public_key_use: "sig",
            alg: algorithm.as_str(),
            kid: String::new(),
            crv: None,
            x: None,
            y: None,
            n: None,
            e: None,
        }
    }

    /// The members that RFC 7638 §3 requires, in its order and without white space: a whole JWK with nothing else in it.
    pub(crate) fn required_members(&self) -> String {
        let member = |name: &str, value: Option<&str>| value.map(|value| format!("\"{name}\":\"{value}\""));
        let members = [
            member("crv", self.crv),
            member("e", self.e.as_deref()),
            member("kty", Some(self.kty)),
            member("n", self.n.as_deref()),
            member("x", self.x.as_deref()),
            member("y", self.y.as_deref()),
        ];
        let members: Vec<String> = members.into_iter().flatten().collect();
        format!("{{{}}}", members.join(","))
    }

    /// RFC 7638: SHA-256 of the required members, in base64url.
    pub fn thumbprint(&self) -> String {
        BASE64URL.encode(sha256(self.required_members().as_bytes()))
    }

    fn with_kid(self) -> Self {
        Self { kid: self.thumbprint(), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thumbprint_is_that_of_the_example_in_rfc_7638() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let jwk = Jwk::rsa(JwsAlgorithm::Rs256, &BASE64URL.decode(n).unwrap(), &[1, 0, 1]);
        assert_eq!(jwk.kid(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }
}

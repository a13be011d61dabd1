//! Certificates for clients, and signatures checked from a JWKS alone.

use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{self, UnparsedPublicKey};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde_json::Value;

/// A self-signed certificate of a client.
#[derive(Debug, Clone)]
pub struct ClientCertificate {
    pub pem: String,
}

/// Valid in all of the years from `first` on, before `end`.
pub fn certificate(first: i32, end: i32) -> ClientCertificate {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
    parameters.not_before = rcgen::date_time_ymd(first, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(end, 1, 1);
    ClientCertificate { pem: parameters.self_signed(&key).unwrap().pem() }
}

impl ClientCertificate {
    pub fn with_spaces(&self) -> String {
        self.pem.trim().replace('\n', " ").replace('\r', "")
    }

    pub fn escaped(&self) -> String {
        self.pem.replace('\r', "").replace('\n', "\\n")
    }

    pub fn percent_encoded(&self) -> String {
        percent_encoding::utf8_percent_encode(&self.pem, percent_encoding::NON_ALPHANUMERIC).to_string()
    }

    pub fn form_encoded(&self) -> String {
        self.percent_encoded().replace("%20", "+")
    }

    pub fn bare(&self) -> String {
        self.pem.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect()
    }
}

/// Checks a compact JWS with the published keys, written anew from RFC 7515 and RFC 7518; header and payload if good.
pub fn verify_jws(jwks: &Value, token: &str) -> Option<(Value, Value)> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { return None };
    let json = |text: &str| serde_json::from_slice::<Value>(&BASE64URL.decode(text).ok()?).ok();
    let (header_json, payload_json) = (json(header)?, json(payload)?);
    let signature = BASE64URL.decode(signature).ok()?;
    let message = format!("{header}.{payload}");
    let good = jwks["keys"].as_array()?.iter().any(|key| {
        let member = |name: &str| BASE64URL.decode(key[name].as_str().unwrap_or_default()).unwrap();
        if key["alg"] != header_json["alg"]
            || (header_json.get("kid").is_some() && header_json["kid"] != key["kid"])
        {
            return false;
        }
        let (message, signature) = (message.as_bytes(), signature.as_slice());
        match key["alg"].as_str() {
            Some("ES256") => {
                let point = [vec![4], member("x"), member("y")].concat();
                UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point)
                    .verify(message, signature)
                    .is_ok()
            }
            Some("RS256") => PublicKeyComponents { n: member("n"), e: member("e") }
                .verify(&signature::RSA_PKCS1_2048_8192_SHA256, message, signature)
                .is_ok(),
            Some("PS256") => PublicKeyComponents { n: member("n"), e: member("e") }
                .verify(&signature::RSA_PSS_2048_8192_SHA256, message, signature)
                .is_ok(),
            Some("EdDSA" | "Ed25519") => {
                UnparsedPublicKey::new(&signature::ED25519, member("x")).verify(message, signature).is_ok()
            }
            _ => false,
        }
    });
    good.then_some((header_json, payload_json))
}

//! An issuer with a key of each algorithm, its tokens, and two clients' certificates.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use chancela_core::jose::{JwtKind, Signer, SigningKey};
use chancela_core::secret::sha256;
use chancela_verify::{JwsAlgorithm, KeySet, Refusal, Settings, Timestamp, VerifiedToken, Verifier};
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock};

pub(crate) const ISSUER: &str = "https://id.bank.example/pix";
pub(crate) const AUDIENCE: &str = "https://api.bank.example/pix";
pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
pub(crate) const AT_JWT: JwtKind<'static> = JwtKind { typ: Some("at+jwt"), kid: true };

/// A new key.
pub(crate) fn key(algorithm: JwsAlgorithm) -> Arc<SigningKey> {
    let pkcs8 = match algorithm {
        JwsAlgorithm::Rs256 | JwsAlgorithm::Ps256 => {
            RsaKeyPair::generate(KeySize::Rsa2048).unwrap().as_der().unwrap().as_ref().to_vec()
        }
        JwsAlgorithm::Es256 => {
            let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
            key.to_pkcs8v1().unwrap().as_ref().to_vec()
        }
        _ => Ed25519KeyPair::generate().unwrap().to_pkcs8().unwrap().as_ref().to_vec(),
    };
    Arc::new(SigningKey::from_pkcs8(algorithm, &pkcs8).unwrap())
}

/// The issuer's key for most tests.
pub(crate) static KEY: LazyLock<Arc<SigningKey>> = LazyLock::new(|| key(JwsAlgorithm::Es256));

/// DER of a new self-signed certificate.
pub(crate) fn certificate() -> Vec<u8> {
    rcgen::generate_simple_self_signed(["client.example".to_owned()]).unwrap().cert.der().to_vec()
}

pub(crate) fn thumbprint(der: &[u8]) -> String {
    BASE64URL.encode(sha256(der))
}

pub(crate) fn key_set(keys: &[&SigningKey]) -> KeySet {
    let keys: Vec<_> = keys.iter().map(|key| key.jwk()).collect();
    KeySet::parse(json!({"keys": keys}).to_string().as_bytes()).unwrap()
}

/// A good payload.
pub(crate) fn claims() -> Value {
    json!({
        "iss": ISSUER, "sub": "client-1", "aud": AUDIENCE, "client_id": "client-1", "iat": 1_799_999_990,
        "exp": 1_800_000_300, "jti": "x", "scope": "pix.read cob.read",
    })
}

/// A good payload with these members changed; `null` takes one away.
pub(crate) fn with(changes: &Value) -> Value {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

pub(crate) fn sign(key: &Arc<SigningKey>, kind: JwtKind<'_>, payload: &Value) -> String {
    Signer::new(Arc::clone(key), kind).sign(payload.to_string().as_bytes()).unwrap()
}

/// A token of the usual kind and key.
pub(crate) fn token(changes: &Value) -> String {
    sign(&KEY, AT_JWT, &with(changes))
}

pub(crate) fn verifier(change: impl FnOnce(&mut Settings)) -> Verifier {
    let mut settings = Settings::new(ISSUER, AUDIENCE);
    change(&mut settings);
    Verifier::new(settings, key_set(&[&KEY])).unwrap()
}

/// What the strict verifier says to a token without certificate.
pub(crate) fn verify(token: &str) -> Result<VerifiedToken, Refusal> {
    verifier(|_| ()).verify(token, None, NOW)
}

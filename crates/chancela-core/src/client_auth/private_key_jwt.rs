//! `private_key_jwt` (RFC 7523 §2.2, OpenID Connect Core §9): the assertion with which a client says who it is. A server's
//! half is not here yet.

use crate::dialect::JsonLayout;
use crate::dialect::json::Writer;
use crate::jose::{JwsError, JwtKind, Signer, SigningKey};
use crate::secret::Secret;
use crate::time::Timestamp;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use std::sync::Arc;

/// How long an assertion is good, in seconds: it is used at once, and servers remember its id that long.
pub const LIFETIME: i64 = 60;

/// What an assertion says. It is for one request: its id is spent with it.
#[derive(Debug, Clone, Copy)]
pub struct ClientAssertion<'a> {
    /// `iss` and `sub`.
    pub client_id: &'a str,
    /// `aud`: whom it is for, as that server calls itself.
    pub audience: &'a str,
    /// `iat`, by the server's clock as far as it is known.
    pub issued_at: Timestamp,
    /// `jti`: random, new for each request.
    pub id: &'a [u8; 16],
}

impl ClientAssertion<'_> {
    /// The signed assertion. It names the key, if the key has a name.
    ///
    /// # Errors
    /// [`JwsError::Signing`] if the primitive fails.
    pub fn sign(&self, key: Arc<SigningKey>) -> Result<Secret, JwsError> {
        let Self { client_id, audience, issued_at, id } = self;
        let mut writer = Writer::over(Vec::with_capacity(384), JsonLayout::COMPACT);
        writer.begin_object();
        for (name, text) in
            [("iss", *client_id), ("sub", client_id), ("aud", audience), ("jti", &BASE64URL.encode(id))]
        {
            writer.key(name);
            writer.string(text);
        }
        for (name, number) in [("iat", issued_at.seconds()), ("exp", issued_at.seconds() + LIFETIME)] {
            writer.key(name);
            writer.number(number);
        }
        writer.end_object();
        // Some servers look for the key that a name names and for no other, also where they know the key by none.
        let kind = JwtKind { kid: !key.jwk().kid().is_empty(), ..JwtKind::CLIENT_ASSERTION };
        Signer::new(key, kind).sign(&writer.into_bytes()).map(Secret::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::tests::key;
    use crate::jose::{JwsAlgorithm, read_signed};
    use proptest::prelude::*;
    use serde_json::json;

    /// RFC 7523 §3, OpenID Connect Core §9, H-06, H-07.
    #[test]
    fn an_assertion_has_the_claims_of_the_rfc_and_the_signature_of_each_algorithm() {
        for algorithm in JwsAlgorithm::ALL {
            let key = Arc::new(key(algorithm).named("the key"));
            let assertion = ClientAssertion {
                client_id: "app \"1\"",
                audience: "https://as.example/token",
                issued_at: Timestamp::from_millis(1_700_000_000_999),
                id: &[7; 16],
            };
            let token = assertion.sign(Arc::clone(&key)).unwrap();
            let read =
                read_signed(token.expose(), JwtKind::CLIENT_ASSERTION, &[key.verifying_key()]).unwrap();
            let claims = json!({
                "iss": "app \"1\"", "sub": "app \"1\"", "aud": "https://as.example/token",
                "jti": "BwcHBwcHBwcHBwcHBwcHBw", "iat": 1_700_000_000, "exp": 1_700_000_060,
            });
            assert_eq!(serde_json::Value::Object(read.payload), claims, "{algorithm:?}");
            let header = BASE64URL.decode(token.expose().split('.').next().unwrap()).unwrap();
            let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
            assert_eq!(header, json!({"typ": "JWT", "alg": algorithm.as_str(), "kid": "the key"}));
            let other = crate::jose::tests::key(algorithm).named("the key");
            assert!(
                read_signed(token.expose(), JwtKind::CLIENT_ASSERTION, &[other.verifying_key()]).is_none()
            );
        }
    }

    #[test]
    fn a_key_without_a_name_is_not_named() {
        let key = Arc::new(key(JwsAlgorithm::EdDsa).named(""));
        let issued_at = Timestamp::from_seconds(0);
        let assertion = ClientAssertion { client_id: "a", audience: "b", issued_at, id: &[0; 16] };
        let token = assertion.sign(key).unwrap();
        let header = BASE64URL.decode(token.expose().split('.').next().unwrap()).unwrap();
        assert_eq!(header, br#"{"typ":"JWT","alg":"EdDSA"}"#);
    }

    proptest! {
        #[test]
        fn whatever_the_texts_the_claims_say_them(id in ".{1,40}", audience in ".{1,40}", at in 0_i64..1 << 40, jti: [u8; 16]) {
            let key = Arc::new(key(JwsAlgorithm::EdDsa));
            let assertion = ClientAssertion {
                client_id: &id, audience: &audience, issued_at: Timestamp::from_seconds(at), id: &jti,
            };
            let token = assertion.sign(Arc::clone(&key)).unwrap();
            let read = read_signed(token.expose(), JwtKind::CLIENT_ASSERTION, &[key.verifying_key()]).unwrap().payload;
            prop_assert_eq!((read["iss"].as_str(), read["sub"].as_str()), (Some(&*id), Some(&*id)));
            prop_assert_eq!(read["aud"].as_str(), Some(&*audience));
            prop_assert_eq!(read["exp"].as_i64(), Some(at + LIFETIME));
        }
    }
}

//! What binds an answer to the login that it belongs to: `state` (RFC 9700 §4.7), the verifier of the code (RFC 7636) and
//! the `nonce` of an ID token (OpenID Connect Core §3.1.2.1). Each is random, new for each login, and told to nobody else.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use chancela_core::entropy::{Entropy, EntropyError};
use chancela_core::pkce;
use chancela_core::secret::Secret;
use serde::Deserialize;

/// What binds an answer to its login.
#[derive(Debug)]
pub(crate) struct Proof {
    pub(crate) state: Secret,
    pub(crate) nonce: Secret,
    pub(crate) verifier: Secret,
}

#[derive(Deserialize)]
struct Claims {
    nonce: Option<String>,
}

impl Proof {
    pub(super) fn new(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        let random = || {
            let mut bytes = [0; 32];
            entropy.fill(&mut bytes).map(|()| bytes)
        };
        let text = || random().map(|bytes| Secret::new(BASE64URL.encode(bytes)));
        Ok(Self { state: text()?, nonce: text()?, verifier: pkce::verifier(&random()?) })
    }

    /// Whether an ID token says that it belongs to another login. Its signature is not looked at, and nothing else in it is
    /// used: the code's verifier is what protects, and this finds a provider that mixes logins up.
    pub(super) fn is_contradicted_by(&self, id_token: &Secret) -> bool {
        let mut parts = id_token.expose().split('.');
        let payload = match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(_), Some(payload), Some(_), None) => BASE64URL.decode(payload.trim_end_matches('=')).ok(),
            _ => None,
        };
        let claims = payload.and_then(|text| serde_json::from_slice::<Claims>(&text).ok());
        let nonce = claims.and_then(|claims| claims.nonce).map(Secret::new);
        nonce.is_some_and(|nonce| nonce != self.nonce)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chancela_core::entropy::Seeded;

    #[test]
    fn each_part_of_each_login_is_another_text_and_shows_nowhere() {
        let entropy = Seeded::new(1);
        let (one, two) = (Proof::new(&entropy).unwrap(), Proof::new(&entropy).unwrap());
        let mut all: Vec<&str> = [&one, &two]
            .into_iter()
            .flat_map(|proof| [&proof.state, &proof.nonce, &proof.verifier].map(Secret::expose))
            .collect();
        assert!(all.iter().all(|text| text.len() == 43 && !format!("{one:?}{two:?}").contains(text)));
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 6);
    }

    #[test]
    fn an_id_token_with_another_nonce_contradicts_and_what_says_nothing_does_not() {
        let proof = Proof::new(&Seeded::new(1)).unwrap();
        let token = |claims: &str| Secret::new(["e30", &BASE64URL.encode(claims), "c2lnbmF0dXJl"].join("."));
        let own = format!("{{\"sub\":\"a\",\"nonce\":\"{}\"}}", proof.nonce.expose());
        assert!(proof.is_contradicted_by(&token("{\"nonce\":\"another\"}")));
        for silent in [token(&own), token("{\"sub\":\"a\"}"), token("no object"), Secret::new("opaque")] {
            assert!(!proof.is_contradicted_by(&silent));
        }
    }
}

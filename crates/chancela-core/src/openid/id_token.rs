//! ID tokens (OpenID Connect Core §2): what a client hears of a login, signed for it alone.
//!
//! `azp` is never due: the audience is always the one client that asked.

use super::claims::{self, ClaimRequest};
use super::subject;
use crate::jose::{JwsAlgorithm, JwsError, JwtKind, Signer, SigningKey};
use crate::pepper::Pepper;
use crate::record::{Authentication, Client, User};
use crate::scope::Scope;
use crate::secret::sha256;
use crate::time::Timestamp;
use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Usual lifetime in seconds: a client reads it once, at once.
pub const LIFETIME: u32 = 300;

/// What an ID token is made of.
#[derive(Debug, Clone, Copy)]
pub struct IdToken<'a> {
    /// The realm's issuer.
    pub issuer: &'a str,
    /// The realm's keys, for pairwise names.
    pub pepper: &'a Pepper,
    /// Whom it is for.
    pub client: &'a Client,
    /// Whom it is about.
    pub user: &'a User,
    /// How and when the user logged in.
    pub authentication: &'a Authentication,
    /// Claims that were asked for singly (`claims.id_token`).
    pub requested: &'a [ClaimRequest],
    /// `nonce` of the authorization request; none after a refresh.
    pub nonce: Option<&'a str>,
    /// The access token that is sent beside it.
    pub access_token: Option<&'a str>,
    /// The authorization code that is sent beside it; none where it comes from the token endpoint.
    pub code: Option<&'a str>,
    /// Lifetime in seconds.
    pub lifetime: u32,
}

impl IdToken<'_> {
    /// The token, issued `now` and signed by `key`.
    ///
    /// # Errors
    /// [`JwsError::Signing`] if the primitive fails.
    pub fn issue(&self, key: &Arc<SigningKey>, now: Timestamp) -> Result<String, JwsError> {
        let payload = Value::Object(self.payload(key.algorithm(), now)).to_string();
        Signer::new(Arc::clone(key), JwtKind::ID_TOKEN).sign(payload.as_bytes())
    }

    fn payload(&self, algorithm: JwsAlgorithm, now: Timestamp) -> Map<String, Value> {
        let Self {
            issuer,
            pepper,
            client,
            user,
            authentication,
            requested,
            nonce,
            access_token,
            code,
            lifetime,
        } = *self;
        // Scopes stand for claims of UserInfo here: an access token always comes with an ID token (§5.4).
        let mut out = claims::pick(&user.claims, &Scope::empty(), requested);
        let mut put = |name: &str, value: Value| out.insert(name.to_owned(), value);
        put("iss", issuer.into());
        put("sub", subject::for_client(client, &user.subject, pepper).into());
        put("aud", (&*client.client_id).into());
        put("exp", (now.seconds() + i64::from(lifetime)).into());
        put("iat", now.seconds().into());
        put("auth_time", authentication.auth_time.into());
        put("acr", (&*authentication.acr).into());
        put("amr", authentication.amr.iter().map(|method| Value::from(&**method)).collect());
        for (name, text) in [("nonce", nonce), ("sid", authentication.sid.as_deref())] {
            text.map(|text| put(name, text.into()));
        }
        for (name, text) in [("at_hash", access_token), ("c_hash", code)] {
            text.map(|text| put(name, half_hash(algorithm, text).into()));
        }
        out
    }
}

/// `at_hash` and `c_hash` (§3.1.3.6): the left half of the hash that the signature's algorithm uses, which for Ed25519 is
/// SHA-512.
fn half_hash(algorithm: JwsAlgorithm, text: &str) -> String {
    match algorithm {
        JwsAlgorithm::Rs256 | JwsAlgorithm::Ps256 | JwsAlgorithm::Es256 => {
            BASE64URL.encode(&sha256(text.as_bytes())[..16])
        }
        JwsAlgorithm::EdDsa | JwsAlgorithm::Ed25519 => {
            BASE64URL.encode(&digest::digest(&digest::SHA512, text.as_bytes()).as_ref()[..32])
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::jose::read_signed;
    use crate::jose::tests::key;
    use crate::openid::claims::ClaimsRequest;
    use crate::openid::tests::{client, user};
    use serde_json::json;

    pub(crate) fn login() -> Authentication {
        Authentication {
            auth_time: 1_799_999_000,
            acr: "urn:chancela:acr:1fa".into(),
            amr: vec!["pwd".into()],
            sid: Some("s1".into()),
        }
    }

    /// An ID token with everything that the code flow has.
    pub(crate) fn issued(client: &Client, key: &Arc<SigningKey>) -> String {
        let request =
            ClaimsRequest::parse(r#"{"id_token":{"email":null,"auth_time":null,"phone_number":null}}"#);
        IdToken {
            issuer: "https://id.example",
            pepper: &Pepper::from_root(&[1; 32]),
            client,
            user: &user(),
            authentication: &login(),
            requested: &request.unwrap().id_token,
            nonce: Some("n-0S6_WzA2Mj"),
            access_token: Some("dNZX1hEZ9wBCzNL40Upu646bdzQA"),
            code: None,
            lifetime: LIFETIME,
        }
        .issue(key, Timestamp::from_seconds(1_800_000_000))
        .unwrap()
    }

    #[test]
    fn it_says_who_logged_in_when_and_how_to_one_client() {
        let key = Arc::new(key(JwsAlgorithm::Es256));
        let token = issued(&client(), &key);
        let read = read_signed(&token, JwtKind::ID_TOKEN, &[key.verifying_key()]).unwrap();
        let expected = json!({
            "iss": "https://id.example", "sub": user().subject, "aud": "app", "iat": 1_800_000_000, "exp": 1_800_000_300,
            "auth_time": 1_799_999_000, "acr": "urn:chancela:acr:1fa", "amr": ["pwd"], "sid": "s1",
            "nonce": "n-0S6_WzA2Mj", "at_hash": "wfgvmE9VxjAudsl9lc6TqA", "email": "alice@example.com",
        });
        assert_eq!(Value::Object(read.payload), expected);
    }

    /// OpenID Connect Core §3.1.3.6 and its example of c_hash; Ed25519 hashes with SHA-512.
    #[test]
    fn the_half_hash_is_that_of_the_signatures_algorithm() {
        let es256 =
            half_hash(JwsAlgorithm::Es256, "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk");
        assert_eq!(es256, "LDktKdoQak3Pk0cnXxCltA");
        for algorithm in JwsAlgorithm::ALL {
            let bytes = BASE64URL.decode(half_hash(algorithm, "x")).unwrap().len();
            let expected = if algorithm.as_str().ends_with("256") { 16 } else { 32 };
            assert_eq!(bytes, expected, "{algorithm:?}");
        }
    }

    #[test]
    fn each_algorithm_signs_it() {
        for algorithm in JwsAlgorithm::ALL {
            let key = Arc::new(key(algorithm));
            let token = issued(&client(), &key);
            assert!(
                read_signed(&token, JwtKind::ID_TOKEN, &[key.verifying_key()]).is_some(),
                "{algorithm:?}"
            );
        }
    }
}

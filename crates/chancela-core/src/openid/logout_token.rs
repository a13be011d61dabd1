//! Logout tokens (OpenID Connect Back-Channel Logout §2.4): what a client's back channel hears of a session's end. One
//! never has a `nonce`, so that it cannot pass for an ID token (requirement N-06).

use crate::entropy::Entropy;
use crate::jose::{JwtKind, Signer, SigningKey};
use crate::time::Timestamp;
use crate::token::IssueError;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde_json::json;
use std::sync::Arc;

/// Lifetime in seconds, as the specification recommends.
pub const LIFETIME: i64 = 120;

/// The event that it tells.
pub const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// What a logout token is made of; it names the user, the session, or both.
#[derive(Debug, Clone, Copy)]
pub struct LogoutToken<'a> {
    /// The realm's issuer.
    pub issuer: &'a str,
    /// `client_id` of whom it is for.
    pub client_id: &'a str,
    /// The user as that client knows them.
    pub sub: Option<&'a str>,
    /// The session that ended.
    pub sid: Option<&'a str>,
}

impl LogoutToken<'_> {
    /// The token, issued `now` and signed by `key`.
    ///
    /// # Errors
    /// [`IssueError`].
    pub fn issue(
        &self,
        key: &Arc<SigningKey>,
        entropy: &dyn Entropy,
        now: Timestamp,
    ) -> Result<String, IssueError> {
        let Self { issuer, client_id, sub, sid } = *self;
        let mut id = [0; 16];
        entropy.fill(&mut id)?;
        let mut payload = json!({
            "iss": issuer,
            "aud": client_id,
            "iat": now.seconds(),
            "exp": now.seconds() + LIFETIME,
            "jti": BASE64URL.encode(id),
            "events": { EVENT: {} },
        });
        for (name, text) in [("sub", sub), ("sid", sid)] {
            if let Some(text) = text {
                payload[name] = text.into();
            }
        }
        Ok(Signer::new(Arc::clone(key), JwtKind::LOGOUT_TOKEN).sign(payload.to_string().as_bytes())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Jwt;
    use crate::entropy::Seeded;
    use crate::jose::tests::key;
    use crate::jose::{JwsAlgorithm, read_signed};
    use crate::openid::id_token_hint::IdTokenHint;
    use crate::token::jwt;

    /// N-06, F-10.
    #[test]
    fn it_names_the_event_and_is_no_other_kind_of_token() {
        let key = Arc::new(key(JwsAlgorithm::Es256));
        let (keys, now) = ([key.verifying_key()], Timestamp::from_seconds(1_800_000_000));
        let facts =
            LogoutToken { issuer: "https://id.example", client_id: "app", sub: Some("u"), sid: Some("s") };
        let token = facts.issue(&key, &Seeded::new(1), now).unwrap();
        let payload = read_signed(&token, JwtKind::LOGOUT_TOKEN, &keys).unwrap().payload;
        assert_eq!(payload["events"], json!({ EVENT: {} }));
        assert_eq!(
            (&payload["sub"], &payload["sid"], &payload["aud"]),
            (&json!("u"), &json!("s"), &json!("app"))
        );
        assert_eq!(payload["exp"].as_i64().unwrap() - payload["iat"].as_i64().unwrap(), LIFETIME);
        assert!(payload["jti"].as_str().unwrap().len() == 22 && !payload.contains_key("nonce"));
        assert_eq!(IdTokenHint::verify(&token, &keys, "https://id.example"), None);
        let form = Jwt { typ: "logout+jwt".into(), ..Jwt::default() };
        for form in [Jwt::default(), form] {
            assert_eq!(jwt::verify(&token, &form, &keys, "https://id.example", now), None);
        }
        let only = LogoutToken { sid: None, ..facts }.issue(&key, &Seeded::new(1), now).unwrap();
        assert!(!read_signed(&only, JwtKind::LOGOUT_TOKEN, &keys).unwrap().payload.contains_key("sid"));
    }
}

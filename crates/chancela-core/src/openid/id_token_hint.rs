//! `id_token_hint` (OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2): an ID token of ours that comes back. It names a
//! user and a client; it never logs anyone in.

use crate::jose::{JwtKind, VerifyingKey, read_signed};
use serde_json::{Map, Value};

/// What a genuine hint names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdTokenHint {
    /// The client that it was issued to.
    pub client_id: Box<str>,
    /// The user as that client knows them.
    pub sub: Box<str>,
    /// The session in which it was issued.
    pub sid: Option<Box<str>>,
    /// When the user logged in, seconds since the epoch.
    pub auth_time: i64,
    /// When it expired or will, seconds since the epoch.
    pub expires_at: i64,
}

impl IdTokenHint {
    /// Verifies that `text` is an ID token that one of `keys` signed for `issuer`. An expired one is as good: clients
    /// keep the last that they got. Access tokens and logout tokens are none (requirement F-10).
    pub fn verify(text: &str, keys: &[VerifyingKey], issuer: &str) -> Option<Self> {
        let payload = read_signed(text, JwtKind::ID_TOKEN, keys)?.payload;
        // A dialect's access token may have the same `typ`; it has no `auth_time`, and an ID token has none of these.
        if ["client_id", "scope", "events"].iter().any(|name| payload.contains_key(*name)) {
            return None;
        }
        let text = |name: &str| payload.get(name)?.as_str().filter(|text| !text.is_empty());
        (text("iss")? == issuer).then_some(())?;
        number(&payload, "iat")?;
        Some(Self {
            client_id: text("aud")?.into(),
            sub: text("sub")?.into(),
            sid: text("sid").map(Into::into),
            auth_time: number(&payload, "auth_time")?,
            expires_at: number(&payload, "exp")?,
        })
    }
}

fn number(payload: &Map<String, Value>, name: &str) -> Option<i64> {
    payload.get(name)?.as_i64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::tests::key;
    use crate::jose::{JwsAlgorithm, Signer, SigningKey};
    use crate::openid::id_token::tests::issued;
    use crate::openid::tests::{client, user};
    use proptest::prelude::*;
    use serde_json::json;
    use std::sync::Arc;

    const ISSUER: &str = "https://id.example";

    fn signed(key: &Arc<SigningKey>, kind: JwtKind<'_>, payload: &Value) -> String {
        Signer::new(Arc::clone(key), kind).sign(payload.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn our_own_id_token_names_client_user_and_session() {
        let key = Arc::new(key(JwsAlgorithm::Es256));
        let hint = IdTokenHint::verify(&issued(&client(), &key), &[key.verifying_key()], ISSUER).unwrap();
        assert_eq!(
            (&*hint.client_id, &*hint.sub, hint.sid.as_deref()),
            ("app", &*user().subject, Some("s1"))
        );
        assert_eq!((hint.auth_time, hint.expires_at), (1_799_999_000, 1_800_000_300));
    }

    /// F-10, JW-18.
    #[test]
    fn what_is_no_id_token_of_ours_is_no_hint() {
        let (key, other) = (Arc::new(key(JwsAlgorithm::Es256)), Arc::new(key(JwsAlgorithm::Es256)));
        let keys = [key.verifying_key()];
        let token = issued(&client(), &key);
        assert!(IdTokenHint::verify(&token, &keys, ISSUER).is_some());
        assert_eq!(IdTokenHint::verify(&token, &keys, "https://other.example"), None);
        assert_eq!(IdTokenHint::verify(&issued(&client(), &other), &keys, ISSUER), None);
        let unsigned = format!("{}.", token.rsplit_once('.').unwrap().0);
        assert_eq!(IdTokenHint::verify(&unsigned, &keys, ISSUER), None);
        let whole = json!({ "iss": ISSUER, "aud": "app", "sub": "u", "iat": 1, "exp": 2, "auth_time": 1 });
        assert!(IdTokenHint::verify(&signed(&key, JwtKind::ID_TOKEN, &whole), &keys, ISSUER).is_some());
        for (name, value) in [
            ("aud", json!(["app"])),
            ("aud", Value::Null),
            ("sub", json!("")),
            ("exp", json!("2")),
            ("iat", Value::Null),
            ("auth_time", Value::Null),
            ("client_id", json!("app")),
            ("scope", json!("openid")),
            ("events", json!({})),
        ] {
            let mut payload = whole.clone();
            payload[name] = value;
            let text = signed(&key, JwtKind::ID_TOKEN, &payload);
            assert_eq!(IdTokenHint::verify(&text, &keys, ISSUER), None, "{name}");
        }
        for kind in [
            JwtKind::LOGOUT_TOKEN,
            JwtKind::USERINFO,
            JwtKind { typ: Some("at+jwt"), kid: true },
            JwtKind { typ: Some("JWT"), kid: false },
        ] {
            assert_eq!(IdTokenHint::verify(&signed(&key, kind, &whole), &keys, ISSUER), None, "{kind:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_fail(text in ".{0,80}", parts in proptest::collection::vec("[A-Za-z0-9_-]{0,20}", 3)) {
            prop_assert_eq!(IdTokenHint::verify(&text, &[], ISSUER), None);
            prop_assert_eq!(IdTokenHint::verify(&parts.join("."), &[], ISSUER), None);
        }
    }
}

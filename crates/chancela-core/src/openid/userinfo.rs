//! The UserInfo answer (OpenID Connect Core §5.3.2): claims about the user whose access token was shown, as JSON or as a
//! JWT for the client. Which token is good is the endpoint's to decide.

use super::claims::{self, ClaimRequest};
use super::subject;
use crate::jose::{JwsError, JwtKind, Signer, SigningKey};
use crate::pepper::Pepper;
use crate::record::{Client, User};
use crate::scope::Scope;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response};
use serde_json::{Map, Value};
use std::sync::Arc;

/// What the answer is made of.
#[derive(Debug, Clone, Copy)]
pub struct UserInfo<'a> {
    /// The realm's issuer.
    pub issuer: &'a str,
    /// The realm's keys, for pairwise names.
    pub pepper: &'a Pepper,
    /// Whom it is for.
    pub client: &'a Client,
    /// Whom it is about.
    pub user: &'a User,
    /// The access token's scope.
    pub scope: &'a Scope,
    /// Claims that were asked for singly (`claims.userinfo`).
    pub requested: &'a [ClaimRequest],
}

impl UserInfo<'_> {
    /// The answer: a JWT signed by `key` for clients that are registered so, JSON for others.
    ///
    /// # Errors
    /// [`JwsError::Signing`] if the primitive fails.
    pub fn encode(&self, key: Option<&Arc<SigningKey>>) -> Result<Response<Bytes>, JwsError> {
        let mut claims = self.claims();
        let (kind, body) = match key {
            None => ("application/json", Value::Object(claims).to_string()),
            Some(key) => {
                claims.insert("iss".to_owned(), self.issuer.into());
                claims.insert("aud".to_owned(), (&*self.client.client_id).into());
                let signer = Signer::new(Arc::clone(key), JwtKind::USERINFO);
                ("application/jwt", signer.sign(Value::Object(claims).to_string().as_bytes())?)
            }
        };
        let mut response = Response::new(Bytes::from(body));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    }

    fn claims(&self) -> Map<String, Value> {
        let mut out = claims::pick(&self.user.claims, self.scope, self.requested);
        let sub = subject::for_client(self.client, &self.user.subject, self.pepper);
        out.insert("sub".to_owned(), sub.into());
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::tests::key;
    use crate::jose::{JwsAlgorithm, read_signed};
    use crate::openid::id_token_hint::IdTokenHint;
    use crate::openid::tests::{client, user};
    use serde_json::json;

    fn answer(client: &Client, scope: &str, key: Option<&Arc<SigningKey>>) -> Response<Bytes> {
        let (pepper, user, scope) = (Pepper::from_root(&[1; 32]), user(), Scope::parse(scope).unwrap());
        let info = UserInfo {
            issuer: "https://id.example",
            pepper: &pepper,
            client,
            user: &user,
            scope: &scope,
            requested: &[],
        };
        info.encode(key).unwrap()
    }

    #[test]
    fn it_is_what_the_scope_stands_for_in_json() {
        let response = answer(&client(), "openid email", None);
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(response.headers()["cache-control"], "no-store");
        let body: Value = serde_json::from_slice(response.body()).unwrap();
        let expected = json!({ "sub": user().subject, "email": "alice@example.com", "email_verified": true });
        assert_eq!(body, expected);
    }

    /// F-10: a signed answer is for its client, and no ID token.
    #[test]
    fn a_signed_answer_names_issuer_and_audience_and_is_no_hint() {
        let key = Arc::new(key(JwsAlgorithm::Es256));
        let keys = [key.verifying_key()];
        let response = answer(&client(), "openid", Some(&key));
        assert_eq!(response.headers()["content-type"], "application/jwt");
        let text = std::str::from_utf8(response.body()).unwrap();
        let payload = read_signed(text, JwtKind::USERINFO, &keys).unwrap().payload;
        let expected = json!({ "sub": user().subject, "iss": "https://id.example", "aud": "app" });
        assert_eq!(Value::Object(payload), expected);
        assert_eq!(IdTokenHint::verify(text, &keys, "https://id.example"), None);
    }
}

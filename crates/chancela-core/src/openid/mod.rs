//! OpenID Connect: what a client learns of a user and of a login. Owns claims and the tokens and answers that carry
//! them. Does not own the login itself (the server's pages) nor access tokens ([`crate::token`]).

pub mod claims;
pub mod end_session;
pub mod id_token;
pub mod id_token_hint;
pub mod logout_token;
pub mod subject;
pub mod userinfo;

#[cfg(test)]
pub(crate) mod tests {
    use crate::record::{Client, User};
    use serde_json::json;

    /// A client of the usual kind.
    pub(crate) fn client() -> Client {
        serde_json::from_value(json!({
            "key": 7, "realm": "r", "client_id": "app", "grant_types": ["authorization_code"], "scope": "openid",
            "redirect_uris": ["https://app.example/callback"], "enabled": true, "created_at": 0, "version": 1,
        }))
        .unwrap()
    }

    /// A user with claims.
    pub(crate) fn user() -> User {
        serde_json::from_value(json!({
            "realm": "r", "username": "alice", "subject": "user-000102030405060708090a0b0c0d0e0f", "enabled": true,
            "version": 1, "claims": { "name": "Alice", "email": "alice@example.com", "email_verified": true },
        }))
        .unwrap()
    }
}

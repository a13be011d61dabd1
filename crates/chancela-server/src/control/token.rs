//! `token inspect`: what a token is, for an operator who holds one.

use super::ControlError;
use crate::endpoint::introspection;
use crate::realm::Realm;
use crate::server::Server;
use chancela_core::secret::hex;
use chancela_core::token::refresh::RefreshTokenRef;
use chancela_store::Store;
use serde_json::{Value, json};

pub(super) async fn inspect<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    text: &str,
) -> Result<Value, ControlError> {
    let now = server.clock.now();
    if let Some(reference) = RefreshTokenRef::parse(text, &realm.pepper) {
        let grant = server.store.grant(reference.grant).await?;
        return Ok(json!({
            "kind": "refresh_token",
            "grant": hex(&reference.grant.0),
            "generation": reference.generation,
            "active": grant.as_ref().is_some_and(|grant| !grant.revoked
                && grant.generation == reference.generation && now.seconds() < grant.refresh_expires_at),
            "revoked": grant.as_ref().map(|grant| grant.revoked),
            "expires_at": grant.as_ref().map(|grant| grant.refresh_expires_at),
        }));
    }
    let active = introspection::active(server, realm, text, now).await;
    let active = active.map_err(|rejection| ControlError::Failed(rejection.to_string()))?;
    Ok(match active {
        None => json!({
            "active": false,
            "hint": "the token is unknown in this realm, expired, revoked, or its client is disabled",
        }),
        Some(token) => json!({
            "kind": "access_token",
            "active": true,
            "client_id": &*token.client.client_id,
            "client_name": token.client.client_name,
            "scope": &*token.scope,
            "sub": token.subject,
            "aud": token.audience,
            "iat": token.issued_at,
            "exp": token.expires_at,
            "seconds_left": token.expires_at - now.seconds(),
            "certificate_sha256": token.certificate.map(|digest| hex(&digest)),
        }),
    })
}

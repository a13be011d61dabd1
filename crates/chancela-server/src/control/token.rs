//! `token inspect` and `token revoke`: what a token is, and its end, for an operator. A revocation is durable before the
//! answer and holds at once, for every format of access token.

use super::ControlError;
use crate::access_token;
use crate::logout;
use crate::realm::Realm;
use crate::server::Server;
use chancela_core::effect::Effect;
use chancela_core::grant;
use chancela_core::id::GrantId;
use chancela_core::record::{Client, Grant, User};
use chancela_core::revocation::{self, Moment};
use chancela_core::secret::{from_hex, hex};
use chancela_core::time::Timestamp;
use chancela_core::token::refresh::RefreshTokenRef;
use chancela_core::token::{ActiveToken, TokenPlace};
use chancela_store::{CommitOutcome, Store};
use serde_json::{Value, json};
use std::sync::Arc;

/// What is said of a text that is no good token.
const UNKNOWN: &str = "the token is unknown in this realm, expired, revoked, or its client is disabled";

/// Most tries to change a record that others change meanwhile.
const MAX_ROUNDS: usize = 8;

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
    Ok(match active(server, realm, text, now).await? {
        None => json!({ "active": false, "hint": UNKNOWN }),
        Some(token) => json!({
            "kind": "access_token",
            "active": true,
            "stored": matches!(token.place, TokenPlace::Row(_)),
            "client_id": &*token.client.client_id,
            "client_name": token.client.client_name,
            "scope": &*token.scope,
            "sub": token.subject,
            "tenant": token.tenant,
            "grant": token.grant.map(|grant| hex(&grant.0)),
            "aud": token.audience,
            "iat": token.issued_at,
            "exp": token.expires_at,
            "seconds_left": token.expires_at - now.seconds(),
            "certificate_sha256": token.certificate.map(|digest| hex(&digest)),
        }),
    })
}

/// Ends a token; a refresh token with its whole grant.
pub(super) async fn revoke<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    text: &str,
) -> Result<Value, ControlError> {
    let now = server.clock.now();
    if let Some(reference) = RefreshTokenRef::parse(text, &realm.pepper) {
        return revoke_grant(server, realm, &hex(&reference.grant.0)).await;
    }
    let token = active(server, realm, text, now).await?;
    let token = token.ok_or_else(|| ControlError::NotFound(UNKNOWN.into()))?;
    commit(server, vec![token.revoke()]).await?;
    Ok(json!({ "revoked": "access_token", "client_id": &*token.client.client_id }))
}

/// Ends a grant: its refresh tokens and its access tokens. It need not have a row.
pub(super) async fn revoke_grant<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    text: &str,
) -> Result<Value, ControlError> {
    let now = server.clock.now();
    let id = from_hex::<16>(text).map(GrantId).ok_or_else(|| {
        ControlError::Invalid(
            "grant: must be 32 hexadecimal digits, as `chancela token inspect` shows them".into(),
        )
    })?;
    if id.expires_at() <= now.seconds() {
        return Err(ControlError::NotFound("every token of this grant has expired".into()));
    }
    if let Some(row) = server.store.grant(id).await?
        && realm.directory.client_of(row.client).is_none()
    {
        return Err(ControlError::NotFound("the realm has no client of this grant".into()));
    }
    commit(server, grant::revocation(id)).await?;
    Ok(json!({ "revoked": "grant", "grant": text }))
}

/// Ends all tokens of a client, of a user, or of a user at a client.
pub(super) async fn revoke_all<S: Store>(
    server: &Server<S>,
    realm: &Arc<Realm>,
    client_id: Option<&str>,
    user: Option<(&str, Option<&str>)>,
) -> Result<Value, ControlError> {
    let client = client_id.map(|id| super::client::find(realm, id)).transpose()?;
    match (client, user) {
        (None, None) => Err(ControlError::Invalid("name a client or a user".into())),
        (Some(client), None) => {
            super::client::end_tokens(server, realm, &client).await?;
            Ok(json!({ "revoked": "client", "client_id": &*client.client_id }))
        }
        (client, Some((name, tenant))) => {
            let user = end_user(server, realm, client.as_deref(), name, tenant).await?;
            let client_id = client.as_ref().map(|client| &*client.client_id);
            Ok(json!({ "revoked": "user", "sub": &*user.subject, "client_id": client_id }))
        }
    }
}

/// Ends a user's tokens; without a client, sessions too. What the user allowed stays allowed.
async fn end_user<S: Store>(
    server: &Server<S>,
    realm: &Arc<Realm>,
    client: Option<&Client>,
    name: &str,
    tenant: Option<&str>,
) -> Result<User, ControlError> {
    for _ in 0..MAX_ROUNDS {
        let user = find_user(server, realm, name, tenant).await?;
        let moment = Moment { now: server.clock.now(), longest_token: realm.longest_access_token() };
        let grants = server.store.grants_of(&user.subject).await?;
        let mut ended = Vec::new();
        let effects = match client {
            Some(client) => {
                let own = grants.iter().filter(|grant| grant.client == client.key);
                let ends = own.map(|grant| Effect::RevokeGrant(grant.id));
                ends.chain([moment.subject(&user.subject, Some(client.key))]).collect()
            }
            None => {
                ended = server.store.sessions_of(&realm.name, &user.subject).await?;
                revocation::everything(&user, user.clone(), &grants, &ended, None, moment)
            }
        };
        // A code may have been redeemed between the reading and the commit: its grant is ended too.
        if server.record(effects).await? == CommitOutcome::Committed {
            logout::tell(server, realm, &ended);
            let left = server.store.grants_of(&user.subject).await?;
            let meant = |grant: &Grant| client.is_none_or(|client| grant.client == client.key);
            if !left.iter().any(|grant| meant(grant) && grant.issued_at < moment.issued_before()) {
                return Ok(user);
            }
        }
    }
    Err(ControlError::Conflict("the user is changed by others all the time; try again".into()))
}

async fn find_user<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    name: &str,
    tenant: Option<&str>,
) -> Result<User, ControlError> {
    if let Some(user) = server.store.user_of(&realm.name, name).await? {
        return Ok(user);
    }
    super::user::find(server, realm, (name, tenant)).await
}

async fn active<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    text: &str,
    now: Timestamp,
) -> Result<Option<ActiveToken>, ControlError> {
    let active = access_token::active(server, realm, text, now).await;
    active.map_err(|rejection| ControlError::Failed(rejection.to_string()))
}

async fn commit<S: Store>(server: &Server<S>, effects: Vec<Effect>) -> Result<(), ControlError> {
    match server.record(effects).await? {
        CommitOutcome::Committed => Ok(()),
        CommitOutcome::Conflict => Err(ControlError::Conflict("somebody else was faster; try again".into())),
    }
}

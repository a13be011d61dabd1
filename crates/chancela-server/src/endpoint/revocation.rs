//! The revocation endpoint (RFC 7009): a client ends its own tokens. Durable before the answer; unknown tokens, and
//! tokens of others, are answered like a success and change nothing.

use super::introspection::{reference_formats, verify_jwt};
use super::refuse_standard;
use crate::realm::Realm;
use crate::server::{Server, store_rejection};
use bytes::Bytes;
use chancela_core::effect::Effect;
use chancela_core::message::HttpRequest;
use chancela_core::message::introspection::TokenParameter;
use chancela_core::record::{Client, Revocation, Revoked};
use chancela_core::rejection::{Rejection, Rule};
use chancela_core::time::Timestamp;
use chancela_core::token::reference;
use chancela_core::token::refresh::RefreshTokenRef;
use chancela_store::{CommitOutcome, Store};
use http::header::CACHE_CONTROL;
use http::{HeaderValue, Response};

pub(super) async fn respond<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    http: &HttpRequest<'_>,
) -> Response<Bytes> {
    match answer(server, realm, http).await {
        Ok(()) => {
            realm.metrics.revoked.inc();
            let mut response = Response::new(Bytes::new());
            response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        Err(rejection) => refuse_standard(realm, rejection, None),
    }
}

async fn answer<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    http: &HttpRequest<'_>,
) -> Result<(), Rejection> {
    let request = TokenParameter::parse(&realm.client_authentication, http)?;
    let now = server.clock.now();
    let caller = realm.authenticate(&request.credentials, &realm.client_authentication, now)?;
    let Some(effect) = revocation(server, realm, caller.client(), &request.token, now).await? else {
        return Ok(());
    };
    let revoked = if let Effect::Revoke(revocation) = &effect { Some(revocation.clone()) } else { None };
    if server.commit(vec![effect]).await? == CommitOutcome::Conflict {
        return Err(Rule::Overloaded.into());
    }
    if let Some(revocation) = revoked {
        server.revoked.insert(revocation);
    }
    Ok(())
}

/// What ends `text`, if it is a token of `caller`.
async fn revocation<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    caller: &Client,
    text: &str,
    now: Timestamp,
) -> Result<Option<Effect>, Rejection> {
    if let Some(presented) = RefreshTokenRef::parse(text, &realm.pepper) {
        let grant = server.store.grant(presented.grant).await.map_err(store_rejection)?;
        let own = grant.filter(|grant| grant.client == caller.key);
        return Ok(own.map(|grant| Effect::RevokeGrant(grant.id)));
    }
    if let Some(jwt) = verify_jwt(realm, text, now) {
        let own = *jwt.client_id == *caller.client_id;
        let revocation = Revocation { what: Revoked::Token(jwt.id), expires_at: jwt.expires_at };
        return Ok(own.then_some(Effect::Revoke(revocation)));
    }
    for format in reference_formats(realm) {
        let Some(key) = reference::locate(format, &realm.pepper, now, text) else { continue };
        if let Some(row) = server.store.access_token(key).await.map_err(store_rejection)? {
            return Ok((row.client == caller.key).then_some(Effect::DeleteAccessToken(key)));
        }
    }
    Ok(None)
}

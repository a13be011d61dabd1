//! The revocation endpoint (RFC 7009): a client ends its own tokens. Durable before the answer; unknown tokens, and
//! tokens of others, are answered like a success and change nothing.

use super::refuse_standard;
use crate::access_token::active;
use crate::realm::Realm;
use crate::server::{Server, store_rejection};
use bytes::Bytes;
use chancela_core::effect::Effect;
use chancela_core::grant;
use chancela_core::message::HttpRequest;
use chancela_core::message::introspection::TokenParameter;
use chancela_core::record::Client;
use chancela_core::rejection::Rejection;
use chancela_core::time::Timestamp;
use chancela_core::token::ActiveToken;
use chancela_core::token::refresh::RefreshTokenRef;
use chancela_store::Store;
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
    let request = TokenParameter::parse(&realm.revocation_authentication, http)?;
    let now = server.clock.now();
    let caller = realm.authenticate(&request.credentials, &realm.revocation_authentication, now)?;
    let effects = revocation(server, realm, caller.client(), &request.token, now).await?;
    server.must_commit(effects).await
}

/// What ends `text`, if it is a token of `caller`. A refresh token takes the access tokens of its grant along.
async fn revocation<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    caller: &Client,
    text: &str,
    now: Timestamp,
) -> Result<Vec<Effect>, Rejection> {
    if let Some(presented) = RefreshTokenRef::parse(text, &realm.pepper) {
        let grant = server.store.grant(presented.grant).await.map_err(store_rejection)?;
        let own = grant.filter(|grant| grant.client == caller.key);
        return Ok(own.map_or(Vec::new(), |grant| grant::revocation(grant.id)));
    }
    let token = active(server, realm, text, now).await?;
    Ok(token.filter(|token| token.client.key == caller.key).iter().map(ActiveToken::revoke).collect())
}

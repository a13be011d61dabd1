//! The introspection endpoint (RFC 7662): a resource server asks about any token of the realm, a client about its own.

use super::refuse_standard;
use crate::access_token::active;
use crate::realm::Realm;
use crate::server::Server;
use bytes::Bytes;
use chancela_core::message::HttpRequest;
use chancela_core::message::introspection::{self, TokenParameter};
use chancela_core::rejection::Rejection;
use chancela_core::token::ActiveToken;
use chancela_store::Store;
use http::Response;

pub(super) async fn respond<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    http: &HttpRequest<'_>,
) -> Response<Bytes> {
    match answer(server, realm, http).await {
        Ok(token) => {
            realm.metrics.introspected.inc();
            introspection::encode(token.as_ref(), &realm.issuer, &realm.pepper)
        }
        Err(rejection) => refuse_standard(realm, rejection, None),
    }
}

async fn answer<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    http: &HttpRequest<'_>,
) -> Result<Option<ActiveToken>, Rejection> {
    let request = TokenParameter::parse(&realm.client_authentication, http)?;
    let now = server.clock.now();
    let caller = realm.authenticate(&request.credentials, &realm.client_authentication, now)?;
    let token = active(server, realm, &request.token, now).await?;
    let caller = caller.client();
    Ok(token.filter(|token| caller.may_introspect_any || caller.key == token.client.key))
}

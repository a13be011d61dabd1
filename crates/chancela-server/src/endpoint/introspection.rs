//! The introspection endpoint (RFC 7662): a resource server asks about any token of the realm, a client about its own.

use super::refuse_standard;
use crate::realm::Realm;
use crate::server::{Server, store_rejection};
use bytes::Bytes;
use chancela_core::dialect::TokenFormat;
use chancela_core::message::HttpRequest;
use chancela_core::message::introspection::{self, TokenParameter};
use chancela_core::record::Revoked;
use chancela_core::rejection::Rejection;
use chancela_core::secret::sha256;
use chancela_core::time::Timestamp;
use chancela_core::token::jwt::{self, VerifiedJwt};
use chancela_core::token::{ActiveToken, reference};
use chancela_store::Store;
use http::Response;
use std::sync::Arc;

pub(super) async fn respond<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    http: &HttpRequest<'_>,
) -> Response<Bytes> {
    match answer(server, realm, http).await {
        Ok(token) => {
            realm.metrics.introspected.inc();
            introspection::encode(token.as_ref(), &realm.issuer)
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

/// What a token is, if it is good now.
pub(crate) async fn active<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    text: &str,
    now: Timestamp,
) -> Result<Option<ActiveToken>, Rejection> {
    if let Some(jwt) = verify_jwt(realm, text, now) {
        return Ok(jwt_token(server, realm, &jwt, now));
    }
    for format in reference_formats(realm) {
        let Some(key) = reference::locate(format, &realm.pepper, now, text) else { continue };
        if let Some(row) = server.store.access_token(key).await.map_err(store_rejection)? {
            let grant_is_good = match row.grant {
                Some(id) => {
                    server.store.grant(id).await.map_err(store_rejection)?.is_some_and(|grant| !grant.revoked)
                }
                None => true,
            };
            let client = realm.directory.client_of(row.client).filter(|_| grant_is_good);
            return Ok(client.and_then(|client| ActiveToken::of_row(row, client, now)));
        }
    }
    Ok(None)
}

/// Formats of reference tokens that the realm issues, each once.
pub(crate) fn reference_formats(realm: &Realm) -> impl Iterator<Item = TokenFormat> {
    [TokenFormat::Uuid, TokenFormat::Hex, TokenFormat::Opaque]
        .into_iter()
        .filter(|format| realm.endpoints.iter().any(|endpoint| endpoint.dialect.token.format == *format))
}

fn jwt_token<S>(server: &Server<S>, realm: &Realm, jwt: &VerifiedJwt, now: Timestamp) -> Option<ActiveToken> {
    if server.revoked.contains(&Revoked::Token(jwt.id)) {
        return None;
    }
    let token = ActiveToken {
        client: realm.directory.client(&jwt.client_id)?,
        scope: Arc::clone(&jwt.scope),
        subject: jwt.subject.clone(),
        audience: jwt.audience.clone(),
        issued_at: jwt.issued_at,
        expires_at: jwt.expires_at,
        certificate: jwt.certificate,
    };
    token.is_good_at(now).then_some(token)
}

/// The signature check, cached by the token's digest.
pub(crate) fn verify_jwt(realm: &Realm, text: &str, now: Timestamp) -> Option<Arc<VerifiedJwt>> {
    if !text.starts_with("eyJ") || text.len() > chancela_core::jose::MAX_TOKEN_BYTES {
        return None;
    }
    let digest = sha256(text.as_bytes());
    let keys = realm.keys.load();
    if let Some(found) = keys.verified.get(&digest) {
        return Some(found).filter(|jwt| now.seconds() < jwt.expires_at);
    }
    let forms = realm.endpoints.iter().filter(|endpoint| endpoint.dialect.token.format == TokenFormat::Jwt);
    let verified = forms
        .filter_map(|endpoint| {
            jwt::verify(text, &endpoint.dialect.token.jwt, &keys.verifying, &realm.issuer, now)
        })
        .next()?;
    let verified = Arc::new(verified);
    keys.verified.put(digest, Arc::clone(&verified));
    Some(verified)
}

//! The UserInfo endpoint (OpenID Connect Core §5.3): what a client may know of the user whose access token it shows.

use super::{note_refusal, protected};
use crate::realm::Realm;
use crate::server::{Server, store_rejection};
use bytes::Bytes;
use chancela_core::message::{HttpRequest, bearer};
use chancela_core::openid::claims::ClaimsRequest;
use chancela_core::openid::userinfo::UserInfo;
use chancela_core::record::User;
use chancela_core::rejection::{Rejection, Rule};
use chancela_core::scope::Scope;
use chancela_core::token::ActiveToken;
use chancela_store::Store;
use http::Response;

/// The scope that a token needs here.
const SCOPE: &str = "openid";

pub(super) async fn respond<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    http: &HttpRequest<'_>,
) -> Response<Bytes> {
    match answer(server, realm, http).await {
        Ok(response) => response,
        Err(rejection) => refuse(realm, rejection),
    }
}

/// A refusal with the challenge of RFC 6750.
pub(super) fn refuse(realm: &Realm, rejection: Rejection) -> Response<Bytes> {
    note_refusal(realm, rejection, None);
    bearer::refuse(&realm.name, SCOPE, rejection)
}

async fn answer<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    http: &HttpRequest<'_>,
) -> Result<Response<Bytes>, Rejection> {
    let token = protected::own_token(server, realm, http).await?;
    let scope: Scope = token.scope.split(' ').filter(|token| !token.is_empty()).collect();
    if !scope.contains(SCOPE) {
        return Err(Rule::AccessTokenWithoutOpenid.into());
    }
    let user = user(server, realm, &token).await?;
    let requested = requested(server, &token).await?;
    let key = token.client.userinfo_signed_response_alg.map(|algorithm| realm.signing_key(algorithm));
    let key = key.map(|key| key.ok_or(Rule::StoreFailed)).transpose()?;
    let answer = UserInfo {
        issuer: &realm.issuer,
        pepper: &realm.pepper,
        client: &token.client,
        user: &user,
        scope: &scope,
        requested: &requested.userinfo,
    };
    answer.encode(key.as_ref()).map_err(|error| {
        tracing::error!(realm = realm.name, %error, "no UserInfo answer could be signed");
        Rule::StoreFailed.into()
    })
}

/// The user, if the token still speaks for them. A client's own token speaks for nobody.
async fn user<S: Store>(server: &Server<S>, realm: &Realm, token: &ActiveToken) -> Result<User, Rejection> {
    let subject = token.subject.as_deref().ok_or(Rule::InvalidAccessToken)?;
    let user = server.store.user_of(&realm.name, subject).await.map_err(store_rejection)?;
    let good = user.filter(|user| user.enabled && user.tokens_not_before <= token.issued_at);
    good.ok_or_else(|| Rule::InvalidAccessToken.into())
}

/// What the grant's authorization request asked for singly.
async fn requested<S: Store>(server: &Server<S>, token: &ActiveToken) -> Result<ClaimsRequest, Rejection> {
    let Some(id) = token.grant else { return Ok(ClaimsRequest::default()) };
    let grant = server.store.grant(id).await.map_err(store_rejection)?;
    Ok(grant.and_then(|grant| ClaimsRequest::of(grant.details.claims)).unwrap_or_default())
}

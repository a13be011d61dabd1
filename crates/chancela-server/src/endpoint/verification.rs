//! Whether a request's access token is good: for proxies that ask before they let a request through (nginx `auth_request`,
//! HAProxy, Envoy), and the sandbox's protected resource, which shows what was verified.
//!
//! The query says what the request needs: `scope` (all of them) and `audience` (exactly this one). A good token is 204,
//! with what it says in headers; anything else is what RFC 6750 §3 answers.

use super::{note_refusal, protected};
use crate::realm::Realm;
use crate::server::Server;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use bytes::Bytes;
use chancela_core::message::body::Parameters;
use chancela_core::message::{HttpRequest, bearer};
use chancela_core::openid::subject;
use chancela_core::rejection::{Rejection, Rule};
use chancela_core::token::ActiveToken;
use chancela_store::Store;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Map, json};

/// For proxies.
pub(super) async fn respond<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    http: &HttpRequest<'_>,
) -> Response<Bytes> {
    match verify(server, realm, http).await {
        Ok(token) => accepted(realm, &token),
        Err((rejection, scope)) => refuse(realm, &scope, rejection),
    }
}

/// For people who try things out.
pub(super) async fn resource<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    http: &HttpRequest<'_>,
) -> Response<Bytes> {
    match protected::token(server, realm, http).await {
        Ok(token) => shown(realm, &token),
        Err(rejection) => refuse(realm, "", rejection),
    }
}

/// A refusal with the challenge of RFC 6750.
pub(super) fn refuse(realm: &Realm, scope: &str, rejection: Rejection) -> Response<Bytes> {
    note_refusal(realm, rejection, None);
    bearer::refuse(&realm.name, scope, rejection)
}

async fn verify<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    http: &HttpRequest<'_>,
) -> Result<ActiveToken, (Rejection, String)> {
    let plain = |rejection: Rejection| (rejection, String::new());
    let query = Parameters::form(http.query.unwrap_or_default().as_bytes()).map_err(plain)?;
    let scope = demanded(&query, "scope").map_err(plain)?.unwrap_or_default();
    let audience = demanded(&query, "audience").map_err(plain)?;
    let token = protected::token(server, realm, http).await.map_err(plain)?;
    // A token without an audience (a row keeps none) may have been asked for with any `resource`.
    if audience.is_some_and(|wanted| token.audience.as_deref() != Some(&*wanted)) {
        return Err(plain(Rule::WrongAudience.into()));
    }
    if !protected::covers(&token, &scope) {
        // What is echoed is of the scope's own characters; anything else would not be in a token either.
        let known = scope.split(' ').filter(|name| realm.directory.has_scope(name));
        return Err((Rule::InsufficientScope.into(), known.collect::<Vec<_>>().join(" ")));
    }
    Ok(token)
}

/// A demand of the query. One that is there and empty, or twice, comes from a proxy's variable that is not what its
/// operator thinks: it demands nothing by no accident.
fn demanded(query: &Parameters<'_>, name: &str) -> Result<Option<String>, Rejection> {
    match (query.count(name), query.text(name)?) {
        (0, _) => Ok(None),
        (1, Some(text)) => Ok(Some(text.to_string())),
        (1, None) => Err(Rule::EmptyDemand.into()),
        _ => Err(Rule::DuplicateParameter.into()),
    }
}

fn accepted(realm: &Realm, token: &ActiveToken) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let mut add = |name: &'static str, text: &str| {
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    add("chancela-client-id", &token.client.client_id);
    add("chancela-subject", &named(realm, token));
    add("chancela-scope", &token.scope);
    add("chancela-expires-at", &token.expires_at.to_string());
    if let Some(certificate) = &token.certificate {
        add("chancela-certificate", &BASE64URL.encode(certificate));
    }
    response
}

fn named(realm: &Realm, token: &ActiveToken) -> String {
    match &token.subject {
        Some(user) => subject::for_client(&token.client, user, &realm.pepper).to_string(),
        None => token.client.client_id.to_string(),
    }
}

fn shown(realm: &Realm, token: &ActiveToken) -> Response<Bytes> {
    let mut body = Map::new();
    let mut add = |name: &str, value: serde_json::Value| body.insert(name.to_owned(), value);
    add("iss", realm.issuer.as_str().into());
    add("sub", named(realm, token).into());
    add("client_id", (&*token.client.client_id).into());
    add("scope", (&*token.scope).into());
    if let Some(audience) = &token.audience {
        add("aud", (&**audience).into());
    }
    add("iat", token.issued_at.into());
    add("exp", token.expires_at.into());
    if let Some(certificate) = &token.certificate {
        add("cnf", json!({ "x5t#S256": BASE64URL.encode(certificate) }));
    }
    let mut response = Response::new(Bytes::from(serde_json::to_vec(&body).unwrap_or_default()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

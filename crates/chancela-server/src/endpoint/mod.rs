//! Endpoints: one file each. A request is routed, its body read within limits, and answered; an endpoint loads facts,
//! lets core decide, and commits.

mod account;
mod authorization;
mod end_session;
mod introspection;
mod revocation;
mod token;
mod userinfo;

use crate::realm::{Realm, RealmEndpoint};
use crate::router::{Place, Route, Router};
use crate::server::Server;
use crate::transport::body;
use crate::transport::peer::Peer;
use authorization::visit::Visit;
use bytes::Bytes;
use chancela_core::message::HttpRequest;
use chancela_core::message::error_response;
use chancela_core::rejection::Rejection;
use chancela_store::Store;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HOST};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Body;
use std::net::IpAddr;
use std::sync::Arc;

/// Answers one request that `peer` sent.
pub async fn respond<S: Store, B>(
    server: &Server<S>,
    router: &Router,
    peer: &Peer,
    request: Request<B>,
) -> Response<Full<Bytes>>
where
    B: Body<Data = Bytes>,
{
    let (head, incoming) = request.into_parts();
    // Two hosts are two requests to whoever stands before us (RFC 9112 section 3.2).
    if head.headers.get_all(HOST).iter().nth(1).is_some() {
        return plain(StatusCode::BAD_REQUEST, "the request has more than one Host header");
    }
    let host = head.headers.get(HOST).and_then(|host| host.to_str().ok()).or(head.uri.host()).unwrap_or("");
    let (route, tenant) = match router.find(host, head.uri.path()) {
        Ok(Some(found)) => found,
        Ok(None) => return plain(StatusCode::NOT_FOUND, "there is no such endpoint"),
        Err(()) => return plain(StatusCode::MISDIRECTED_REQUEST, "this server does not serve that host"),
    };
    let response = match route {
        Route::Json(json) => document(&head.method, json.clone(), "no-store"),
        Route::Jwks(realm) => document(&head.method, realm.keys.load().jwks.clone(), "public, max-age=3600"),
        Route::Metadata(realm) => {
            if tenant.is_some_and(|tenant| !realm.has_tenant(tenant)) {
                return plain(StatusCode::NOT_FOUND, "there is no such tenant");
            }
            let body = serde_json::to_vec(&realm.metadata()).unwrap_or_default();
            document(&head.method, body.into(), "public, max-age=3600")
        }
        Route::Token(realm, index) => {
            let Some(endpoint) = realm.endpoints.get(*index) else {
                return plain(StatusCode::NOT_FOUND, "there is no such endpoint");
            };
            if tenant.is_some_and(|tenant| !realm.has_tenant(tenant)) {
                return plain(StatusCode::NOT_FOUND, "there is no such tenant");
            }
            match body::read(&head, incoming).await {
                Ok(body) => {
                    token::respond(server, realm, (endpoint, tenant), peer.address, &view(&head, &body)).await
                }
                Err(rejection) => refuse(realm, endpoint, rejection, None),
            }
        }
        Route::Browser(realm, place) => match body::read(&head, incoming).await {
            Ok(body) => {
                let http = view(&head, &body);
                let source = server.client_address(peer.address, &head.headers);
                browser(server, realm, (head.uri.path(), *place), http, source).await
            }
            Err(rejection) => refuse_standard(realm, rejection, None),
        },
        Route::Introspection(realm) => match body::read(&head, incoming).await {
            Ok(body) => introspection::respond(server, realm, &view(&head, &body)).await,
            Err(rejection) => refuse_standard(realm, rejection, None),
        },
        Route::UserInfo(realm) => match body::read(&head, incoming).await {
            Ok(body) => userinfo::respond(server, realm, &view(&head, &body)).await,
            Err(rejection) => userinfo::refuse(realm, rejection),
        },
        Route::Revocation(realm) => match body::read(&head, incoming).await {
            Ok(body) => revocation::respond(server, realm, &view(&head, &body)).await,
            Err(rejection) => refuse_standard(realm, rejection, None),
        },
        Route::Extension(extension) => {
            let extension = Arc::clone(extension);
            match body::read(&head, incoming).await {
                Ok(body) => {
                    let mut request = Request::from_parts(head, body);
                    request.extensions_mut().insert(peer.clone());
                    extension.respond(request).await
                }
                Err(_) => return plain(StatusCode::BAD_REQUEST, "the body cannot be read"),
            }
        }
    };
    response.map(Full::new)
}

/// A page or form of a realm.
async fn browser<S: Store>(
    server: &Server<S>,
    realm: &Arc<Realm>,
    (path, place): (&str, Place),
    http: HttpRequest<'_>,
    source: IpAddr,
) -> Response<Bytes> {
    let visit = match Visit::begin(server, realm, (path, place), http, source).await {
        Ok(visit) => visit,
        Err(rejection) => return refuse_standard(realm, rejection, None),
    };
    match place {
        Place::Authorization => authorization::respond(&visit).await,
        Place::Login => authorization::login(&visit).await,
        Place::Factor => authorization::factor(&visit).await,
        Place::Selection => authorization::selection(&visit).await,
        Place::Consent => authorization::consent(&visit).await,
        Place::Account => account::respond(&visit).await,
        Place::EndSession => end_session::respond(&visit).await,
        Place::Logout => end_session::confirmed(&visit).await,
    }
}

fn view<'a>(head: &'a http::request::Parts, body: &'a [u8]) -> HttpRequest<'a> {
    HttpRequest { method: &head.method, query: head.uri.query(), headers: &head.headers, body }
}

/// A refusal at a token endpoint, in the dialect's shape. `client` is a client id that the registry knows: nothing that
/// only the request said is ever logged.
fn refuse(
    realm: &Realm,
    endpoint: &RealmEndpoint,
    rejection: Rejection,
    client: Option<&str>,
) -> Response<Bytes> {
    note_refusal(realm, rejection, client);
    error_response::encode(&endpoint.dialect, &realm.name, rejection)
}

/// A refusal at an endpoint that no dialect changes.
fn refuse_standard(realm: &Realm, rejection: Rejection, client: Option<&str>) -> Response<Bytes> {
    note_refusal(realm, rejection, client);
    error_response::encode_standard(&realm.name, rejection)
}

fn note_refusal(realm: &Realm, rejection: Rejection, client: Option<&str>) {
    realm.metrics.refused(rejection.rule);
    tracing::info!(realm = realm.name, rule = rejection.rule.name(), client, "refused");
}

fn document(method: &Method, body: Bytes, cache: &'static str) -> Response<Bytes> {
    if method != Method::GET && method != Method::HEAD {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    // What is public may be read by any page; a sandbox's description holds secrets.
    if cache.starts_with("public") {
        headers.insert("access-control-allow-origin", HeaderValue::from_static("*"));
    }
    response
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

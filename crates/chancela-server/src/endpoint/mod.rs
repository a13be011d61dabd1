//! Endpoints: one file each. A request is routed, its body read within limits, and answered; an endpoint loads facts,
//! lets core decide, and commits.

mod account;
mod authority;
mod authorization;
mod certificates;
mod end_session;
mod introspection;
mod protected;
mod registration;
mod revocation;
mod token;
mod userinfo;
mod verification;

use crate::realm::{Realm, RealmEndpoint};
use crate::router::{Place, Route, Router};
use crate::server::Server;
use crate::transport::body;
use crate::transport::peer::Peer;
use authorization::visit::Visit;
use bytes::Bytes;
use chancela_core::message::HttpRequest;
use chancela_core::message::error_response;
use chancela_core::rejection::{Rejection, Rule};
use chancela_core::x509::PresentedCertificate;
use chancela_store::Store;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HOST};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Body;
use std::net::IpAddr;
use std::sync::Arc;

/// Answers one request that `peer` sent.
pub async fn respond<S: Store, B>(
    server: &Arc<Server<S>>,
    router: &Router,
    peer: &Peer,
    request: Request<B>,
) -> Response<Full<Bytes>>
where
    B: Body<Data = Bytes>,
{
    let (head, incoming) = request.into_parts();
    let (route, segment) = match router.find(host(&head), head.uri.path()) {
        Ok(Some(found)) => found,
        Ok(None) => return plain(StatusCode::NOT_FOUND, "there is no such endpoint"),
        Err(()) => return plain(StatusCode::MISDIRECTED_REQUEST, "this server does not serve that host"),
    };
    let response = match route {
        Route::Json(json) => document(&head.method, json.clone(), "no-store"),
        Route::Jwks(realm) => document(&head.method, realm.keys.load().jwks.clone(), "public, max-age=3600"),
        Route::Metadata(realm) => {
            if segment.is_some_and(|tenant| !realm.has_tenant(tenant)) {
                return plain(StatusCode::NOT_FOUND, "there is no such tenant");
            }
            let body = serde_json::to_vec(&realm.metadata()).unwrap_or_default();
            document(&head.method, body.into(), "public, max-age=3600")
        }
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
        Route::Token(realm, index) => {
            let Some(endpoint) = realm.endpoints.get(*index) else {
                return plain(StatusCode::NOT_FOUND, "there is no such endpoint");
            };
            if segment.is_some_and(|tenant| !realm.has_tenant(tenant)) {
                return plain(StatusCode::NOT_FOUND, "there is no such tenant");
            }
            match arrived(server, realm, peer, &head, incoming).await {
                Ok(arrived) => {
                    let http = arrived.view(&head);
                    token::respond(server, realm, (endpoint, segment), peer.address, &http).await
                }
                Err(rejection) => refuse(realm, endpoint, rejection, None),
            }
        }
        Route::UserInfo(realm) => match arrived(server, realm, peer, &head, incoming).await {
            Ok(arrived) => userinfo::respond(server, realm, &arrived.view(&head)).await,
            Err(rejection) => userinfo::refuse(realm, rejection),
        },
        Route::Browser(realm, _)
        | Route::Introspection(realm)
        | Route::Revocation(realm)
        | Route::Ocsp(realm)
        | Route::Authority(realm)
        | Route::Verification(realm)
        | Route::Resource(realm) => match arrived(server, realm, peer, &head, incoming).await {
            Ok(arrived) => {
                let source = server.client_address(peer.address, &head.headers);
                let place = (head.uri.path(), segment);
                standard(server, route, realm, (place, source), arrived.view(&head)).await
            }
            Err(rejection) => refuse_standard(realm, rejection, None),
        },
        Route::Certificates(realm)
        | Route::Certificate(realm)
        | Route::Registration(realm)
        | Route::RegisteredClient(realm) => match arrived(server, realm, peer, &head, incoming).await {
            Ok(arrived) => {
                let work = Change {
                    server: Arc::clone(server),
                    realm: Arc::clone(realm),
                    route: route.clone(),
                    segment: segment.map(str::to_owned),
                    head,
                    arrived,
                };
                work.carried_out().await
            }
            Err(rejection) => refuse_standard(realm, rejection, None),
        },
    };
    response.map(Full::new)
}

/// The host that a request is for.
pub(crate) fn host(head: &Parts) -> &str {
    head.headers.get(HOST).and_then(|host| host.to_str().ok()).or(head.uri.host()).unwrap_or("")
}

/// An endpoint that no dialect changes.
async fn standard<S: Store>(
    server: &Server<S>,
    route: &Route,
    realm: &Arc<Realm>,
    ((path, segment), source): ((&str, Option<&str>), IpAddr),
    http: HttpRequest<'_>,
) -> Response<Bytes> {
    let named = segment.unwrap_or_default();
    match route {
        Route::Browser(_, place) => browser(server, realm, (path, *place), http, source).await,
        Route::Introspection(_) => introspection::respond(server, realm, &http).await,
        Route::Revocation(_) => revocation::respond(server, realm, &http).await,
        Route::Ocsp(_) => authority::ocsp(server, realm, segment, &http),
        Route::Authority(_) => authority::file(realm, named, &http),
        Route::Verification(_) => verification::respond(server, realm, &http).await,
        _ => verification::resource(server, realm, &http).await,
    }
}

/// A request that may change clients or certificates, of which there is a copy in memory.
struct Change<S> {
    server: Arc<Server<S>>,
    realm: Arc<Realm>,
    route: Route,
    segment: Option<String>,
    head: Parts,
    arrived: Arrived,
}

impl<S: Store> Change<S> {
    /// Carries it out in a task of its own. Whoever hangs up ends the future of their connection, and that must not fall
    /// between a commit and the copy in memory, which would disagree with the store until the next start.
    async fn carried_out(self) -> Response<Bytes> {
        let realm = Arc::clone(&self.realm);
        match tokio::spawn(async move { self.answered().await }).await {
            Ok(response) => response,
            Err(error) => {
                tracing::error!(realm = realm.name, %error, "a change was not carried out to its end");
                refuse_standard(&realm, Rule::StoreFailed.into(), None)
            }
        }
    }

    async fn answered(&self) -> Response<Bytes> {
        let Self { server, realm, route, segment, head, arrived } = self;
        let (segment, http) = (segment.as_deref(), arrived.view(head));
        let named = segment.unwrap_or_default();
        match route {
            Route::Certificates(_) => certificates::respond(server, realm, segment, &http).await,
            Route::Certificate(_) => certificates::one(server, realm, named, &http).await,
            Route::Registration(_) => registration::respond(server, realm, &http).await,
            _ => registration::manage(server, realm, named, &http).await,
        }
    }
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

/// What came with a request beside its head.
struct Arrived {
    body: Bytes,
    certificate: Option<Arc<PresentedCertificate>>,
}

impl Arrived {
    fn view<'a>(&'a self, head: &'a Parts) -> HttpRequest<'a> {
        HttpRequest {
            method: &head.method,
            query: head.uri.query(),
            headers: &head.headers,
            body: &self.body,
            certificate: self.certificate.as_deref(),
        }
    }
}

/// Reads the body, and what the realm thinks of the client's certificate.
async fn arrived<S: Store, B>(
    server: &Server<S>,
    realm: &Realm,
    peer: &Peer,
    head: &Parts,
    incoming: B,
) -> Result<Arrived, Rejection>
where
    B: Body<Data = Bytes>,
{
    let body = body::read(head, incoming).await?;
    // After the body, for which a client takes its time: what is said of a certificate is said now.
    Ok(Arrived { body, certificate: server.client_certificate(realm, peer, head)? })
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

/// An answer in one line, to whoever stands outside every realm.
pub(crate) fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

//! `/_sandbox/…`: sets and shows faults, shows what arrived, rotates keys. Only where a flag allows it.

use super::Faults;
use super::definition::Definition;
use bytes::Bytes;
use chancela_server::control::KeyUrgency;
use chancela_server::extension::{Answer, Extension};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ORIGIN};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Every path of it.
pub(in crate::sandbox) const PATHS: [&str; 4] = [FAULTS, "/_sandbox/faults/{id}", REQUESTS, KEYS];
const FAULTS: &str = "/_sandbox/faults";
const REQUESTS: &str = "/_sandbox/requests";
const KEYS: &str = "/_sandbox/keys";

/// Takes orders.
#[derive(Debug)]
pub(in crate::sandbox) struct FaultControl(pub(in crate::sandbox) Arc<Faults>);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotation {
    realm: String,
    #[serde(default = "now")]
    urgency: KeyUrgency,
}

const fn now() -> KeyUrgency {
    KeyUrgency::Now
}

impl Extension for FaultControl {
    fn respond(&self, request: Request<Bytes>) -> Answer<'_> {
        Box::pin(self.answer(request))
    }
}

impl FaultControl {
    async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        // A browser says for whom it asks: no page that its user has open may give orders here.
        if request.headers().contains_key(ORIGIN) {
            return text(StatusCode::FORBIDDEN, "pages may not ask here; send the request without Origin");
        }
        let (path, method) = (request.uri().path(), request.method());
        match path.strip_prefix(FAULTS).map(|rest| rest.strip_prefix('/')) {
            Some(Some(id)) => self.fault(method, id),
            Some(None) => self.faults(method, request.body()),
            None if path == REQUESTS => self.requests(method),
            None => self.keys(method, request.body()).await,
        }
    }

    fn faults(&self, method: &Method, body: &[u8]) -> Response<Bytes> {
        let now = self.0.server.clock.now();
        match *method {
            Method::GET => json(StatusCode::OK, &json!({ "faults": self.0.state().0.list(now) })),
            Method::POST => {
                let definition =
                    serde_json::from_slice::<Definition>(body).map_err(|error| error.to_string());
                match definition.and_then(|definition| self.0.set(definition)) {
                    Ok(id) => json(StatusCode::CREATED, &self.0.state().0.show(id, now).unwrap_or_default()),
                    Err(error) => text(StatusCode::BAD_REQUEST, &error),
                }
            }
            Method::DELETE => {
                self.0.state().0.clear();
                done()
            }
            _ => wrong_method("GET, POST, DELETE"),
        }
    }

    fn fault(&self, method: &Method, id: &str) -> Response<Bytes> {
        let unknown =
            || text(StatusCode::NOT_FOUND, "there is no such fault; GET /_sandbox/faults lists them");
        let Ok(id) = id.parse() else { return unknown() };
        match *method {
            Method::GET => match self.0.state().0.show(id, self.0.server.clock.now()) {
                Some(fault) => json(StatusCode::OK, &fault),
                None => unknown(),
            },
            Method::DELETE if self.0.state().0.remove(id) => done(),
            Method::DELETE => unknown(),
            _ => wrong_method("GET, DELETE"),
        }
    }

    fn requests(&self, method: &Method) -> Response<Bytes> {
        match *method {
            Method::GET => json(StatusCode::OK, &self.0.state().1.list()),
            Method::DELETE => {
                self.0.state().1.clear();
                done()
            }
            _ => wrong_method("GET, DELETE"),
        }
    }

    async fn keys(&self, method: &Method, body: &[u8]) -> Response<Bytes> {
        if *method != Method::POST {
            return wrong_method("POST");
        }
        let Ok(rotation) = serde_json::from_slice::<Rotation>(body) else {
            let form = "send {\"realm\": NAME}, and if you like \"urgency\": \"planned\", \"now\" or \"compromised\"";
            return text(StatusCode::BAD_REQUEST, form);
        };
        match self.0.rotate_keys(&rotation.realm, rotation.urgency).await {
            Ok(()) => done(),
            Err(error) => text(StatusCode::BAD_REQUEST, &error.to_string()),
        }
    }
}

fn json(status: StatusCode, value: &Value) -> Response<Bytes> {
    answer(status, "application/json", format!("{value}\n"))
}

fn text(status: StatusCode, text: &str) -> Response<Bytes> {
    answer(status, "text/plain; charset=utf-8", format!("{text}\n"))
}

fn wrong_method(allowed: &str) -> Response<Bytes> {
    text(StatusCode::METHOD_NOT_ALLOWED, &format!("this takes {allowed}"))
}

fn done() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

fn answer(status: StatusCode, content_type: &'static str, body: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

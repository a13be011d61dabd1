//! The demo's own requests, which the server answers as it answers any other, and what was said, as text to look at.

use crate::sandbox::relying_party::{RelyingParty, form};
use crate::store::ConfiguredStore;
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;
use chancela_core::client_auth::Method as ClientMethod;
use chancela_server::endpoint;
use chancela_server::router::Router;
use chancela_server::server::Server;
use chancela_server::transport::peer::Peer;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use serde_json::Value;
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// What stands where a secret was.
const HIDDEN: &str = "***";

/// A request and its answer.
#[derive(Debug)]
pub(super) struct Spoken {
    /// The request, without the client's secret.
    pub(super) request: String,
    /// The response as it came.
    pub(super) response: String,
    /// Whether it was granted.
    pub(super) success: bool,
    /// The response's tokens.
    pub(super) tokens: Tokens,
}

/// The tokens of a run; empty where there is none.
#[derive(Debug, Clone, Default)]
pub(super) struct Tokens {
    pub(super) access_token: String,
    pub(super) refresh_token: String,
    pub(super) id_token: String,
}

/// Asks for tokens, authenticated by the client's own method.
pub(super) async fn token_request(
    server: &Arc<Server<ConfiguredStore>>,
    router: &Router,
    party: &RelyingParty,
    mut fields: Vec<(String, String)>,
) -> Spoken {
    let secret = party.client_secret.clone().unwrap_or_default();
    let mut authorization = None;
    match party.method {
        ClientMethod::ClientSecretBasic => {
            let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let pair = format!("{}:{}", encode(&party.client_id), encode(&secret));
            authorization = Some(format!("Basic {}", BASE64.encode(pair)));
        }
        method => {
            fields.push(("client_id".to_owned(), party.client_id.clone()));
            if method != ClientMethod::None {
                fields.push(("client_secret".to_owned(), secret));
            }
        }
    }
    let address = party.realm.metadata().token_endpoint;
    send(server, router, Method::POST, &address, authorization, &fields).await
}

/// Asks a resource with an access token.
pub(super) async fn with_token(
    server: &Arc<Server<ConfiguredStore>>,
    router: &Router,
    address: &str,
    access_token: &str,
) -> Spoken {
    let authorization = Some(format!("Bearer {access_token}"));
    send(server, router, Method::GET, address, authorization, &[]).await
}

async fn send(
    server: &Arc<Server<ConfiguredStore>>,
    router: &Router,
    method: Method,
    address: &str,
    authorization: Option<String>,
    fields: &[(String, String)],
) -> Spoken {
    let place = address.split_once("://").map_or(address, |(_, place)| place);
    let (host, path) = place.split_at(place.find('/').unwrap_or(place.len()));
    let mut text = format!("{method} {path} HTTP/1.1\nHost: {host}\n");
    let mut request = Request::builder().method(&method).uri(path).header(HOST, host);
    if let Some(authorization) = authorization {
        let shown = match authorization.strip_prefix("Basic ") {
            Some(_) => format!("Basic {HIDDEN}"),
            None => authorization.clone(),
        };
        let _ = writeln!(text, "Authorization: {shown}");
        request = request.header(AUTHORIZATION, authorization);
    }
    let mut body = String::new();
    if method == Method::POST {
        request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        body = form(fields);
        let shown: Vec<String> = fields.iter().map(shown_field).collect();
        let _ = write!(text, "Content-Type: application/x-www-form-urlencoded\n\n{}", shown.join("\n&"));
    }
    // Built from parts that are good in a request: an address of ours and ASCII headers.
    let Ok(request) = request.body(Full::new(Bytes::from(body))) else {
        return Spoken { request: text, response: String::new(), success: false, tokens: Tokens::default() };
    };
    let peer = Peer::plain(Ipv4Addr::LOCALHOST.into());
    answered(text, endpoint::respond(server, router, &peer, request).await).await
}

fn shown_field(field: &(String, String)) -> String {
    if field.0 == "client_secret" {
        format!("client_secret={HIDDEN}")
    } else {
        form(std::slice::from_ref(field))
    }
}

async fn answered(request: String, response: Response<Full<Bytes>>) -> Spoken {
    let (head, body) = response.into_parts();
    let mut text = format!("HTTP/1.1 {}\n", head.status);
    for (name, value) in &head.headers {
        let _ = writeln!(text, "{name}: {}", String::from_utf8_lossy(value.as_bytes()));
    }
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let _ = write!(text, "\n{}", String::from_utf8_lossy(&body));
    let members: Value = serde_json::from_slice(&body).unwrap_or_default();
    let member = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let tokens = Tokens {
        access_token: member("access_token"),
        refresh_token: member("refresh_token"),
        id_token: member("id_token"),
    };
    Spoken { request, response: text, success: head.status.is_success(), tokens }
}

impl Tokens {
    /// These, and what they lack of `older` ones: a renewal brings not always all.
    pub(super) fn or(&self, older: &Self) -> Self {
        let either = |new: &String, old: &String| if new.is_empty() { old.clone() } else { new.clone() };
        Self {
            access_token: either(&self.access_token, &older.access_token),
            refresh_token: either(&self.refresh_token, &older.refresh_token),
            id_token: either(&self.id_token, &older.id_token),
        }
    }
}

//! What is seen of a request: where it goes, what it asks for and how it authenticates. No value of a parameter or header
//! is kept, and no name that is not one of the RFCs' or the dialect's: a body that was sent in the wrong form may have
//! its secrets where names are.

use super::definition::Endpoint;
use crate::store::ConfiguredStore;
use chancela_core::dialect::Grant;
use chancela_core::grant::GrantType;
use chancela_core::message::HttpRequest;
use chancela_core::message::token_request::TokenRequest;
use chancela_server::extension::Arriving;
use chancela_server::realm::Realm;
use chancela_server::router::Route;
use chancela_server::server::Server;
use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Parameters whose names are shown beside those that the dialect gives.
const KNOWN: [&str; 31] = [
    "access_token",
    "assertion",
    "audience",
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "device_code",
    "grant_type",
    "login_hint",
    "max_age",
    "nonce",
    "password",
    "prompt",
    "redirect_uri",
    "refresh_token",
    "request",
    "request_uri",
    "resource",
    "response_mode",
    "response_type",
    "scope",
    "state",
    "token",
    "token_type_hint",
    "ui_locales",
    "username",
];

/// What is seen of one request.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Sight {
    pub(super) realm: Option<String>,
    pub(super) endpoint: Option<Endpoint>,
    pub(super) token_endpoint: Option<String>,
    pub(super) method: &'static str,
    /// What the grant means, whatever the dialect calls it; `None` if it is none, or the request cannot be read.
    pub(super) grant_type: Option<GrantType>,
    /// Of a client that the realm knows.
    pub(super) client_id: Option<String>,
    /// How the request authenticates, as it came; several where it does so in several ways.
    pub(super) authentication: Vec<&'static str>,
    pub(super) client_certificate: bool,
    pub(super) parameters: BTreeSet<String>,
    /// Parameters with other names.
    pub(super) other_parameters: usize,
    /// The label of the client in the sandbox's description.
    pub(super) client: Option<String>,
}

impl Sight {
    /// What is seen of a request; `None` of one that is for the sandbox itself.
    pub(super) fn of(server: &Server<ConfiguredStore>, arriving: &Arriving<'_>) -> Option<Self> {
        let (realm, endpoint) = match arriving.route {
            Some(route) => {
                let (realm, endpoint) = place(route)?;
                (Some(realm), Some(endpoint))
            }
            None => (None, None),
        };
        let mut sight = Self {
            realm: realm.map(|realm| realm.name.clone()),
            endpoint,
            method: method(&arriving.head.method),
            client_certificate: arriving.peer.certificates.is_some(),
            ..Self::default()
        };
        let names = sight.names(arriving, realm);
        sight.authentication(arriving, &names);
        if let Some(Route::Token(realm, index)) = arriving.route {
            sight.read_token_request(server, (realm, *index), arriving);
        }
        Some(sight)
    }

    /// Whether the request is of this client, by id or label.
    pub(super) fn is_client(&self, client: &str) -> bool {
        self.client_id.as_deref() == Some(client) || self.client.as_deref() == Some(client)
    }

    /// Grant and client as the endpoint will read them.
    fn read_token_request(
        &mut self,
        server: &Server<ConfiguredStore>,
        (realm, index): (&Realm, usize),
        arriving: &Arriving<'_>,
    ) {
        let Some(endpoint) = realm.endpoints.get(index) else { return };
        self.token_endpoint = Some(endpoint.dialect.name.clone()).filter(|_| realm.endpoints.len() > 1);
        let certificate = server.client_certificate(realm, arriving.peer, arriving.head).ok().flatten();
        let http = HttpRequest {
            method: &arriving.head.method,
            query: arriving.head.uri.query(),
            headers: &arriving.head.headers,
            body: arriving.body,
            certificate: certificate.as_deref(),
        };
        let Ok(request) = TokenRequest::parse(&endpoint.dialect, &http) else { return };
        self.grant_type = request.grant.meaning().map(Grant::grant_type);
        let known = realm.directory.client(request.credentials.client_id());
        self.client_id = known.map(|client| client.client_id.to_string());
    }

    /// The parameters' names, of which only known ones are kept.
    fn names(&mut self, arriving: &Arriving<'_>, realm: Option<&Realm>) -> Vec<String> {
        let query = arriving.head.uri.query().unwrap_or_default().as_bytes();
        let content_type = arriving.head.headers.get(CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
        let mut names: Vec<String> = pairs(query).collect();
        if content_type.starts_with(b"application/x-www-form-urlencoded") {
            names.extend(pairs(arriving.body));
        } else if content_type.starts_with(b"application/json") {
            let members: Option<Map<String, Value>> = serde_json::from_slice(arriving.body).ok();
            names.extend(members.into_iter().flatten().map(|(name, _)| name));
        }
        let own = realm.into_iter().flat_map(|realm| &realm.endpoints).flat_map(|endpoint| {
            let own = &endpoint.dialect.request.names;
            [&own.grant_type, &own.client_id, &own.client_secret, &own.scope, &own.refresh_token]
        });
        let own: BTreeSet<&str> = own.map(String::as_str).collect();
        for name in &names {
            match KNOWN.contains(&name.as_str()) || own.contains(name.as_str()) {
                true => _ = self.parameters.insert(name.clone()),
                false => self.other_parameters += 1,
            }
        }
        names
    }

    fn authentication(&mut self, arriving: &Arriving<'_>, names: &[String]) {
        let headers = arriving.head.headers.get_all(AUTHORIZATION).iter();
        for header in headers {
            let scheme = header.as_bytes().split(|byte| *byte == b' ').next().unwrap_or_default();
            self.authentication.push(match scheme.to_ascii_lowercase().as_slice() {
                b"basic" => "client_secret_basic",
                b"bearer" => "bearer",
                _ => "other",
            });
        }
        let has = |name: &str| names.iter().any(|own| own == name);
        let in_body = [("client_secret", "client_secret_post"), ("client_assertion", "client_assertion")];
        self.authentication
            .extend(in_body.into_iter().filter(|(name, _)| has(name)).map(|(_, method)| method));
        if self.client_certificate {
            self.authentication.push("client_certificate");
        }
    }
}

fn pairs(text: &[u8]) -> impl Iterator<Item = String> {
    form_urlencoded::parse(text).map(|(name, _)| name.into_owned()).filter(|name| !name.is_empty())
}

/// The realm and the endpoint of a route; `None` if it is the sandbox's own.
fn place(route: &Route) -> Option<(&Realm, Endpoint)> {
    Some(match route {
        Route::Token(realm, _) => (realm, Endpoint::Token),
        Route::Introspection(realm) => (realm, Endpoint::Introspection),
        Route::Revocation(realm) => (realm, Endpoint::Revocation),
        Route::Browser(realm, _) => (realm, Endpoint::Authorization),
        Route::Jwks(realm) => (realm, Endpoint::Jwks),
        Route::Metadata(realm) => (realm, Endpoint::Metadata),
        Route::UserInfo(realm) => (realm, Endpoint::Userinfo),
        Route::Certificates(realm) | Route::Certificate(realm) => (realm, Endpoint::Certificates),
        Route::Registration(realm) | Route::RegisteredClient(realm) => (realm, Endpoint::Registration),
        Route::Ocsp(realm) | Route::Authority(realm) => (realm, Endpoint::Authority),
        Route::Verification(realm) => (realm, Endpoint::Verification),
        Route::Resource(realm) => (realm, Endpoint::Resource),
        Route::Json(_) | Route::Extension(_) => return None,
    })
}

/// A method is the sender's to choose, so only the usual ones are repeated.
fn method(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

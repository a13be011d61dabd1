//! A client with everything that any endpoint asks for, and the server that reads what it sends.

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use chancela_core::client_auth::{self, Credentials, Method, OwnCredentials};
use chancela_core::dialect::{Dialect, Grant, Library, TokenEndpoint};
use chancela_core::message::HttpRequest;
use chancela_core::message::token_request::{EncodeError, Envelope, GrantRequest, TokenRequest};
use chancela_core::pepper::Pepper;
use chancela_core::record::{Client, ClientSecret};
use chancela_core::rejection::{Rejection, Rule};
use chancela_core::secret::Secret;
use chancela_core::time::Timestamp;
use chancela_core::x509::{Certificate, PresentedCertificate, Standing};
use std::sync::{Arc, LazyLock};

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
/// What a program is given: PEM with line breaks.
pub(crate) const CERTIFICATE: &str = include_str!("../x509/fixtures/leaf_sha256.pem");

static DIALECTS: LazyLock<Vec<Arc<Dialect>>> = LazyLock::new(|| {
    let library = Library::builtin();
    library.names().map(|name| library.load(name).unwrap()).collect()
});

pub(crate) static PEPPER: LazyLock<Pepper> = LazyLock::new(|| Pepper::from_root(&[1; 32]));

/// Every dialect that the program comes with.
pub(crate) fn dialects() -> impl Iterator<Item = &'static Dialect> {
    DIALECTS.iter().map(|dialect| &**dialect)
}

/// Every token endpoint that the program comes with.
pub(crate) fn endpoints() -> impl Iterator<Item = (&'static Dialect, &'static TokenEndpoint)> {
    DIALECTS.iter().flat_map(|dialect| dialect.token_endpoints.iter().map(move |own| (&**dialect, own)))
}

/// The endpoint of a made-up provider's dialect with these tables.
pub(crate) fn acme(tables: &str) -> TokenEndpoint {
    acme_dialect(tables).token_endpoint("token").unwrap().clone()
}

fn acme_dialect(tables: &str) -> Arc<Dialect> {
    let head = "format = 1\nname = \"acme\"\ntitle = \"Acme\"\nsources = [\"docs.acme.example\"]\n[environments.production]\n";
    let grants = "[request.grants]\nclient_credentials = \"client_credentials\"\n";
    let grants = if tables.contains("[request.grants]") { "" } else { grants };
    let paths = "[token_endpoint.token]\npaths = [\"/oauth/token\"]\n";
    let paths = if tables.contains("paths = ") { "" } else { paths };
    let mut library = Library::default();
    library.add("acme", "acme.toml", &format!("{head}{grants}{paths}{tables}"));
    library.load("acme").unwrap_or_else(|error| panic!("{error}"))
}

/// What no shipped dialect has, each in one that is made up.
static AXES: LazyLock<Vec<Arc<Dialect>>> = LazyLock::new(|| {
    let all = "[request.grants]\napp = \"client_credentials\"\nuser = \"danger_password\"\nagain = \"refresh_token\"\ncode = \"authorization_code\"\n";
    let scopes = "[scopes]\na = \"A\"\n\"b.c\" = \"B\"\nD = \"D\"\n";
    let tables = [
        "[request]\nencodings = [\"json\"]\nscope_as = \"array\"\nnames = { scope = \"scopes\", client_id = \"clientId\", client_secret = \"clientSecret\", grant_type = \"tipo\", username = \"usuario\", password = \"senha\", refresh_token = \"renovar\", code = \"codigo\", redirect_uri = \"destino\", code_verifier = \"prova\" }\n",
        "[request]\nscope_as = \"comma_text\"\n[client_authentication]\nbasic_encoding = \"form\"\n",
        "[client_authentication]\nbasic_encoding = \"raw\"\n[request]\nencodings = [\"multipart\", \"form\"]\n",
        "[request]\nencodings = [\"json\", \"form\"]\n[client_authentication]\npartner = { header = \"X-Partner\", scheme = \"Basic\" }\nbasic_encoding = \"form\"\n",
        "[client_authentication]\nmethods = [\"none\", \"tls_client_auth\", \"self_signed_tls_client_auth\"]\n",
    ];
    tables.iter().map(|tables| acme_dialect(&format!("{all}{scopes}{tables}"))).collect()
});

/// The token endpoints of made-up dialects for what no shipped one has.
pub(crate) fn axes() -> impl Iterator<Item = (&'static Dialect, &'static TokenEndpoint)> {
    AXES.iter().flat_map(|dialect| dialect.token_endpoints.iter().map(move |own| (&**dialect, own)))
}

/// What a client has and asks for.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) client_id: String,
    pub(crate) secret: Secret,
    pub(crate) method: Option<Method>,
    pub(crate) grant: Grant,
    /// `username`, `code` or `refresh_token`; then `password`, `redirect_uri`.
    pub(crate) texts: [String; 2],
    pub(crate) scope: Option<String>,
    pub(crate) resource: Option<String>,
    pub(crate) chain_token: String,
    pub(crate) tenant: Option<String>,
    pub(crate) partner: Option<(String, Secret)>,
}

impl Sample {
    /// One that `endpoint` takes, with plain values.
    pub(crate) fn plain(endpoint: &TokenEndpoint) -> Self {
        let needs_scope = endpoint.scope.when_absent == chancela_core::dialect::WhenScopeAbsent::Reject;
        let exact = endpoint.exact_scope.as_ref().map(|scope| scope.as_str().to_owned());
        Self {
            client_id: "client-1".into(),
            secret: Secret::new("s3cr+t/ 1"),
            method: None,
            grant: endpoint
                .request
                .grants
                .values()
                .copied()
                .chain(endpoint.request.default_grant)
                .next()
                .unwrap(),
            texts: ["ana@acme.example".into(), "p&w d".into()],
            scope: exact.or(needs_scope.then(|| "read write".into())),
            resource: None,
            chain_token: "first-step".into(),
            tenant: None,
            partner: None,
        }
    }

    pub(crate) fn grant(&self) -> GrantRequest<'_> {
        let [first, second] = &self.texts;
        match self.grant {
            Grant::ClientCredentials => GrantRequest::ClientCredentials,
            Grant::DangerPassword => {
                GrantRequest::Password { username: first.into(), password: Secret::new(second.clone()) }
            }
            Grant::RefreshToken => GrantRequest::RefreshToken { refresh_token: first.into() },
            Grant::AuthorizationCode => GrantRequest::AuthorizationCode {
                code: first.into(),
                redirect_uri: Some(second.into()),
                code_verifier: Some(VERIFIER.into()),
            },
        }
    }

    /// The client's request to `endpoint`, with what that needs.
    pub(crate) fn send(&self, endpoint: &TokenEndpoint) -> Result<http::Request<bytes::Bytes>, EncodeError> {
        let request = self.request(endpoint)?;
        request.encode(endpoint, &Envelope { tenant: self.tenant.as_deref(), ..Envelope::default() })
    }

    pub(crate) fn request(&self, endpoint: &TokenEndpoint) -> Result<TokenRequest<'_>, EncodeError> {
        let own = OwnCredentials {
            client_id: &self.client_id,
            client_secret: needs_secret(self.method).then_some(&self.secret),
            client_assertion: None,
            certificate: true,
            method: self.method,
        };
        let partner = self.partner.as_ref().map(|(id, secret)| Credentials::own_partner(id, secret));
        Ok(TokenRequest {
            grant: self.grant(),
            credentials: Credentials::own(endpoint, &own)?,
            partner: partner.transpose()?,
            scope: self.scope.as_deref().map(Into::into),
            resource: self.resource.as_deref().map(Into::into),
            chain_token: endpoint.requires.access_token.as_ref().map(|_| self.chain_token.as_str()),
            certificate: endpoint.requires.danger_client_certificate.as_ref().map(|_| CERTIFICATE),
        })
    }
}

pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

fn needs_secret(method: Option<Method>) -> bool {
    matches!(method, None | Some(Method::ClientSecretBasic | Method::ClientSecretPost))
}

/// The server's record of a client that authenticates with `method`.
pub(crate) fn record(client_id: &str, secret: &str, method: Method) -> Client {
    let client = serde_json::json!({
        "key": 7, "realm": "r", "client_id": client_id, "grant_types": [], "scope": "",
        "token_endpoint_auth_method": method, "enabled": true, "created_at": 0, "version": 1,
    });
    let mut client: Client = serde_json::from_value(client).unwrap();
    match method {
        Method::ClientSecretBasic | Method::ClientSecretPost => {
            let digest = PEPPER.client_secret(secret);
            client.secrets = vec![ClientSecret { digest, created_at: 0, expires_at: None }];
        }
        Method::SelfSignedTlsClientAuth => {
            let x5c = BASE64.encode(&Certificate::parse_header(CERTIFICATE).unwrap().der);
            client.jwks = Some(serde_json::json!({ "keys": [{ "x5c": [x5c] }] }));
        }
        _ => {}
    }
    client
}

/// The connection's certificate, as a realm sees that of a client with `method`.
pub(crate) fn presented(endpoint: &TokenEndpoint, method: Method) -> Option<PresentedCertificate> {
    let beside = endpoint.client_authentication.require_client_certificate;
    let standing = match method {
        _ if beside && method != Method::SelfSignedTlsClientAuth => {
            Standing::Trusted { issuers: vec![[1; 32]] }
        }
        Method::TlsClientAuth => Standing::Trusted { issuers: vec![[1; 32]] },
        Method::SelfSignedTlsClientAuth => Standing::Untrusted(Rule::UntrustedClientCertificate),
        _ => return None,
    };
    let certificate = Certificate::parse_header(CERTIFICATE).unwrap();
    let key = record("x", "", method).key;
    Some(PresentedCertificate { certificate, standing, issued_to: Some(key) })
}

/// The server's reading of a request.
pub(crate) fn read<'a>(
    endpoint: &TokenEndpoint,
    request: &'a http::Request<bytes::Bytes>,
    certificate: Option<&'a PresentedCertificate>,
) -> Result<TokenRequest<'a>, Rejection> {
    let http = HttpRequest {
        method: request.method(),
        query: request.uri().query(),
        headers: request.headers(),
        body: request.body(),
        certificate,
    };
    TokenRequest::parse(endpoint, &http)
}

/// Whether the server believes that these credentials are `client`'s.
pub(crate) fn believes(credentials: &Credentials<'_>, endpoint: &TokenEndpoint, client: &Client) -> bool {
    let lookup = |id: &str| (id == &*client.client_id).then(|| Arc::new(client.clone()));
    let policy = &endpoint.client_authentication;
    let verified = if client.partner {
        client_auth::verify_partner(credentials, &lookup, &PEPPER, NOW)
    } else {
        client_auth::verify(credentials, policy, &lookup, &PEPPER, NOW)
    };
    verified.is_ok_and(|proven| *proven.client().client_id == *client.client_id)
}

/// A request as a file shows it.
pub(crate) fn shown(request: &http::Request<bytes::Bytes>) -> String {
    let mut headers: Vec<String> = request
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {}\n", std::str::from_utf8(value.as_bytes()).unwrap()))
        .collect();
    headers.sort();
    let body = std::str::from_utf8(request.body()).unwrap();
    format!("{} {}\n{}\n{body}\n", request.method(), request.uri(), headers.concat())
}

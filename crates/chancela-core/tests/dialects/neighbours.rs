//! The facts of the providers beside those that the project began with: where they are, how a client comes, what it gets
//! and for how long, and what their APIs want besides.

use super::builtin::load;
use chancela_core::client_auth::Method::{self, ClientSecretBasic, ClientSecretPost, TlsClientAuth};
use chancela_core::dialect::{
    ApiValue, BodyEncoding, Dialect, GrantTypeIn, Library, Mark, RefreshPolicy, TokenEndpoint, TokenFormat,
    survey,
};
use chancela_core::error_code::ErrorCode;
use chancela_core::x509::{KeyPairKind, RequestSignature};

fn endpoint<'a>(dialect: &'a Dialect, name: &str) -> &'a TokenEndpoint {
    dialect.token_endpoint(name).unwrap_or_else(|| panic!("no token endpoint {name:?}"))
}

/// One line for each token endpoint: path, methods, whether a certificate must be shown, encoding, lifetime.
type Line = (&'static str, &'static str, &'static [Method], bool, BodyEncoding, u32);

fn check(name: &str, lines: &[Line]) {
    let dialect = load(name);
    assert_eq!(dialect.token_endpoints.len(), lines.len(), "{name}");
    for (own, path, methods, mutual_tls, encoding, lifetime) in lines {
        let endpoint = endpoint(&dialect, own);
        assert_eq!(endpoint.paths[0], *path, "{name}");
        assert_eq!(endpoint.client_authentication.methods, *methods, "{name}");
        assert_eq!(endpoint.requires.mutual_tls, *mutual_tls, "{name}");
        let beside = *mutual_tls && !methods.contains(&TlsClientAuth);
        assert_eq!(endpoint.client_authentication.require_client_certificate, beside, "{name}");
        assert_eq!(endpoint.request.encodings[0], *encoding, "{name}");
        for environment in dialect.environments.keys() {
            assert_eq!(dialect.access_token_lifetime(endpoint, environment), *lifetime, "{name}");
        }
    }
}

#[test]
fn each_is_where_and_as_its_sources_say() {
    use BodyEncoding::{Form, Json};
    check(
        "efi",
        &[
            ("token", "/oauth/token", &[ClientSecretBasic], true, Json, 3600),
            ("charges", "/v1/authorize", &[ClientSecretBasic], false, Json, 600),
        ],
    );
    check("inter", &[("token", "/oauth/v2/token", &[ClientSecretPost], true, Form, 3600)]);
    check(
        "itau",
        &[
            ("token", "/api/oauth/token", &[ClientSecretPost], true, Form, 300),
            ("sandbox", "/api/oauth/jwt", &[ClientSecretPost], false, Form, 300),
        ],
    );
    let sicoob = "/auth/realms/cooperado/protocol/openid-connect/token";
    check("sicoob", &[("token", sicoob, &[TlsClientAuth], true, Form, 300)]);
    let both = &[ClientSecretBasic, ClientSecretPost];
    check("banco-do-brasil", &[("token", "/oauth/token", both, false, Form, 600)]);
    let both = &[ClientSecretPost, ClientSecretBasic];
    check(
        "santander",
        &[
            ("token", "/auth/oauth/v2/token", both, true, Form, 900),
            ("pix", "/oauth/token", both, true, Form, 300),
        ],
    );
    check("celcoin", &[("token", "/v5/token", both, false, Form, 2400)]);
    let either = &[ClientSecretBasic, ClientSecretPost];
    check(
        "cora",
        &[
            ("token", "/oauth/token", either, false, Form, 86_400),
            ("direct", "/token", &[TlsClientAuth], true, Form, 86_400),
        ],
    );
    let public = &[ClientSecretBasic, Method::None];
    check("btg", &[("token", "/oauth2/token", public, false, Form, 86_400)]);
}

#[test]
fn every_environment_says_where_each_token_endpoint_is() {
    let library = Library::builtin();
    for name in library.names().filter(|name| *name != "standard") {
        let dialect = load(name);
        for environment in dialect.environments.keys() {
            for endpoint in &dialect.token_endpoints {
                let url = dialect.base_url(endpoint, environment);
                assert!(
                    url.is_some_and(|url| url.starts_with("https://")),
                    "{name}, {environment}, {}",
                    endpoint.name
                );
            }
        }
    }
    let at = |name, own, environment| {
        let dialect = load(name);
        dialect.base_url(endpoint(&dialect, own), environment).unwrap_or_default().to_owned()
    };
    assert_eq!(at("bankly", "token", "sandbox"), "https://login.sandbox.bankly.com.br");
    assert_eq!(at("bankly", "mtls", "sandbox"), "https://auth-mtls.sandbox.bankly.com.br");
    assert_eq!(at("santander", "token", "production"), "https://trust-open.api.santander.com.br");
    assert_eq!(at("santander", "pix", "production"), "https://trust-pix.santander.com.br");
    assert_eq!(at("cora", "direct", "stage"), "https://matls-clients.api.stage.cora.com.br");
}

#[test]
fn what_the_apis_want_besides_the_token_is_said() {
    let headers = |name: &str, own: &str| -> Vec<(String, Option<ApiValue>)> {
        let dialect = load(name);
        let headers = &endpoint(&dialect, own).api.headers;
        headers.iter().map(|header| (header.name.clone(), header.value)).collect()
    };
    assert_eq!(headers("sicoob", "token"), [("client_id".to_owned(), Some(ApiValue::ClientId))]);
    assert_eq!(headers("santander", "token"), [("X-Application-Key".to_owned(), Some(ApiValue::ClientId))]);
    assert_eq!(headers("santander", "pix"), []);
    assert_eq!(
        headers("itau", "token"),
        [
            ("x-itau-apikey".to_owned(), Some(ApiValue::ClientId)),
            ("x-itau-correlationID".to_owned(), Some(ApiValue::Fresh))
        ]
    );
    let query = load("banco-do-brasil").token_endpoints[0].api.query.clone();
    assert_eq!(query[0].name, "gw-dev-app-key");
    assert_eq!(query[0].credential.as_deref(), Some("developer_application_key"));
    let mutual_tls = |name: &str, own: &str| endpoint(&load(name), own).api.mutual_tls;
    for (name, own, wanted) in [
        ("efi", "token", true),
        ("efi", "charges", false),
        ("inter", "token", true),
        ("itau", "token", true),
        ("itau", "sandbox", false),
        ("sicoob", "token", true),
        ("santander", "pix", true),
        ("cora", "direct", true),
        ("cora", "token", false),
        ("bankly", "mtls", true),
        ("bankly", "token", false),
    ] {
        assert_eq!(mutual_tls(name, own), wanted, "{name} {own}");
    }
}

#[test]
fn each_is_odd_in_its_own_way() {
    let inter = load("inter");
    let token = endpoint(&inter, "token");
    assert_eq!(token.rate_limit.map(|limit| (limit.requests, limit.period)), Some((5, 60)));
    assert_eq!(
        token.errors.code[&ErrorCode::InvalidClient].headers,
        [["X-Ca-Err".to_owned(), "201".to_owned()]]
    );
    assert_eq!(token.token.format, TokenFormat::Uuid);

    let santander = load("santander");
    assert_eq!(endpoint(&santander, "pix").request.grant_type_in, GrantTypeIn::Query);
    assert_eq!(endpoint(&santander, "token").request.grant_type_in, GrantTypeIn::Body);
    assert_eq!(endpoint(&santander, "token").response.token_type, "bearer");

    let itau = load("itau");
    let issuance = &itau.certificate_issuance;
    assert_eq!(issuance.path, "/seguranca/v1/certificado/solicitacao");
    assert_eq!(issuance.renewal_path.as_deref(), Some("/seguranca/v1/certificado/renovacao"));
    assert_eq!((issuance.status, issuance.max_lifetime_days), (200, 365));
    let made = (issuance.request.key, issuance.request.hash);
    assert_eq!(made, (KeyPairKind::Rsa2048, RequestSignature::Sha512));
    assert_eq!(issuance.danger_client_secret_line.as_deref(), Some("Secret: "));
    assert_eq!(survey::issuance_dangers(&itau), ["certificate_issuance.danger_client_secret_line"]);

    let celcoin = load("celcoin");
    assert_eq!(endpoint(&celcoin, "token").request.encodings, [BodyEncoding::Form, BodyEncoding::Multipart]);

    let refresh = |name: &str| {
        let dialect = load(name);
        let refresh = &endpoint(&dialect, "token").refresh;
        (refresh.policy, refresh.lifetime, refresh.sliding)
    };
    assert_eq!(refresh("cora"), (RefreshPolicy::Rotate, 60 * 86_400, true));
    assert_eq!(refresh("btg"), (RefreshPolicy::Rotate, 10 * 86_400, true));
}

/// What no page of a provider says is marked, whoever the provider is: here for those of whom no page is known.
#[test]
fn providers_known_from_client_code_alone_mark_where_they_are() {
    for name in ["banco-do-brasil", "inter", "santander"] {
        let dialect = load(name);
        let marked =
            |key: &str| dialect.marks.iter().any(|(_, own, mark)| own == key && *mark == Mark::Client);
        for key in ["environments", "token_endpoint", "client_authentication", "api", "scopes"] {
            assert!(marked(key), "{name}: {key}");
        }
    }
}

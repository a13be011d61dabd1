//! Every axis on which token endpoints of the field differ can be held as data. The provider is made up; each test stands
//! for something that a real one documents.

use super::{acme, whole};
use chancela_core::client_auth::Method;
use chancela_core::dialect::{
    Api, ApiValue, BodyEncoding, Dialect, Grant, GrantTypeIn, MemberValue, RefreshPolicy, ScopeAs,
    TokenEndpoint, survey,
};
use chancela_core::message::token_request::TokenRequest;
use chancela_core::message::token_response::TokenResponse;
use chancela_core::message::{HttpRequest, error_response};
use chancela_core::rejection::{Rejection, Rule};
use chancela_core::scope::Scope;

fn endpoint(dialect: &Dialect) -> &TokenEndpoint {
    dialect.token_endpoint("token").unwrap()
}

/// Status and body of a success for `read write` with a refresh token.
fn success(dialect: &Dialect) -> String {
    let response = TokenResponse {
        id_token: None,
        access_token: "TOKEN".into(),
        expires_in: 1800,
        expires_at: 1_800_000_000,
        scope: Scope::parse("read write").unwrap(),
        refresh_token: Some(("AGAIN".into(), 600)),
    }
    .encode(endpoint(dialect));
    format!("{} {}", response.status().as_u16(), String::from_utf8_lossy(response.body()))
}

/// How a token request with this query, type and body is read.
fn parse(dialect: &Dialect, query: Option<&str>, kind: &str, body: &str) -> Result<(), Rule> {
    let headers = [(http::header::CONTENT_TYPE, kind.parse().unwrap())].into_iter().collect();
    let (method, body) = (http::Method::POST, body.as_bytes());
    let http = HttpRequest { method: &method, query, headers: &headers, body, certificate: None };
    TokenRequest::parse(endpoint(dialect), &http).map(|_| ()).map_err(|rejection| rejection.rule)
}

/// Status, content type and body of a refusal.
fn refusal(dialect: &Dialect, rule: Rule) -> String {
    let response = error_response::encode(endpoint(dialect), "acme", Rejection::from(rule));
    let kind = response.headers().get("content-type").map_or("-", |value| value.to_str().unwrap());
    format!("{} {kind} {}", response.status().as_u16(), String::from_utf8_lossy(response.body()))
}

#[test]
fn a_json_body_with_an_indent_and_scopes_that_belong_to_the_client() {
    // Basic and JSON over mutual TLS, no scope in the request.
    let dialect = acme(
        "[request]\nencodings = [\"json\"]\n[client_authentication]\nmethods = [\"client_secret_basic\"]\nrequire_client_certificate = true\n[[request.headers]]\nname = \"x-skip-mtls-checking\"\n",
    );
    assert_eq!(endpoint(&dialect).request.encodings, [BodyEncoding::Json]);
    assert!(endpoint(&dialect).client_authentication.require_client_certificate);
    assert_eq!(survey::unsupported(&dialect), [""; 0]);
}

#[test]
fn several_token_paths_a_tenant_segment_and_a_trailing_slash() {
    // One bank's path ends in a slash, another's has a tenant, a third's sandbox has a path of its own.
    let dialect = whole(
        "[token_endpoint.token]\npaths = [\"/v1/auth/\", \"/as/{tenant}/token.oauth2\"]\n[request.grants]\nclient_credentials = \"client_credentials\"\n",
    );
    assert_eq!(endpoint(&dialect).paths, ["/v1/auth/", "/as/{tenant}/token.oauth2"]);
}

#[test]
fn the_grant_in_the_query() {
    let dialect = acme(
        "[request]\ngrant_type_in = \"query\"\n[client_authentication]\nmethods = [\"client_secret_post\"]\n",
    );
    assert_eq!(endpoint(&dialect).request.grant_type_in, GrantTypeIn::Query);
    let form = "client_id=a&client_secret=b&grant_type=client_credentials";
    let read = |query| parse(&dialect, query, "application/x-www-form-urlencoded", form);
    assert_eq!(read(Some("grant_type=client_credentials&x=y")), Ok(()));
    assert_eq!(read(Some("grant_type=implicit")), Err(Rule::UnsupportedGrantType));
    assert_eq!(read(Some("grant_type=client_credentials&grant_type=a")), Err(Rule::DuplicateParameter));
    for query in [None, Some(""), Some("grant_type=")] {
        assert_eq!(read(query), Err(Rule::MissingGrantType), "what the body says does not count");
    }
    assert_eq!(survey::unsupported(&dialect), [""; 0]);
}

#[test]
fn a_multipart_body() {
    // Multipart is documented, a form accepted.
    let dialect = acme("[request]\nencodings = [\"multipart\", \"form\"]\n");
    assert_eq!(endpoint(&dialect).request.encodings, [BodyEncoding::Multipart, BodyEncoding::Form]);
    let part =
        |name, text| format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
    let credentials = part("client_id", "a") + &part("client_secret", "b");
    let kind = "multipart/form-data; boundary=x";
    let body = credentials.clone() + &part("grant_type", "client_credentials") + "--x--\r\n";
    assert_eq!(parse(&dialect, None, kind, &body), Ok(()));
    assert_eq!(parse(&dialect, None, kind, &(credentials.clone() + "--x--")), Err(Rule::MissingGrantType));
    assert_eq!(parse(&dialect, None, kind, &credentials), Err(Rule::MalformedBody));
    let twice = body.replace("--x--", &(part("client_id", "c") + "--x--"));
    assert_eq!(parse(&dialect, None, kind, &twice), Err(Rule::DuplicateParameter));
    assert_eq!(parse(&acme(""), None, kind, &body), Err(Rule::UnsupportedContentType));
    assert_eq!(survey::unsupported(&dialect), [""; 0]);
}

#[test]
fn a_certificate_instead_of_a_secret_or_beside_it_or_a_signed_assertion() {
    // Three kinds of bank: id and certificate; id, secret and certificate; a signed JWT.
    for method in ["tls_client_auth", "self_signed_tls_client_auth"] {
        let dialect = acme(&format!("[client_authentication]\nmethods = [{method:?}]\n"));
        assert_eq!(survey::unsupported(&dialect), [""; 0]);
    }
    let dialect = acme("[client_authentication]\nmethods = [\"private_key_jwt\"]\n");
    assert_eq!(
        survey::unsupported(&dialect),
        ["token endpoint \"token\": client authentication by assertion is not served yet"]
    );
    let dialect = acme(
        "[client_authentication]\nmethods = [\"client_secret_post\"]\nrequire_client_certificate = true\n",
    );
    assert!(endpoint(&dialect).client_authentication.require_client_certificate);
}

#[test]
fn a_device_without_a_browser_begins_elsewhere_and_no_realm_pretends_to_serve_that() {
    let dialect = acme("[device_authorization]\npath = \"/{tenant}/oauth2/devicecode\"\n");
    assert_eq!(dialect.device_authorization.as_ref().unwrap().path, "/{tenant}/oauth2/devicecode");
    assert_eq!(survey::unsupported(&dialect), ["the device authorization endpoint is not served yet"]);
    let grant = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=d";
    let refused = parse(
        &dialect,
        None,
        "application/x-www-form-urlencoded",
        &format!("{grant}&client_id=a&client_secret=b"),
    );
    assert_eq!(refused, Err(Rule::UnsupportedGrantType));
}

#[test]
fn other_names_for_everything_and_no_grant_type() {
    // JSON with names of its own and an API key; the answer has other names too, and no token type.
    let dialect = whole(
        r#"
        [token_endpoint.token]
        paths = ["/oauth2/v2/grant-token"]
        [request]
        encodings = ["json"]
        default_grant = "client_credentials"
        names = { client_id = "nomeUsuario", client_secret = "senha" }
        [client_authentication]
        methods = ["client_secret_post"]
        api_key_header = "apiKey"
        [response]
        members = [{ name = "accessToken", value = "access_token" }, { name = "tokenExpirationTime", value = "expires_in" }]
        "#,
    );
    assert_eq!(endpoint(&dialect).request.default_grant, Some(Grant::ClientCredentials));
    assert_eq!(endpoint(&dialect).request.names.client_id, "nomeUsuario");
    assert_eq!(success(&dialect), r#"200 {"accessToken":"TOKEN","tokenExpirationTime":1800}"#);
}

#[test]
fn scopes_as_an_array_and_the_expiry_as_a_date() {
    let dialect = acme(
        r#"
        [request]
        encodings = ["json"]
        scope_as = "array"
        names = { scope = "scopes" }
        [response]
        members = [
            { name = "token", value = "access_token" },
            { name = "expire_at", value = "expires_at_iso" },
            { name = "scopes", value = "scope_array" },
        ]
        "#,
    );
    assert_eq!(endpoint(&dialect).request.scope_as, ScopeAs::Array);
    assert_eq!(
        success(&dialect),
        r#"200 {"token":"TOKEN","expire_at":"2027-01-15T08:00:00Z","scopes":["read","write"]}"#
    );
}

#[test]
fn every_way_to_say_when_a_token_expires_and_what_it_may() {
    // One bank's expire_in has no s; others send a text, a point in time, or capitals.
    let dialect = acme(
        r#"
        [response]
        status = 201
        token_type = "bearer"
        members = [
            { name = "expire_in", value = "expires_in" },
            { name = "text", value = "expires_in_text" },
            { name = "exp", value = "expires_at" },
            { name = "scope", value = "scope_upper" },
            { name = "claims", literal = "company_key" },
            { name = "not-before-policy", number = 0 },
            { name = "refresh_token", value = "refresh_token" },
            { name = "refresh_expires_in", value = "refresh_token_expires_in" },
        ]
        "#,
    );
    assert_eq!(
        success(&dialect),
        r#"201 {"expire_in":1800,"text":"1800","exp":1800000000,"scope":"READ WRITE","claims":"company_key","not-before-policy":0,"refresh_token":"AGAIN","refresh_expires_in":600}"#
    );
    assert_eq!(endpoint(&dialect).response.members[0].value, Some(MemberValue::ExpiresIn));
}

#[test]
fn a_certificate_in_a_header_and_credentials_as_json() {
    // URL-encoded PEM in a header, 400 without it, 401 where it is wrong, 1800 seconds.
    let dialect = whole(
        r#"
        [token_endpoint.token]
        paths = ["/token"]
        requires.danger_client_certificate = { header = "X-SSL-Client-Cert" }
        [request]
        encodings = ["json"]
        default_grant = "client_credentials"
        names = { client_id = "clientId", client_secret = "clientSecret" }
        [client_authentication]
        methods = ["client_secret_post"]
        [token]
        lifetime = 1800
        "#,
    );
    assert_eq!(survey::dangers(&dialect), ["token_endpoint.token.requires.danger_client_certificate"]);
    assert!(refusal(&dialect, Rule::MissingCertificate).starts_with("400 "));
    assert!(refusal(&dialect, Rule::UnregisteredCertificate).starts_with("401 "));
}

#[test]
fn every_fate_of_a_refresh_token() {
    // Three uses, and a session that dies after 60 idle days, is one bank's rule.
    let refresh = |tables: &str| endpoint(&acme(&format!("[refresh]\n{tables}"))).refresh.clone();
    let thrice = refresh("policy = \"uses\"\nuses = 3\nlifetime = 5184000\nsliding = true\n");
    assert_eq!((thrice.policy, thrice.uses, thrice.sliding), (RefreshPolicy::Uses, Some(3), true));
    assert_eq!(refresh("policy = \"fixed\"\n").policy, RefreshPolicy::Fixed);
    assert_eq!(refresh("policy = \"none\"\n").policy, RefreshPolicy::None);
    let absolute = refresh(
        "policy = \"rotate\"\nlifetime = 60\nabsolute_lifetime = 120\nrequires_scope = \"offline\"\n",
    );
    assert_eq!((absolute.absolute_lifetime, absolute.requires_scope.as_deref()), (120, Some("offline")));
}

#[test]
fn a_fresh_header_a_fixed_one_and_an_api_key_beside_a_password() {
    // A correlation id that is new in each request; a context that is one word, beside x-api-key.
    let dialect = whole(
        r#"
        [token_endpoint.token]
        paths = ["/auth/openapi/token"]
        [request]
        grants = { password = "danger_password" }
        headers = [{ name = "Correlation-ID", fresh = true }, { name = "context", value = "COBRANCA" }]
        [client_authentication]
        methods = ["none"]
        api_key_header = "x-api-key"
        "#,
    );
    let headers = &endpoint(&dialect).request.headers;
    assert!(headers[0].fresh && headers[0].value.is_none());
    assert_eq!(headers[1].value.as_deref(), Some("COBRANCA"));
    assert_eq!(endpoint(&dialect).client_authentication.methods, [Method::None]);
    assert_eq!(survey::dangers(&dialect), ["token_endpoint.token.request.grants.password = danger_password"]);
    assert_eq!(
        survey::unsupported(&dialect),
        ["token endpoint \"token\": an API key header is not served yet"]
    );
}

#[test]
fn a_token_travels_in_any_header_with_or_without_a_word() {
    // Bearer, bare, or in a header of its own.
    for (header, scheme) in
        [("Authorization", "Bearer"), ("Authorization", ""), ("access_token", ""), ("token", "")]
    {
        let dialect = acme(&format!("[token]\nheader = {header:?}\nscheme = {scheme:?}\n"));
        assert_eq!(
            (endpoint(&dialect).token.header.as_str(), endpoint(&dialect).token.scheme.as_str()),
            (header, scheme)
        );
    }
}

#[test]
fn calls_carry_an_id_a_key_a_fixed_word_and_a_fresh_one_and_a_certificate() {
    // One bank wants client_id as a header, another a key in the query, a third a correlation id; one product of a
    // fourth wants none of what the others do.
    let dialect = whole(
        r#"
        [token_endpoint.token]
        paths = ["/token"]
        [token_endpoint.pix]
        paths = ["/pix/token"]
        api = { mutual_tls = true, headers = [] }
        [request.grants]
        client_credentials = "client_credentials"
        [api]
        headers = [
            { name = "client_id", value = "client_id" },
            { name = "X-Correlation-ID", value = "fresh" },
            { name = "api-version", literal = "1.0" },
        ]
        query = [{ name = "gw-dev-app-key", credential = "application_key" }]
        "#,
    );
    let api = &endpoint(&dialect).api;
    let values: Vec<_> =
        api.headers.iter().map(|own| (own.name.as_str(), own.value, own.literal.as_deref())).collect();
    assert_eq!(
        values,
        [
            ("client_id", Some(ApiValue::ClientId), None),
            ("X-Correlation-ID", Some(ApiValue::Fresh), None),
            ("api-version", None, Some("1.0"))
        ]
    );
    assert_eq!(api.query[0].credential.as_deref(), Some("application_key"));
    assert!(!api.mutual_tls);
    let pix = &dialect.token_endpoint("pix").unwrap().api;
    assert!(pix.mutual_tls && pix.headers.is_empty() && pix.query == api.query);
    assert_eq!(endpoint(&acme("")).api, Api::default());
}

#[test]
fn token_endpoints_of_one_environment_have_several_hosts() {
    let dialect = whole(
        "base_url = \"https://login.acme.example\"\nbase_urls = { mtls = \"https://mtls.acme.example:8443/auth\" }\n\
         [environments.sandbox]\n[token_endpoint.token]\npaths = [\"/token\"]\n[token_endpoint.mtls]\npaths = [\"/mtls\"]\n\
         [request.grants]\nclient_credentials = \"client_credentials\"\n",
    );
    let at = |name, environment| dialect.base_url(dialect.token_endpoint(name).unwrap(), environment);
    assert_eq!(at("token", "production"), Some("https://login.acme.example"));
    assert_eq!(at("mtls", "production"), Some("https://mtls.acme.example:8443/auth"));
    assert_eq!((at("token", "sandbox"), at("token", "unheard-of")), (None, None));
}

#[test]
fn lifetimes_differ_by_environment_and_by_step() {
    let dialect = acme(
        "[environments.sandbox]\naccess_token_lifetime = 60\nrefresh_token_lifetime = 30\n[token]\nlifetime = 900\n",
    );
    let lifetimes = |environment| {
        (
            dialect.access_token_lifetime(endpoint(&dialect), environment),
            dialect.refresh_token_lifetime(endpoint(&dialect), environment),
        )
    };
    assert_eq!((lifetimes("sandbox"), lifetimes("production")), ((60, 30), (900, 86_400)));
}

#[test]
fn a_rate_limit_a_scope_cap_and_basic_as_it_is_sent() {
    // Five a minute, in one bank's case.
    let dialect = acme(
        "[rate_limit]\nrequests = 5\nperiod = 60\n[scope]\nmax = 10\nwhen_ungranted = \"narrow\"\n[client_authentication]\nbasic_encoding = \"raw\"\n[request]\nscope_as = \"comma_text\"\n",
    );
    assert_eq!(endpoint(&dialect).rate_limit.map(|limit| limit.requests), Some(5));
    assert_eq!(endpoint(&dialect).scope.max, Some(10));
}

#[test]
fn an_error_is_an_object_in_an_object_or_in_an_array() {
    let dialect = acme(
        r#"
        [errors]
        members = [{ name = "errors", array = [
            { name = "code", value = "rule" },
            { name = "message", value = "description" },
        ] }, { name = "status", value = "status" }, { name = "title", value = "title" }]
        "#,
    );
    assert_eq!(
        refusal(&dialect, Rule::WrongSecret),
        r#"401 application/json {"errors":[{"code":"wrong_secret","message":"Client authentication failed."}],"status":401,"title":"Unauthorized"}"#
    );
}

#[test]
fn an_error_is_a_problem_of_rfc_9457_with_a_type_for_each_code() {
    // The central bank's shape: the type ends in a word that depends on the error.
    let dialect = acme(
        r#"
        [errors]
        content_type = "application/problem+json"
        members = [
            { name = "type", value = "error" },
            { name = "title", value = "title" },
            { name = "status", value = "status" },
            { name = "detail", value = "description" },
        ]
        [errors.code.invalid_scope]
        error = "https://pix.example/api/v2/error/AcessoNegado"
        status = 403
        "#,
    );
    assert_eq!(
        refusal(&dialect, Rule::UnknownScope),
        r#"403 application/problem+json {"type":"https://pix.example/api/v2/error/AcessoNegado","title":"Forbidden","status":403,"detail":"The scope contains a value that this server does not know."}"#
    );
}

#[test]
fn an_error_has_a_code_and_a_message_of_the_provider() {
    let dialect = acme(
        r#"
        [errors]
        members = [{ name = "code", value = "error" }, { name = "message", value = "description" }, { name = "version", literal = "1" }]
        [errors.code.invalid_client]
        error = "AUTH-001"
        description = "Credenciais inválidas"
        [errors.rule.missing_credentials]
        error = "AUTH-002"
        status = 403
        "#,
    );
    assert_eq!(
        refusal(&dialect, Rule::WrongSecret),
        r#"401 application/json {"code":"AUTH-001","message":"Credenciais inválidas","version":"1"}"#
    );
    assert!(
        refusal(&dialect, Rule::MissingCredentials)
            .starts_with(r#"403 application/json {"code":"AUTH-002","#)
    );
}

#[test]
fn an_error_has_no_body_and_a_header_of_the_vendor() {
    // Some gateways answer with a header of their vendor and nothing else.
    let dialect = acme(
        "[errors]\nmembers = []\nwww_authenticate = \"\"\n[errors.code.invalid_client]\nheaders = [[\"X-Ca-Err\", \"201\"]]\n",
    );
    assert_eq!(refusal(&dialect, Rule::WrongSecret), "401 - ");
    let response = error_response::encode(endpoint(&dialect), "acme", Rule::WrongSecret.into());
    assert_eq!(response.headers()["x-ca-err"], "201");
    assert!(!response.headers().contains_key("www-authenticate"));
}

#[test]
fn generated_credentials_have_any_of_four_shapes() {
    for shape in [
        "{ format = \"own\" }",
        "{ format = \"uuid\" }",
        "{ format = \"hex\", length = 40 }",
        "{ format = \"digits\", length = 8 }",
    ] {
        acme(&format!("[credentials]\nclient_id = {shape}\nclient_secret = {shape}\n"));
    }
}

//! The goldens beside the dialect files, as far as they can be judged without a server: each is in the format, each
//! request is one that its endpoint reads and that a client writes, each refusal that needs no stored facts is written as
//! the golden says, and so is each success. The server's own test replays them whole.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bytes::Bytes;
use chancela_core::dialect::{Dialect, Library, TokenEndpoint, TokenFormat, WhenScopeAbsent};
use chancela_core::message::body::Parameters;
use chancela_core::message::token_request::{Envelope, GrantRequest, TokenRequest};
use chancela_core::message::token_response::TokenResponse;
use chancela_core::message::{HttpRequest, error_response};
use chancela_core::scope::Scope;
use chancela_core::x509::{Certificate, PresentedCertificate, Standing};
use chancela_testkit::golden::{self, ClientFixture, Exchange, Fixtures, Source};
use http::{Request, Response};
use std::path::Path;

fn exchanges(name: &str) -> Vec<Exchange> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dialects").join(format!("{name}.http"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}.http: {error}"));
    golden::parse(&text).unwrap_or_else(|error| panic!("{name}.http: {error}"))
}

fn fixtures() -> Fixtures {
    let mut fixtures = Fixtures {
        username: Some("ana@acme.example".into()),
        password: Some("p&s+w ord".into()),
        certificate_request_pem: Some("-----BEGIN CERTIFICATE REQUEST-----\n".into()),
        tenant: Some("5a1f7a34-7c1c-4d0e-9a5e-0c5c8f9f6b11".into()),
        ..Fixtures::default()
    };
    for label in ["demo", "gateway", "application", "partner", "basic", "post", "direct", "onboarding"] {
        let client = ClientFixture {
            client_id: format!("id-of-{label}"),
            client_secret: "s3cr+t/".into(),
            certificate_pem: Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".into()),
            ..ClientFixture::default()
        };
        fixtures.clients.insert(label.into(), client);
    }
    fixtures
}

/// `None` where certificates are ordered.
fn endpoint<'a>(dialect: &'a Dialect, path: &str) -> Option<&'a TokenEndpoint> {
    let is = |pattern: &str| {
        let (a, b): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| *a == "{tenant}" || *a == b)
    };
    let found = dialect.token_endpoints.iter().find(|endpoint| endpoint.paths.iter().any(|path| is(path)));
    let issuance = &dialect.certificate_issuance;
    let orders = issuance.path == path || issuance.renewal_path.as_deref() == Some(path);
    assert!(found.is_some() || orders, "no endpoint at {path}");
    found
}

/// A certificate that a connection showed and that the realm believes.
fn shown() -> PresentedCertificate {
    let key = rcgen::KeyPair::generate().unwrap();
    let own = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
    PresentedCertificate {
        certificate: Certificate::parse_der(own.der()).unwrap(),
        standing: Standing::Trusted { issuers: Vec::new() },
        issued_to: None,
    }
}

/// What the endpoint answers without looking anything up; `None` where that is not known yet.
fn answer(
    endpoint: &TokenEndpoint,
    environment_lifetime: u32,
    (request, certificate): (&Request<Bytes>, Option<&PresentedCertificate>),
    is_success: bool,
) -> Option<Response<Bytes>> {
    let http = HttpRequest {
        method: request.method(),
        query: request.uri().query(),
        headers: request.headers(),
        body: request.body(),
        certificate,
    };
    let read = match TokenRequest::parse(endpoint, &http) {
        Ok(read) => read,
        Err(rejection) => return Some(error_response::encode(endpoint, "acme", rejection)),
    };
    if !is_success {
        return None;
    }
    let access_token = match endpoint.token.format {
        TokenFormat::Jwt | TokenFormat::Opaque | TokenFormat::Sealed => "eyJ0.eyJ9.c2ln",
        TokenFormat::Uuid => "36ee37ec-a475-4068-8f6e-e08dd2b8880d",
        TokenFormat::Hex => "a2f25405ed3917e6d2cdb66ef8130217",
    };
    let granted =
        match (&read.grant, &read.scope) {
            // A renewal without scope gets what was granted at first.
            (GrantRequest::RefreshToken { .. }, None) => "openid permissions global.wildcard offline_access",
            (_, scope) => scope
                .as_deref()
                .unwrap_or(if endpoint.scope.when_absent == WhenScopeAbsent::None { "" } else { "a" }),
        };
    let scope = Scope::parse(granted).unwrap();
    let wants_refresh =
        endpoint.refresh.requires_scope.as_ref().is_none_or(|needed| scope.iter().any(|s| s == needed))
            && !matches!(read.grant, GrantRequest::ClientCredentials);
    let response = TokenResponse {
        access_token: access_token.into(),
        expires_in: environment_lifetime,
        expires_at: 1_800_000_000,
        scope,
        refresh_token: wants_refresh.then(|| ("AGAIN".into(), 600)),
        id_token: None,
    };
    Some(response.encode(endpoint))
}

#[test]
fn every_golden_is_what_its_dialect_writes() {
    let library = Library::builtin();
    let certificate = shown();
    let mut judged = 0;
    for name in library.names() {
        let dialect = library.load(name).unwrap();
        let mut fixtures = fixtures();
        for exchange in exchanges(name) {
            let request = exchange.request(&fixtures).unwrap_or_else(|error| panic!("{name}.http, {error}"));
            // Orders of certificates are the server's own test's.
            let Some(endpoint) = endpoint(&dialect, request.uri().path()) else { continue };
            let environment = match exchange.realm.as_deref().and_then(|realm| realm.strip_prefix(name)) {
                Some(rest) => rest.trim_start_matches('-').to_owned(),
                None => dialect.environments.keys().next().cloned().unwrap_or_default(),
            };
            assert!(
                dialect.environments.contains_key(&environment),
                "{name}.http has a realm of no environment"
            );
            let lifetime = dialect.access_token_lifetime(endpoint, &environment);
            let shown = exchange.certificate.as_ref().map(|_| &certificate);
            let Some(response) = answer(endpoint, lifetime, (&request, shown), exchange.is_success()) else {
                continue;
            };
            let (parts, body) = response.into_parts();
            match exchange.check(parts.status.as_u16(), &parts.headers, &body, &fixtures) {
                Ok(captures) => fixtures.tokens.extend(captures),
                Err(fault) => panic!("{name}.http, {fault}"),
            }
            judged += 1;
        }
    }
    assert!(judged >= 50, "only {judged} goldens were judged");
}

/// What a server takes from a request, whatever the order and the spelling: its parameters and the headers that count.
fn essence(endpoint: &TokenEndpoint, request: &Request<Bytes>) -> (Vec<String>, Vec<String>) {
    let http = HttpRequest {
        method: request.method(),
        query: request.uri().query(),
        headers: request.headers(),
        body: request.body(),
        certificate: None,
    };
    let parameters = Parameters::parse(&endpoint.request, &http).unwrap();
    let mut parameters: Vec<String> =
        parameters.texts().map(|(name, text)| format!("{name}={text}")).collect();
    parameters.sort();
    let ours = ["accept", "content-type"];
    let counts =
        |name: &str| !ours.contains(&name) || endpoint.request.headers.iter().any(|own| own.name == name);
    let headers = request.headers().iter().filter(|(name, _)| counts(name.as_str()));
    let mut headers: Vec<String> = headers
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    let kind = request.headers()["content-type"].to_str().unwrap();
    // A form in parts is read, and written as the other form that its page has.
    let kind =
        kind.split(';').next().unwrap().replace("multipart/form-data", "application/x-www-form-urlencoded");
    headers.push(kind);
    headers.sort();
    (parameters, headers)
}

/// What is documented, read by the server and written again by a client, is the same request.
#[test]
fn a_client_writes_what_providers_document() {
    let certificate = include_str!("../../chancela-core/tests/x509/fixtures/leaf_sha256.pem");
    let library = Library::builtin();
    let shown = shown();
    let mut written = Vec::new();
    for name in library.names() {
        let dialect = library.load(name).unwrap();
        let mut fixtures = fixtures();
        fixtures.clients.get_mut("application").unwrap().certificate_pem = Some(certificate.into());
        for token in ["gateway", "refresh", "second", "temporary"] {
            fixtures.tokens.insert(token.into(), format!("token-of-{token}"));
        }
        let documented =
            |exchange: &Exchange| matches!(exchange.source, Source::Seed | Source::Documentation);
        for exchange in exchanges(name).into_iter().filter(documented) {
            let golden = exchange.request(&fixtures).unwrap();
            let Some(endpoint) = endpoint(&dialect, golden.uri().path()) else { continue };
            let http = HttpRequest {
                method: golden.method(),
                query: golden.uri().query(),
                headers: golden.headers(),
                body: golden.body(),
                certificate: exchange.certificate.as_ref().map(|_| &shown),
            };
            let read = match TokenRequest::parse(endpoint, &http) {
                Ok(read) => read,
                Err(rejection) if exchange.is_success() => {
                    panic!("{name}.http, {}: {rejection}", exchange.title)
                }
                Err(_) => continue,
            };
            let in_path = |tenant: &String| golden.uri().path().contains(tenant.as_str());
            let tenant = fixtures.tenant.clone().filter(in_path);
            let again = read.encode(endpoint, &Envelope { tenant: tenant.as_deref(), ..Envelope::default() });
            let again = again.unwrap_or_else(|error| panic!("{name}.http, {}: {error}", exchange.title));
            assert_eq!(
                (again.method(), again.uri()),
                (golden.method(), golden.uri()),
                "{name}: {}",
                exchange.title
            );
            assert_eq!(essence(endpoint, &again), essence(endpoint, &golden), "{name}: {}", exchange.title);
            written.push(name.to_owned());
        }
    }
    let count = written.len();
    written.dedup();
    // Of some providers no page is known that shows a token request.
    let shown = ["bankly", "bs2", "celcash", "semear", "vantage"]
        .iter()
        .all(|seed| written.iter().any(|name| name == seed));
    assert!(count >= 25 && written.len() >= 10 && shown, "only {count} of {written:?} were written");
}

#[test]
fn every_provider_has_an_exchange_that_somebody_saw_and_a_refusal() {
    for name in Library::builtin().names() {
        let seen = |exchange: &Exchange| {
            exchange.is_success() && !matches!(exchange.source, Source::Inferred | Source::Ours)
        };
        assert!(exchanges(name).iter().any(seen), "{name}");
        assert!(exchanges(name).iter().any(|exchange| !exchange.is_success()), "{name}");
    }
}

//! Orders of certificates and registrations of clients: what a client writes, its server reads as the same; what the
//! server answers, the client reads as what was meant. In every dialect.

use crate::world::{CERTIFICATE, NOW, dialects};
use chancela_core::client_auth::Method;
use chancela_core::dialect::{Dialect, KeyOrigin};
use chancela_core::grant::GrantType;
use chancela_core::id::{CertificateSerial, ClientKey};
use chancela_core::message::certificate_order::client::{OrderEnvelope, OrderError};
use chancela_core::message::certificate_order::received::{OrderOutcome, OrderRefusal, OrderedCertificate};
use chancela_core::message::certificate_order::{CertificateAnswer, CertificateOrder, OrderedKey};
use chancela_core::message::client_registration::ClientRegistration;
use chancela_core::message::client_registration::client::{RegisteredClient, RegistrationRefusal};
use chancela_core::message::{HttpAnswer, HttpRequest};
use chancela_core::record::{CertificateStatus, CertificateSubject, ClientCertificate, IssuedCertificate};
use chancela_core::secret::Secret;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Request, StatusCode};
use proptest::prelude::*;

const ROOT: &str = include_str!("../x509/fixtures/old_ca.pem");
const DAY: u32 = 86_400;

fn view<'a>(request: &'a Request<bytes::Bytes>) -> HttpRequest<'a> {
    let (method, headers) = (request.method(), request.headers());
    HttpRequest { method, query: request.uri().query(), headers, body: request.body(), certificate: None }
}

fn good_passphrase(dialect: &Dialect, seed: u8) -> Secret {
    let mut text = format!("Aa1!{seed}");
    while dialect.certificate_issuance.passphrase.check(&text).is_err() {
        text.push('x');
    }
    Secret::new(text)
}

fn order<'a>(dialect: &Dialect, csr: &'a str, days: Option<u32>) -> CertificateOrder<'a> {
    let issuance = &dialect.certificate_issuance;
    let key = match issuance.key {
        KeyOrigin::Client => OrderedKey::Request(csr.as_bytes().into()),
        KeyOrigin::DangerServer => OrderedKey::DangerServer(good_passphrase(dialect, 1)),
    };
    let days = days.filter(|_| !issuance.is_text()).map(|days| days * DAY);
    CertificateOrder { key, lifetime: days, pem: issuance.is_text() }
}

fn envelope<'a>(token: &'a Secret, organization: &'a str) -> OrderEnvelope<'a> {
    OrderEnvelope { organization: Some(organization), access_token: Some(token), renews: false }
}

proptest! {
    #[test]
    fn an_order_is_read_as_it_was_written(csr in "[ -~\n]{1,400}", days in proptest::option::of(1u32..=365), organization in "[!-~é /%]{1,30}", token in "[!-~]{1,80}") {
        for dialect in dialects() {
            let issuance = &dialect.certificate_issuance;
            let order = order(dialect, &csr, days);
            let token = Secret::new(token.as_str());
            let request = order.encode(issuance, &envelope(&token, &organization)).unwrap();
            let read = CertificateOrder::parse(issuance, &view(&request)).unwrap();
            prop_assert_eq!(read.lifetime, order.lifetime);
            prop_assert_eq!(read.pem, order.pem);
            match (&read.key, &order.key) {
                (OrderedKey::Request(read), OrderedKey::Request(written)) => prop_assert_eq!(read, written),
                (OrderedKey::DangerServer(read), OrderedKey::DangerServer(written)) => prop_assert_eq!(read, written),
                _ => prop_assert!(false, "{}", dialect.name),
            }
            prop_assert!(request.headers()[AUTHORIZATION].is_sensitive());
            let path = request.uri().path();
            let (before, after) = issuance.path.split_once("{organization}").unwrap_or((&issuance.path, ""));
            prop_assert!(path.starts_with(before) && path.ends_with(after));
            let segments = |path: &str| path.matches('/').count();
            prop_assert_eq!(segments(path), segments(&issuance.path), "no organization is two segments: {}", path);
        }
    }

    #[test]
    fn a_registration_is_read_as_it_was_written(name in proptest::option::of("[A-Za-z0-9 çã]{0,20}[a-z]"), scope in proptest::option::of("[a-z.]{1,20}"), dn in "[ -~é]{1,60}", bound: bool, organization in proptest::option::of("[!-~]{1,30}")) {
        for dialect in dialects() {
            let rules = &dialect.registration;
            let own = ClientRegistration {
                client_id: None,
                client_name: name.clone(),
                grant_types: vec![GrantType::ClientCredentials],
                scope: scope.clone(),
                method: Method::TlsClientAuth,
                subject: Some(CertificateSubject::Dn(dn.as_str().into())),
                bound,
                organization: organization.clone().filter(|_| !rules.organization_member.is_empty()),
            };
            let request = own.encode(rules, &"/register".parse().unwrap());
            prop_assert_eq!(ClientRegistration::parse(rules, &view(&request)).unwrap(), own);
        }
    }

    #[test]
    fn no_answer_makes_a_client_stumble(status in 100u16..600, body in prop::collection::vec(any::<u8>(), 0..300), text in "\\PC{0,200}|\\{\"(client_id|certificate|privateKey)\": ?(\"[^\"]{0,30}\"|1|null|\\[\\])\\}|Secret: \\PC{0,20}\n-----BEGIN CERTIFICATE-----\n\\PC{0,40}") {
        let headers = HeaderMap::new();
        let status = StatusCode::from_u16(status).unwrap();
        for dialect in dialects() {
            for body in [&body[..], text.as_bytes()] {
                let answer = HttpAnswer { status, headers: &headers, body };
                let endpoint = &dialect.token_endpoints[0];
                if let Ok(OrderOutcome::Issued(own)) = OrderOutcome::parse(&dialect.certificate_issuance, endpoint, &answer, NOW) {
                    prop_assert!(status.is_success() && !own.certificates.is_empty());
                }
                if let Ok(own) = RegisteredClient::parse(&dialect.registration, endpoint, &answer, NOW) {
                    prop_assert!(status.is_success() && !own.client_id.is_empty());
                }
            }
        }
    }
}

fn issued() -> ClientCertificate {
    let certificate = IssuedCertificate {
        der: Vec::new(),
        sha256: [1; 32],
        key_identity: [2; 32],
        issuer: "kid".into(),
        subject: "CN=client-1,O=Acme\\, Inc.".into(),
        not_before: 1_700_000_000,
        not_after: 1_800_000_000,
    };
    ClientCertificate {
        realm: "acme".into(),
        serial: CertificateSerial([7; 16]),
        client: ClientKey(3),
        client_id: "client-1".into(),
        status: CertificateStatus::Issued(certificate),
        created_at: 0,
        expires_at: 0,
        renews: None,
        warned_days: None,
        version: 1,
    }
}

fn received(
    dialect: &Dialect,
    response: &http::Response<bytes::Bytes>,
) -> Result<OrderOutcome, OrderRefusal> {
    let answer = HttpAnswer { status: response.status(), headers: response.headers(), body: response.body() };
    OrderOutcome::parse(&dialect.certificate_issuance, &dialect.token_endpoints[0], &answer, NOW)
}

#[test]
fn what_the_server_answers_to_an_order_is_read_as_it_was_meant() {
    let (record, passphrase, secret) = (issued(), Secret::new("Aa1!"), Secret::new("5d1c-secret"));
    let key = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    for dialect in dialects() {
        let issuance = &dialect.certificate_issuance;
        let made = issuance.key == KeyOrigin::DangerServer;
        let answer = CertificateAnswer {
            record: &record,
            certificate_pem: CERTIFICATE,
            chain_pem: ROOT,
            private_key: made.then_some((key, &passphrase)),
            client_secret: issuance.is_text().then_some(&secret),
        };
        let outcome = received(dialect, &answer.encode(issuance, issuance.is_text())).unwrap();
        let OrderOutcome::Issued(own) = outcome else { panic!("{}", dialect.name) };
        let OrderedCertificate { certificates, subject_dn, private_key, client_secret } = *own;
        assert_eq!(certificates.len(), 2, "{}", dialect.name);
        assert_eq!(private_key.as_ref().map(Secret::expose), made.then_some(key));
        assert_eq!(client_secret, issuance.is_text().then(|| secret.clone()));
        let subject = record.issued().map(|own| own.subject.to_string());
        assert_eq!(subject_dn, subject.filter(|_| !issuance.is_text()));
    }
}

#[test]
fn what_waits_for_people_and_what_is_refused_is_no_certificate() {
    for dialect in dialects() {
        let answer = |status: u16, body: &'static str| {
            let mut response = http::Response::new(bytes::Bytes::from_static(body.as_bytes()));
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            received(dialect, &response)
        };
        assert!(matches!(answer(202, ""), Ok(OrderOutcome::Waits)));
        let said = r#"{"error":"conflict","error_description":"Two already."}"#;
        let refused = answer(409, said).unwrap_err();
        assert!(matches!(&refused, OrderRefusal::Refused(own) if own.status == 409), "{refused}");
        for body in ["", "{}", "Secret: a", "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----"] {
            assert!(matches!(answer(200, body), Err(OrderRefusal::Unreadable(_))), "{} {body}", dialect.name);
        }
    }
}

#[test]
fn an_order_that_the_provider_would_refuse_does_not_leave() {
    let dialect = dialects().find(|own| own.certificate_issuance.path.contains("{organization}")).unwrap();
    let issuance = &dialect.certificate_issuance;
    let token = Secret::new("token");
    let made = |text: &str| CertificateOrder {
        key: OrderedKey::DangerServer(Secret::new(text)),
        lifetime: None,
        pem: false,
    };
    let weak = made("short").encode(issuance, &envelope(&token, "acme")).unwrap_err();
    assert!(weak.to_string().contains("fewer than 64 characters"), "{weak}");
    let nobody = OrderEnvelope { organization: None, ..envelope(&token, "") };
    let order = order(dialect, "", None);
    assert_eq!(order.encode(issuance, &nobody).unwrap_err(), OrderError::MissingOrganization);
    let long = CertificateOrder { lifetime: Some(366 * DAY), ..order };
    assert_eq!(long.encode(issuance, &envelope(&token, "acme")).unwrap_err(), OrderError::Lifetime(365));
}

#[test]
fn a_renewal_goes_where_renewals_go() {
    for dialect in dialects() {
        let issuance = &dialect.certificate_issuance;
        let renewal = OrderEnvelope { organization: Some("o"), access_token: None, renews: true };
        let request = order(dialect, "csr", None).encode(issuance, &renewal).unwrap();
        assert!(!request.headers().contains_key(AUTHORIZATION));
        let usual = issuance.path.replace("{organization}", "o");
        assert_eq!(request.uri().path(), issuance.renewal_path.as_deref().unwrap_or(&usual));
    }
}

#[test]
fn a_registered_client_is_read_by_the_dialects_names() {
    for dialect in dialects() {
        let body = br#"{"client_id":"c-1","scope":"a b","registration_access_token":"t","registration_client_uri":"https://a.example/c-1"}"#;
        let headers = HeaderMap::new();
        let answer = HttpAnswer { status: StatusCode::CREATED, headers: &headers, body };
        let endpoint = &dialect.token_endpoints[0];
        let own = RegisteredClient::parse(&dialect.registration, endpoint, &answer, NOW).unwrap();
        assert_eq!((own.client_id.as_str(), own.scope.as_deref()), ("c-1", Some("a b")), "{}", dialect.name);
        assert_eq!(own.access_token, Some(Secret::new("t")));
        let empty = HttpAnswer { body: b"{\"client_id\":\"\"}", ..answer };
        let read = RegisteredClient::parse(&dialect.registration, endpoint, &empty, NOW);
        assert_eq!(read, Err(RegistrationRefusal::Unreadable));
    }
}

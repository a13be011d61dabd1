//! Orders: who may, for which keys, and what the certificate says whatever was asked for.

use super::*;
use crate::support::certificate_client;
use chancela_core::dialect::TokenFormat;
use chancela_core::x509::decode_pem;
use chancela_server::control::Command;
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, SanType};
use serde_json::json;
use x509_parser::prelude::{FromDer, X509Certificate};

/// The request in every form that is read, and the answer in both.
#[tokio::test]
async fn a_request_comes_as_der_pem_text_or_json() {
    let bank = Bank::with(|plan| plan.authority().max_valid = Some(20)).await;
    let key = KeyPair::generate().unwrap();
    let pem = request_pem(&key);
    let json = json!({ "csr": pem }).to_string();
    let wanted_pem = "application/pem-certificate-chain";
    for (kind, body, accept, answered) in [
        ("application/pkcs10", request(&key), None, "application/json"),
        ("application/pkcs10", pem.clone().into_bytes(), None, "application/json"),
        ("application/x-pem-file", pem.clone().into_bytes(), None, "application/json"),
        ("text/plain; charset=utf-8", pem.clone().into_bytes(), None, wanted_pem),
        ("text/plain", pem.clone().into_bytes(), Some("application/json"), "application/json"),
        ("application/json", json.clone().into_bytes(), None, "application/json"),
        ("application/json", json.into_bytes(), Some(wanted_pem), wanted_pem),
    ] {
        let mut ask = bank.ask().await.header("content-type", kind).body(body);
        if let Some(accept) = accept {
            ask = ask.header("accept", accept);
        }
        let answer = ask.send(&bank.world).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (201, Some(answered)), "{kind}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let text = if answered == wanted_pem { answer.body.clone() } else { answer.text("certificate") };
        let der = decode_pem("CERTIFICATE", &text).unwrap();
        let own = X509Certificate::from_der(&der).unwrap().1;
        let point = key.public_key_raw();
        assert_eq!(&*own.tbs_certificate.subject_pki.subject_public_key.data, point, "{kind}");
        if answered == wanted_pem {
            assert_eq!(text.matches("BEGIN CERTIFICATE").count(), 3, "itself, the authority and its root");
        }
    }
    for (kind, body, expected) in [
        ("application/pkcs10", b"nonsense".to_vec(), 400),
        ("application/json", b"{}".to_vec(), 400),
        ("application/x-www-form-urlencoded", b"csr=x".to_vec(), 415),
        ("application/pkcs10", vec![0; 1 << 20], 413),
    ] {
        let answer = bank.ask().await.header("content-type", kind).body(body).send(&bank.world).await;
        assert_eq!(answer.status, expected, "{kind}: {}", answer.body);
    }
}

/// CE-01, I-09, I-10: whatever the request asks for, the certificate says what we know.
#[tokio::test]
async fn nothing_but_the_key_is_taken_from_a_request() {
    let bank = Bank::open().await;
    let mut greedy = CertificateParams::default();
    greedy.distinguished_name.push(DnType::CommonName, "root of all");
    greedy.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    greedy.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::Any,
        ExtendedKeyUsagePurpose::OcspSigning,
    ];
    let dns = rcgen::string::Ia5String::try_from("login.bank.example").unwrap();
    greedy.subject_alt_names = vec![SanType::DnsName(dns)];
    let key = KeyPair::generate().unwrap();
    // rcgen writes no CA flag into a request, so the flag is left to OpenSSL.
    greedy.is_ca = IsCa::NoCa;
    let request = greedy.serialize_request(&key).unwrap();
    let ask = bank.ask().await.header("content-type", "application/pkcs10").body(request.der().to_vec());
    let answer = ask.send(&bank.world).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_profile(&bank, &answer);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("c.cnf"),
        "[req]\ndistinguished_name=d\nreq_extensions=e\n[d]\n[e]\nbasicConstraints=critical,CA:TRUE\n\
         keyUsage=keyCertSign,cRLSign\nextendedKeyUsage=anyExtendedKeyUsage\nsubjectAltName=otherName:1.3.6.1.4.1.311.20.2.3;UTF8:admin@bank.example\n",
    )
    .unwrap();
    openssl(
        folder.path(),
        "req -new -newkey rsa:2048 -nodes -keyout k.pem -config c.cnf -subj /CN=admin -out r.pem",
    );
    let body = std::fs::read(folder.path().join("r.pem")).unwrap();
    let ask = bank.ask().await.header("content-type", "application/pkcs10").body(body);
    let answer = ask.send(&bank.world).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_profile(&bank, &answer);
}

fn assert_profile(bank: &Bank, answer: &Answer) {
    let der = decode_pem("CERTIFICATE", &answer.text("certificate")).unwrap();
    let (_, own) = X509Certificate::from_der(&der).unwrap();
    let id = &bank.client.id;
    assert_eq!(answer.text("subject_dn"), format!("CN={id},UID={id}"));
    let names = own.subject_alternative_name().unwrap().unwrap().value;
    assert_eq!(names.general_names.len(), 1);
    assert!(format!("{:?}", names.general_names[0]).contains("urn:chancela:bank:"), "{names:?}");
    let usage = own.extended_key_usage().unwrap().unwrap().value;
    assert!(usage.client_auth && !usage.server_auth && !usage.any && !usage.ocsp_signing, "{usage:?}");
    assert!(!own.is_ca());
    let usage = own.key_usage().unwrap().unwrap().value;
    assert!(usage.digital_signature() && !usage.key_cert_sign() && !usage.crl_sign());
    let days = (own.validity().not_after.timestamp() - own.validity().not_before.timestamp()) / 86_400;
    assert!((365..=366).contains(&days), "{days}");
}

/// CE-02, CE-03: no key without its proof.
#[tokio::test]
async fn a_key_whose_possession_is_not_proven_is_refused() {
    let bank = Bank::open().await;
    let (own, victim) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let good = request(&own);
    let mut broken = good.clone();
    *broken.last_mut().unwrap() ^= 1;
    let at = good.windows(65).position(|bytes| bytes == own.public_key_raw()).unwrap();
    let mut stolen = good.clone();
    stolen[at..at + 65].copy_from_slice(victim.public_key_raw());
    for body in [broken, stolen] {
        let ask = bank.ask().await.header("content-type", "application/pkcs10").body(body);
        let answer = ask.send(&bank.world).await;
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert!(answer.body.contains("not signed by the private key"), "{}", answer.body);
    }
    let folder = tempfile::tempdir().unwrap();
    openssl(folder.path(), "req -new -newkey rsa:2048 -nodes -keyout k.pem -sha1 -subj /CN=a -out r.pem");
    let body = std::fs::read(folder.path().join("r.pem")).unwrap();
    let answer = bank.ask().await.header("content-type", "text/plain").body(body).send(&bank.world).await;
    assert_eq!(answer.status, 400, "SHA-1: {}", answer.body);
}

/// CE-04, I-11: another client's key, a revoked one, and the server's own.
#[tokio::test]
async fn a_key_that_is_somebodys_is_refused() {
    let bank = Bank::open().await;
    let other = bank.world.register(REALM, certificate_client(SCOPE)).await;
    let theirs = bank.world.certify(REALM, &other, None).await;
    assert_eq!(bank.order(&theirs.key).await.refusal(), (400, "invalid_request".into()));
    let own = bank.ordered().await;
    assert_eq!(bank.order(&own.key).await.status, 201, "its own key may go on");
    bank.world.revoke_certificate(REALM, &own).await;
    let refused = bank.order(&own.key).await;
    assert_eq!(refused.refusal(), (400, "invalid_request".into()));
    assert!(refused.body.contains("make a new one"), "{}", refused.body);
}

/// CE-05, I-11.
#[tokio::test]
async fn a_weak_key_is_refused() {
    let bank = Bank::open().await;
    let folder = tempfile::tempdir().unwrap();
    for (title, key) in [
        ("RSA-1024", "-newkey rsa:1024"),
        ("exponent 3", "-newkey rsa:2048 -pkeyopt rsa_keygen_pubexp:3"),
        ("P-192", "-newkey ec -pkeyopt ec_paramgen_curve:prime192v1"),
        ("secp256k1", "-newkey ec -pkeyopt ec_paramgen_curve:secp256k1"),
        ("P-521", "-newkey ec -pkeyopt ec_paramgen_curve:secp521r1"),
    ] {
        openssl(folder.path(), &format!("req -new {key} -nodes -keyout k.pem -subj /CN=a -out r.pem"));
        let body = std::fs::read(folder.path().join("r.pem")).unwrap();
        let answer = bank.ask().await.header("content-type", "application/pkcs10").body(body);
        let answer = answer.send(&bank.world).await;
        assert_eq!(answer.refusal(), (400, "invalid_request".into()), "{title}: {}", answer.body);
    }
}

/// CE-07, I-12: only with a live token of the client itself that has the scope.
#[tokio::test]
async fn who_may_not_order_gets_nothing() {
    let bank = Bank::open().await;
    let key = KeyPair::generate().unwrap();
    let order =
        || Ask::post("/bank/certificates").header("content-type", "application/pkcs10").body(request(&key));
    let none = order().send(&bank.world).await;
    assert_eq!(none.status, 401);
    assert!(none.header("www-authenticate").unwrap().starts_with("Bearer"), "{none:?}");
    let narrow = bank.world.secret_token(REALM, &bank.client, "read").await.token();
    let refused = order().bearer(&narrow).send(&bank.world).await;
    assert_eq!(refused.status, 403);
    let challenge = refused.header("www-authenticate").unwrap();
    assert!(
        challenge.contains("insufficient_scope") && challenge.contains("certificate.create"),
        "{challenge}"
    );
    let token = bank.token().await;
    bank.world.clock.advance_seconds(3600);
    assert_eq!(order().bearer(&token).send(&bank.world).await.status, 401, "expired");
    let token = bank.token().await;
    bank.world.enable(REALM, &bank.client, false).await;
    assert_eq!(order().bearer(&token).send(&bank.world).await.status, 401, "disabled");
    let in_body = Ask::form("/bank/certificates", &[("access_token", &*token)]).send(&bank.world).await;
    assert_eq!(in_body.status, 401, "a token in the body is none");
}

/// CE-07, RFC 8707: whoever receives tokens for another resource server cannot order or revoke with them.
#[tokio::test]
async fn a_token_for_another_resource_server_orders_and_revokes_nothing() {
    for format in [TokenFormat::Jwt, TokenFormat::Sealed] {
        let other = "https://api.example";
        let bank = Bank::with(|plan| {
            plan.config.access_token_format = Some(format);
            plan.config.resources = vec![other.into()];
        })
        .await;
        let own = bank.ordered().await;
        let fields =
            [("grant_type", "client_credentials"), ("scope", "certificate.create"), ("resource", other)];
        let ask = Ask::form("/bank/oauth/token", &fields).header("authorization", bank.client.basic());
        let token = ask.send(&bank.world).await.token();
        let order = Ask::post("/bank/certificates").header("content-type", "application/pkcs10");
        let order = order.body(request(&KeyPair::generate().unwrap()));
        let one = Ask::get(&format!("/bank/certificates/{}", own.serial));
        for ask in [order, one.clone(), one.clone().method(http::Method::DELETE)] {
            let refused = ask.bearer(&token).send(&bank.world).await;
            assert_eq!(refused.status, 401, "{format:?} {}", refused.body);
            assert!(refused.header("www-authenticate").unwrap().contains("error=\"invalid_token\""));
        }
        let seen = one.bearer(&bank.token().await).send(&bank.world).await;
        assert_eq!(seen.text("status"), "issued", "{format:?}");
    }
}

/// CE-07: a user's token is not the client's.
#[tokio::test]
async fn a_users_token_orders_nothing() {
    use crate::support::{Flow, own_client};
    let flow = Flow::of(plan(), own_client("openid certificate.create")).await;
    let request_uri = flow.request().with("scope", "openid certificate.create");
    let token = flow.tokens(&request_uri).await.token();
    let key = KeyPair::generate().unwrap();
    let ask =
        Ask::post("/bank/certificates").header("content-type", "application/pkcs10").body(request(&key));
    let refused = ask.bearer(&token).send(&flow.world).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
}

/// At most two are valid at a time.
#[tokio::test]
async fn the_third_certificate_is_a_conflict_until_one_is_revoked() {
    let bank = Bank::open().await;
    let first = bank.ordered().await;
    bank.ordered().await;
    let refused = bank.order(&KeyPair::generate().unwrap()).await;
    assert_eq!(refused.status, 409, "{}", refused.body);
    assert!(refused.body.contains("2 valid certificates"), "{}", refused.body);
    let one = format!("/bank/certificates/{}", first.serial);
    let get = Ask::get(&one).bearer(&bank.token().await);
    assert_eq!(get.clone().send(&bank.world).await.text("status"), "issued");
    let bad = get.clone().method(http::Method::DELETE).target(&format!("{one}?reason=because"));
    assert_eq!(bad.send(&bank.world).await.status, 400);
    let delete = get.clone().method(http::Method::DELETE).target(&format!("{one}?reason=superseded"));
    assert_eq!(delete.send(&bank.world).await.status, 204);
    assert_eq!(get.send(&bank.world).await.text("status"), "revoked");
    bank.ordered().await;
}

/// Another client's certificate does not exist for whoever asks.
#[tokio::test]
async fn a_client_sees_and_revokes_its_own_alone() {
    let bank = Bank::open().await;
    let other = bank.world.register(REALM, certificate_client(SCOPE)).await;
    let theirs = bank.world.certify(REALM, &other, None).await;
    for serial in [&*theirs.serial, "00000000000000000000000000000000", "x"] {
        for method in [http::Method::GET, http::Method::DELETE] {
            let ask = Ask::get(&format!("/bank/certificates/{serial}")).method(method);
            let answer = ask.bearer(&bank.token().await).send(&bank.world).await;
            assert_eq!(answer.status, 404, "{serial} {}", answer.body);
        }
    }
    assert_eq!(bank.world.mtls_token(REALM, &other, "read", &theirs).await.status, 200);
}

#[tokio::test]
async fn a_lifetime_is_a_whole_number_of_days_within_the_limit() {
    let bank = Bank::with(|plan| plan.authority().max_valid = Some(20)).await;
    let order = |days: serde_json::Value| {
        let csr = request_pem(&KeyPair::generate().unwrap());
        json!({ "csr": csr, "lifetime_days": days }).to_string()
    };
    for (days, expected) in [
        (json!(1), 201),
        (json!(365), 201),
        (json!(null), 201),
        (json!(0), 400),
        (json!(366), 400),
        (json!("1"), 400),
        (json!(-1), 400),
        (json!(1.5), 400),
    ] {
        let ask = bank.ask().await.header("content-type", "application/json").body(order(days.clone()));
        let answer = ask.send(&bank.world).await;
        assert_eq!(answer.status, expected, "{days} {}", answer.body);
        if days == json!(1) {
            let ends = answer.json()["not_after"].as_i64().unwrap();
            assert_eq!(ends, bank.world.clock.now().seconds() + 86_400);
        }
    }
}

/// An operator asks for days too, over a socket that anything may write to.
#[tokio::test]
async fn an_operators_days_are_within_the_realms_limit() {
    let bank = Bank::with(|plan| plan.authority().lifetime_days = Some(90)).await;
    let issue = async |days: u16| {
        let csr = request_pem(&KeyPair::generate().unwrap());
        let client_id = bank.client.id.clone();
        bank.world.try_control(REALM, Command::CertificateIssue { client_id, csr, days: Some(days) }).await
    };
    for bad in [0, 91, 398, 49_710, 49_711, u16::MAX] {
        let error = issue(bad).await.unwrap_err().to_string();
        assert!(error.contains("days: must be from 1 to 90"), "{bad}: {error}");
    }
    for good in [1, 90] {
        let shown = issue(good).await.unwrap();
        let ends = shown["not_after"].as_i64().unwrap();
        assert_eq!(ends, bank.world.clock.now().seconds() + i64::from(good) * 86_400);
    }
}

//! What relying parties read: revocation lists and OCSP (I-14, CE-11), and the answer for proxies.

use super::*;
use chancela_core::dialect::TokenFormat;
use chancela_server::control::Command;
use http::Method;
use http_body_util::BodyExt;
use serde_json::json;
use std::path::Path;
use x509_parser::prelude::{CertificateRevocationList, FromDer, X509Certificate};
use x509_parser::revocation_list::RevokedCertificate;

/// An answer that is no text.
async fn bytes(world: &World, ask: &Ask) -> (u16, Option<String>, Vec<u8>) {
    let response =
        chancela_server::endpoint::respond(&world.server, &world.router, &ask.peer, ask.request()).await;
    let (head, body) = response.into_parts();
    let kind = head.headers.get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
    (head.status.as_u16(), kind, body.collect().await.unwrap().to_bytes().to_vec())
}

async fn kid(world: &World) -> String {
    world.control(REALM, Command::AuthorityShow).await[0]["kid"].as_str().unwrap().to_owned()
}

async fn list(world: &World, kid: &str) -> Vec<u8> {
    let (status, kind, der) = bytes(world, &Ask::get(&format!("/bank/ca/{kid}.crl"))).await;
    assert_eq!((status, kind.as_deref()), (200, Some("application/pkix-crl")));
    der
}

fn number(der: &[u8]) -> u64 {
    let (_, list) = CertificateRevocationList::from_der(der).unwrap();
    list.crl_number().unwrap().to_string().parse().unwrap()
}

/// I-14, CE-11: signed by the authority, with what was revoked and nothing else; the number goes up alone.
#[tokio::test]
async fn a_revocation_is_in_the_list_at_once() {
    let bank = Bank::open().await;
    bank.world.maintain_certificates().await;
    let kid = kid(&bank.world).await;
    let first = list(&bank.world, &kid).await;
    let (bad, good) = (bank.ordered().await, bank.ordered().await);
    bank.world.clock.advance_seconds(10);
    bank.world.revoke_certificate(REALM, &bad).await;
    let second = list(&bank.world, &kid).await;
    assert!(number(&second) > number(&first));
    let (_, _, der) = bytes(&bank.world, &Ask::get(&format!("/bank/ca/{kid}.cer"))).await;
    let (_, authority) = X509Certificate::from_der(&der).unwrap();
    let (_, parsed) = CertificateRevocationList::from_der(&second).unwrap();
    parsed.verify_signature(&authority.tbs_certificate.subject_pki).unwrap();
    let now = bank.world.clock.now().seconds();
    assert_eq!(parsed.last_update().timestamp(), now);
    assert_eq!(parsed.next_update().unwrap().timestamp(), now + 3 * 86_400);
    let serial = |own: &RevokedCertificate<'_>| format!("{:0>32}", own.user_certificate.to_str_radix(16));
    let revoked: Vec<String> = parsed.iter_revoked_certificates().map(serial).collect();
    assert_eq!(revoked, [bad.serial]);
    assert_ne!(revoked, [good.serial]);
    // The clock is set back, and the number still goes up.
    bank.world.clock.advance_seconds(-3600);
    let third = bank.ordered().await;
    bank.world.revoke_certificate(REALM, &third).await;
    assert!(number(&list(&bank.world, &kid).await) > number(&second));
}

/// A list is never older than a day, whether or not something was revoked.
#[tokio::test]
async fn a_list_is_made_anew_each_day() {
    let bank = Bank::open().await;
    bank.world.maintain_certificates().await;
    let kid = kid(&bank.world).await;
    let first = list(&bank.world, &kid).await;
    bank.world.clock.advance_seconds(86_399);
    bank.world.maintain_certificates().await;
    assert_eq!(list(&bank.world, &kid).await, first, "not before");
    bank.world.clock.advance_seconds(1);
    bank.world.maintain_certificates().await;
    let second = list(&bank.world, &kid).await;
    assert!(number(&second) > number(&first));
}

/// RFC 5280 section 3.3: an entry stays until it stood on a list that was made after the certificate's own end.
#[tokio::test]
async fn a_revoked_certificate_stays_in_the_list_beyond_its_end() {
    let bank = Bank::open().await;
    let bad = bank.world.certify(REALM, &bank.client.id, Some(2)).await;
    bank.world.revoke_certificate(REALM, &bad).await;
    let kid = kid(&bank.world).await;
    for (hours, expected) in [(47, 1), (2, 1), (24, 1), (27, 0)] {
        bank.world.clock.advance_seconds(hours * 3600);
        bank.world.maintain_certificates().await;
        let der = list(&bank.world, &kid).await;
        let (_, read) = CertificateRevocationList::from_der(&der).unwrap();
        assert_eq!(read.iter_revoked_certificates().count(), expected, "{hours} hours later");
    }
}

#[tokio::test]
async fn what_is_not_published_is_not_found() {
    let bank = Bank::open().await;
    let kid = kid(&bank.world).await;
    for path in [format!("{kid}.key"), "x.crl".into(), kid.clone(), format!("{kid}.cer.crl")] {
        let (status, ..) = bytes(&bank.world, &Ask::get(&format!("/bank/ca/{path}"))).await;
        assert_eq!(status, 404, "{path}");
    }
    let ask = Ask::post(&format!("/bank/ca/{kid}.cer"));
    assert_eq!(bytes(&bank.world, &ask).await.0, 405);
}

/// OpenSSL's question about a certificate of this serial number, in DER.
async fn question(bank: &Bank, folder: &Path, serial: &str) -> Vec<u8> {
    let kid = kid(&bank.world).await;
    let (_, _, pem) = bytes(&bank.world, &Ask::get(&format!("/bank/ca/{kid}.pem"))).await;
    std::fs::write(folder.join("ca.pem"), pem).unwrap();
    openssl(folder, &format!("ocsp -issuer ca.pem -serial 0x{serial} -no_nonce -reqout q.der"));
    std::fs::read(folder.join("q.der")).unwrap()
}

#[tokio::test]
async fn ocsp_tells_good_revoked_and_unknown_apart() {
    let bank = Bank::open().await;
    let folder = tempfile::tempdir().unwrap();
    let (good, bad) = (bank.ordered().await, bank.ordered().await);
    bank.world.revoke_certificate(REALM, &bad).await;
    for (serial, expected) in [
        (&*good.serial, "Cert Status: good"),
        (&*bad.serial, "Cert Status: revoked"),
        ("77777777777777777777777777777777", "Cert Status: unknown"),
    ] {
        let asked = question(&bank, folder.path(), serial).await;
        let post =
            Ask::post("/bank/ocsp").header("content-type", "application/ocsp-request").body(asked.clone());
        let encoded = {
            use base64::{Engine, engine::general_purpose::STANDARD};
            let text = STANDARD.encode(&asked);
            percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC).to_string()
        };
        for ask in [post, Ask::get(&format!("/bank/ocsp/{encoded}"))] {
            let (status, kind, answer) = bytes(&bank.world, &ask).await;
            assert_eq!((status, kind.as_deref()), (200, Some("application/ocsp-response")));
            std::fs::write(folder.path().join("a.der"), answer).unwrap();
            let text = openssl(folder.path(), "ocsp -respin a.der -resp_text -noverify");
            assert!(text.contains(expected), "{serial}: {text}");
        }
    }
    let (_, _, answer) = bytes(&bank.world, &Ask::post("/bank/ocsp").body("nonsense")).await;
    assert_eq!(answer, [0x30, 3, 0x0a, 1, 1], "malformedRequest");
}

/// What a proxy asks before it lets a request through.
#[tokio::test]
async fn verification_answers_with_what_the_token_says_or_why_it_is_refused() {
    let bank = Bank::with(|plan| plan.config.audience = Some("https://api.example".into())).await;
    let token = bank.world.secret_token(REALM, &bank.client, "read write").await.token();
    let ask = |query: &str| Ask::get(&format!("/bank/oauth/verify{query}")).bearer(&token);
    for query in ["", "?scope=read", "?scope=write%20read", "?audience=https%3A%2F%2Fapi.example"] {
        let good = ask(query).send(&bank.world).await;
        assert_eq!(good.status, 204, "{query} {}", good.body);
        assert_eq!(good.header("chancela-client-id"), Some(&*bank.client.id));
        assert_eq!(good.header("chancela-scope"), Some("read write"));
        assert_eq!(
            (good.header("chancela-certificate"), good.header("cache-control")),
            (None, Some("no-store"))
        );
    }
    for (query, status, error) in [
        ("?scope=pix.write", 403, "insufficient_scope"),
        ("?scope=read%20pix.write", 403, "insufficient_scope"),
        ("?audience=https%3A%2F%2Fother.example", 401, "invalid_token"),
        ("?audience=https%3A%2F%2Fapi.example&audience=x", 400, "invalid_request"),
        ("?scope=read&scope=write", 400, "invalid_request"),
        ("?audience=", 400, "invalid_request"),
        ("?scope=", 400, "invalid_request"),
    ] {
        let bad = ask(query).send(&bank.world).await;
        assert_eq!(bad.status, status, "{query}");
        assert!(bad.header("www-authenticate").unwrap().contains(error), "{query} {:?}", bad.headers);
    }
    let none = Ask::get("/bank/oauth/verify").send(&bank.world).await;
    assert_eq!(none.status, 401);
    let forged = Ask::get("/bank/oauth/verify").bearer("x").send(&bank.world).await;
    assert!(forged.header("www-authenticate").unwrap().contains("invalid_token"));
    let echo = ask("?scope=%22injected%0d%0a").send(&bank.world).await;
    assert!(!format!("{:?}", echo.headers).contains("injected"), "{:?}", echo.headers);
}

/// A row keeps no audience: whichever resource its token was asked for, it is for none that can be demanded.
#[tokio::test]
async fn verification_with_an_audience_refuses_tokens_that_name_none() {
    let (own, other) = ("https://api.example", "https://other.example");
    for format in [TokenFormat::Opaque, TokenFormat::Uuid, TokenFormat::Hex, TokenFormat::Sealed] {
        let bank = Bank::with(|plan| {
            plan.config.access_token_format = Some(format);
            plan.config.resources = vec![own.into(), other.into()];
        })
        .await;
        let fields = [("grant_type", "client_credentials"), ("scope", "read"), ("resource", own)];
        let ask = Ask::form("/bank/oauth/token", &fields).header("authorization", bank.client.basic());
        let token = ask.send(&bank.world).await.token();
        let verify = async |query: &str| {
            let ask = Ask::get(&format!("/bank/oauth/verify?scope=read{query}")).bearer(&token);
            ask.send(&bank.world).await
        };
        assert_eq!(verify("").await.status, 204, "{format:?}");
        let keeps_one = format == TokenFormat::Sealed;
        let status = verify(&format!("&audience={own}")).await.status;
        assert_eq!(status, if keeps_one { 204 } else { 401 }, "{format:?}");
        let refused = verify(&format!("&audience={other}")).await;
        assert_eq!(refused.status, 401, "{format:?}");
        let challenge = refused.header("www-authenticate").unwrap();
        assert!(
            challenge.contains("error=\"invalid_token\"") && !challenge.contains("example"),
            "{challenge}"
        );
    }
}

/// A bound token that a proxy asks about comes with the certificate that the proxy saw.
#[tokio::test]
async fn verification_of_a_bound_token_needs_its_certificate() {
    let bank = Bank::open().await;
    let new = crate::support::certificate_client("read");
    let id = bank.world.register(REALM, new).await;
    let (own, other) =
        (bank.world.certify(REALM, &id, None).await, bank.world.certify(REALM, &id, None).await);
    let token = bank.world.mtls_token(REALM, &id, "read", &own).await.token();
    let ask = Ask::get("/bank/oauth/verify").bearer(&token);
    assert_eq!(ask.clone().showing(&own).send(&bank.world).await.status, 204);
    for ask in [ask.clone(), ask.clone().showing(&other)] {
        let refused = ask.send(&bank.world).await;
        assert_eq!(refused.status, 401);
        assert!(refused.header("www-authenticate").unwrap().contains("error=\"invalid_token\""));
    }
    let posted = ask.method(Method::POST).showing(&own).send(&bank.world).await;
    assert!(posted.status == 204 || posted.status == 405, "{}", posted.status);
    let inspected = bank.world.control(REALM, Command::TokenInspect { token }).await;
    assert_ne!(inspected, json!(null));
}

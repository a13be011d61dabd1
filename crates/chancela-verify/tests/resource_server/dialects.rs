//! Tokens as the built-in dialects issue them, before a resource server that is set up for the dialect.

use crate::world::*;
use chancela_core::dialect::{ClaimValue, Jwt, Library, Thumbprint, TokenEndpoint, TokenFormat};
use chancela_core::entropy::Seeded;
use chancela_core::grant::Approval;
use chancela_core::jose::{JwtKind, Signer, SigningKey};
use chancela_core::pepper::Pepper;
use chancela_core::secret::sha256;
use chancela_core::token::{Issuer, issue};
use chancela_verify::{Refusal, Scope, Settings, Typ, Verifier};
use serde_json::json;
use std::sync::Arc;

fn issued(endpoint: &TokenEndpoint, key: &Arc<SigningKey>, der: &[u8]) -> String {
    let form = &endpoint.token.jwt;
    let signer = Signer::new(Arc::clone(key), JwtKind { typ: Some(&form.typ), kid: form.kid });
    let issuer = Issuer {
        issuer: ISSUER,
        audience: AUDIENCE,
        endpoint,
        signer: Some(&signer),
        pepper: &Pepper::from_root(&[1; 32]),
        now: NOW,
        entropy: &Seeded::new(1),
    };
    let client = serde_json::from_value(json!({
        "key": 7, "realm": "r", "client_id": "app", "grant_types": ["client_credentials"], "scope": "cob.read",
        "enabled": true, "created_at": 0, "version": 1,
    }));
    let approval = Approval {
        scope: Scope::parse("cob.read").unwrap(),
        subject: None,
        tenant: None,
        certificate: Some(chancela_core::x509::Confirmation { sha256: sha256(der), not_after: i64::MAX }),
        grant: None,
        audience: None,
        not_before: 0,
    };
    issue(&issuer, &client.unwrap(), &approval, 300).unwrap().text
}

/// What the book says to set for a dialect whose tokens are not those of RFC 9068.
fn settings(form: &Jwt) -> Settings {
    let named = |name: &str| form.claims.iter().find(|claim| claim.name == name);
    let literal = named("iss").and_then(|claim| claim.literal.as_deref());
    let mut settings = Settings::new(literal.unwrap_or(ISSUER), AUDIENCE);
    if form.typ != "at+jwt" {
        settings.typ = Typ::DangerOther(form.typ.as_str().into());
    }
    settings.danger_any_audience = named("aud").is_none();
    settings.danger_hex_thumbprint = form.thumbprint == Thumbprint::DangerHex;
    settings
}

#[test]
fn every_signed_token_of_a_built_in_dialect_is_believed_with_its_certificate_alone() {
    let library = Library::builtin();
    let (own, other) = (certificate(), certificate());
    let (mut tokens, mut strict) = (0, 0);
    for name in library.names() {
        let Ok(dialect) = library.load(name) else { continue };
        for endpoint in dialect.token_endpoints.iter().filter(|e| e.token.format == TokenFormat::Jwt) {
            let form = &endpoint.token.jwt;
            let key = key(form.algorithm);
            let token = issued(endpoint, &key, &own);
            let fitting = Verifier::new(settings(form), key_set(&[&key])).unwrap();
            let bound = form.claims.iter().any(|claim| claim.value == Some(ClaimValue::Confirmation));
            let verified = fitting.verify(&token, Some(&own), NOW);
            let verified = verified.unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
            assert_eq!((verified.client_id.as_deref(), bound), (Some("app"), verified.certificate.is_some()));
            assert!(
                verified.require_scope(&["cob.read"]).is_ok()
                    || verified.require_scope(&["COB.READ"]).is_ok()
            );
            if bound {
                assert_eq!(fitting.verify(&token, Some(&other), NOW), Err(Refusal::CertificateMismatch));
            }
            let rfc = Verifier::new(Settings::new(ISSUER, AUDIENCE), key_set(&[&key])).unwrap();
            strict += usize::from(rfc.verify(&token, Some(&own), NOW).is_ok());
            tokens += 1;
        }
    }
    assert!(tokens > strict && strict > 0, "{tokens} and {strict}: both kinds of dialect were here");
}

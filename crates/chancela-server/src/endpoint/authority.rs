//! What a certificate authority publishes for whoever meets its certificates: revocation lists (RFC 5280 §5), its own
//! certificates, and answers about single ones (OCSP, RFC 6960).

use crate::certificate_authority::CertificateAuthority;
use crate::realm::Realm;
use crate::server::Server;
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;
use chancela_core::id::CertificateSerial;
use chancela_core::message::HttpRequest;
use chancela_core::record::CertificateStatus;
use chancela_core::time::Timestamp;
use chancela_core::x509::{CertificateState, OcspError, OcspRequest, encode_pem};
use chancela_store::Store;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Response, StatusCode};
use std::borrow::Cow;

/// Seconds for which an OCSP answer is good.
const ANSWER_LIFETIME: i64 = 3600;

/// `<kid>.crl`, `<kid>.cer` (DER) or `<kid>.pem` (the chain).
pub(super) fn file(realm: &Realm, name: &str, http: &HttpRequest<'_>) -> Response<Bytes> {
    if http.method != Method::GET && http.method != Method::HEAD {
        return not_allowed("GET, HEAD");
    }
    let found = realm.certificate_authority.as_ref().and_then(|own| published(own, name));
    let Some((kind, body)) = found else { return status(StatusCode::NOT_FOUND) };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    // A relying party that caches a list for longer would learn late of what was revoked.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=60"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    response
}

fn published(authority: &CertificateAuthority, name: &str) -> Option<(&'static str, Bytes)> {
    let (kid, extension) = name.rsplit_once('.')?;
    let own = authority.authority(kid)?;
    Some(match extension {
        "crl" => ("application/pkix-crl", Bytes::from(authority.list(kid)?.der.clone())),
        "cer" => ("application/pkix-cert", Bytes::from(own.chain().first()?.clone())),
        "pem" => {
            let chain: String = own.chain().iter().map(|der| encode_pem("CERTIFICATE", der)).collect();
            ("application/pem-certificate-chain", Bytes::from(chain))
        }
        _ => return None,
    })
}

/// OCSP: a request in the body, or base64 in the path.
pub(super) fn ocsp<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    in_path: Option<&str>,
    http: &HttpRequest<'_>,
) -> Response<Bytes> {
    let der: Cow<'_, [u8]> = match (http.method, in_path) {
        (&Method::POST, None) => http.body.into(),
        (&Method::GET, Some(text)) => {
            let text = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
            BASE64.decode(text.as_bytes()).unwrap_or_default().into()
        }
        (_, None) => return not_allowed("POST"),
        (_, Some(_)) => return not_allowed("GET"),
    };
    let mut response = Response::new(Bytes::from(answer(realm, &der, server.clock.now())));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/ocsp-response"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn answer(realm: &Realm, der: &[u8], now: Timestamp) -> Vec<u8> {
    respond(realm, der, now).unwrap_or_else(|error| {
        if error == OcspError::Internal {
            tracing::error!(realm = realm.name, "no OCSP answer could be signed");
        }
        error.response().to_vec()
    })
}

/// Each authority answers for what it signed.
fn respond(realm: &Realm, der: &[u8], now: Timestamp) -> Result<Vec<u8>, OcspError> {
    let request = OcspRequest::parse(der)?;
    let own = realm.certificate_authority.as_ref().ok_or(OcspError::Unauthorized)?;
    let authorities = own.authorities();
    let authority =
        authorities.iter().find(|authority| request.is_for(authority)).ok_or(OcspError::Unauthorized)?;
    let kid = authority.key().kid();
    let lookup = |serial| state_of(own, &kid, serial);
    request.respond(authority, &lookup, now, now.plus_seconds(ANSWER_LIFETIME))
}

fn state_of(authority: &CertificateAuthority, kid: &str, serial: CertificateSerial) -> CertificateState {
    let record = authority.register.get(serial);
    match record.as_ref().map(|record| &record.status) {
        Some(CertificateStatus::Issued(issued)) if *issued.issuer == *kid => CertificateState::Good,
        Some(CertificateStatus::Revoked { certificate, at, reason }) if *certificate.issuer == *kid => {
            CertificateState::Revoked { at: *at, reason: *reason }
        }
        _ => CertificateState::Unknown,
    }
}

fn not_allowed(methods: &'static str) -> Response<Bytes> {
    let mut response = status(StatusCode::METHOD_NOT_ALLOWED);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
    response
}

fn status(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

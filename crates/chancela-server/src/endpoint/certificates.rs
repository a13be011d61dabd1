//! Certificates of clients: ordered with an access token of their own that has the scope for it, or renewed over a
//! connection that shows the one there is (requirement I-12); looked at; revoked.

use super::{protected, refuse_standard, verification};
use crate::certificate_authority::{CertificateAuthority, Issued, Order, OrderKey};
use crate::control;
use crate::realm::Realm;
use crate::server::Server;
use bytes::Bytes;
use chancela_core::id::CertificateSerial;
use chancela_core::message::HttpRequest;
use chancela_core::message::body::Parameters;
use chancela_core::message::certificate_order::{CertificateAnswer, CertificateOrder, OrderedKey};
use chancela_core::record::{Client, ClientCertificate, ClientSecret, RevocationReason};
use chancela_core::rejection::{Rejection, Rule};
use chancela_core::secret::{Secret, from_hex};
use chancela_core::x509::{CertificateRequest, RequestError};
use chancela_store::Store;
use http::header::{ALLOW, AUTHORIZATION};
use http::{HeaderValue, Method, Response, StatusCode};
use std::sync::Arc;

/// An order.
pub(super) async fn respond<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    organization: Option<&str>,
    http: &HttpRequest<'_>,
) -> Response<Bytes> {
    match order(server, realm, organization, http).await {
        Ok(response) => response,
        Err(rejection) => refuse(realm, rejection),
    }
}

/// One certificate, by the serial number in the path.
pub(super) async fn one<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    serial: &str,
    http: &HttpRequest<'_>,
) -> Response<Bytes> {
    let mut response = match look_or_revoke(server, realm, serial, http).await {
        Ok(response) => response,
        Err(rejection) => refuse(realm, rejection),
    };
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, DELETE"));
    }
    response
}

fn refuse(realm: &Realm, rejection: Rejection) -> Response<Bytes> {
    match rejection.rule.code().status() {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            verification::refuse(realm, &realm.dialect.certificate_issuance.scope, rejection)
        }
        _ => refuse_standard(realm, rejection, None),
    }
}

async fn order<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    organization: Option<&str>,
    http: &HttpRequest<'_>,
) -> Result<Response<Bytes>, Rejection> {
    let authority = realm.certificate_authority.as_ref().ok_or(Rule::IssuingSuspended)?;
    let issuance = &realm.dialect.certificate_issuance;
    if http.method != Method::POST {
        return Err(Rule::MethodNotAllowed.into());
    }
    let client = client(server, realm, http).await?;
    if organization.is_some_and(|named| !is_of(&client, named)) {
        return Err(Rule::ForeignOrganization.into());
    }
    let CertificateOrder { key, lifetime, pem } = CertificateOrder::parse(issuance, http)?;
    let (key, passphrase) = match key {
        OrderedKey::Request(bytes) => (OrderKey::Public(proven_key(&bytes)?), None),
        OrderedKey::DangerServer(passphrase) => (OrderKey::Made(passphrase.clone()), Some(passphrase)),
    };
    // Whoever shows a certificate has a secret, and an answer in JSON has no place for one.
    let makes_secret = issuance.danger_client_secret_line.is_some() && pem && http.certificate.is_none();
    let secret = if makes_secret { Some(new_secret(server, realm)?) } else { None };
    let (text, client_secret) = secret.unzip();
    let renews = renewed(authority, http);
    let order = Order { client: client.key, key, lifetime, renews, by_operator: false, client_secret };
    let issued = authority.order(server, realm, order).await?;
    Ok(encode(realm, &issued, (passphrase.as_ref(), text.as_ref()), pem))
}

/// A secret in the shape that the dialect's partners know, and what is kept of it.
fn new_secret<S: Store>(server: &Server<S>, realm: &Realm) -> Result<(Secret, ClientSecret), Rejection> {
    let format = &realm.dialect.credentials.client_secret;
    let text = control::client_secret(format, &*server.entropy).map_err(|_| Rule::StoreFailed)?;
    let digest = realm.pepper.client_secret(text.expose());
    Ok((text, ClientSecret { digest, created_at: server.clock.now().seconds(), expires_at: None }))
}

/// Whether the path names the client's organization, percent-encoded where a URI has to (RFC 3986 §2.1). With another's
/// name it is no way to that one's certificates (CE-07).
fn is_of(client: &Client, named: &str) -> bool {
    let named = percent_encoding::percent_decode_str(named).decode_utf8().ok();
    named.is_some_and(|named| client.organization.as_deref() == Some(&*named))
}

/// The certificate that stands for an access token.
fn renewed(authority: &CertificateAuthority, http: &HttpRequest<'_>) -> Option<Arc<ClientCertificate>> {
    let shown = http.certificate.filter(|_| !http.headers.contains_key(AUTHORIZATION))?;
    authority.register.of_digest(&shown.certificate.sha256)
}

/// The two secrets are the passphrase of a key that was made here, and a new client secret.
fn encode(
    realm: &Realm,
    issued: &Issued,
    (passphrase, client_secret): (Option<&Secret>, Option<&Secret>),
    pem: bool,
) -> Response<Bytes> {
    let answer = CertificateAnswer {
        record: &issued.record,
        certificate_pem: &issued.certificate_pem,
        chain_pem: &issued.chain_pem,
        private_key: issued.private_key_pem.as_deref().map(String::as_str).zip(passphrase),
        client_secret,
    };
    answer.encode(&realm.dialect.certificate_issuance, pem)
}

/// The key of a certificate request, whose possession it proves and which is strong enough. Nothing else of it is read.
fn proven_key(bytes: &[u8]) -> Result<chancela_core::x509::PublicKey, Rejection> {
    let request = CertificateRequest::parse(bytes).map_err(|error| match error {
        RequestError::Signature | RequestError::SignatureAlgorithm => Rule::UnprovenKey,
        RequestError::Key(_) => Rule::WeakKey,
        _ => Rule::MalformedCertificateRequest,
    })?;
    let key = request.into_public_key();
    key.check().map_err(|_| Rule::WeakKey)?;
    Ok(key)
}

/// Whose certificates these are: the client of the access token, or of the certificate that the connection shows.
async fn client<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    http: &HttpRequest<'_>,
) -> Result<Arc<Client>, Rejection> {
    if let Some(shown) = http.certificate.filter(|_| !http.headers.contains_key(AUTHORIZATION)) {
        shown.trusted()?;
        let holder = shown.issued_to.and_then(|key| realm.directory.client_of(key));
        return holder.filter(|client| client.enabled).ok_or(Rule::CertificateNotRenewable.into());
    }
    // The header alone: a token in a form would hide in what is ordered.
    let get = HttpRequest { method: &Method::GET, body: &[], ..*http };
    let token = protected::own_token(server, realm, &get).await?;
    if token.subject.is_some() || !protected::covers(&token, &realm.dialect.certificate_issuance.scope) {
        return Err(Rule::InsufficientScope.into());
    }
    Ok(token.client)
}

async fn look_or_revoke<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    serial: &str,
    http: &HttpRequest<'_>,
) -> Result<Response<Bytes>, Rejection> {
    if http.method != Method::GET && http.method != Method::DELETE {
        return Err(Rule::MethodNotAllowed.into());
    }
    let authority = realm.certificate_authority.as_ref().ok_or(Rule::IssuingSuspended)?;
    let client = client(server, realm, http).await?;
    let record = own(authority, &client, serial)?;
    if http.method == Method::GET {
        let issued = authority.answer((*record).clone(), None);
        let mut response = encode(realm, &issued, (None, None), false);
        if issued.record.issued().is_some() {
            *response.status_mut() = StatusCode::OK;
        }
        return Ok(response);
    }
    authority.revoke(server, record.serial, reason(http)?).await?;
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

/// A record of the client's. Another client's does not exist for it.
fn own(
    authority: &CertificateAuthority,
    client: &Client,
    serial: &str,
) -> Result<Arc<ClientCertificate>, Rejection> {
    let plain: String = serial.chars().filter(|c| *c != '-').collect();
    let serial = from_hex::<16>(&plain).map(CertificateSerial).ok_or(Rule::UnknownCertificate)?;
    let record = authority.register.get(serial).filter(|record| record.client == client.key);
    record.ok_or(Rule::UnknownCertificate.into())
}

/// `reason` of the query.
fn reason(http: &HttpRequest<'_>) -> Result<RevocationReason, Rejection> {
    let query = Parameters::form(http.query.unwrap_or_default().as_bytes())?;
    let Some(text) = query.text("reason")? else { return Ok(RevocationReason::Unspecified) };
    serde_json::from_value(text.as_ref().into()).map_err(|_| Rule::MalformedQuery.into())
}

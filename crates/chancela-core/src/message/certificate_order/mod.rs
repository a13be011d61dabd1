//! A request for a certificate and its answer: a certificate request (RFC 2986) in PEM or DER, alone or as a member of a
//! JSON object, or, where a dialect has the server make the key, the passphrase for it. A server's half is here, a client's
//! in [`client`] and
//! [`received`].

pub mod client;
pub mod received;

use super::HttpRequest;
use crate::dialect::json::Writer;
use crate::dialect::{CertificateIssuance, CertificateValue, JsonLayout, KeyOrigin};
use crate::record::{CertificateStatus, ClientCertificate, IssuedCertificate};
use crate::rejection::{Rejection, Rule};
use crate::secret::{Secret, hex};
use crate::strict_json;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use bytes::Bytes;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Response, StatusCode};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// Largest body in bytes (requirements.md 5.1).
const MAX_BYTES: usize = 16 * 1024;

/// Seconds of a day.
const DAY: u32 = 86_400;

/// What is asked for. Nothing in it has been believed yet.
#[derive(Debug)]
pub struct CertificateOrder<'a> {
    /// Where the key comes from.
    pub key: OrderedKey<'a>,
    /// Lifetime in seconds, if one was asked for.
    pub lifetime: Option<u32>,
    /// Whether the answer is the PEM chain alone.
    pub pem: bool,
}

/// Where the key comes from.
#[derive(Debug)]
pub enum OrderedKey<'a> {
    /// PEM or DER of a certificate request.
    Request(Cow<'a, [u8]>),
    /// The server makes it and encrypts it under this passphrase.
    DangerServer(Secret),
}

impl<'a> CertificateOrder<'a> {
    /// Reads a request as `issuance` documents it.
    ///
    /// # Errors
    /// The rule that the request breaks.
    pub fn parse(issuance: &CertificateIssuance, http: &HttpRequest<'a>) -> Result<Self, Rejection> {
        if http.method != Method::POST {
            return Err(Rule::MethodNotAllowed.into());
        }
        if http.body.len() > MAX_BYTES {
            return Err(Rejection::with(Rule::BodyTooLarge, u32::try_from(MAX_BYTES).unwrap_or(u32::MAX)));
        }
        let kind = essence(http)?;
        let pem = wants_pem(http, &kind);
        match kind.as_str() {
            "application/json" => {
                let members = strict_json::object(http.body).ok_or(Rule::MalformedBody)?;
                Ok(Self { key: key(issuance, &members)?, lifetime: lifetime(issuance, &members)?, pem })
            }
            "application/pkcs10" | "application/x-pem-file" | "text/plain"
                if issuance.key == KeyOrigin::Client =>
            {
                Ok(Self { key: OrderedKey::Request(Cow::Borrowed(http.body)), lifetime: None, pem })
            }
            _ => Err(Rule::UnsupportedContentType.into()),
        }
    }
}

fn essence(http: &HttpRequest<'_>) -> Result<String, Rejection> {
    let kind = http.single_header(CONTENT_TYPE.as_str()).map_err(|()| Rule::MissingContentType)?;
    let kind = kind.ok_or(Rule::MissingContentType)?;
    Ok(kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

/// Whoever sends text gets text, unless the request says otherwise.
fn wants_pem(http: &HttpRequest<'_>, kind: &str) -> bool {
    let accept = http.single_header(ACCEPT.as_str()).ok().flatten().unwrap_or_default();
    if accept.contains("application/json") {
        return false;
    }
    accept.contains("application/pem-certificate-chain")
        || accept.contains("text/plain")
        || kind == "text/plain"
}

fn key<'a>(
    issuance: &CertificateIssuance,
    members: &Map<String, Value>,
) -> Result<OrderedKey<'a>, Rejection> {
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    match issuance.key {
        KeyOrigin::Client => {
            let request = text("csr").ok_or(Rule::MalformedCertificateRequest)?;
            Ok(OrderedKey::Request(Cow::Owned(request.as_bytes().to_vec())))
        }
        KeyOrigin::DangerServer => {
            let weak = Rejection::with(
                Rule::WeakPassphrase,
                u32::try_from(issuance.passphrase.min_length).unwrap_or(u32::MAX),
            );
            let passphrase = text(&issuance.passphrase_member).ok_or(weak)?;
            issuance.passphrase.check(passphrase).map_err(|_| weak)?;
            Ok(OrderedKey::DangerServer(Secret::new(passphrase)))
        }
    }
}

fn lifetime(issuance: &CertificateIssuance, members: &Map<String, Value>) -> Result<Option<u32>, Rejection> {
    let longest = u32::from(issuance.max_lifetime_days);
    let wrong = Rejection::with(Rule::MalformedLifetime, longest);
    let Some(value) = members.get(&issuance.lifetime_days_member).filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let days = value.as_u64().and_then(|days| u32::try_from(days).ok()).ok_or(wrong)?;
    if (1..=longest).contains(&days) { Ok(Some(days * DAY)) } else { Err(wrong) }
}

/// What the answer says.
#[derive(Debug)]
pub struct CertificateAnswer<'a> {
    /// The record.
    pub record: &'a ClientCertificate,
    /// The certificate in PEM; empty while it waits for approval.
    pub certificate_pem: &'a str,
    /// The authorities' certificates in PEM.
    pub chain_pem: &'a str,
    /// The encrypted key in PEM and its passphrase, where the server made it.
    pub private_key: Option<(&'a str, &'a Secret)>,
    /// The client's new secret, where an order makes one.
    pub client_secret: Option<&'a Secret>,
}

impl CertificateAnswer<'_> {
    /// Writes it as `issuance` documents it; the PEM chain alone if `pem`. What waits for approval is 202 Accepted.
    pub fn encode(&self, issuance: &CertificateIssuance, pem: bool) -> Response<Bytes> {
        let issued = self.record.issued();
        let as_pem = pem && issued.is_some();
        let secret = self.client_secret.filter(|_| as_pem).zip(issuance.danger_client_secret_line.as_deref());
        let body = match secret {
            Some((secret, line)) => {
                format!("{line}{}\n{}{}", secret.expose(), self.certificate_pem, self.chain_pem).into_bytes()
            }
            None if as_pem => format!("{}{}", self.certificate_pem, self.chain_pem).into_bytes(),
            None => self.json(issuance, issued),
        };
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = match issued {
            Some(_) => StatusCode::from_u16(issuance.status).unwrap_or(StatusCode::CREATED),
            None => StatusCode::ACCEPTED,
        };
        let kind = match (as_pem, secret) {
            (_, Some(_)) => "text/plain",
            (true, None) => "application/pem-certificate-chain",
            (false, None) => "application/json",
        };
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
        response
    }

    fn json(&self, issuance: &CertificateIssuance, issued: Option<&IssuedCertificate>) -> Vec<u8> {
        let mut writer = Writer::over(Vec::with_capacity(4096), JsonLayout::COMPACT);
        writer.begin_object();
        for member in &issuance.members {
            if let Some(number) = self.number(member.value, issued) {
                writer.key(&member.name);
                writer.number(number);
            } else if let Some(text) = self.text(member.value, issued) {
                writer.key(&member.name);
                writer.string(&text);
            }
        }
        writer.end_object();
        writer.into_bytes()
    }

    fn number(&self, value: CertificateValue, issued: Option<&IssuedCertificate>) -> Option<i64> {
        match value {
            CertificateValue::NotBefore => issued.map(|own| own.not_before),
            CertificateValue::NotAfter => issued.map(|own| own.not_after),
            _ => None,
        }
    }

    fn text(&self, value: CertificateValue, issued: Option<&IssuedCertificate>) -> Option<Cow<'_, str>> {
        Some(match value {
            CertificateValue::Certificate => issued.map(|_| self.certificate_pem.into())?,
            CertificateValue::Chain => issued.map(|_| self.chain_pem.into())?,
            CertificateValue::SubjectDn => issued?.subject.to_string().into(),
            CertificateValue::Thumbprint => BASE64URL.encode(issued?.sha256).into(),
            CertificateValue::PrivateKey => self.private_key?.0.into(),
            CertificateValue::DangerPassphrase => self.private_key?.1.expose().into(),
            CertificateValue::Uuid => {
                uuid::Uuid::from_bytes(self.record.serial.0).hyphenated().to_string().into()
            }
            CertificateValue::SerialNumber => hex(&self.record.serial.0).into(),
            CertificateValue::Status => status(&self.record.status).into(),
            CertificateValue::NotBefore | CertificateValue::NotAfter => return None,
        })
    }
}

/// A status in one word.
pub const fn status(status: &CertificateStatus) -> &'static str {
    match status {
        CertificateStatus::Requested { .. } => "requested",
        CertificateStatus::Refused => "refused",
        CertificateStatus::Issued(_) => "issued",
        CertificateStatus::Revoked { .. } => "revoked",
    }
}

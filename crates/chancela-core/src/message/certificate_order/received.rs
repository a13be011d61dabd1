//! A client's half of the answer: what came of an order.
//!
//! What it says is not believed: certificates are read, not verified, and texts are cut and cleaned for people.

use crate::dialect::{CertificateIssuance, CertificateValue, KeyOrigin, TokenEndpoint};
use crate::message::HttpAnswer;
use crate::message::token_refusal::TokenRefusal;
use crate::secret::Secret;
use crate::strict_json;
use crate::time::Timestamp;
use crate::x509::Certificate;
use http::StatusCode;
use serde_json::{Map, Value};

/// Largest answer that is read, in bytes: a chain, a key and their names are a tenth of it.
const MAX_ANSWER_BYTES: usize = 256 * 1024;
/// Longest client secret, in bytes.
const MAX_SECRET_BYTES: usize = 1024;

/// What came of an order.
#[derive(Debug)]
pub enum OrderOutcome {
    /// The certificate.
    Issued(Box<OrderedCertificate>),
    /// The provider's people have to approve it first.
    Waits,
}

/// A certificate as it was answered.
#[derive(Debug)]
pub struct OrderedCertificate {
    /// It and those above it, in the answer's order; never empty.
    pub certificates: Vec<Certificate>,
    /// Its subject as the provider writes it: a registration repeats it (RFC 8705 §2.1.2).
    pub subject_dn: Option<String>,
    /// Its key in PEM, encrypted under the order's passphrase, where the provider made it.
    pub private_key: Option<Secret>,
    /// A new client secret that came with it.
    pub client_secret: Option<Secret>,
}

/// Why there is no certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrderRefusal {
    /// The provider says no.
    #[error("{0}")]
    Refused(Box<TokenRefusal>),
    /// The provider says yes, and no certificate can be read of it.
    #[error("the provider's answer has no {0} that can be read; it may count the certificate as issued")]
    Unreadable(&'static str),
}

impl OrderOutcome {
    /// Reads the answer to an order. `endpoint` is one whose shape of errors the provider keeps to.
    ///
    /// # Errors
    /// [`OrderRefusal`].
    pub fn parse(
        issuance: &CertificateIssuance,
        endpoint: &TokenEndpoint,
        answer: &HttpAnswer<'_>,
        now: Timestamp,
    ) -> Result<Self, OrderRefusal> {
        if answer.status == StatusCode::ACCEPTED {
            return Ok(Self::Waits);
        }
        if !answer.status.is_success() {
            return Err(OrderRefusal::Refused(Box::new(TokenRefusal::read(endpoint, answer, now))));
        }
        let body = answer.body.get(..).filter(|body| body.len() <= MAX_ANSWER_BYTES);
        let text = body.and_then(|body| std::str::from_utf8(body).ok());
        let text = text.ok_or(OrderRefusal::Unreadable("text"))?.trim_start_matches('\u{feff}').trim_start();
        let read = if text.starts_with('{') { of_json(issuance, text) } else { of_text(issuance, text) };
        read.map(|read| Self::Issued(Box::new(read)))
    }
}

fn of_text(issuance: &CertificateIssuance, text: &str) -> Result<OrderedCertificate, OrderRefusal> {
    let head = text.split("-----BEGIN ").next().unwrap_or_default();
    let line = issuance.danger_client_secret_line.as_deref().map(str::trim_end);
    let secret = line.and_then(|line| head.lines().find_map(|own| own.trim().strip_prefix(line)));
    let secret = secret.map(str::trim).filter(|text| !text.is_empty());
    let fits = |text: &str| text.len() <= MAX_SECRET_BYTES && text.bytes().all(|b| (0x20..0x7f).contains(&b));
    if secret.is_some_and(|text| !fits(text)) {
        return Err(OrderRefusal::Unreadable("client secret"));
    }
    Ok(OrderedCertificate {
        certificates: chain(text)?,
        subject_dn: None,
        private_key: None,
        client_secret: secret.map(Secret::new),
    })
}

fn of_json(issuance: &CertificateIssuance, text: &str) -> Result<OrderedCertificate, OrderRefusal> {
    let members = strict_json::object(text.as_bytes()).ok_or(OrderRefusal::Unreadable("JSON object"))?;
    let text = |value| member(issuance, &members, value);
    let mut certificates = chain(text(CertificateValue::Certificate).unwrap_or_default())?;
    if let Some(above) = text(CertificateValue::Chain).filter(|above| above.contains("-----BEGIN")) {
        for one in chain(above)? {
            if certificates.iter().all(|known| known.sha256 != one.sha256) {
                certificates.push(one);
            }
        }
    }
    let private_key = text(CertificateValue::PrivateKey).map(Secret::new);
    if issuance.key == KeyOrigin::DangerServer && private_key.is_none() {
        return Err(OrderRefusal::Unreadable("private key"));
    }
    let subject_dn = text(CertificateValue::SubjectDn).filter(|text| crate::text::is_plain(text));
    Ok(OrderedCertificate {
        certificates,
        subject_dn: subject_dn.map(str::to_owned),
        private_key,
        client_secret: None,
    })
}

fn chain(text: &str) -> Result<Vec<Certificate>, OrderRefusal> {
    Certificate::parse_pem_chain(text).map_err(|_| OrderRefusal::Unreadable("certificate"))
}

fn member<'m>(
    issuance: &CertificateIssuance,
    members: &'m Map<String, Value>,
    value: CertificateValue,
) -> Option<&'m str> {
    let name = &issuance.members.iter().find(|member| member.value == value)?.name;
    members.get(name)?.as_str().filter(|text| !text.is_empty())
}

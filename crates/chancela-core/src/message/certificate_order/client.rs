//! A client's half of the order: as a provider documents it. What came of it is read in [`received`](super::received).

use super::{CertificateOrder, DAY, OrderedKey};
use crate::dialect::json::Writer;
use crate::dialect::{CertificateIssuance, JsonLayout, KeyOrigin};
use crate::message::token_request::envelope::insert_secret;
use crate::secret::Secret;
use crate::x509::PassphraseError;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

/// What a segment of a path may have as it is (RFC 3986 §2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What an order carries that is none of its message.
#[derive(Debug, Clone, Copy, Default)]
pub struct OrderEnvelope<'a> {
    /// The organization in the path.
    pub organization: Option<&'a str>,
    /// The access token; none where the connection's certificate proves who asks.
    pub access_token: Option<&'a Secret>,
    /// Whether it renews the certificate that the connection shows.
    pub renews: bool,
}

/// Why an order cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// The path names an organization.
    #[error("the path of an order names our organization; say which (the provider gave its key)")]
    MissingOrganization,
    /// The passphrase does not meet the provider's rule.
    #[error("{0}; choose one that meets the provider's rule")]
    Passphrase(#[from] PassphraseError),
    /// The provider makes keys where the order brings one, or the other way.
    #[error("the provider does not take orders of this kind; check its dialect")]
    KeyOrigin,
    /// A lifetime has no place in it, or is none that the provider gives.
    #[error("the provider takes no such lifetime; leave it out, or name at most {0} days")]
    Lifetime(u16),
    /// Something that HTTP cannot carry.
    #[error(
        "the order cannot be written; check the organization and the token for other than plain characters"
    )]
    Unwritable,
}

impl CertificateIssuance {
    /// Whether orders are certificate requests as plain text, which get text: where a line of it has a secret.
    pub const fn is_text(&self) -> bool {
        self.danger_client_secret_line.is_some()
    }
}

impl CertificateOrder<'_> {
    /// Writes it as `issuance` documents it. The URI is a path below the provider's base address. The body is wiped when it
    /// is dropped.
    ///
    /// # Errors
    /// [`OrderError`]: what the provider would refuse, or cannot be told.
    pub fn encode(
        &self,
        issuance: &CertificateIssuance,
        envelope: &OrderEnvelope<'_>,
    ) -> Result<Request<Bytes>, OrderError> {
        let days = self.days(issuance)?;
        let (kind, body) = match &self.key {
            OrderedKey::Request(pem) if issuance.key == KeyOrigin::Client && self.pem => {
                if days.is_some() {
                    return Err(OrderError::Lifetime(issuance.max_lifetime_days));
                }
                ("text/plain", pem.to_vec())
            }
            OrderedKey::Request(pem) if issuance.key == KeyOrigin::Client => {
                let pem = std::str::from_utf8(pem).map_err(|_| OrderError::Unwritable)?;
                ("application/json", json(issuance, ("csr", pem), days))
            }
            OrderedKey::DangerServer(passphrase) if issuance.key == KeyOrigin::DangerServer => {
                issuance.passphrase.check(passphrase.expose())?;
                let secret = (issuance.passphrase_member.as_str(), passphrase.expose());
                ("application/json", json(issuance, secret, days))
            }
            _ => return Err(OrderError::KeyOrigin),
        };
        let mut request = Request::new(Bytes::from_owner(Zeroizing::new(body)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = path(issuance, envelope)?.parse().map_err(|_| OrderError::Unwritable)?;
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        let wanted =
            if self.pem { "text/plain, application/pem-certificate-chain" } else { "application/json" };
        headers.insert(ACCEPT, HeaderValue::from_static(wanted));
        if let Some(token) = envelope.access_token {
            let value = Zeroizing::new(format!("Bearer {}", token.expose()));
            insert_secret(headers, AUTHORIZATION.as_str(), &value).map_err(|_| OrderError::Unwritable)?;
        }
        Ok(request)
    }

    fn days(&self, issuance: &CertificateIssuance) -> Result<Option<u32>, OrderError> {
        let longest = u32::from(issuance.max_lifetime_days);
        let Some(seconds) = self.lifetime else { return Ok(None) };
        let days = (seconds % DAY == 0).then_some(seconds / DAY).filter(|days| (1..=longest).contains(days));
        days.map(Some).ok_or(OrderError::Lifetime(issuance.max_lifetime_days))
    }
}

fn path(issuance: &CertificateIssuance, envelope: &OrderEnvelope<'_>) -> Result<String, OrderError> {
    let path = issuance.renewal_path.as_ref().filter(|_| envelope.renews).unwrap_or(&issuance.path);
    if !path.contains("{organization}") {
        return Ok(path.clone());
    }
    let named = envelope.organization.filter(|named| !named.is_empty());
    let named = utf8_percent_encode(named.ok_or(OrderError::MissingOrganization)?, SEGMENT).to_string();
    Ok(path.replace("{organization}", &named))
}

fn json(issuance: &CertificateIssuance, (name, text): (&str, &str), days: Option<u32>) -> Vec<u8> {
    let mut writer = Writer::over(Vec::with_capacity(6 * text.len() + 256), JsonLayout::COMPACT);
    writer.begin_object();
    writer.key(name);
    writer.string(text);
    if let Some(days) = days {
        writer.key(&issuance.lifetime_days_member);
        writer.number(days.into());
    }
    writer.end_object();
    writer.into_bytes()
}

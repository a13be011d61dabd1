//! The path and the headers of a token request: everything of it that is not its body.

use super::{EncodeError, TokenRequest};
use crate::dialect::{BasicEncoding, BodyEncoding, RequiredHeader, TokenEndpoint};
use crate::secret::Secret;
use crate::x509::{Certificate, encode_pem};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use zeroize::Zeroizing;

/// What a request carries that is none of its message.
#[derive(Debug, Clone, Copy, Default)]
pub struct Envelope<'a> {
    /// The tenant in the endpoint's path.
    pub tenant: Option<&'a str>,
    /// The application's key, where the endpoint has a header for one.
    pub api_key: Option<&'a Secret>,
    /// The value of headers that must be new in each request; random, the caller's.
    pub fresh: Option<&'a str>,
    /// Names and values of headers that the endpoint requires and whose value only the client knows.
    pub headers: &'a [(&'a str, &'a str)],
}

/// The endpoint's first path with a tenant if there is a tenant, without one if there is none.
///
/// # Errors
/// [`EncodeError`]: the endpoint's paths want a tenant, or none, or another text as its id.
pub fn path(endpoint: &TokenEndpoint, tenant: Option<&str>) -> Result<String, EncodeError> {
    let has_tenant = |path: &&String| path.contains("{tenant}");
    let Some(tenant) = tenant else {
        let path = endpoint.paths.iter().find(|path| !has_tenant(path));
        return path.cloned().ok_or(EncodeError::MissingTenant);
    };
    let path = endpoint.paths.iter().find(has_tenant).ok_or(EncodeError::NotTaken("tenant"))?;
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    if tenant.is_empty() || tenant == "." || tenant == ".." || !tenant.bytes().all(unreserved) {
        return Err(EncodeError::InvalidTenant);
    }
    Ok(path.replacen("{tenant}", tenant, 1))
}

/// All headers. The dialect's own win over the usual ones, credentials over everything.
pub(super) fn headers(
    request: &TokenRequest<'_>,
    endpoint: &TokenEndpoint,
    envelope: &Envelope<'_>,
    encoding: BodyEncoding,
) -> Result<HeaderMap, EncodeError> {
    let mut out = HeaderMap::with_capacity(8);
    out.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let content_type = match encoding {
        BodyEncoding::Json => "application/json",
        _ => "application/x-www-form-urlencoded",
    };
    out.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    for header in &endpoint.request.headers {
        insert(&mut out, &header.name, required(header, envelope)?)?;
    }
    let policy = &endpoint.client_authentication;
    if let Some(value) = request.credentials.authorization(policy.basic_encoding)? {
        insert_secret(&mut out, AUTHORIZATION.as_str(), &value)?;
    }
    match (&policy.partner, &request.partner) {
        (_, None) => {}
        (None, Some(_)) => return Err(EncodeError::NotTaken("partner credentials")),
        (Some(header), Some(partner)) => {
            let pair = partner.encoded_pair(BasicEncoding::Raw)?;
            let joint = if header.scheme.is_empty() { "" } else { " " };
            let value = Zeroizing::new([&header.scheme, joint, &pair].concat());
            insert_secret(&mut out, &header.header, &value)?;
        }
    }
    match (&policy.api_key_header, envelope.api_key) {
        (None, None) => {}
        (None, Some(_)) => return Err(EncodeError::NotTaken("key of the application")),
        (Some(header), None) => return Err(EncodeError::MissingApiKey { header: header.clone() }),
        (Some(header), Some(key)) => insert_secret(&mut out, header, key.expose())?,
    }
    steps(request, endpoint, &mut out)?;
    Ok(out)
}

/// The token of the first step and the certificate, where the endpoint has headers for them.
fn steps(
    request: &TokenRequest<'_>,
    endpoint: &TokenEndpoint,
    out: &mut HeaderMap,
) -> Result<(), EncodeError> {
    let token = request.chain_token.filter(|token| !token.is_empty());
    match (&endpoint.requires.access_token, token) {
        (None, None) => {}
        (None, Some(_)) => return Err(EncodeError::NotTaken("token of another step")),
        (Some(chained), None) => {
            return Err(EncodeError::MissingChainToken { from: chained.from.clone() });
        }
        (Some(chained), Some(token)) => insert_secret(out, &chained.header, token)?,
    }
    match (&endpoint.requires.danger_client_certificate, request.certificate) {
        (None, None) => {}
        (None, Some(_)) => return Err(EncodeError::NotTaken("certificate in a header")),
        (Some(own), None) => {
            return Err(EncodeError::MissingCertificate { header: own.header.clone() });
        }
        (Some(own), Some(text)) => {
            let unreadable = || EncodeError::UnreadableCertificate { header: own.header.clone() };
            let certificate = Certificate::parse_header(text).ok_or_else(unreadable)?;
            let pem = encode_pem("CERTIFICATE", &certificate.der);
            insert(out, &own.header, pem.trim_end().replace('\n', " ").as_str())?;
        }
    }
    Ok(())
}

/// The value of a header that the dialect requires: its one value, a fresh one, or the client's.
fn required<'a>(header: &'a RequiredHeader, envelope: &Envelope<'a>) -> Result<&'a str, EncodeError> {
    let own = || {
        let named = |(name, _): &&(&str, &str)| name.eq_ignore_ascii_case(&header.name);
        envelope.headers.iter().find(named).map(|(_, value)| *value)
    };
    let fresh = || envelope.fresh.filter(|_| header.fresh);
    let value = header.value.as_deref().or_else(fresh).or_else(own).filter(|value| !value.is_empty());
    value.ok_or_else(|| EncodeError::MissingHeader { header: header.name.clone() })
}

/// Adds a header that no log shows.
pub(in crate::message) fn insert_secret(
    out: &mut HeaderMap,
    name: &str,
    value: &str,
) -> Result<(), EncodeError> {
    insert(out, name, value)?;
    if let Some(value) = out.get_mut(name) {
        value.set_sensitive(true);
    }
    Ok(())
}

fn insert(out: &mut HeaderMap, name: &str, value: &str) -> Result<(), EncodeError> {
    let refused = || EncodeError::Header { name: name.to_owned() };
    // HTTP would let other bytes pass, which no two servers read alike (RFC 9110 section 5.5).
    if !value.bytes().all(|b| matches!(b, b' '..=b'~' | b'\t')) {
        return Err(refused());
    }
    let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused())?;
    out.insert(header, HeaderValue::from_str(value).map_err(|_| refused())?);
    Ok(())
}

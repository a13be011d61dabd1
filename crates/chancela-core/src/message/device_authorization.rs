//! The device authorization request and its answer (RFC 8628 §3.1, §3.2), as a client writes and reads them. A server's half
//! is not here yet. The token requests that follow are [`token_request`](super::token_request)'s.

use super::HttpAnswer;
use super::token_answer::{find_secret, number_of, object};
use super::token_refusal::TokenRefusal;
use super::token_request::EncodeError;
use super::token_request::envelope::insert_secret;
use super::token_request::written::{Written, form};
use crate::client_auth::Credentials;
use crate::dialect::{ParameterNames, TokenEndpoint};
use crate::scope::Scope;
use crate::secret::Secret;
use crate::time::Timestamp;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Uri};
use serde_json::{Map, Value};
use std::fmt;

/// `grant_type` of the token requests (RFC 8628 §3.4).
pub const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Seconds between two token requests, where the answer says none (RFC 8628 §3.2).
const USUAL_INTERVAL: i64 = 5;
/// What an answer can ask for.
const INTERVALS: std::ops::RangeInclusive<i64> = 1..=300;
/// Seconds that a person has, where the answer says none although it must.
const USUAL_LIFE: i64 = 600;
/// Longest time in seconds that a code is believed to be good.
const MAX_LIFE: i64 = 86_400;
/// Most bytes of a user code and of an address.
const MAX_USER_CODE: usize = 64;
const MAX_ADDRESS: usize = 2048;

/// A device authorization request.
#[derive(Debug)]
pub struct DeviceAuthorizationRequest<'a> {
    /// Who asks, as at the token endpoint.
    pub credentials: Credentials<'a>,
    /// What for.
    pub scope: Option<&'a Scope>,
    /// The resource server (RFC 8707).
    pub resource: Option<&'a str>,
}

/// What a person is told, and what the client asks with meanwhile. Debug output shows neither code.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceAuthorization {
    /// `device_code`.
    pub device_code: Secret,
    /// `user_code`: visible characters and spaces.
    pub user_code: String,
    /// `verification_uri`: where the person enters it.
    pub verification_uri: String,
    /// `verification_uri_complete`: the same with the code in it.
    pub verification_uri_complete: Option<String>,
    /// Seconds that both codes are good for.
    pub expires_in: i64,
    /// Seconds between two token requests at least.
    pub interval: i64,
}

impl DeviceAuthorizationRequest<'_> {
    /// Writes it for the endpoint at `path`, below the provider's base address; `endpoint` is the one whose tokens are
    /// wanted. The body is wiped when it is dropped.
    ///
    /// # Errors
    /// [`EncodeError`]: credentials that cannot be sent.
    pub fn encode(&self, path: &Uri, endpoint: &TokenEndpoint) -> Result<http::Request<Bytes>, EncodeError> {
        let names: &ParameterNames = &endpoint.request.names;
        let encoding = endpoint.client_authentication.basic_encoding;
        let own = self.credentials.parameters(names).into_iter();
        let scope = self.scope.filter(|scope| !scope.is_empty());
        let scope = scope.map(|scope| (names.scope.as_str(), scope.as_str()));
        let resource = self.resource.map(|resource| ("resource", resource));
        let all = own.chain(scope).chain(resource).map(|(name, text)| (name, Written::Text(text)));
        let mut request = http::Request::new(form(&all.collect::<Vec<_>>()).ok_or(EncodeError::Encoding)?);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = path.clone();
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        if let Some(value) = self.credentials.authorization(encoding)? {
            insert_secret(headers, AUTHORIZATION.as_str(), &value)?;
        }
        Ok(request)
    }
}

impl DeviceAuthorization {
    /// Reads the answer. `endpoint` is the token endpoint, whose shape of errors the provider keeps to.
    ///
    /// # Errors
    /// [`TokenRefusal`]: there are no codes in it that a person could use.
    pub fn parse(
        endpoint: &TokenEndpoint,
        answer: &HttpAnswer<'_>,
        now: Timestamp,
    ) -> Result<Self, TokenRefusal> {
        let members = object(answer.body).filter(|_| answer.status.is_success());
        let found = members.and_then(|mut members| Self::of(endpoint, &mut members));
        found.ok_or_else(|| TokenRefusal::read(endpoint, answer, now))
    }

    fn of(endpoint: &TokenEndpoint, members: &mut Map<String, Value>) -> Option<Self> {
        let device_code = find_secret(endpoint, members, "device_code")?;
        let text = |name: &str| members.get(name).and_then(Value::as_str).map(str::trim);
        let user_code = text("user_code").filter(|code| is_readable(code))?.to_owned();
        // The second name is that of drafts, which a large provider still has.
        let address = text("verification_uri").or_else(|| text("verification_url"));
        let verification_uri = address.filter(|address| is_address(address))?.to_owned();
        let complete = text("verification_uri_complete").or_else(|| text("verification_url_complete"));
        let number = |name: &str| members.get(name).and_then(number_of);
        Some(Self {
            verification_uri_complete: complete.filter(|address| is_address(address)).map(str::to_owned),
            expires_in: number("expires_in").unwrap_or(USUAL_LIFE).clamp(0, MAX_LIFE),
            interval: number("interval")
                .unwrap_or(USUAL_INTERVAL)
                .clamp(*INTERVALS.start(), *INTERVALS.end()),
            device_code,
            user_code,
            verification_uri,
        })
    }
}

/// What a terminal shows as it is.
fn is_readable(code: &str) -> bool {
    (1..=MAX_USER_CODE).contains(&code.len()) && code.bytes().all(|b| matches!(b, b' '..=b'~'))
}

/// A web address of visible characters, without a user name that would hide its host.
fn is_address(text: &str) -> bool {
    let visible = text.len() <= MAX_ADDRESS && text.bytes().all(|b| b.is_ascii_graphic());
    let uri: Option<Uri> = text.parse().ok().filter(|_| visible);
    uri.is_some_and(|uri| crate::dpop::target_uri(&uri).is_some())
}

impl fmt::Debug for DeviceAuthorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceAuthorization(*** at {})", self.verification_uri)
    }
}

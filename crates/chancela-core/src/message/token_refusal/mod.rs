//! An answer of a token endpoint that has no token, as a client reads it: in the dialect's shape, in RFC 6749's (§5.2), or
//! by its status alone; and what would change the outcome. Writing refusals is [`error_response`](super::error_response)'s.
//!
//! Nothing of it is trusted: texts are cut and cleaned for people, times are capped.

mod class;
mod shape;
mod wait;

use super::{HttpAnswer, token_answer};
use crate::dialect::TokenEndpoint;
use crate::error_code::ErrorCode;
use crate::text::plain;
use crate::time::Timestamp;
use http::header::LOCATION;
use http::{StatusCode, Uri};
use serde_json::{Map, Value};
use std::fmt;

/// Most characters of a provider's sentence.
const MAX_DESCRIPTION: usize = 500;
/// Most characters of a provider's error code.
const MAX_ERROR: usize = 200;
/// Most characters of a host's name.
const MAX_HOST: usize = 253;

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRefusal {
    /// The answer's status.
    pub status: StatusCode,
    /// What would change the outcome.
    pub class: RefusalClass,
    /// The error, as far as the provider says one.
    pub error: Option<WireError>,
    /// The provider's sentence, in one line and cut; to be shown to people and never to be trusted.
    pub description: Option<String>,
    /// Seconds to wait at least, at most a day.
    pub retry_after: Option<u32>,
    /// The host that a redirect points to; never followed.
    pub redirected_to: Option<String>,
}

/// What would change the outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusalClass {
    /// Time: the provider is busy or broken.
    Busy,
    /// Nobody knows: the provider said yes and no readable token. What the request spends may be spent.
    Garbled,
    /// Another secret or certificate, or an entry in the provider's list of clients.
    Credentials,
    /// Another request: the configuration is wrong.
    Request,
    /// A new login or a new code.
    Grant,
}

/// An error as the provider says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WireError {
    /// A registered code, or the dialect's word for it.
    Code(ErrorCode),
    /// Any other text, cut and cleaned.
    Other(String),
}

impl WireError {
    /// A registered code as it is spelled, or any other text.
    pub(super) fn of(text: &str) -> Self {
        shape::registered(text).map_or_else(|| Self::Other(plain(text, MAX_ERROR)), Self::Code)
    }

    /// The registered code or the provider's text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Code(code) => code.as_str(),
            Self::Other(text) => text,
        }
    }
}

impl TokenRefusal {
    /// Of an answer that is known to be a refusal.
    pub(super) fn read(endpoint: &TokenEndpoint, answer: &HttpAnswer<'_>, now: Timestamp) -> Self {
        Self::of(endpoint, answer, token_answer::object(answer.body).as_ref(), now)
    }

    /// Of an answer whose body is `members`, if it is a JSON object.
    pub(super) fn of(
        endpoint: &TokenEndpoint,
        answer: &HttpAnswer<'_>,
        members: Option<&Map<String, Value>>,
        now: Timestamp,
    ) -> Self {
        let told = shape::read(&endpoint.errors, members);
        let error = told.error.map(|text| match shape::code_of(&endpoint.errors, &text, answer.status) {
            Some(code) => WireError::Code(code),
            None => WireError::Other(plain(&text, MAX_ERROR)),
        });
        let error =
            error.or_else(|| shape::code_of_headers(&endpoint.errors, answer.headers).map(WireError::Code));
        let description = told.description.map(|text| plain(&text, MAX_DESCRIPTION));
        Self {
            status: answer.status,
            class: class::of(answer.status, error.as_ref()),
            description: description.filter(|text| !text.is_empty()),
            retry_after: wait::retry_after(answer, now),
            redirected_to: redirect(answer),
            error,
        }
    }
}

/// The host alone: a path or a query may hold anything.
fn redirect(answer: &HttpAnswer<'_>) -> Option<String> {
    if !answer.status.is_redirection() {
        return None;
    }
    let target: Uri = answer.headers.get(LOCATION)?.to_str().ok()?.parse().ok()?;
    target.host().map(|host| plain(host, MAX_HOST))
}

impl std::error::Error for TokenRefusal {}

impl fmt::Display for TokenRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.status.is_redirection() {
            let host = self.redirected_to.as_deref();
            let place = host.map_or_else(|| "elsewhere".into(), |host| format!("to the host {host}"));
            return write!(
                f,
                "the provider redirects {place}, and credentials do not follow; correct the provider's address"
            );
        }
        write!(f, "the provider answered {}", self.status.as_u16())?;
        if let Some(error) = &self.error {
            write!(f, " {}", error.as_str())?;
        }
        if let Some(description) = &self.description {
            write!(f, " ({description})")?;
        }
        f.write_str(match self.class {
            RefusalClass::Busy => "; wait and ask again",
            RefusalClass::Garbled => " and no readable token; check that the address is the token endpoint's",
            RefusalClass::Credentials => {
                "; check the client id, its secret and certificate, and whether the provider allows this address"
            }
            RefusalClass::Request => "; check scope, grant and address against what the provider registered",
            RefusalClass::Grant => "; log in again",
        })?;
        match self.retry_after {
            Some(seconds) => write!(f, ", not before {seconds} seconds have passed"),
            None => Ok(()),
        }
    }
}

//! Wire messages: one file per message, its reading and its writing together.

pub mod authorization_request;
pub mod authorization_response;
pub mod bearer;
pub mod body;
pub mod certificate_order;
pub mod client_registration;
pub mod date;
pub mod device_authorization;
pub mod error_response;
pub mod introspection;
pub mod logout_request;
mod multipart;
pub mod server_metadata;
pub mod token_answer;
pub mod token_refusal;
pub mod token_request;
pub mod token_response;

use crate::time::Timestamp;
use crate::x509::PresentedCertificate;
use http::header::DATE;
use http::{HeaderMap, Method, StatusCode};

/// Most bytes of a request body at the endpoints that take a form (requirements.md 5.1).
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// A request as it arrived, its body complete.
#[derive(Debug, Clone, Copy)]
pub struct HttpRequest<'a> {
    /// Method.
    pub method: &'a Method,
    /// Query without the question mark.
    pub query: Option<&'a str>,
    /// Headers.
    pub headers: &'a HeaderMap,
    /// Body.
    pub body: &'a [u8],
    /// The client certificate of the connection, with what the realm thinks of it.
    pub certificate: Option<&'a PresentedCertificate>,
}

impl<'a> HttpRequest<'a> {
    /// The one value of a header as text; `Err` if it occurs twice or is not text, `Ok(None)` if it is absent or empty.
    ///
    /// # Errors
    /// `()`: the caller knows which rule that breaks.
    #[expect(clippy::result_unit_err, reason = "the caller knows which rule a doubled header breaks")]
    pub fn single_header(&self, name: &str) -> Result<Option<&'a str>, ()> {
        let mut values = self.headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => match std::str::from_utf8(value.as_bytes()) {
                Ok(text) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
                Err(_) => Err(()),
            },
            (Some(_), Some(_)) => Err(()),
        }
    }
}

/// An answer as it arrived at a client, its body complete or cut where the client stopped to read.
#[derive(Debug, Clone, Copy)]
pub struct HttpAnswer<'a> {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: &'a HeaderMap,
    /// Body.
    pub body: &'a [u8],
}

impl HttpAnswer<'_> {
    /// When the server says that it answered, seconds since the epoch.
    pub fn date(&self) -> Option<i64> {
        date::parse_imf(self.headers.get(DATE)?.to_str().ok()?)
    }

    /// How many seconds the server's clock is ahead of `now` (negative: behind), the time of arrival.
    pub fn clock_skew(&self, now: Timestamp) -> Option<i64> {
        Some(self.date()?.saturating_sub(now.seconds()))
    }
}

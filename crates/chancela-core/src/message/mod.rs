//! Wire messages: one file per message, its reading and its writing together.

pub mod authorization_request;
pub mod authorization_response;
pub mod bearer;
pub mod body;
pub mod certificate_order;
pub mod client_registration;
pub mod error_response;
pub mod introspection;
pub mod logout_request;
mod multipart;
pub mod server_metadata;
pub mod token_request;
pub mod token_response;

use crate::x509::PresentedCertificate;
use http::{HeaderMap, Method};

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

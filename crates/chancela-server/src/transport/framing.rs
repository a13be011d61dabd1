//! Heads that two parsers could read in two ways, beyond those that hyper refuses itself.

use http::header::{HOST, TRANSFER_ENCODING};
use http::{HeaderMap, Request, Version};

/// Refuses a head that leaves open for whom it is or where its body ends (HS-01).
///
/// # Errors
/// What is wrong with it.
pub(super) fn check<B>(request: &Request<B>) -> Result<(), &'static str> {
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        // Two hosts are two requests to whoever stands before us (RFC 9112 section 3.2).
        (_, Some(_)) => Err("the request has more than one Host header"),
        (None, _) if request.version() == Version::HTTP_11 => Err("the request has no Host header"),
        _ if !plain_coding(request.headers()) => {
            Err("Transfer-Encoding may be `chunked`, once, and nothing else")
        }
        _ => Ok(()),
    }
}

/// Whether there is no transfer coding, or one and the usual one: nobody takes off another but hyper, which reads past
/// those that stand before `chunked`.
fn plain_coding(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => true,
        (Some(coding), None) => coding.as_bytes().eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => false,
    }
}

//! The online certificate status protocol (RFC 6960, RFC 9654): reading requests and answering them for one of our
//! authorities, which signs the answers itself. Which certificates there are is the caller's.

mod request;
mod response;

pub use request::{MAX_REQUEST_BYTES, OcspRequest};
pub use response::CertificateState;

/// Why a request gets no signed answer (RFC 6960 §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OcspError {
    /// It is no request, or one beyond our limits.
    #[error("the OCSP request is malformed or too large")]
    Malformed,
    /// It asks for certificates of an authority that we are not.
    #[error("the OCSP request asks about another authority")]
    Unauthorized,
    /// We could not answer.
    #[error("the OCSP response could not be signed")]
    Internal,
}

impl OcspError {
    /// The answer that says so: DER of an `OCSPResponse`, which nobody signs. For each there is one, so that it can be
    /// kept.
    pub const fn response(self) -> &'static [u8] {
        match self {
            Self::Malformed => b"\x30\x03\x0a\x01\x01",
            Self::Internal => b"\x30\x03\x0a\x01\x02",
            Self::Unauthorized => b"\x30\x03\x0a\x01\x06",
        }
    }
}

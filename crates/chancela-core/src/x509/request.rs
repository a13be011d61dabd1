//! Certification requests (PKCS #10, RFC 2986): proof that somebody has the private key of a public one, and nothing more.
//!
//! The subject, names and extensions that a request asks for are not even read out: what a certificate says comes from
//! our record of the client (requirements I-10, CE-01).

use super::pem;
use super::public_key::{KeyError, PublicKey};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::error::X509Error;
use x509_parser::oid_registry::{OID_PKCS1_SHA1WITHRSA, OID_SHA1_WITH_RSA};
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Version;

/// Largest request, in bytes, in either form.
pub const MAX_BYTES: usize = 16 * 1024;

/// Labels of PEM: RFC 7468 §7, and what older tools write.
const LABELS: [&str; 2] = ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"];

/// A request whose maker has the private key, and whose key is good enough to sign.
#[derive(Debug, Clone)]
pub struct CertificateRequest {
    public_key: PublicKey,
}

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// More than [`MAX_BYTES`].
    #[error("the request is larger than 16 KiB")]
    TooLarge,
    /// Neither PEM nor DER of a PKCS #10 request.
    #[error("the request is not PKCS #10; make it with `openssl req -new`")]
    Malformed,
    /// More than one request.
    #[error("there is more than one request; send them one by one")]
    MoreThanOne,
    /// MD5, SHA-1, or anything else that is not RSA with SHA-2, ECDSA with SHA-2 or Ed25519.
    #[error("the request's signature algorithm is not accepted; sign it with SHA-256")]
    SignatureAlgorithm,
    /// The signature is not by the private key of the request's public key.
    #[error("the request's signature is not by its own key")]
    Signature,
    /// The key is of a kind that is not accepted, or weak.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl CertificateRequest {
    /// Reads PEM (whatever text and line breaks stand around it) or DER, and verifies the key and the signature (RFC 2986
    /// §4.2).
    ///
    /// # Errors
    /// Why it is refused.
    pub fn parse(bytes: &[u8]) -> Result<Self, RequestError> {
        if bytes.len() > MAX_BYTES {
            return Err(RequestError::TooLarge);
        }
        let Some(text) = std::str::from_utf8(bytes).ok().filter(|text| text.contains("-----BEGIN ")) else {
            return Self::parse_der(bytes);
        };
        let sections = pem::sections(text, &LABELS).ok_or(RequestError::Malformed)?;
        match sections.as_slice() {
            [] => Err(RequestError::Malformed),
            [der] => Self::parse_der(der),
            _ => Err(RequestError::MoreThanOne),
        }
    }

    /// The key, which the request's maker has, and which passed [`PublicKey::check`].
    pub const fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// Takes the key out.
    pub fn into_public_key(self) -> PublicKey {
        self.public_key
    }

    fn parse_der(der: &[u8]) -> Result<Self, RequestError> {
        let Ok(([], request)) = X509CertificationRequest::from_der(der) else {
            return Err(RequestError::Malformed);
        };
        let info = &request.certification_request_info;
        if info.version != X509Version::V1 || request.signature_value.unused_bits != 0 {
            return Err(RequestError::Malformed);
        }
        let public_key = PublicKey::parse_der(info.subject_pki.raw)?;
        public_key.check()?;
        // The library accepts SHA-1 for certificates of old.
        let algorithm = &request.signature_algorithm.algorithm;
        if *algorithm == OID_PKCS1_SHA1WITHRSA || *algorithm == OID_SHA1_WITH_RSA {
            return Err(RequestError::SignatureAlgorithm);
        }
        match request.verify_signature() {
            Ok(()) => Ok(Self { public_key }),
            Err(X509Error::SignatureUnsupportedAlgorithm) => Err(RequestError::SignatureAlgorithm),
            Err(_) => Err(RequestError::Signature),
        }
    }
}

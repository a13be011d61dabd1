//! Why a chain or an anchor is not believed: one reason each, nothing of the certificates themselves.

use super::CertificateError;

/// Why a client's chain is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// No certificate.
    #[error("no certificate was presented")]
    Empty,
    /// More than [`super::MAX_CERTIFICATES`].
    #[error("more than 6 certificates were presented")]
    TooManyCertificates,
    /// More than [`super::MAX_CERTIFICATE_BYTES`].
    #[error("a certificate is larger than 16 KiB")]
    CertificateTooLarge,
    /// Not X.509 version 3, or not well-formed.
    #[error("a certificate is malformed")]
    Malformed,
    /// A critical extension that is not understood.
    #[error("a certificate has a critical extension that is not supported")]
    UnsupportedExtension,
    /// A certificate of the path is past its validity.
    #[error("a certificate of the chain is expired")]
    Expired,
    /// A certificate of the path is before its validity.
    #[error("a certificate of the chain is not valid yet")]
    NotYetValid,
    /// The path ends at an anchor of ours that is out of its validity.
    #[error("the certificate authority's own certificate is outside its validity")]
    AnchorOutsideValidity,
    /// No path to an anchor.
    #[error("the certificate's issuer is not known")]
    UnknownIssuer,
    /// The client's own certificate is one of an authority.
    #[error("a certificate authority's certificate cannot authenticate a client")]
    AuthorityAsClient,
    /// A certificate was issued by one that may not issue.
    #[error("the issuer's certificate may not sign certificates")]
    NotAnAuthority,
    /// A path length constraint is broken, or the path is too long at all.
    #[error("the chain is longer than its certificate authorities allow")]
    PathTooLong,
    /// Extended key usage without clientAuth, at the client or at one of its issuers.
    #[error("the certificate is not for client authentication (extended key usage)")]
    ExtendedKeyUsage,
    /// Key usage without digitalSignature.
    #[error("the certificate's key may not make signatures (key usage)")]
    KeyUsage,
    /// SHA-1, MD5, or an algorithm that does not fit the issuer's key.
    #[error("a certificate's signature algorithm is not accepted")]
    SignatureAlgorithm,
    /// The client's key is weak or of a kind that is not accepted.
    #[error("the certificate's key is too weak or of a kind that is not accepted")]
    WeakKey,
    /// A signature is wrong, or by an issuer's key that is too short.
    #[error("a certificate's signature is wrong")]
    Signature,
    /// A name that an issuer may not certify.
    #[error("the certificate's names are outside its issuer's constraints")]
    NameConstraints,
    /// The list of its issuer names it.
    #[error("a certificate of the chain is revoked")]
    Revoked,
    /// The list of an issuer is past its next update.
    #[error("the revocation list of an issuer is stale")]
    StaleRevocationList,
    /// The list of an issuer is not signed by that issuer, or cannot be understood.
    #[error("the revocation list of an issuer cannot be believed")]
    BadRevocationList,
    /// More signatures, paths or name comparisons than anybody needs.
    #[error("the chain is too complex")]
    TooComplex,
    /// A key that nobody should believe.
    #[error("a certificate's key is distrusted")]
    Distrusted,
}

/// Why a certificate cannot be a trust anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnchorError {
    /// The file is not readable as PEM certificates.
    #[error(transparent)]
    Certificates(#[from] CertificateError),
    /// It is not CA:TRUE, or its key usage lacks keyCertSign.
    #[error(
        "a certificate is not one of a certificate authority (CA:TRUE); take client certificates out of the file"
    )]
    NotAnAuthority,
    /// RSA below 2048 bits.
    #[error("a certificate authority has an RSA key of less than 2048 bits; take it out of the file")]
    WeakKey,
    /// Something that webpki does not understand.
    #[error(
        "a certificate authority's certificate cannot be used as a trust anchor; look at it with `openssl x509 -text`"
    )]
    Unsupported,
}

impl From<webpki::Error> for ChainError {
    fn from(error: webpki::Error) -> Self {
        use webpki::Error;
        match error {
            Error::CertExpired { .. } => Self::Expired,
            Error::CertNotValidYet { .. } => Self::NotYetValid,
            Error::UnknownIssuer => Self::UnknownIssuer,
            Error::CaUsedAsEndEntity => Self::AuthorityAsClient,
            Error::EndEntityUsedAsCa => Self::NotAnAuthority,
            Error::PathLenConstraintViolated | Error::MaximumPathDepthExceeded => Self::PathTooLong,
            Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => Self::ExtendedKeyUsage,
            Error::UnsupportedSignatureAlgorithmContext(_)
            | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_)
            | Error::SignatureAlgorithmMismatch => Self::SignatureAlgorithm,
            Error::InvalidSignatureForPublicKey => Self::Signature,
            Error::NameConstraintViolation
            | Error::MalformedNameConstraint
            | Error::InvalidNetworkMaskConstraint => Self::NameConstraints,
            Error::CertRevoked => Self::Revoked,
            Error::CrlExpired { .. } => Self::StaleRevocationList,
            Error::InvalidCrlSignatureForPublicKey
            | Error::InvalidCrlNumber
            | Error::IssuerNotCrlSigner
            | Error::UnknownRevocationStatus
            | Error::UnsupportedCrlSignatureAlgorithmContext(_)
            | Error::UnsupportedCrlSignatureAlgorithmForPublicKeyContext(_) => Self::BadRevocationList,
            Error::MaximumSignatureChecksExceeded
            | Error::MaximumPathBuildCallsExceeded
            | Error::MaximumNameConstraintComparisonsExceeded => Self::TooComplex,
            Error::UnsupportedCriticalExtension => Self::UnsupportedExtension,
            Error::CertDistrusted => Self::Distrusted,
            _ => Self::Malformed,
        }
    }
}

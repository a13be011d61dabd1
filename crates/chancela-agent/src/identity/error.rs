//! Why a certificate and a key cannot be used, and what is doubtful about those that can.

use crate::source::{SourceError, SourceWarning};
use chancela_core::x509::{CertificateError, EncryptionError, Pkcs12Error};

/// Why there is no identity. The text ends with what to do.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// A source cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// What was read cannot be used.
    #[error("certificate {from}{key}: {problem}")]
    Material {
        /// Where the certificate is.
        from: String,
        /// Where the key is, if elsewhere.
        key: String,
        /// Why.
        problem: IdentityProblem,
    },
}

/// What can be wrong with a certificate or its key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityProblem {
    /// Neither PEM nor PKCS #12.
    #[error(
        "neither PEM nor PKCS #12; convert it with `openssl x509 -inform DER -in FILE` or `openssl pkey -inform DER -in FILE`"
    )]
    NotPem,
    /// The certificates.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// No section with a private key.
    #[error("there is no section -----BEGIN PRIVATE KEY-----; name the file of the key, too")]
    NoKey,
    /// More than one.
    #[error("there are several private keys; leave the one that belongs to the certificate")]
    SeveralKeys,
    /// A PKCS #12 file and a key.
    #[error("a PKCS #12 file has its key in it; leave the key out, or give certificate and key as PEM")]
    KeyTwice,
    /// A kind of key that TLS here does not use.
    #[error(
        "the key is damaged, or it is neither RSA of 2048 bits or more nor P-256, P-384, P-521 or Ed25519; ask for a certificate with such a key"
    )]
    KeyKind,
    /// OpenSSL's own encryption, whose key is one round of MD5.
    #[error(
        "the key is encrypted in OpenSSL's old way; convert it with `openssl pkcs8 -topk8 -v2 aes-256-cbc -in old.pem -out new.pem`"
    )]
    OldEncryption,
    /// It is encrypted, and nobody said with what.
    #[error("the key is encrypted; name the source of its passphrase")]
    NoPassphrase,
    /// Another passphrase.
    #[error("the passphrase is wrong, or the key is damaged; check it with `openssl pkey -in FILE -noout`")]
    WrongPassphrase,
    /// The encryption of a key.
    #[error("the key is {0}")]
    Encryption(EncryptionError),
    /// The PKCS #12 file.
    #[error("PKCS #12: {0}")]
    Pkcs12(#[from] Pkcs12Error),
    /// No certificate of this key.
    #[error(
        "no certificate there is of this private key; give a certificate and the key that it was requested with"
    )]
    Mismatch,
    /// Its time has not come.
    #[error(
        "it is valid only in {days} days; check this machine's clock, or keep the certificate before it until then"
    )]
    NotYetValid {
        /// Whole days until then.
        days: i64,
    },
    /// Its time is over.
    #[error("it expired {days} days ago; get a new one from whoever issued it")]
    Expired {
        /// Whole days since then.
        days: i64,
    },
}

/// What is doubtful about an identity that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityWarning {
    /// The key or its passphrase can be read by others.
    #[error(transparent)]
    Source(SourceWarning),
    /// Its extended key usage does not name clientAuth (RFC 5280 section 4.2.1.12).
    #[error(
        "the certificate is not made for clients (no clientAuth), and many servers refuse it; ask for one that is"
    )]
    NotForClients,
    /// Its key usage forbids signatures (RFC 5280 section 4.2.1.3), and each handshake is one.
    #[error(
        "the certificate's key may not sign (no digitalSignature), and many servers refuse it; ask for one that may"
    )]
    MayNotSign,
}

//! Why a listener's certificate or key is not usable.

use std::io;
use std::path::PathBuf;

/// Why TLS cannot be served. The text ends with what to do.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{path}: {error}; check that the file exists and that the server's user may read it")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A file is larger than any certificate chain or key.
    #[error("{path} is larger than 1 MiB; name a PEM file with one certificate chain or one key")]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The private key can be read by others.
    #[error("private key {path} can be read by others (mode {mode:o}); run: chmod 0400 {path}")]
    Readable {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The certificate file has no chain.
    #[error("{path} has no certificate in PEM; write the server's certificate there, then those above it")]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// The key file has no private key.
    #[error("{path} has no private key in PEM; write the key of the server's certificate there, unencrypted")]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// The key is of another certificate.
    #[error(
        "private key {key} is not the key of the first certificate in {certificate}; put the server's own certificate \
         first, and replace both files together"
    )]
    Mismatch {
        /// The certificate file.
        certificate: PathBuf,
        /// The key file.
        key: PathBuf,
    },
    /// Certificate or key are of a sort that is not served.
    #[error(
        "{certificate} and {key} cannot be used ({reason}); use a P-256 or an RSA key of 2048 bits or more"
    )]
    Unusable {
        /// The certificate file.
        certificate: PathBuf,
        /// The key file.
        key: PathBuf,
        /// What the library said.
        reason: String,
    },
    /// The certificate is not valid yet.
    #[error("the certificate in {path} is not valid yet; check the clock, or wait with replacing it")]
    NotYetValid {
        /// The file.
        path: PathBuf,
    },
    /// The certificate is not valid any more.
    #[error("the certificate in {path} has expired; renew it")]
    Expired {
        /// The file.
        path: PathBuf,
    },
    /// The library refused its set-up.
    #[error("TLS cannot be set up ({0}); report this with the program's version")]
    Setup(String),
}

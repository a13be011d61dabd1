//! PKCS #12 (RFC 7292): a private key and its certificates in one file under a password. Written as OpenSSL 3 writes it
//! (PBES2, HMAC-SHA-256); read from any tool that encrypts with PBES2.

mod decode;
mod encode;
mod mac;

pub use decode::{Pkcs12, decode_pkcs12};
pub use encode::encode_pkcs12;

use super::pbes2::{EncryptionError, MAX_ITERATIONS};
use crate::entropy::EntropyError;
use zeroize::Zeroizing;

/// Why there is no file, or nothing in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Pkcs12Error {
    /// It is not in the format.
    #[error("not a PKCS #12 file in DER; export it again")]
    Malformed,
    /// It is encrypted with RC2 or triple DES.
    #[error(
        "encrypted with RC2 or triple DES; convert it with `openssl pkcs12 -legacy -in old.p12 -nodes -out plain.pem && openssl pkcs12 -export -in plain.pem -out new.p12`, then delete plain.pem"
    )]
    Legacy,
    /// It is protected by something that we do not read.
    #[error(
        "protected by something other than a password, PBES2 with AES-CBC and an HMAC with SHA-1, SHA-256 or SHA-512 of at most {MAX_ITERATIONS} iterations; export it with the defaults of OpenSSL 3"
    )]
    Unsupported,
    /// The password is another one.
    #[error("the password is wrong, or the file is damaged")]
    WrongPassword,
    /// The password is empty; a file that anyone opens is not made.
    #[error("the password is empty; give one")]
    EmptyPassword,
    /// There is not exactly one private key in it.
    #[error("the file does not have exactly one private key; export one key with its certificates")]
    Key,
    /// There is no certificate of the key.
    #[error("the file has no certificate of its private key; export the key with its certificates")]
    Certificate,
    /// There were no random numbers.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The primitive failed.
    #[error("encryption failed")]
    Failed,
}

impl From<EncryptionError> for Pkcs12Error {
    fn from(error: EncryptionError) -> Self {
        match error {
            EncryptionError::Malformed => Self::Malformed,
            EncryptionError::Legacy => Self::Legacy,
            EncryptionError::Unsupported => Self::Unsupported,
            EncryptionError::WrongPassword => Self::WrongPassword,
            EncryptionError::Entropy(error) => Self::Entropy(error),
            EncryptionError::Failed => Self::Failed,
        }
    }
}

/// A text as `BMPString`: UTF-16, big-endian. What lies outside the basic plane is written as surrogates, as all tools do.
fn bmp(text: &str) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() * 2 + 2));
    text.encode_utf16().for_each(|unit| bytes.extend_from_slice(&unit.to_be_bytes()));
    bytes
}

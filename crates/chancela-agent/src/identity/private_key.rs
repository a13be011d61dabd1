//! A private key in PEM: PKCS #8, plain or encrypted with PBES2, PKCS #1 for RSA and SEC 1 for elliptic curves.

use super::IdentityProblem;
use chancela_core::secret::Secret;
use chancela_core::x509::{EncryptionError, decode_pem, decrypt_private_key};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};
use zeroize::Zeroizing;

/// The DER of a private key in one of its three forms. It is wiped when dropped, which those of the TLS library are not.
pub(super) enum PrivateKey {
    /// RFC 5958.
    Pkcs8(Zeroizing<Vec<u8>>),
    /// RFC 8017 appendix A.1.2.
    Pkcs1(Zeroizing<Vec<u8>>),
    /// RFC 5915.
    Sec1(Zeroizing<Vec<u8>>),
}

impl PrivateKey {
    /// The one private key of a text; certificates and parameters of curves beside it do not count.
    pub(super) fn from_pem(text: &str, passphrase: Option<&Secret>) -> Result<Self, IdentityProblem> {
        let mut labels = text.split("-----BEGIN ").skip(1).filter_map(|section| section.split_once("-----"));
        let mut keys = labels.by_ref().filter(|(label, _)| label.ends_with("PRIVATE KEY"));
        let (label, body) = keys.next().ok_or(IdentityProblem::NoKey)?;
        if keys.next().is_some() {
            return Err(IdentityProblem::SeveralKeys);
        }
        if body.trim_start().starts_with("Proc-Type:") {
            return Err(IdentityProblem::OldEncryption);
        }
        let plain = || decode_pem(label, text).ok_or(IdentityProblem::KeyKind);
        match label {
            "PRIVATE KEY" => plain().map(Self::Pkcs8),
            "RSA PRIVATE KEY" => plain().map(Self::Pkcs1),
            "EC PRIVATE KEY" => plain().map(Self::Sec1),
            "ENCRYPTED PRIVATE KEY" => {
                let passphrase = passphrase.ok_or(IdentityProblem::NoPassphrase)?;
                let key = decrypt_private_key(text, passphrase.expose());
                key.map(Self::Pkcs8).map_err(|error| match error {
                    EncryptionError::WrongPassword => IdentityProblem::WrongPassphrase,
                    other => IdentityProblem::Encryption(other),
                })
            }
            _ => Err(IdentityProblem::KeyKind),
        }
    }

    pub(super) fn as_der(&self) -> PrivateKeyDer<'_> {
        match self {
            Self::Pkcs8(der) => PrivatePkcs8KeyDer::from(der.as_slice()).into(),
            Self::Pkcs1(der) => PrivatePkcs1KeyDer::from(der.as_slice()).into(),
            Self::Sec1(der) => PrivateSec1KeyDer::from(der.as_slice()).into(),
        }
    }
}

//! The certificate with which a client authenticates by mutual TLS (RFC 8705 section 2), its key, and their replacement
//! while connections are open.
//!
//! Owns what is sent in a handshake. Whom we talk to, and what a token is bound to, is decided elsewhere: see
//! [`Identity::thumbprint`].

mod error;
mod holder;
mod private_key;

pub use error::{IdentityError, IdentityProblem, IdentityWarning};
pub use holder::{ClientIdentity, Look};

use crate::source::{Reading, Source, Surroundings};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use chancela_core::secret::Secret;
use chancela_core::time::Timestamp;
use chancela_core::x509::{Certificate, decode_pkcs12};
use private_key::PrivateKey;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::CertificateDer;
use rustls::sign::{CertifiedKey, SigningKey};
use std::fmt;
use std::sync::Arc;

/// Seconds of a day.
const DAY: i64 = 24 * 3600;

/// Where certificate and key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityFiles {
    /// The certificate with those above it in PEM, in any order, or a PKCS #12 file with everything.
    pub certificate: Source,
    /// The private key in PEM. `None` if it is in the same place as the certificate.
    pub key: Option<Source>,
    /// What opens the key or the PKCS #12 file.
    pub passphrase: Option<Source>,
}

/// What [`IdentityFiles`] hold.
#[derive(Debug, Clone, Copy)]
pub struct Material<'a> {
    /// Certificates in PEM, or PKCS #12.
    pub certificate: &'a [u8],
    /// The private key, where it is elsewhere.
    pub key: Option<&'a [u8]>,
    /// What opens either.
    pub passphrase: Option<&'a Secret>,
}

/// A certificate with its key, which fit and are valid.
pub struct Identity {
    certified: Arc<CertifiedKey>,
    certificate: Certificate,
    warnings: Vec<IdentityWarning>,
}

impl Identity {
    /// Reads and checks the files.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn read(files: &IdentityFiles, around: &Surroundings, now: Timestamp) -> Result<Self, IdentityError> {
        let certificate = files.certificate.read(around)?;
        let key = files.key.as_ref().map(|key| key.read(around)).transpose()?;
        let passphrase = files.passphrase.as_ref().map(|source| source.read(around)).transpose()?;
        let text = passphrase.as_ref().map(Reading::text).transpose()?;
        let material = Material {
            certificate: certificate.bytes(),
            key: key.as_ref().map(Reading::bytes),
            passphrase: text.as_ref(),
        };
        let mut own = Self::parse(&material, now).map_err(|problem| IdentityError::Material {
            from: files.certificate.to_string(),
            key: files.key.as_ref().map(|key| format!(" with {key}")).unwrap_or_default(),
            problem,
        })?;
        // Whoever reads a certificate's file learns nothing, unless the key is in it.
        let secret = [key.as_ref().or(Some(&certificate)), passphrase.as_ref()];
        let warnings = secret.into_iter().flatten().filter_map(Reading::warning);
        own.warnings.extend(warnings.cloned().map(IdentityWarning::Source));
        Ok(own)
    }

    /// The certificates of the files, the client's own first, whether or not they are valid now: what a calendar shows. Of PEM
    /// neither key nor passphrase is read, so that a look each minute asks no keyring and decrypts nothing.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn certificates(
        files: &IdentityFiles,
        around: &Surroundings,
    ) -> Result<Vec<Certificate>, IdentityError> {
        let certificate = files.certificate.read(around)?;
        let read = if is_pem(certificate.bytes()) {
            let text = std::str::from_utf8(certificate.bytes()).map_err(|_| IdentityProblem::NotPem);
            text.and_then(|text| Ok(Certificate::parse_pem_chain(text)?)).map(own_first)
        } else {
            let passphrase = files.passphrase.as_ref().map(|source| source.read(around)?.text());
            let passphrase = passphrase.transpose()?;
            let bytes = certificate.bytes();
            let material = Material { certificate: bytes, key: None, passphrase: passphrase.as_ref() };
            material.open().map(|(_, chain)| chain)
        };
        read.map_err(|problem| IdentityError::Material {
            from: files.certificate.to_string(),
            key: String::new(),
            problem,
        })
    }

    /// Checks what files hold.
    ///
    /// # Errors
    /// [`IdentityProblem`].
    pub fn parse(material: &Material<'_>, now: Timestamp) -> Result<Self, IdentityProblem> {
        let (key, chain) = material.open()?;
        let certificate = chain.first().cloned().ok_or(IdentityProblem::Mismatch)?;
        check_time(&certificate, now)?;
        let chain = chain.iter().map(|one| CertificateDer::from(one.der.to_vec())).collect();
        let certified = Arc::new(CertifiedKey::new(chain, key));
        let uses = [
            (certificate.client_auth, IdentityWarning::NotForClients),
            (certificate.may_sign(), IdentityWarning::MayNotSign),
        ];
        let warnings = uses.into_iter().filter_map(|(good, warning)| (!good).then_some(warning)).collect();
        Ok(Self { certified, certificate, warnings })
    }

    /// The client's own certificate, whose `not_after` is what a calendar wants.
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// What a handshake sends and signs with.
    pub const fn certified_key(&self) -> &Arc<CertifiedKey> {
        &self.certified
    }

    /// The SHA-256 of the certificate in base64url: `x5t#S256` of a token that is bound to it (RFC 8705 section 3.1).
    pub fn thumbprint(&self) -> String {
        BASE64URL.encode(self.certificate.sha256)
    }

    /// What is wrong though it may work.
    pub fn warnings(&self) -> &[IdentityWarning] {
        &self.warnings
    }
}

impl Material<'_> {
    /// The certificate of the key, whether or not it is valid now.
    ///
    /// # Errors
    /// [`IdentityProblem`]: it cannot be read, or there is none of this key.
    pub fn certificate(&self) -> Result<Certificate, IdentityProblem> {
        self.open()?.1.into_iter().next().ok_or(IdentityProblem::Mismatch)
    }

    /// The key, and its certificate with those above it.
    fn open(&self) -> Result<(Arc<dyn SigningKey>, Vec<Certificate>), IdentityProblem> {
        let (certificates, key) = if is_pem(self.certificate) { from_pem(self)? } else { from_pkcs12(self)? };
        let key = any_supported_type(&key.as_der()).map_err(|_| IdentityProblem::KeyKind)?;
        let chain = chain_of(&*key, certificates).ok_or(IdentityProblem::Mismatch)?;
        Ok((key, chain))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.thumbprint())
    }
}

fn is_pem(bytes: &[u8]) -> bool {
    bytes.windows(11).any(|window| window == b"-----BEGIN ")
}

fn from_pem(material: &Material<'_>) -> Result<(Vec<Certificate>, PrivateKey), IdentityProblem> {
    let text = |bytes| std::str::from_utf8(bytes).map_err(|_| IdentityProblem::NotPem);
    let own = text(material.certificate)?;
    let certificates = Certificate::parse_pem_chain(own)?;
    let key = match material.key {
        Some(key) if !is_pem(key) => return Err(IdentityProblem::NotPem),
        Some(key) => text(key)?,
        None => own,
    };
    Ok((certificates, PrivateKey::from_pem(key, material.passphrase)?))
}

fn from_pkcs12(material: &Material<'_>) -> Result<(Vec<Certificate>, PrivateKey), IdentityProblem> {
    // What every DER begins with; text that is no PEM gets a better answer than bytes that are no PKCS #12.
    if material.certificate.first() != Some(&0x30) {
        return Err(IdentityProblem::NotPem);
    }
    if material.key.is_some() {
        return Err(IdentityProblem::KeyTwice);
    }
    let password = material.passphrase.map_or("", Secret::expose);
    let opened = decode_pkcs12(material.certificate, password).map_err(|error| match error {
        chancela_core::x509::Pkcs12Error::WrongPassword if material.passphrase.is_none() => {
            IdentityProblem::NoPassphrase
        }
        other => IdentityProblem::Pkcs12(other),
    })?;
    let certificates = opened.chain.iter().map(|der| Certificate::parse_der(der)).collect::<Option<_>>();
    let certificates = certificates.ok_or(chancela_core::x509::CertificateError::Malformed)?;
    Ok((certificates, PrivateKey::Pkcs8(opened.key)))
}

/// The key's certificate, of several the one that lives longest, and from there upwards whatever signed the one before it.
/// Files have other orders and other certificates too often to refuse them.
fn chain_of(key: &dyn SigningKey, left: Vec<Certificate>) -> Option<Vec<Certificate>> {
    let public = key.public_key()?;
    let own = left.iter().enumerate().filter(|(_, one)| one.public_key_der() == public.as_ref());
    let at = own.max_by_key(|(_, one)| one.not_after).map(|(at, _)| at);
    at.map(|at| upwards(left, at))
}

/// The same without the key: what is no authority is the client's.
fn own_first(left: Vec<Certificate>) -> Vec<Certificate> {
    let own = left.iter().enumerate().max_by_key(|(_, one)| (!one.is_ca, one.not_after)).map(|(at, _)| at);
    own.map(|at| upwards(left, at)).unwrap_or_default()
}

fn upwards(mut left: Vec<Certificate>, own: usize) -> Vec<Certificate> {
    let mut at = Some(own);
    let mut chain = Vec::new();
    while let Some(next) = at {
        let certificate = left.swap_remove(next);
        at = left.iter().position(|above| above.subject.matches(&certificate.issuer));
        chain.push(certificate);
    }
    chain
}

fn check_time(certificate: &Certificate, now: Timestamp) -> Result<(), IdentityProblem> {
    let now = now.seconds();
    if now < certificate.not_before {
        return Err(IdentityProblem::NotYetValid { days: (certificate.not_before - now) / DAY });
    }
    if now > certificate.not_after {
        return Err(IdentityProblem::Expired { days: (now - certificate.not_after) / DAY });
    }
    Ok(())
}

#[cfg(test)]
mod tests;

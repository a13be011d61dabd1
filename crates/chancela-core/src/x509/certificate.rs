//! What is read of an X.509 certificate (RFC 5280 §4): names, validity, key and uses.
//!
//! Reading only. A certificate that was read is not believed: see [`super::trust`].

use super::name::DistinguishedName;
use super::public_key::PublicKey;
use super::{header, pem};
use crate::secret::sha256;
use crate::text::is_plain;
use crate::time::Timestamp;
use core::net::IpAddr;
use std::sync::Arc;
use x509_parser::extensions::{GeneralName, ParsedExtension, SubjectAlternativeName};
use x509_parser::prelude::{FromDer, X509Certificate};

/// Largest certificate that is read, in bytes.
const MAX_DER_BYTES: usize = 64 * 1024;

/// Most certificates of a file, and its size in bytes.
const MAX_FILE_CERTIFICATES: usize = 256;
const MAX_FILE_BYTES: usize = 2 * 1024 * 1024;

/// What is needed of a certificate.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// Its DER encoding.
    pub der: Arc<[u8]>,
    /// SHA-256 of its DER encoding: what tokens are bound to (RFC 8705 §3.1).
    pub sha256: [u8; 32],
    /// SHA-256 of the DER of its `SubjectPublicKeyInfo`.
    pub public_key_sha256: [u8; 32],
    /// Its serial number: content octets of the integer, big-endian, with a leading zero where DER wants one.
    pub serial: Box<[u8]>,
    /// Whom it is about.
    pub subject: DistinguishedName,
    /// Who signed it, as it says itself.
    pub issuer: DistinguishedName,
    /// Start of its validity, seconds since the epoch.
    pub not_before: i64,
    /// End of its validity, seconds since the epoch.
    pub not_after: i64,
    /// Its subject alternative names.
    pub alt_names: AltNames,
    /// Whether its basic constraints call it a certificate authority (RFC 5280 §4.2.1.9).
    pub is_ca: bool,
    /// Whether a client may authenticate with it: it has no extended key usage, or one that names clientAuth (RFC 5280
    /// §4.2.1.12). anyExtendedKeyUsage alone is not enough: who wants mutual TLS says so.
    pub client_auth: bool,
    /// `KeyUsage` bits, the first one lowest, where it has them.
    key_usage: Option<u16>,
    /// Identifier of the key that signed it, where it says.
    pub(super) authority_key_id: Option<Box<[u8]>>,
    /// Where its `SubjectPublicKeyInfo` stands in the DER.
    public_key: (usize, usize),
}

/// Subject alternative names (RFC 5280 §4.2.1.6) of the four kinds that RFC 8705 §2.1.2 knows. Those that are malformed
/// or that have a control character or an invisible one are left out: they name nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AltNames {
    /// dNSName.
    pub dns: Vec<Box<str>>,
    /// uniformResourceIdentifier.
    pub uris: Vec<Box<str>>,
    /// rfc822Name.
    pub emails: Vec<Box<str>>,
    /// iPAddress.
    pub ips: Vec<IpAddr>,
}

/// Why a file holds no certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// More than 2 MiB or 256 certificates.
    #[error("the file has more than 256 certificates or 2 MiB; divide it")]
    TooLarge,
    /// A section that is not PEM of a certificate.
    #[error("a section CERTIFICATE is not PEM of an X.509 certificate; make it with `openssl x509 -in FILE`")]
    Malformed,
    /// No section CERTIFICATE.
    #[error("the file has no section -----BEGIN CERTIFICATE-----; give it as PEM")]
    NoCertificate,
}

impl Certificate {
    /// Reads DER.
    pub fn parse_der(der: &[u8]) -> Option<Self> {
        if der.len() > MAX_DER_BYTES {
            return None;
        }
        let (rest, parsed) = X509Certificate::from_der(der).ok()?;
        if !rest.is_empty() {
            return None;
        }
        let usage = parsed.extended_key_usage().ok()?;
        let alternatives = parsed.subject_alternative_name().ok()?;
        let spki = parsed.public_key().raw;
        let start = spki.as_ptr().addr().checked_sub(der.as_ptr().addr())?;
        Some(Self {
            der: der.into(),
            sha256: sha256(der),
            public_key_sha256: sha256(spki),
            serial: parsed.tbs_certificate.raw_serial().into(),
            subject: DistinguishedName::from_x509(parsed.subject()).ok()?,
            issuer: DistinguishedName::from_x509(parsed.issuer()).ok()?,
            not_before: parsed.validity().not_before.timestamp(),
            not_after: parsed.validity().not_after.timestamp(),
            alt_names: alternatives.map(|names| AltNames::read(names.value)).unwrap_or_default(),
            is_ca: parsed.basic_constraints().ok()?.is_some_and(|constraints| constraints.value.ca),
            client_auth: usage.is_none_or(|usage| usage.value.client_auth),
            key_usage: parsed.key_usage().ok()?.map(|usage| usage.value.flags),
            authority_key_id: authority_key_id(&parsed),
            public_key: (start, spki.len()),
        })
    }

    /// Reads a header value: PEM whose line breaks became spaces, the two characters `\n`, or percent-encoded; or the
    /// base64 alone. The first certificate counts if several follow each other.
    pub fn parse_header(text: &str) -> Option<Self> {
        header::parse(text)
    }

    /// Reads a file of PEM certificates, in its order. Other sections and text between them do not count.
    ///
    /// # Errors
    /// The file is too large, or has no certificate, or a broken one.
    pub fn parse_pem_chain(text: &str) -> Result<Vec<Self>, CertificateError> {
        if text.len() > MAX_FILE_BYTES {
            return Err(CertificateError::TooLarge);
        }
        let sections = pem::sections(text, &["CERTIFICATE"]).ok_or(CertificateError::Malformed)?;
        match sections.len() {
            0 => Err(CertificateError::NoCertificate),
            1..=MAX_FILE_CERTIFICATES => {
                let read = sections.iter().map(|der| Self::parse_der(der));
                read.collect::<Option<_>>().ok_or(CertificateError::Malformed)
            }
            _ => Err(CertificateError::TooLarge),
        }
    }

    /// DER of its `SubjectPublicKeyInfo`.
    pub fn public_key_der(&self) -> &[u8] {
        let (start, length) = self.public_key;
        self.der.get(start..).and_then(|rest| rest.get(..length)).unwrap_or_default()
    }

    /// Its key, if that is of a kind that is known here.
    pub fn public_key(&self) -> Option<PublicKey> {
        PublicKey::parse_der(self.public_key_der()).ok()
    }

    /// Whether `now` is within its validity.
    pub const fn is_valid_at(&self, now: Timestamp) -> bool {
        self.not_before <= now.seconds() && now.seconds() <= self.not_after
    }

    /// Whether its key may sign a TLS handshake: it has no key usage, or one with digitalSignature (RFC 5280 §4.2.1.3).
    pub const fn may_sign(&self) -> bool {
        self.may(0)
    }

    /// Whether its key may sign certificates: it has no key usage, or one with keyCertSign (RFC 5280 §4.2.1.3).
    pub const fn may_sign_certificates(&self) -> bool {
        self.may(5)
    }

    const fn may(&self, bit: u32) -> bool {
        match self.key_usage {
            Some(bits) => bits >> bit & 1 == 1,
            None => true,
        }
    }
}

impl AltNames {
    fn read(names: &SubjectAlternativeName<'_>) -> Self {
        let mut out = Self::default();
        for name in &names.general_names {
            match name {
                GeneralName::DNSName(text) if is_plain(text) => out.dns.push((*text).into()),
                GeneralName::URI(text) if is_plain(text) => out.uris.push((*text).into()),
                GeneralName::RFC822Name(text) if is_plain(text) => out.emails.push((*text).into()),
                GeneralName::IPAddress(bytes) => out.ips.extend(ip(bytes)),
                _ => {}
            }
        }
        out
    }
}

fn ip(bytes: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

fn authority_key_id(parsed: &X509Certificate<'_>) -> Option<Box<[u8]>> {
    parsed.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(id) => id.key_identifier.as_ref().map(|id| id.0.into()),
        _ => None,
    })
}

//! Certificate revocation lists (RFC 5280 §5): bounded reading, and which of several lists speaks for a chain.
//!
//! Signatures of lists are verified with the chain, by webpki, which refuses every certificate of an issuer whose list has
//! a bad one; [`RevocationList::check_signature`] is asked before a list takes the place of another. Delta and indirect
//! lists are not supported.

use super::certificate::Certificate;
use super::name::DistinguishedName;
use super::pem;
use super::trust::ALGORITHMS;
use std::borrow::Cow;
use std::sync::Arc;
use webpki::{CertRevocationList, OwnedCertRevocationList};
use x509_parser::asn1_rs::{Any, BitString, FromDer, Tag};
use x509_parser::extensions::{ParsedExtension, X509Extension};
use x509_parser::time::ASN1Time;

/// Largest list, in bytes of DER: some half a million certificates.
pub const MAX_BYTES: usize = 20 * 1024 * 1024;

/// Largest file with a list, which may be PEM, in bytes.
pub const MAX_FILE_BYTES: usize = 2 * MAX_BYTES;

/// One revocation list. Clones share it.
#[derive(Debug, Clone)]
pub struct RevocationList {
    list: Arc<CertRevocationList<'static>>,
    issuer: Arc<DistinguishedName>,
    this_update: i64,
    next_update: i64,
    authority_key_id: Option<Box<[u8]>>,
}

/// Why a revocation list is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RevocationListError {
    /// More than [`MAX_BYTES`].
    #[error("the revocation list is larger than 20 MiB")]
    TooLarge,
    /// Not DER of a list, or not exactly one section `X509 CRL`.
    #[error("it is not one X.509 revocation list; make it with `openssl crl -in FILE`")]
    Malformed,
    /// Version 1, without nextUpdate or number, a delta, indirect, or for some reasons only.
    #[error(
        "the revocation list is of a kind that is not supported; give a full list of version 2 with nextUpdate"
    )]
    Unsupported,
    /// The name of a trusted authority, and a signature by none of that name.
    #[error(
        "the revocation list names a trusted authority that did not sign it; put that authority's own list there, or \
         trust its new certificate if it has a new key"
    )]
    Signature,
}

impl RevocationList {
    /// Reads DER.
    ///
    /// # Errors
    /// Why it is refused. The signature is not verified here.
    pub fn parse_der(der: &[u8]) -> Result<Self, RevocationListError> {
        if der.len() > MAX_BYTES {
            return Err(RevocationListError::TooLarge);
        }
        let head = Head::read(der).ok_or(RevocationListError::Malformed)?;
        let list = OwnedCertRevocationList::from_der(der).map_err(|error| match error {
            webpki::Error::UnsupportedCrlVersion
            | webpki::Error::UnsupportedDeltaCrl
            | webpki::Error::UnsupportedIndirectCrl
            | webpki::Error::UnsupportedCriticalExtension
            | webpki::Error::UnsupportedCrlIssuingDistributionPoint
            | webpki::Error::UnsupportedRevocationReason
            | webpki::Error::UnsupportedRevocationReasonsPartitioning => RevocationListError::Unsupported,
            _ => RevocationListError::Malformed,
        })?;
        Ok(Self {
            issuer: Arc::new(head.issuer),
            this_update: head.this_update,
            next_update: head.next_update.ok_or(RevocationListError::Unsupported)?,
            authority_key_id: head.authority_key_id,
            list: Arc::new(list.into()),
        })
    }

    /// The DER of a file: DER itself, or PEM with exactly one section `X509 CRL`.
    ///
    /// # Errors
    /// It is neither.
    pub fn der_of(file: &[u8]) -> Result<Cow<'_, [u8]>, RevocationListError> {
        let Ok(text) = std::str::from_utf8(file) else { return Ok(file.into()) };
        if text.len() > MAX_FILE_BYTES {
            return Err(RevocationListError::TooLarge);
        }
        let mut sections = pem::sections(text, &["X509 CRL"]).ok_or(RevocationListError::Malformed)?;
        match (sections.pop(), sections.is_empty()) {
            (Some(der), true) => Ok(der.into()),
            _ => Err(RevocationListError::Malformed),
        }
    }

    /// Reads PEM with exactly one section `X509 CRL`.
    ///
    /// # Errors
    /// Why it is refused. The signature is not verified here.
    pub fn parse_pem(text: &str) -> Result<Self, RevocationListError> {
        Self::parse_der(&Self::der_of(text.as_bytes())?)
    }

    /// Who issued it, as it says itself.
    pub fn issuer(&self) -> &DistinguishedName {
        &self.issuer
    }

    /// When it was made, seconds since the epoch.
    pub const fn this_update(&self) -> i64 {
        self.this_update
    }

    /// When the next one is due, seconds since the epoch. From then on the list refuses what its issuer signed.
    pub const fn next_update(&self) -> i64 {
        self.next_update
    }

    /// Whether the DER of a list carries the name of this authority and a good signature by its key.
    pub fn is_signed_by(der: &[u8], authority: &Certificate) -> bool {
        signature(der, authority).is_some()
    }

    /// Checks the signature of a list that names one of `authorities`. One of another issuer is let through: that one's
    /// certificate comes with a chain, and the list's signature is verified then.
    ///
    /// # Errors
    /// [`RevocationListError::Signature`].
    pub fn check_signature(
        &self,
        der: &[u8],
        authorities: &[Certificate],
    ) -> Result<(), RevocationListError> {
        let mut named = authorities.iter().filter(|own| own.subject.matches(&self.issuer)).peekable();
        let good = named.peek().is_none() || named.any(|own| Self::is_signed_by(der, own));
        if good { Ok(()) } else { Err(RevocationListError::Signature) }
    }

    /// What webpki is to look at for a chain whose certificates name these signing keys: newest first, because it takes
    /// the first list of an issuer. A list by another key of an issuer is left out where there is one by a named key,
    /// so that an authority that changed its key under its name can be checked against the right list.
    pub(super) fn applicable<'a>(
        lists: &'a [Self],
        key_ids: &[&[u8]],
    ) -> Vec<&'a CertRevocationList<'static>> {
        let is_named = |list: &Self| list.authority_key_id.as_deref().is_some_and(|id| key_ids.contains(&id));
        let better = |list: &Self| {
            lists.iter().any(|other| other.list.issuer() == list.list.issuer() && is_named(other))
        };
        let applies = |list: &&Self| list.authority_key_id.is_none() || is_named(list) || !better(list);
        let mut chosen: Vec<&Self> = lists.iter().filter(applies).collect();
        chosen.sort_by_key(|list| std::cmp::Reverse(list.this_update));
        chosen.into_iter().map(|list| &*list.list).collect()
    }
}

/// What stands around the entries of a list, which are not read here: there may be many.
struct Head {
    issuer: DistinguishedName,
    this_update: i64,
    next_update: Option<i64>,
    authority_key_id: Option<Box<[u8]>>,
}

impl Head {
    /// Walks over `TBSCertList` (RFC 5280 §5.1).
    fn read(der: &[u8]) -> Option<Self> {
        let (rest, list) = Any::from_der(der).ok()?;
        let (_, tbs) = Any::from_der(list.data).ok()?;
        if !rest.is_empty() || list.tag() != Tag::Sequence || tbs.tag() != Tag::Sequence {
            return None;
        }
        let (after_version, first) = Any::from_der(tbs.data).ok()?;
        let rest = if first.tag() == Tag::Integer { after_version } else { tbs.data };
        let (at_issuer, _algorithm) = Any::from_der(rest).ok()?;
        let (after_issuer, _) = Any::from_der(at_issuer).ok()?;
        let issuer = at_issuer.get(..at_issuer.len() - after_issuer.len())?;
        let (rest, this_update) = ASN1Time::from_der(after_issuer).ok()?;
        let (rest, next_update) = match ASN1Time::from_der(rest) {
            Ok((rest, time)) => (rest, Some(time.timestamp())),
            Err(_) => (rest, None),
        };
        Some(Self {
            issuer: DistinguishedName::parse_der(issuer).ok()?,
            this_update: this_update.timestamp(),
            next_update,
            authority_key_id: authority_key_id(rest),
        })
    }
}

/// The identifier of the signing key among the list's own extensions, which stand in `[0]` after the entries.
fn authority_key_id(mut rest: &[u8]) -> Option<Box<[u8]>> {
    while let Ok((after, any)) = Any::from_der(rest) {
        rest = after;
        if any.tag() != Tag(0) {
            continue;
        }
        let (_, extensions) = Any::from_der(any.data).ok()?;
        let mut rest = extensions.data;
        while let Ok((after, extension)) = X509Extension::from_der(rest) {
            rest = after;
            if let ParsedExtension::AuthorityKeyIdentifier(id) = extension.parsed_extension() {
                return id.key_identifier.as_ref().map(|id| id.0.into());
            }
        }
    }
    None
}

/// Answers only if issuer and signature are those of `authority`, by an algorithm that webpki takes.
fn signature(der: &[u8], authority: &Certificate) -> Option<()> {
    let head = Head::read(der)?;
    let (_, list) = Any::from_der(der).ok()?;
    let (at_algorithm, _) = Any::from_der(list.data).ok()?;
    let signed = list.data.get(..list.data.len() - at_algorithm.len())?;
    let (rest, algorithm) = Any::from_der(at_algorithm).ok()?;
    let (rest, signature) = BitString::from_der(rest).ok()?;
    if !rest.is_empty() || signature.unused_bits != 0 || !head.issuer.matches(&authority.subject) {
        return None;
    }
    let (_, key) = Any::from_der(authority.public_key_der()).ok()?;
    let (rest, kind) = Any::from_der(key.data).ok()?;
    let (_, key) = BitString::from_der(rest).ok()?;
    let mut fitting = ALGORITHMS
        .iter()
        .filter(|own| *own.signature_alg_id() == *algorithm.data && *own.public_key_alg_id() == *kind.data);
    let good = fitting.any(|own| own.verify_signature(&key.data, signed, &signature.data).is_ok());
    good.then_some(())
}

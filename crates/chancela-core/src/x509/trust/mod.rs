//! Believing a client's certificate: its chain to one of our trust anchors (RFC 5280 §6, RFC 8705 §2.1), within bounds that
//! a hostile chain cannot exceed.
//!
//! Signatures, validity, path lengths, name constraints and revocation are webpki's; key usage and the strength of the
//! client's key are checked here. Whose certificate it is, is a question for client authentication.

mod error;

pub use error::{AnchorError, ChainError};

use super::certificate::{Certificate, CertificateError};
use super::public_key::KeyError;
use super::revocation_list::RevocationList;
use crate::secret::sha256;
use crate::time::Timestamp;
use core::time::Duration;
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use std::cell::Cell;
use webpki::{
    EndEntityCert, ExpirationPolicy, KeyUsage, RevocationOptionsBuilder, UnknownStatusPolicy, VerifiedPath,
};

/// Most certificates that a client may present, its own among them.
pub const MAX_CERTIFICATES: usize = 6;

/// Largest certificate that a client may present, in bytes.
pub const MAX_CERTIFICATE_BYTES: usize = 16 * 1024;

/// What signs certificates and revocation lists: all that webpki knows, which is neither SHA-1 nor RSA below 2048 bits.
pub(super) static ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = webpki::ALL_VERIFICATION_ALGS;

/// What a client presented: read, not believed.
#[derive(Debug, Clone)]
pub struct PresentedChain {
    /// The client's own certificate.
    pub leaf: Certificate,
    /// What it sent with it, in any order.
    pub intermediates: Vec<Certificate>,
}

/// Certificate authorities that are believed.
#[derive(Debug, Clone, Default)]
pub struct TrustAnchors {
    certificates: Vec<Certificate>,
    anchors: Vec<TrustAnchor<'static>>,
}

/// Proof that a chain was believed, and the authorities that it passed.
#[derive(Debug, PartialEq, Eq)]
pub struct VerifiedChain {
    /// SHA-256 of the trust anchor's certificate.
    pub anchor: [u8; 32],
    /// SHA-256 of each issuing certificate, the leaf's issuer first. The anchor is the last; if several of ours are of
    /// its name and key, as after a renewal, each of those in its validity stands here.
    pub issuers: Vec<[u8; 32]>,
}

impl PresentedChain {
    /// Reads what TLS or a trusted proxy gave, the client's own certificate first.
    ///
    /// # Errors
    /// Nothing, too much, or not certificates.
    pub fn parse<'a>(ders: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, ChainError> {
        let mut certificates = Vec::new();
        for der in ders {
            if certificates.len() == MAX_CERTIFICATES {
                return Err(ChainError::TooManyCertificates);
            }
            if der.len() > MAX_CERTIFICATE_BYTES {
                return Err(ChainError::CertificateTooLarge);
            }
            certificates.push(Certificate::parse_der(der).ok_or(ChainError::Malformed)?);
        }
        let mut certificates = certificates.into_iter();
        let leaf = certificates.next().ok_or(ChainError::Empty)?;
        Ok(Self { leaf, intermediates: certificates.collect() })
    }
}

impl TrustAnchors {
    /// Believes these authorities. None is allowed: then no chain is believed.
    ///
    /// # Errors
    /// One of them is no certificate authority: webpki would let it sign all the same.
    pub fn new(certificates: Vec<Certificate>) -> Result<Self, AnchorError> {
        let mut anchors = Vec::with_capacity(certificates.len());
        for certificate in &certificates {
            if !certificate.is_ca || !certificate.may_sign_certificates() {
                return Err(AnchorError::NotAnAuthority);
            }
            if certificate.public_key().is_some_and(|key| key.check() == Err(KeyError::RsaTooShort)) {
                return Err(AnchorError::WeakKey);
            }
            let der = CertificateDer::from(&*certificate.der);
            let anchor = webpki::anchor_from_trusted_cert(&der).map_err(|_| AnchorError::Unsupported)?;
            anchors.push(anchor.to_owned());
        }
        Ok(Self { certificates, anchors })
    }

    /// Believes the authorities of a PEM file.
    ///
    /// # Errors
    /// The file has no readable certificates, or one of them is no certificate authority.
    pub fn from_pem(text: &str) -> Result<Self, AnchorError> {
        Self::new(Certificate::parse_pem_chain(text)?)
    }

    /// Whether nobody is believed.
    pub const fn is_empty(&self) -> bool {
        self.certificates.is_empty()
    }

    /// The authorities, for those who must name them to clients or warn of their expiry.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// Verifies a chain for client authentication at `now`. Where `revocation` has a list of an issuer on the path, it
    /// must be fresh and well signed, and must not name the certificate; an issuer without a list is not asked for one.
    /// Anchors out of their validity are not believed.
    ///
    /// # Errors
    /// Why the chain is not believed.
    pub fn verify(
        &self,
        chain: &PresentedChain,
        revocation: &[RevocationList],
        now: Timestamp,
    ) -> Result<VerifiedChain, ChainError> {
        check_leaf(&chain.leaf)?;
        let leaf = CertificateDer::from(&*chain.leaf.der);
        let leaf = EndEntityCert::try_from(&leaf).map_err(ChainError::from)?;
        let intermediates: Vec<CertificateDer<'_>> =
            chain.intermediates.iter().map(|one| CertificateDer::from(&*one.der)).collect();
        let lists = RevocationList::applicable(revocation, &chain.key_ids());
        let options = RevocationOptionsBuilder::new(&lists).ok().map(|options| {
            let options = options.with_expiration_policy(ExpirationPolicy::Enforce);
            options.with_status_policy(UnknownStatusPolicy::Allow).build()
        });
        let time = UnixTime::since_unix_epoch(Duration::from_secs(now.seconds().try_into().unwrap_or(0)));
        // webpki's error for a path that is refused here, and the reason.
        let reason = Cell::new(ChainError::Distrusted);
        let check = |path: &VerifiedPath<'_>| {
            self.check_path(chain, path, now).map_err(|error| {
                reason.set(error);
                webpki::Error::CertDistrusted
            })
        };
        let usage = KeyUsage::client_auth();
        match leaf.verify_for_usage(
            ALGORITHMS,
            &self.anchors,
            &intermediates,
            time,
            usage,
            options,
            Some(&check),
        ) {
            Ok(path) => Ok(self.verified(&path, now)),
            Err(webpki::Error::CertDistrusted) => Err(reason.get()),
            Err(error) => Err(error.into()),
        }
    }

    /// What webpki does not look at: the key usage of authorities, and the validity of anchors.
    fn check_path(
        &self,
        chain: &PresentedChain,
        path: &VerifiedPath<'_>,
        now: Timestamp,
    ) -> Result<(), ChainError> {
        for authority in path.intermediate_certificates() {
            let presented = chain.intermediates.iter().find(|one| *one.der == *authority.der());
            if !presented.is_some_and(Certificate::may_sign_certificates) {
                return Err(ChainError::NotAnAuthority);
            }
        }
        match self.anchors_of(path, now).next() {
            Some(_) => Ok(()),
            None => Err(ChainError::AnchorOutsideValidity),
        }
    }

    /// Our certificates of the anchor's name and key that are in their validity.
    fn anchors_of<'a>(
        &'a self,
        path: &'a VerifiedPath<'_>,
        now: Timestamp,
    ) -> impl Iterator<Item = &'a Certificate> {
        let both = self.certificates.iter().zip(&self.anchors);
        both.filter(move |(certificate, anchor)| *anchor == path.anchor() && certificate.is_valid_at(now))
            .map(|(certificate, _)| certificate)
    }

    fn verified(&self, path: &VerifiedPath<'_>, now: Timestamp) -> VerifiedChain {
        let mut issuers: Vec<[u8; 32]> =
            path.intermediate_certificates().map(|authority| sha256(&authority.der())).collect();
        issuers.extend(self.anchors_of(path, now).map(|anchor| anchor.sha256));
        VerifiedChain { anchor: issuers.last().copied().unwrap_or_default(), issuers }
    }
}

impl PresentedChain {
    /// Identifiers of the keys that signed the presented certificates, as they say.
    fn key_ids(&self) -> Vec<&[u8]> {
        let all = [&self.leaf].into_iter().chain(&self.intermediates);
        all.filter_map(|certificate| certificate.authority_key_id.as_deref()).collect()
    }
}

/// What is wrong with the client's own certificate before any issuer is looked at.
fn check_leaf(leaf: &Certificate) -> Result<(), ChainError> {
    if leaf.is_ca {
        return Err(ChainError::AuthorityAsClient);
    }
    if !leaf.may_sign() {
        return Err(ChainError::KeyUsage);
    }
    match leaf.public_key().map(|key| key.check()) {
        Some(Ok(())) => Ok(()),
        _ => Err(ChainError::WeakKey),
    }
}

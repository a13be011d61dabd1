//! Whether a chain that came back from an external root makes our key an authority (RFC 5280 §6.1, as far as the chain
//! itself can say: which root is believed is the operator's decision).

use super::authority_key::{AuthorityKey, key_identifier};
use super::distinguished_name;
use super::extension::Validity;
use crate::time::Timestamp;
use rcgen::DistinguishedName;
use x509_parser::oid_registry::OID_PKCS1_SHA1WITHRSA;
use x509_parser::prelude::{FromDer, X509Certificate};

/// Longest chain.
const MAX_CHAIN: usize = 5;

/// What is wrong with a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InstallError {
    /// There is none, or too many.
    #[error(
        "the chain has no certificate or more than {MAX_CHAIN}; give the authority's own and those above it"
    )]
    Length,
    /// A certificate cannot be read.
    #[error("certificate {0} of the chain cannot be read; give PEM certificates, own first")]
    Unreadable(usize),
    /// The first one is of another key.
    #[error(
        "the first certificate is not of our key; have the request signed again and put its certificate first"
    )]
    OtherKey,
    /// The name cannot be written into what it signs.
    #[error(
        "the name of the first certificate has a repeated attribute or one that is no text; have it signed with the request's name"
    )]
    Name,
    /// A certificate is not of an authority.
    #[error(
        "certificate {0} of the chain is not of a CA that may sign certificates; have it signed with CA:TRUE and keyCertSign"
    )]
    NotAuthority(usize),
    /// The first one may not sign revocation lists.
    #[error("the first certificate has no key usage cRLSign; have it signed with that")]
    NoCrlSign,
    /// A path length is too short for the certificates below.
    #[error("the path length of certificate {0} of the chain leaves no room for those below it")]
    PathLength(usize),
    /// A certificate is not yet good, or no more.
    #[error("certificate {0} of the chain is not valid now; have it renewed")]
    Expired(usize),
    /// The extended key usage forbids what the authority is for.
    #[error(
        "the extended key usage of certificate {0} of the chain forbids client authentication; have it signed without"
    )]
    Usage(usize),
    /// A certificate is not signed by the next.
    #[error("certificate {0} of the chain is not signed by the next; put them in order, own first")]
    Unsigned(usize),
    /// A certificate is signed with SHA-1, which no TLS believes any more.
    #[error("certificate {0} of the chain is signed with SHA-1; have it signed with SHA-256")]
    Sha1(usize),
}

/// Whether `chain` makes `key` an authority that may sign certificates of clients and revocation lists at `now`: the first
/// certificate is of our key, each is of a CA and valid, and each is signed by the next. Whether the last is believed is
/// not asked. Certificates count from 1 in errors.
///
/// # Errors
/// [`InstallError`] names the first thing that is wrong.
pub fn check_installed(chain: &[Vec<u8>], key: &AuthorityKey, now: Timestamp) -> Result<(), InstallError> {
    own_certificate(chain, key)?;
    let certificates =
        chain.iter().enumerate().map(|(below, der)| parse(der, below + 1)).collect::<Result<Vec<_>, _>>()?;
    for (below, certificate) in certificates.iter().enumerate() {
        check_authority(certificate, below, now)?;
        let next = certificates.get(below + 1);
        let signed = next.is_none_or(|next| {
            certificate.issuer().as_raw() == next.subject().as_raw()
                && certificate.verify_signature(Some(next.public_key())).is_ok()
        });
        if !signed {
            return Err(InstallError::Unsigned(below + 1));
        }
        // The last is believed for what it is, not for its signature. ECDSA with SHA-1 is not verified at all.
        if next.is_some() && certificate.signature_algorithm.algorithm == OID_PKCS1_SHA1WITHRSA {
            return Err(InstallError::Sha1(below + 1));
        }
    }
    let may_sign_lists = certificates
        .first()
        .and_then(|own| own.key_usage().ok().flatten())
        .is_some_and(|usage| usage.value.crl_sign());
    if may_sign_lists { Ok(()) } else { Err(InstallError::NoCrlSign) }
}

/// Name, its DER, key identifier and validity of the first certificate, which is of `key`.
pub(super) fn own_certificate(
    chain: &[Vec<u8>],
    key: &AuthorityKey,
) -> Result<(DistinguishedName, Vec<u8>, Vec<u8>, Validity), InstallError> {
    let own = chain.first().filter(|_| chain.len() <= MAX_CHAIN).ok_or(InstallError::Length)?;
    let own = parse(own, 1)?;
    if own.public_key().raw != key.public_key() {
        return Err(InstallError::OtherKey);
    }
    let name = distinguished_name::from_certificate(own.subject()).ok_or(InstallError::Name)?;
    let identifier = own.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        x509_parser::extensions::ParsedExtension::SubjectKeyIdentifier(identifier) => {
            Some(identifier.0.to_vec())
        }
        _ => None,
    });
    let identifier = identifier.unwrap_or_else(|| key_identifier(&own.public_key().subject_public_key.data));
    let validity = Validity {
        not_before: own.validity().not_before.timestamp(),
        not_after: own.validity().not_after.timestamp(),
    };
    Ok((name, own.subject().as_raw().to_vec(), identifier, validity))
}

fn parse(der: &[u8], number: usize) -> Result<X509Certificate<'_>, InstallError> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(InstallError::Unreadable(number)),
    }
}

/// What each certificate of the chain must say, with `below` certificates between it and the client's.
fn check_authority(
    certificate: &X509Certificate<'_>,
    below: usize,
    now: Timestamp,
) -> Result<(), InstallError> {
    let number = below + 1;
    let constraints = certificate.basic_constraints().ok().flatten();
    let usage = certificate.key_usage().map_err(|_| InstallError::Unreadable(number))?;
    let Some(constraints) = constraints.filter(|constraints| constraints.value.ca) else {
        return Err(InstallError::NotAuthority(number));
    };
    // What an authority is for must stand in its own certificate; above it, silence forbids nothing (§6.1.4 (n)), and
    // many roots keep it.
    if !usage.map_or(below > 0, |usage| usage.value.key_cert_sign()) {
        return Err(InstallError::NotAuthority(number));
    }
    let levels = constraints.value.path_len_constraint;
    if levels.is_some_and(|levels| usize::try_from(levels).is_ok_and(|levels| levels < below)) {
        return Err(InstallError::PathLength(number));
    }
    let validity = certificate.validity();
    if !(validity.not_before.timestamp()..=validity.not_after.timestamp()).contains(&now.seconds()) {
        return Err(InstallError::Expired(number));
    }
    match certificate.extended_key_usage() {
        Ok(usage) if usage.as_ref().is_none_or(|usage| usage.value.client_auth || usage.value.any) => Ok(()),
        _ => Err(InstallError::Usage(number)),
    }
}

//! `tls_client_auth` (RFC 8705 §2.1): a certificate of a trusted authority whose subject, or one alternative name, is the
//! one that is registered for the client; where none is, a certificate that the realm's own authority issued to it. A client
//! that was registered with a certificate of that authority authenticates with those of the same holder alone.

use crate::record::{CertificateSubject, Client, Registration};
use crate::rejection::Rule;
use crate::secret::hex;
use crate::x509::PresentedCertificate;
use crate::x509::name::DistinguishedName;

/// Whether `presented` is the certificate of `client`.
///
/// # Errors
/// The rule that it breaks.
pub fn verify(client: &Client, presented: &PresentedCertificate) -> Result<(), Rule> {
    let issuers = presented.trusted()?;
    let pinned = |pin: &str| issuers.iter().any(|issuer| *hex(issuer) == *pin);
    if !client.tls_client_auth_issuer.as_deref().is_none_or(pinned) {
        return Err(Rule::ForeignClientCertificate);
    }
    let own = match &client.tls_client_auth {
        Some(subject) => names(presented, subject),
        None => presented.issued_to == Some(client.key),
    };
    // Another authority of the realm may give the same name to somebody else.
    let held = |registration: &Registration| presented.issued_to == Some(registration.owner);
    let own = own && client.registration.as_ref().is_none_or(held);
    if own { Ok(()) } else { Err(Rule::ForeignClientCertificate) }
}

/// Whether a certificate says what is registered. Names are compared by the rules of their kind, never as texts of a whole
/// (requirement H-14).
fn names(presented: &PresentedCertificate, subject: &CertificateSubject) -> bool {
    let names = &presented.certificate.alt_names;
    match subject {
        CertificateSubject::Dn(text) => {
            DistinguishedName::parse(text).is_ok_and(|dn| dn.matches(&presented.certificate.subject))
        }
        CertificateSubject::SanDns(own) => names.dns.iter().any(|name| name.eq_ignore_ascii_case(own)),
        CertificateSubject::SanUri(own) => names.uris.iter().any(|name| name == own),
        CertificateSubject::SanIp(own) => {
            own.parse().is_ok_and(|own: core::net::IpAddr| names.ips.contains(&own))
        }
        // RFC 5280 section 7.5: the part before the @ is compared exactly, the host without regard to case.
        CertificateSubject::SanEmail(own) => names.emails.iter().any(|name| same_mailbox(name, own)),
    }
}

fn same_mailbox(a: &str, b: &str) -> bool {
    match (a.rsplit_once('@'), b.rsplit_once('@')) {
        (Some((local, host)), Some((other, place))) => local == other && host.eq_ignore_ascii_case(place),
        _ => false,
    }
}

//! What the certificates of authorities and clients share: validity (RFC 5280 §4.1.2.5), and where the state of what was
//! issued can be looked up (§4.2.1.13, §4.2.2.1).

use super::authority::AuthorityError;
use super::der::{oid, write_oid};
use crate::time::Timestamp;
use rcgen::{CertificateParams, CrlDistributionPoint, CustomExtension};
use time::OffsetDateTime;
use yasna::Tag;

/// `id-pe-authorityInfoAccess` (RFC 5280 §4.2.2.1).
const AUTHORITY_INFORMATION_ACCESS: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 1];
/// 9999-12-31T23:59:59Z, the last second that a certificate can name.
const LAST_SECOND: i64 = 253_402_300_799;
/// Longest URL, in bytes.
const MAX_URL_BYTES: usize = 512;

/// From when to when a certificate is good, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// Its start, seconds since the epoch.
    pub not_before: i64,
    /// Its end, seconds since the epoch.
    pub not_after: i64,
}

impl Validity {
    /// From `now` for so many seconds.
    pub const fn starting(now: Timestamp, lifetime: i64) -> Self {
        Self { not_before: now.seconds(), not_after: now.seconds().saturating_add(lifetime) }
    }

    /// The part of it that lies within another.
    pub(super) fn within(self, outer: Self) -> Result<Self, AuthorityError> {
        let not_before = self.not_before.max(outer.not_before);
        let not_after = self.not_after.min(outer.not_after);
        if not_before < not_after {
            Ok(Self { not_before, not_after })
        } else {
            Err(AuthorityError::Validity)
        }
    }

    pub(super) fn write(self, params: &mut CertificateParams) -> Result<(), AuthorityError> {
        if self.not_before >= self.not_after {
            return Err(AuthorityError::Validity);
        }
        params.not_before = date(self.not_before)?;
        params.not_after = date(self.not_after)?;
        Ok(())
    }
}

/// Where the state of what an authority issued can be looked up. What is `None` is not said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Locations {
    /// URL of its revocation list.
    pub crl: Option<String>,
    /// URL of its OCSP responder.
    pub ocsp: Option<String>,
    /// URL of its own certificate.
    pub issuer: Option<String>,
}

impl Locations {
    pub(super) fn write(&self, params: &mut CertificateParams) -> Result<(), AuthorityError> {
        let good = |url: &str| {
            url.len() <= MAX_URL_BYTES
                && url.bytes().all(|b| b.is_ascii_graphic())
                && ["http://", "https://"]
                    .iter()
                    .any(|scheme| url.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()))
        };
        if [&self.crl, &self.ocsp, &self.issuer].into_iter().flatten().any(|url| !good(url)) {
            return Err(AuthorityError::Location);
        }
        if let Some(url) = &self.crl {
            params.crl_distribution_points = vec![CrlDistributionPoint { uris: vec![url.clone()] }];
        }
        if self.ocsp.is_some() || self.issuer.is_some() {
            let access = CustomExtension::from_oid_content(AUTHORITY_INFORMATION_ACCESS, self.access());
            params.custom_extensions.push(access);
        }
        Ok(())
    }

    /// `AuthorityInfoAccessSyntax`.
    fn access(&self) -> Vec<u8> {
        let descriptions = [(oid::AD_OCSP, &self.ocsp), (oid::AD_CA_ISSUERS, &self.issuer)];
        yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                for (method, url) in descriptions {
                    let Some(url) = url else { continue };
                    writer.next().write_sequence(|writer| {
                        write_oid(writer.next(), method);
                        let uri = Tag::context(6);
                        writer.next().write_tagged_implicit(uri, |writer| writer.write_ia5_string(url));
                    });
                }
            });
        })
    }
}

/// A second as certificates and revocation lists name it.
pub(super) fn date(seconds: i64) -> Result<OffsetDateTime, AuthorityError> {
    if !(0..=LAST_SECOND).contains(&seconds) {
        return Err(AuthorityError::Validity);
    }
    OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| AuthorityError::Validity)
}

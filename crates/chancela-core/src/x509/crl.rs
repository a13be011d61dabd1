//! Signing revocation lists, version 2 (RFC 5280 §5).

use super::authority::{Authority, AuthorityError};
use super::extension::{Validity, date};
use crate::id::CertificateSerial;
use crate::record::RevocationReason;
use rcgen::{CertificateRevocationListParams, KeyIdMethod, RevokedCertParams, SerialNumber};

/// One line of a revocation list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revocation {
    /// Of which certificate.
    pub serial: CertificateSerial,
    /// When, seconds since the epoch.
    pub at: i64,
    /// Why.
    pub reason: RevocationReason,
}

impl Authority {
    /// The list of what this authority revoked: DER, good from `updates.not_before` (`thisUpdate`) to
    /// `updates.not_after` (`nextUpdate`). `number` must be above that of every earlier list (RFC 5280 §5.2.3).
    ///
    /// # Errors
    /// [`AuthorityError`] if a time cannot stand in a list, or signing fails.
    pub fn sign_crl(
        &self,
        revoked: &[Revocation],
        number: u64,
        updates: Validity,
    ) -> Result<Vec<u8>, AuthorityError> {
        if updates.not_before >= updates.not_after {
            return Err(AuthorityError::Update);
        }
        let list = CertificateRevocationListParams {
            this_update: date(updates.not_before)?,
            next_update: date(updates.not_after)?,
            crl_number: SerialNumber::from(number),
            issuing_distribution_point: None,
            revoked_certs: revoked.iter().map(Revocation::line).collect::<Result<_, _>>()?,
            key_identifier_method: KeyIdMethod::PreSpecified(self.key_identifier.clone()),
        };
        let signed = list.signed_by(&self.issuer()).map_err(|_| AuthorityError::Signing)?;
        Ok(signed.der().to_vec())
    }
}

impl Revocation {
    fn line(&self) -> Result<RevokedCertParams, AuthorityError> {
        Ok(RevokedCertParams {
            serial_number: SerialNumber::from_slice(&self.serial.0),
            revocation_time: date(self.at)?,
            reason_code: Some(reason(self.reason)),
            invalidity_date: None,
        })
    }
}

const fn reason(reason: RevocationReason) -> rcgen::RevocationReason {
    match reason {
        RevocationReason::Unspecified => rcgen::RevocationReason::Unspecified,
        RevocationReason::KeyCompromise => rcgen::RevocationReason::KeyCompromise,
        RevocationReason::AffiliationChanged => rcgen::RevocationReason::AffiliationChanged,
        RevocationReason::Superseded => rcgen::RevocationReason::Superseded,
        RevocationReason::CessationOfOperation => rcgen::RevocationReason::CessationOfOperation,
    }
}

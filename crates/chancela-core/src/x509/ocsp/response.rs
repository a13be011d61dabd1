//! OCSP responses (RFC 6960 §4.2), signed by the authority itself and naming it by its key, without certificates: whoever
//! asks has the authority's certificate already.

use super::OcspError;
use super::request::{CertId, Hash, OcspRequest};
use crate::id::CertificateSerial;
use crate::record::RevocationReason;
use crate::time::Timestamp;
use crate::x509::authority::{Authority, AuthorityError};
use crate::x509::der::{oid, write_oid};
use crate::x509::extension::date;
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use rcgen::PublicKeyData;
use yasna::tags::{TAG_ENUM, TAG_GENERALIZEDTIME};
use yasna::{DERWriter, Tag};

/// What is known of a certificate (RFC 6960 §2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateState {
    /// It was issued and is not revoked.
    Good,
    /// It was revoked.
    Revoked {
        /// When, seconds since the epoch.
        at: i64,
        /// Why.
        reason: RevocationReason,
    },
    /// It was never issued.
    Unknown,
}

/// When an answer was true, and until when it may be kept.
struct Updates {
    this: String,
    next: String,
}

impl OcspRequest {
    /// Whether it asks about certificates of this authority and no other.
    pub fn is_for(&self, authority: &Authority) -> bool {
        self.certificates.iter().all(|id| id.is_of(authority))
    }

    /// The answer: DER of an `OCSPResponse`, true at `now` and good until `next_update`.
    ///
    /// # Errors
    /// [`OcspError::Unauthorized`] if it asks about another authority (RFC 5019 §2.2.3), [`OcspError::Internal`] if
    /// signing fails. [`OcspError::response`] is then the answer.
    pub fn respond(
        &self,
        authority: &Authority,
        lookup: &dyn Fn(CertificateSerial) -> CertificateState,
        now: Timestamp,
        next_update: Timestamp,
    ) -> Result<Vec<u8>, OcspError> {
        if !self.is_for(authority) {
            return Err(OcspError::Unauthorized);
        }
        let internal = |_: AuthorityError| OcspError::Internal;
        let updates = Updates {
            this: generalized_time(now.seconds()).map_err(internal)?,
            next: generalized_time(next_update.seconds()).map_err(internal)?,
        };
        let mut singles = Vec::with_capacity(self.certificates.len());
        for id in &self.certificates {
            let state = id.serial.map_or(CertificateState::Unknown, lookup);
            singles.push(single(id, state, &updates).map_err(internal)?);
        }
        let data = self.data(authority, &singles, &updates.this);
        let signature = authority.key.signature(&data).ok_or(OcspError::Internal)?;
        Ok(envelope(authority, &data, &signature))
    }

    /// `ResponseData`.
    fn data(&self, authority: &Authority, singles: &[Vec<u8>], produced_at: &str) -> Vec<u8> {
        // `KeyHash` is SHA-1 by definition (RFC 6960 §4.2.1).
        let key_hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, authority.key.der_bytes());
        yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_tagged(Tag::context(2), |writer| writer.write_bytes(key_hash.as_ref()));
                write_time(writer.next(), produced_at);
                writer.next().write_sequence(|writer| {
                    singles.iter().for_each(|single| writer.next().write_der(single));
                });
                let Some(nonce) = &self.nonce else { return };
                writer.next().write_tagged(Tag::context(1), |writer| {
                    writer.write_sequence(|writer| {
                        writer.next().write_sequence(|writer| {
                            write_oid(writer.next(), oid::OCSP_NONCE);
                            writer.next().write_bytes(nonce);
                        });
                    });
                });
            });
        })
    }
}

impl CertId {
    fn is_of(&self, authority: &Authority) -> bool {
        let algorithm = match self.hash {
            Hash::Sha1 => &SHA1_FOR_LEGACY_USE_ONLY,
            Hash::Sha256 => &SHA256,
        };
        digest(algorithm, &authority.raw_name).as_ref() == self.name_hash
            && digest(algorithm, authority.key.der_bytes()).as_ref() == self.key_hash
    }
}

/// `SingleResponse`.
fn single(id: &CertId, state: CertificateState, updates: &Updates) -> Result<Vec<u8>, AuthorityError> {
    let revoked = match state {
        CertificateState::Revoked { at, reason } => Some((generalized_time(at)?, reason)),
        CertificateState::Good | CertificateState::Unknown => None,
    };
    Ok(yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_der(&id.der);
            let status = writer.next();
            match &revoked {
                Some((at, reason)) => status.write_tagged_implicit(Tag::context(1), |writer| {
                    writer.write_sequence(|writer| {
                        write_time(writer.next(), at);
                        // As in revocation lists, "unspecified" is said by silence (RFC 5280 §5.3.1).
                        if *reason != RevocationReason::Unspecified {
                            let code = reason.code();
                            writer.next().write_tagged(Tag::context(0), |writer| write_enum(writer, code));
                        }
                    });
                }),
                None => {
                    let tag = if state == CertificateState::Good { 0 } else { 2 };
                    status.write_tagged_implicit(Tag::context(tag), |writer| writer.write_null());
                }
            }
            write_time(writer.next(), &updates.this);
            writer.next().write_tagged(Tag::context(0), |writer| write_time(writer, &updates.next));
        });
    }))
}

/// `OCSPResponse` around a signed `ResponseData`.
fn envelope(authority: &Authority, data: &[u8], signature: &[u8]) -> Vec<u8> {
    let basic = yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_der(data);
            authority.key.write_algorithm(writer.next());
            writer.next().write_bitvec_bytes(signature, signature.len() * 8);
        });
    });
    yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            write_enum(writer.next(), 0);
            writer.next().write_tagged(Tag::context(0), |writer| {
                writer.write_sequence(|writer| {
                    write_oid(writer.next(), oid::OCSP_BASIC);
                    writer.next().write_bytes(&basic);
                });
            });
        });
    })
}

fn write_enum(writer: DERWriter<'_>, code: u8) {
    writer.write_tagged_implicit(TAG_ENUM, |writer| writer.write_u8(code));
}

fn write_time(writer: DERWriter<'_>, time: &str) {
    writer.write_tagged_implicit(TAG_GENERALIZEDTIME, |writer| writer.write_bytes(time.as_bytes()));
}

/// `YYYYMMDDHHMMSSZ`.
fn generalized_time(seconds: i64) -> Result<String, AuthorityError> {
    let date = date(seconds)?;
    let (hour, minute, second) = date.to_hms();
    let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
    Ok(format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}Z"))
}

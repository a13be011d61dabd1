//! Client certificates of a realm's own certificate authority, and its revocation lists.

use crate::id::{CertificateSerial, ClientKey};
use serde::{Deserialize, Serialize};

/// One client certificate, from the request to the day when nobody asks for it any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientCertificate {
    /// The realm's name.
    pub realm: Box<str>,
    /// Its serial number, which names the request too.
    pub serial: CertificateSerial,
    /// The client that it is bound to.
    pub client: ClientKey,
    /// That client's id, which is shown after the client is gone too.
    pub client_id: Box<str>,
    /// What became of it.
    pub status: CertificateStatus,
    /// When it was asked for, seconds since the epoch.
    pub created_at: i64,
    /// When the record may be dropped, seconds since the epoch; never before the certificate expires.
    pub expires_at: i64,
    /// The certificate that proved who asked for it, where it was a renewal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renews: Option<CertificateSerial>,
    /// The expiry warning of fewest days that was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warned_days: Option<u16>,
    /// Counts up with each change; the guard of a change.
    pub version: u64,
}

/// What became of a request for a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum CertificateStatus {
    /// It waits for an operator.
    Requested {
        /// DER of the `SubjectPublicKeyInfo` whose possession was proven.
        #[serde(with = "crate::record::base64_bytes")]
        public_key: Vec<u8>,
        /// Lifetime in seconds that was asked for.
        lifetime: u32,
    },
    /// An operator refused it.
    Refused,
    /// It was issued, and is good from `not_before` to `not_after`.
    Issued(IssuedCertificate),
    /// It was issued and revoked.
    Revoked {
        /// What was issued.
        certificate: IssuedCertificate,
        /// When it was revoked, seconds since the epoch.
        at: i64,
        /// Why.
        reason: RevocationReason,
    },
}

/// A certificate as it was signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuedCertificate {
    /// DER.
    #[serde(with = "crate::record::base64_bytes")]
    pub der: Vec<u8>,
    /// SHA-256 of the DER: what tokens are bound to (RFC 8705 §3.1).
    #[serde(with = "crate::secret::hex_bytes")]
    pub sha256: [u8; 32],
    /// By which its key is recognised ([`crate::x509::PublicKey::identity`]).
    #[serde(with = "crate::secret::hex_bytes")]
    pub key_identity: [u8; 32],
    /// The `kid` of the authority's key that signed it.
    pub issuer: Box<str>,
    /// Subject as RFC 4514 writes it.
    pub subject: Box<str>,
    /// Start of its validity, seconds since the epoch.
    pub not_before: i64,
    /// End of its validity, seconds since the epoch.
    pub not_after: i64,
}

/// Why a certificate was revoked (RFC 5280 §5.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevocationReason {
    /// Not said.
    #[default]
    Unspecified,
    /// Its private key is in other hands.
    KeyCompromise,
    /// The holder is no longer who the subject says.
    AffiliationChanged,
    /// Another one took its place.
    Superseded,
    /// It is not needed any more.
    CessationOfOperation,
}

/// A revocation list as it was signed (RFC 5280 §5). Its number never goes back, not even where a backup is restored: it
/// is the time in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crl {
    /// The realm's name.
    pub realm: Box<str>,
    /// The `kid` of the authority's key that signed it.
    pub issuer: Box<str>,
    /// `CRLNumber`.
    pub number: u64,
    /// DER.
    pub der: Vec<u8>,
    /// `thisUpdate`, seconds since the epoch.
    pub this_update: i64,
    /// `nextUpdate`, seconds since the epoch.
    pub next_update: i64,
}

impl ClientCertificate {
    /// The certificate, if one was ever signed.
    pub const fn issued(&self) -> Option<&IssuedCertificate> {
        match &self.status {
            CertificateStatus::Issued(certificate) | CertificateStatus::Revoked { certificate, .. } => {
                Some(certificate)
            }
            CertificateStatus::Requested { .. } | CertificateStatus::Refused => None,
        }
    }
}

impl RevocationReason {
    /// Every reason.
    pub const ALL: [Self; 5] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
    ];

    /// Its `CRLReason` number.
    pub const fn code(self) -> u8 {
        match self {
            Self::Unspecified => 0,
            Self::KeyCompromise => 1,
            Self::AffiliationChanged => 3,
            Self::Superseded => 4,
            Self::CessationOfOperation => 5,
        }
    }
}

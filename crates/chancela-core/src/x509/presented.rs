//! A client certificate that a connection proved possession of, with what a realm thinks of it: the fact that mutual-TLS
//! client authentication and certificate-bound tokens (RFC 8705) are decided on.

use super::Certificate;
use crate::id::ClientKey;
use crate::rejection::Rule;
use crate::time::Timestamp;

/// The certificate of a request's connection.
#[derive(Debug, Clone)]
pub struct PresentedCertificate {
    /// What was shown; whoever showed it has its private key.
    pub certificate: Certificate,
    /// Whether the realm believes what it says.
    pub standing: Standing,
    /// The client to which the realm's own certificate authority issued it.
    pub issued_to: Option<ClientKey>,
}

/// What a realm thinks of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Its chain ends at an anchor of the realm, and nothing in it was revoked.
    Trusted {
        /// SHA-256 of each authority's certificate on the way, the anchor's among them.
        issuers: Vec<[u8; 32]>,
    },
    /// Its chain is not believed, for this reason. It still proves possession of its key.
    Untrusted(Rule),
    /// Its chain is not believed, for this reason, and the list that would say whether it was revoked is stale or bad, or
    /// was not reached. It proves nothing meanwhile.
    Doubtful(Rule),
    /// It was revoked: it proves nothing any more.
    Revoked,
}

/// That tokens are bound to a certificate (RFC 8705 §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confirmation {
    /// SHA-256 of the certificate's DER.
    pub sha256: [u8; 32],
    /// When it expires, seconds since the epoch: no token outlives it (requirement I-16).
    pub not_after: i64,
}

impl PresentedCertificate {
    /// That tokens are bound to it.
    pub const fn confirmation(&self) -> Confirmation {
        Confirmation { sha256: self.certificate.sha256, not_after: self.certificate.not_after }
    }

    /// Whether what it says is believed.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub const fn trusted(&self) -> Result<&Vec<[u8; 32]>, Rule> {
        match &self.standing {
            Standing::Trusted { issuers } => Ok(issuers),
            Standing::Untrusted(rule) | Standing::Doubtful(rule) => Err(*rule),
            Standing::Revoked => Err(Rule::RevokedClientCertificate),
        }
    }

    /// Whether it proves possession of a key that is good now, whoever issued it.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn possession(&self, now: Timestamp) -> Result<(), Rule> {
        match &self.standing {
            Standing::Trusted { .. } | Standing::Untrusted(_) => {}
            Standing::Doubtful(rule) => return Err(*rule),
            Standing::Revoked => return Err(Rule::RevokedClientCertificate),
        }
        if self.certificate.is_valid_at(now) { Ok(()) } else { Err(Rule::CertificateOutsideValidity) }
    }
}

//! Whether a client gets a certificate (requirements I-10 to I-12, CE-04, CE-06, CE-07). Pure: what the authority knows
//! comes in, a verdict goes out; what is signed is [`crate::x509`]'s.

use crate::effect::Effect;
use crate::id::CertificateSerial;
use crate::record::{
    CertificateStatus, Client, ClientCertificate, IssuedCertificate, Revocation, RevocationReason, Revoked,
};
use crate::rejection::{Rejection, Rule};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Seconds that a record outlives its certificate, for whoever looks at what happened.
const MEMORY: i64 = 90 * 86_400;
/// Seconds for which a request waits for an operator.
const PATIENCE: i64 = 30 * 86_400;

/// Seconds of an hour.
const HOUR: i64 = 3600;

/// Who approves a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// Nobody: whoever may ask gets one.
    #[default]
    Automatic,
    /// An operator, one by one.
    Operator,
}

/// A realm's rules.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// Most valid certificates of one client; one request that waits counts too.
    pub max_valid: u16,
    /// Most certificates of one client that are asked for within an hour: whoever revokes and orders in turns must not
    /// fill the store and the revocation list.
    pub max_per_hour: u16,
    /// Longest lifetime in seconds, and the usual one.
    pub lifetime: u32,
    /// Who approves.
    pub approval: Approval,
}

/// What the authority knows.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The client.
    pub client: &'a Client,
    /// The client's certificates and requests that count against the limit ([`counts`]).
    pub valid: usize,
    /// When the client's last `max_per_hour` records were made, the oldest of them; `None` if there are fewer, or an
    /// operator asks.
    pub window_began: Option<i64>,
    /// What is known of the key.
    pub key: KnownKey,
    /// Now.
    pub now: Timestamp,
}

/// What is known of a public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownKey {
    /// Nothing.
    New,
    /// It is that of a valid certificate of the same client.
    Own,
    /// It belongs to another client, to a revoked certificate or to the realm itself.
    Taken,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// Lifetime in seconds.
    pub lifetime: Option<u32>,
    /// The certificate that proves who asks, where nothing else does: the new one lives no longer than it was made for.
    pub renews: Option<&'a ClientCertificate>,
}

/// What becomes of a request that is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is signed, for so many seconds.
    Issue(u32),
    /// It waits for an operator, who may sign it for so many seconds.
    AwaitApproval(u32),
}

/// Decides on a request. What is not known of the key yet may be asked again.
///
/// # Errors
/// The rule that it breaks.
pub fn decide(facts: &Facts<'_>, policy: &Policy, wanted: Wanted<'_>) -> Result<Verdict, Rejection> {
    if !facts.client.enabled {
        return Err(Rule::UnauthorizedGrantType.into());
    }
    // Certificates that a registered client got for itself would outlive the end of whose certificate it came from.
    if facts.client.registration.is_some() {
        return Err(Rule::RegisteredClientOrders.into());
    }
    if facts.key == KnownKey::Taken {
        return Err(Rule::KeyInUse.into());
    }
    if facts.valid >= usize::from(policy.max_valid) {
        return Err(Rejection::with(Rule::TooManyCertificates, u32::from(policy.max_valid)));
    }
    let wait = facts.window_began.map_or(0, |began| began + HOUR - facts.now.seconds());
    if wait > 0 {
        return Err(Rejection::with(Rule::RateLimited, u32::try_from(wait).unwrap_or(u32::MAX)));
    }
    let old = wanted.renews.and_then(ClientCertificate::issued);
    let longest = old.map_or(i64::MAX, |old| old.not_after - old.not_before);
    let longest = u32::try_from(longest).unwrap_or(u32::MAX).min(policy.lifetime);
    let lifetime = wanted.lifetime.unwrap_or(longest).min(longest);
    Ok(match policy.approval {
        Approval::Automatic => Verdict::Issue(lifetime),
        Approval::Operator => Verdict::AwaitApproval(lifetime),
    })
}

/// Whether a request that waited may be signed now: what was true when it came may have changed.
///
/// # Errors
/// The rule that it breaks.
pub fn decide_approval(facts: &Facts<'_>, request: &ClientCertificate) -> Result<(), Rejection> {
    if !facts.client.enabled {
        return Err(Rule::UnauthorizedGrantType.into());
    }
    if facts.now.seconds() >= request.expires_at {
        return Err(Rule::UnknownCertificate.into());
    }
    // Requests claim no key: the first that is signed does.
    if facts.key == KnownKey::Taken { Err(Rule::KeyInUse.into()) } else { Ok(()) }
}

/// Whether a record counts against its client's limit.
pub fn counts(record: &ClientCertificate, now: Timestamp) -> bool {
    match &record.status {
        CertificateStatus::Issued(certificate) => now.seconds() <= certificate.not_after,
        CertificateStatus::Requested { .. } => now.seconds() < record.expires_at,
        CertificateStatus::Refused | CertificateStatus::Revoked { .. } => false,
    }
}

/// The record of a certificate that was just signed.
pub fn issued(
    client: &Client,
    serial: CertificateSerial,
    certificate: IssuedCertificate,
    now: Timestamp,
) -> ClientCertificate {
    let expires_at = certificate.not_after + MEMORY;
    record(client, serial, CertificateStatus::Issued(certificate), (now.seconds(), expires_at))
}

/// The record of a request that waits.
pub fn requested(
    client: &Client,
    serial: CertificateSerial,
    (public_key, lifetime): (Vec<u8>, u32),
    now: Timestamp,
) -> ClientCertificate {
    let status = CertificateStatus::Requested { public_key, lifetime };
    record(client, serial, status, (now.seconds(), now.seconds() + PATIENCE))
}

fn record(
    client: &Client,
    serial: CertificateSerial,
    status: CertificateStatus,
    (created_at, expires_at): (i64, i64),
) -> ClientCertificate {
    ClientCertificate {
        realm: client.realm.clone(),
        serial,
        client: client.key,
        client_id: client.client_id.clone(),
        status,
        created_at,
        expires_at,
        renews: None,
        warned_days: None,
        version: 1,
    }
}

/// A request after an operator's yes: the certificate that was signed for it.
pub fn approved(request: &ClientCertificate, certificate: IssuedCertificate) -> ClientCertificate {
    ClientCertificate {
        expires_at: certificate.not_after + MEMORY,
        status: CertificateStatus::Issued(certificate),
        version: request.version + 1,
        ..request.clone()
    }
}

/// A request after an operator's no.
pub fn refused(request: &ClientCertificate) -> ClientCertificate {
    ClientCertificate { status: CertificateStatus::Refused, version: request.version + 1, ..request.clone() }
}

/// A renewal, remembered at least as long as what it renews: what came of a certificate is found as long as the
/// certificate is.
pub fn renewal(record: ClientCertificate, old: &ClientCertificate) -> ClientCertificate {
    let expires_at = match record.status {
        CertificateStatus::Requested { .. } => record.expires_at,
        _ => record.expires_at.max(old.expires_at),
    };
    ClientCertificate { renews: Some(old.serial), expires_at, ..record }
}

/// The end of a certificate and of every token that is bound to it, in one commit (requirement I-14). A certificate that
/// was revoked for less may still be found to be compromised. `None` if there is nothing to end.
pub fn revoke(
    record: &ClientCertificate,
    reason: RevocationReason,
    now: Timestamp,
) -> Option<(ClientCertificate, Vec<Effect>)> {
    let (certificate, at) = match &record.status {
        CertificateStatus::Issued(certificate) => (certificate, now.seconds()),
        CertificateStatus::Revoked { certificate, at, reason: known }
            if reason == RevocationReason::KeyCompromise && *known != reason =>
        {
            (certificate, *at)
        }
        _ => return None,
    };
    let what = Revoked::Certificate(certificate.sha256);
    // No token outlives its certificate.
    let revocation = Revocation { what, expires_at: certificate.not_after + 1 };
    let changed = ClientCertificate {
        status: CertificateStatus::Revoked { certificate: certificate.clone(), at, reason },
        version: record.version + 1,
        ..record.clone()
    };
    let put = Effect::PutCertificate { certificate: changed.clone(), expected_version: Some(record.version) };
    Some((changed, vec![put, Effect::Revoke(revocation)]))
}

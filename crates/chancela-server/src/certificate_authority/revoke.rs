//! The end of certificates, and the lists that tell of it (RFC 5280 §5): a new one at each revocation and each day.

use super::{CertificateAuthority, Register, issue};
use crate::server::Server;
use chancela_core::effect::Effect;
use chancela_core::id::CertificateSerial;
use chancela_core::issuance;
use chancela_core::record::{CertificateStatus, ClientCertificate, Crl, RevocationReason};
use chancela_core::rejection::{Rejection, Rule};
use chancela_core::time::Timestamp;
use chancela_core::x509::{Authority, Revocation, Validity};
use chancela_store::{CommitOutcome, Store};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Age in seconds at which a list is made anew.
const LIST_AGE: i64 = 86_400;
/// Seconds for which a list is good.
const LIST_LIFETIME: i64 = 3 * 86_400;

impl CertificateAuthority {
    /// Revokes a certificate: from the answer on it authenticates nobody, and every token that is bound to it is dead. Where
    /// its key was in other hands, all that was renewed with it goes too, also if it was revoked for less before.
    ///
    /// # Errors
    /// [`Rule::UnknownCertificate`] if there is none to revoke.
    pub async fn revoke<S: Store>(
        &self,
        server: &Server<S>,
        serial: CertificateSerial,
        reason: RevocationReason,
    ) -> Result<ClientCertificate, Rejection> {
        let _turn = self.turn.lock().await;
        let ended = match reason {
            RevocationReason::KeyCompromise => self.end_line(server, serial).await,
            _ => self.end(server, serial, reason).await?.ok_or(Rule::UnknownCertificate.into()),
        };
        let owed: Vec<_> = self.owed().iter().cloned().collect();
        for issuer in owed {
            self.publish(server, &issuer, server.clock.now()).await;
        }
        ended
    }

    /// Ends a certificate whose key was in other hands, and whatever that key may have got for itself.
    async fn end_line<S: Store>(
        &self,
        server: &Server<S>,
        serial: CertificateSerial,
    ) -> Result<ClientCertificate, Rejection> {
        let first = self.register.get(serial).filter(|record| record.issued().is_some());
        let first = first.ok_or(Rule::UnknownCertificate)?;
        let ended = self.end(server, serial, RevocationReason::KeyCompromise).await?;
        for renewal in self.register.renewals_of(serial) {
            match self.register.get(renewal) {
                Some(waiting) if matches!(waiting.status, CertificateStatus::Requested { .. }) => {
                    self.replace(server, &waiting, issuance::refused(&waiting)).await?;
                }
                _ => drop(self.end(server, renewal, RevocationReason::KeyCompromise).await?),
            }
        }
        Ok(ended.unwrap_or_else(|| (*first).clone()))
    }

    /// Ends one certificate, durably and at once; the list that tells of it is owed. `None` if there is nothing to end.
    async fn end<S: Store>(
        &self,
        server: &Server<S>,
        serial: CertificateSerial,
        reason: RevocationReason,
    ) -> Result<Option<ClientCertificate>, Rejection> {
        let record = self.register.get(serial).ok_or(Rule::UnknownCertificate)?;
        let now = server.clock.now();
        let Some((changed, effects)) = issuance::revoke(&record, reason, now) else { return Ok(None) };
        server.must_commit(effects).await?;
        self.register.put(changed.clone());
        issue::audit(&changed, "revoked");
        self.owed().extend(changed.issued().map(|issued| issued.issuer.clone()));
        Ok(Some(changed))
    }

    /// Publishes a new list of an authority. What fails is logged, and tried again when time is looked at next.
    async fn publish<S: Store>(&self, server: &Server<S>, kid: &str, now: Timestamp) {
        let Some(authority) = self.authority(kid) else { return };
        let last = self.list(kid).map_or(0, |list| list.number);
        let number = u64::try_from(now.millis()).unwrap_or(0).max(last + 1);
        let updates = Validity::starting(now, LIST_LIFETIME);
        let der = match authority.sign_crl(&self.revoked(kid, now), number, updates) {
            Ok(der) => der,
            Err(error) => {
                tracing::error!(realm = self.identity.realm, kid, %error, "no revocation list could be signed");
                return;
            }
        };
        let list = Crl {
            realm: self.identity.realm.as_str().into(),
            issuer: kid.into(),
            number,
            der,
            this_update: updates.not_before,
            next_update: updates.not_after,
        };
        match server.record(vec![Effect::PutCrl(list.clone())]).await {
            Ok(CommitOutcome::Committed) => {
                self.lists().insert(kid.into(), Arc::new(list));
                self.owed().remove(kid);
            }
            Ok(CommitOutcome::Conflict) => tracing::warn!(kid, "a newer revocation list is stored already"),
            Err(error) => tracing::error!(kid, %error, "a revocation list could not be stored"),
        }
    }

    /// What an authority revoked and would be good otherwise, and what ended before the last list was made: each stands on
    /// one list at least that was made after its end (RFC 5280 §3.3).
    fn revoked(&self, kid: &str, now: Timestamp) -> Vec<Revocation> {
        let all = self.register.all();
        let entry = |record: &Arc<ClientCertificate>| match &record.status {
            CertificateStatus::Revoked { certificate, at, reason }
                if *certificate.issuer == *kid && now.seconds() <= certificate.not_after + 2 * LIST_AGE =>
            {
                Some(Revocation { serial: record.serial, at: *at, reason: *reason })
            }
            _ => None,
        };
        all.iter().filter_map(entry).collect()
    }
}

/// Publishes each list that is missing, a day old, or without what was revoked since.
pub(super) async fn publish_aged<S: Store>(
    server: &Server<S>,
    authority: &CertificateAuthority,
    now: Timestamp,
) {
    let kids: Vec<String> =
        authority.authorities().iter().map(|own: &Arc<Authority>| own.key().kid()).collect();
    for kid in kids {
        let fresh = |list: Arc<Crl>| now.seconds() < list.this_update + LIST_AGE;
        let owed = authority.owed().contains(&*kid);
        if owed || !authority.list(&kid).is_some_and(fresh) {
            let _turn = authority.turn.lock().await;
            authority.publish(server, &kid, now).await;
        }
    }
}

/// The authorities of which something was revoked and not published before the program ended.
pub(super) fn owed(register: &Register, lists: &HashMap<Box<str>, Arc<Crl>>) -> HashSet<Box<str>> {
    let unpublished = |record: Arc<ClientCertificate>| match &record.status {
        CertificateStatus::Revoked { certificate, at, .. } => {
            let published = lists.get(&certificate.issuer).is_some_and(|list| *at < list.this_update);
            (!published).then(|| certificate.issuer.clone())
        }
        _ => None,
    };
    register.all().into_iter().filter_map(unpublished).collect()
}

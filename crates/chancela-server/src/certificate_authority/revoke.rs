//! The end of certificates, and the lists that tell of it (RFC 5280 §5): a new one at each revocation and each day.

use super::{CertificateAuthority, issue};
use crate::server::Server;
use chancela_core::effect::Effect;
use chancela_core::id::CertificateSerial;
use chancela_core::issuance;
use chancela_core::record::{CertificateStatus, ClientCertificate, Crl, RevocationReason};
use chancela_core::rejection::{Rejection, Rule};
use chancela_core::time::Timestamp;
use chancela_core::x509::{Authority, Revocation, Validity};
use chancela_store::{CommitOutcome, Store};
use std::sync::Arc;

/// Age in seconds at which a list is made anew.
const LIST_AGE: i64 = 86_400;
/// Seconds for which a list is good.
const LIST_LIFETIME: i64 = 3 * 86_400;

impl CertificateAuthority {
    /// Revokes a certificate: from the answer on it authenticates nobody, and every token that is bound to it is dead.
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
        let changed = self.end(server, serial, reason).await?;
        // Whoever had the key could have renewed it to one of their own.
        if reason == RevocationReason::KeyCompromise {
            for renewal in self.register.renewals_of(serial) {
                match self.end(server, renewal, reason).await {
                    Ok(_) => {}
                    Err(rejection) if rejection.rule == Rule::UnknownCertificate => {}
                    Err(rejection) => return Err(rejection),
                }
            }
        }
        if let Some(issuer) = changed.issued().map(|issued| issued.issuer.clone()) {
            self.publish(server, &issuer, server.clock.now()).await;
        }
        Ok(changed)
    }

    /// Ends one certificate, durably and at once; the list that tells of it comes later.
    async fn end<S: Store>(
        &self,
        server: &Server<S>,
        serial: CertificateSerial,
        reason: RevocationReason,
    ) -> Result<ClientCertificate, Rejection> {
        let record = self.register.get(serial).ok_or(Rule::UnknownCertificate)?;
        let now = server.clock.now();
        let (changed, effects) = issuance::revoke(&record, reason, now).ok_or(Rule::UnknownCertificate)?;
        server.must_commit(effects).await?;
        self.register.put(changed.clone());
        issue::audit(&changed, "revoked");
        Ok(changed)
    }

    /// Publishes a new list of an authority. What fails is logged and tried again with the next.
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
            Ok(CommitOutcome::Committed) => drop(self.lists().insert(kid.into(), Arc::new(list))),
            Ok(CommitOutcome::Conflict) => tracing::warn!(kid, "a newer revocation list is stored already"),
            Err(error) => tracing::error!(kid, %error, "a revocation list could not be stored"),
        }
    }

    /// What an authority revoked and would be good otherwise.
    fn revoked(&self, kid: &str, now: Timestamp) -> Vec<Revocation> {
        let all = self.register.all();
        let entry = |record: &Arc<ClientCertificate>| match &record.status {
            CertificateStatus::Revoked { certificate, at, reason }
                if *certificate.issuer == *kid && now.seconds() <= certificate.not_after =>
            {
                Some(Revocation { serial: record.serial, at: *at, reason: *reason })
            }
            _ => None,
        };
        all.iter().filter_map(entry).collect()
    }
}

/// Publishes each list that is missing or a day old.
pub(super) async fn publish_aged<S: Store>(
    server: &Server<S>,
    authority: &CertificateAuthority,
    now: Timestamp,
) {
    let kids: Vec<String> =
        authority.authorities().iter().map(|own: &Arc<Authority>| own.key().kid()).collect();
    for kid in kids {
        let fresh = |list: Arc<Crl>| now.seconds() < list.this_update + LIST_AGE;
        if !authority.list(&kid).is_some_and(fresh) {
            let _turn = authority.turn.lock().await;
            authority.publish(server, &kid, now).await;
        }
    }
}

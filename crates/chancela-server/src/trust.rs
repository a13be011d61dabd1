//! What a realm thinks of the client certificates that connections show: its own authority's are looked up in the register,
//! others' are believed through the anchors and revocation lists that its configuration names. No realm believes what
//! another one trusts.

mod files;

use crate::certificate_authority::CertificateAuthority;
use crate::certificate_authority::config::MutualTlsConfig;
use crate::certificate_authority::keys::Authorities;
use crate::config::ConfigError;
use crate::revoked::RevocationSet;
use crate::transport::peer::PeerCertificates;
use arc_swap::ArcSwap;
use chancela_core::rejection::Rule;
use chancela_core::time::Timestamp;
use chancela_core::x509::{
    Certificate, ChainError, PresentedCertificate, PresentedChain, RevocationList, Standing, TrustAnchors,
};
use files::Files;
use std::sync::{Arc, Mutex, PoisonError};

/// Milliseconds for which a judgement on a connection's chain holds.
const JUDGED_MILLIS: i64 = 60_000;

/// A realm's anchors and lists.
#[derive(Debug)]
pub struct Trust {
    /// What the configuration says; `None` where the realm has no mutual TLS.
    config: Option<MutualTlsConfig>,
    /// Held while files are read, so that what was read last is shown last.
    files: Mutex<Files>,
    state: ArcSwap<State>,
}

/// What requests see.
#[derive(Debug, Clone, Default)]
struct State {
    own: Vec<Certificate>,
    external: Vec<Certificate>,
    /// Those of both.
    anchors: TrustAnchors,
    lists: Vec<RevocationList>,
}

impl Trust {
    /// Reads what the configuration names.
    ///
    /// # Errors
    /// [`ConfigError`] that names the file.
    pub fn new(config: Option<MutualTlsConfig>) -> Result<Self, ConfigError> {
        let trust = Self { config, files: Mutex::default(), state: ArcSwap::default() };
        if let Some(config) = &trust.config {
            let files = Files::read(config)?;
            trust.show_files(&files);
            *trust.files() = files;
        }
        Ok(trust)
    }

    /// Whether certificates that no authority issued are of use.
    pub fn self_signed(&self) -> bool {
        self.config.as_ref().is_some_and(|config| config.self_signed)
    }

    /// The realm's settings for mutual TLS.
    pub const fn config(&self) -> Option<&MutualTlsConfig> {
        self.config.as_ref()
    }

    /// Believes certificates of the realm's own authorities: of those themselves, not of a root above them, so that a
    /// sibling's certificates stay strangers (CE-12).
    pub fn show_authorities(&self, authorities: &Authorities) {
        let own = authorities.iter().filter_map(|authority| authority.chain().first());
        let own: Vec<Certificate> = own.filter_map(|der| Certificate::parse_der(der)).collect();
        self.show(|state| state.own.clone_from(&own));
    }

    /// Reads again the files that changed. What cannot be used is logged, once, and what stood there before stays.
    pub fn reload(&self) {
        let mut files = self.files();
        if files.look() {
            self.show_files(&files);
        }
    }

    /// What the realm thinks of the certificates of a connection. Parsing and signatures are spared for a minute; what was
    /// revoked is looked up each time.
    pub fn present(
        &self,
        authority: Option<&CertificateAuthority>,
        revoked: &RevocationSet,
        peer: &PeerCertificates,
        now: Timestamp,
    ) -> Option<Arc<PresentedCertificate>> {
        let state = self.state.load_full();
        let mut judged = peer.judged.lock().unwrap_or_else(PoisonError::into_inner);
        let presented = match judged.as_ref().and_then(|judged| judged.for_state(&state, now)) {
            Some(presented) => presented,
            None => {
                let chain = PresentedChain::parse(peer.chain.iter().map(AsRef::as_ref)).ok()?;
                let presented = Arc::new(judge(&state, chain, authority, now));
                *judged = Some(Judged { presented: Arc::clone(&presented), state, at: now });
                presented
            }
        };
        drop(judged);
        if presented.standing == Standing::Revoked || !revoked.has_certificate(&presented.certificate.sha256)
        {
            return Some(presented);
        }
        Some(Arc::new(PresentedCertificate { standing: Standing::Revoked, ..(*presented).clone() }))
    }

    fn show_files(&self, files: &Files) {
        self.show(|state| {
            state.external = files.authorities();
            state.lists = files.lists();
        });
    }

    /// Changes what requests see. Of two changes at one moment both count: `change` is made again on what the other left.
    fn show(&self, change: impl Fn(&mut State)) {
        self.state.rcu(|shown| {
            let mut next = State::clone(shown);
            change(&mut next);
            // Lists count even if authorities cannot: the anchors are then those before.
            match TrustAnchors::new(next.own.iter().chain(&next.external).cloned().collect()) {
                Ok(anchors) => next.anchors = anchors,
                Err(error) => {
                    tracing::error!(%error, "a trusted authority cannot be used; those before stay")
                }
            }
            next
        });
    }

    fn files(&self) -> std::sync::MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a realm thought of a chain, until its anchors or lists change or a minute has passed.
#[derive(Debug)]
pub struct Judged {
    presented: Arc<PresentedCertificate>,
    state: Arc<State>,
    at: Timestamp,
}

impl Judged {
    fn for_state(&self, state: &Arc<State>, now: Timestamp) -> Option<Arc<PresentedCertificate>> {
        let age = now.millis() - self.at.millis();
        let same = Arc::ptr_eq(&self.state, state) && (0..JUDGED_MILLIS).contains(&age);
        let good = same && self.presented.certificate.is_valid_at(now);
        good.then(|| Arc::clone(&self.presented))
    }
}

fn judge(
    state: &State,
    chain: PresentedChain,
    authority: Option<&CertificateAuthority>,
    now: Timestamp,
) -> PresentedCertificate {
    let standing = match state.anchors.verify(&chain, &state.lists, now) {
        Ok(verified) => Standing::Trusted { issuers: verified.issuers },
        Err(ChainError::Revoked) => Standing::Revoked,
        Err(error) if is_doubtful(state, &chain, &error) => Standing::Doubtful(rule(&error)),
        Err(error) => Standing::Untrusted(rule(&error)),
    };
    let issued = authority.and_then(|own| own.register.of_digest(&chain.leaf.sha256));
    PresentedCertificate { issued_to: issued.map(|record| record.client), certificate: chain.leaf, standing }
}

/// Whether nobody can say if a certificate was revoked that somebody may have revoked. Its holder chooses what else it
/// shows: a chain without the certificate of an issuer that has a list here leads to that list no more.
fn is_doubtful(state: &State, chain: &PresentedChain, error: &ChainError) -> bool {
    let bad = matches!(error, ChainError::StaleRevocationList | ChainError::BadRevocationList);
    bad || state.lists.iter().any(|list| list.issuer().matches(&chain.leaf.issuer))
}

const fn rule(error: &ChainError) -> Rule {
    match error {
        ChainError::Expired | ChainError::NotYetValid => Rule::CertificateOutsideValidity,
        ChainError::AuthorityAsClient
        | ChainError::ExtendedKeyUsage
        | ChainError::KeyUsage
        | ChainError::SignatureAlgorithm
        | ChainError::WeakKey => Rule::UnsuitableClientCertificate,
        _ => Rule::UntrustedClientCertificate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, IsCa, Issuer, KeyPair};

    #[test]
    fn an_authority_that_cannot_be_used_holds_up_no_list() {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        let leaf = Certificate::parse_der(params.self_signed(&key).unwrap().der()).unwrap();
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let good = Certificate::parse_der(params.self_signed(&key).unwrap().der()).unwrap();
        let list = rcgen::CertificateRevocationListParams {
            this_update: rcgen::date_time_ymd(2026, 1, 1),
            next_update: rcgen::date_time_ymd(2027, 1, 1),
            crl_number: 1.into(),
            issuing_distribution_point: None,
            revoked_certs: Vec::new(),
            key_identifier_method: rcgen::KeyIdMethod::Sha256,
        };
        let list = list.signed_by(&Issuer::from_params(&params, &key)).unwrap();
        let list = RevocationList::parse_der(list.der()).unwrap();
        let trust = Trust::new(None).unwrap();
        trust.show(|state| state.own = vec![good.clone()]);
        trust.show(|state| {
            state.own.push(leaf.clone());
            state.lists = vec![list.clone()];
        });
        let shown = trust.state.load();
        assert_eq!(shown.lists.len(), 1);
        assert_eq!(shown.anchors.certificates().len(), 1, "the usable one");
    }
}

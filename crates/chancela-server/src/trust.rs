//! What a realm thinks of the client certificates that connections show: its own authority's are looked up in the register,
//! others' are believed through the anchors and revocation lists that its configuration names. No realm believes what
//! another one trusts.

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
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// Milliseconds for which a judgement on a connection's chain holds.
const JUDGED_MILLIS: i64 = 60_000;

/// A realm's anchors and lists.
#[derive(Debug)]
pub struct Trust {
    /// What the configuration says; `None` where the realm has no mutual TLS.
    config: Option<MutualTlsConfig>,
    files: Mutex<Files>,
    state: ArcSwap<State>,
}

/// What requests see.
#[derive(Debug, Default)]
struct State {
    anchors: TrustAnchors,
    lists: Vec<RevocationList>,
}

/// What was read, and when it had changed last.
#[derive(Debug, Default)]
struct Files {
    own: Vec<Certificate>,
    external: Vec<Certificate>,
    lists: Vec<RevocationList>,
    seen: Vec<(PathBuf, Option<SystemTime>)>,
}

impl Trust {
    /// Reads what the configuration names.
    ///
    /// # Errors
    /// [`ConfigError`] that names the file.
    pub fn new(config: Option<MutualTlsConfig>) -> Result<Self, ConfigError> {
        let trust = Self { config, files: Mutex::default(), state: ArcSwap::default() };
        if let Some(config) = &trust.config {
            let read = read(config)?;
            *trust.files() = read;
            trust.show();
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
        self.files().own = own.filter_map(|der| Certificate::parse_der(der)).collect();
        self.show();
    }

    /// Reads the files again if one changed. What cannot be read is logged, once, and the old one stays.
    pub fn reload(&self) {
        let Some(config) = &self.config else { return };
        let seen = stamps(config);
        if seen == self.files().seen {
            return;
        }
        match read(config) {
            Ok(read) => {
                let mut files = self.files();
                let own = std::mem::take(&mut files.own);
                *files = Files { own, ..read };
                drop(files);
                self.show();
                tracing::info!("trusted authorities and revocation lists were read again");
            }
            Err(error) => {
                self.files().seen = seen;
                tracing::error!(%error, "the files that were read before stay in use");
            }
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

    fn show(&self) {
        let files = self.files();
        let anchors = files.own.iter().chain(&files.external).cloned().collect();
        let lists = files.lists.clone();
        drop(files);
        match TrustAnchors::new(anchors) {
            Ok(anchors) => self.state.store(Arc::new(State { anchors, lists })),
            Err(error) => tracing::error!(%error, "a trusted authority cannot be used"),
        }
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

fn read(config: &MutualTlsConfig) -> Result<Files, ConfigError> {
    let seen = stamps(config);
    let mut external = Vec::new();
    for path in &config.trust {
        let text = fs::read_to_string(path).map_err(|error| wrong("trust", path, &error))?;
        let read = TrustAnchors::from_pem(&text).map_err(|error| wrong("trust", path, &error))?;
        external.extend_from_slice(read.certificates());
    }
    let mut lists = Vec::new();
    for path in &config.crls {
        let bytes = fs::read(path).map_err(|error| wrong("crls", path, &error))?;
        let read = match std::str::from_utf8(&bytes) {
            Ok(text) => RevocationList::parse_pem(text),
            Err(_) => RevocationList::parse_der(&bytes),
        };
        lists.push(read.map_err(|error| wrong("crls", path, &error))?);
    }
    Ok(Files { own: Vec::new(), external, lists, seen })
}

fn wrong(key: &str, path: &Path, error: &dyn std::fmt::Display) -> ConfigError {
    ConfigError(format!("mtls.{key}: {}: {error}; put a readable PEM file there", path.display()))
}

fn stamps(config: &MutualTlsConfig) -> Vec<(PathBuf, Option<SystemTime>)> {
    let modified = |path: &PathBuf| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    config.trust.iter().chain(&config.crls).map(|path| (path.clone(), modified(path))).collect()
}

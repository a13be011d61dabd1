//! A realm's certificate authority (requirements 1.I, group CE): it signs the client certificates that the realm's own
//! tokens are bound to, renews and revokes them, and publishes what it revoked.
//!
//! What a client may get is decided in [`chancela_core::issuance`], what a certificate says in [`chancela_core::x509`];
//! here keys are kept, records committed and lists published. It signs nothing but client certificates, revocation lists
//! and OCSP answers.

pub mod config;
mod issue;
pub mod keys;
mod register;
mod revoke;
mod warn;

pub use issue::{Issued, Order, OrderKey};
pub use register::Register;

use crate::key_ring::KeyRingError;
use crate::realm::Realm;
use crate::server::Server;
use arc_swap::ArcSwap;
use chancela_core::issuance::Policy;
use chancela_core::record::{ClientCertificate, Crl};
use chancela_core::rejection::{Rejection, Rule};
use chancela_core::time::Timestamp;
use chancela_core::x509::Authority;
use chancela_store::Store;
use config::AuthorityConfig;
use keys::{Authorities, Identity};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Interval, MissedTickBehavior};
use zeroize::Zeroizing;

/// The certificate authority of a realm at run time.
#[derive(Debug)]
pub struct CertificateAuthority {
    /// Its name and places.
    pub identity: Identity,
    /// Its certificates.
    pub register: Register,
    config: AuthorityConfig,
    policy: Policy,
    authorities: ArcSwap<Authorities>,
    /// Key of the signature on its warnings.
    pub webhook_key: Option<Zeroizing<[u8; 32]>>,
    /// The lists as published, by the `kid` of their issuer.
    lists: Mutex<HashMap<Box<str>, Arc<Crl>>>,
    /// Authorities of which more is revoked than their lists say, by `kid`.
    owed: Mutex<HashSet<Box<str>>>,
    /// Days that were left when it was warned of the authority's own end last.
    warned_left: AtomicI64,
    /// Held from a look at what a certificate's holder has registered until one more is durable and shown.
    pub registrations: tokio::sync::Mutex<()>,
    /// Held while a key is made here, and until its certificate counts: nobody gets more of them made than certificates.
    making: tokio::sync::Mutex<()>,
    /// Held from a decision on a key or a limit until it is durable and in the register.
    turn: tokio::sync::Mutex<()>,
}

impl CertificateAuthority {
    /// An authority with what the store kept.
    pub fn new(
        config: AuthorityConfig,
        (identity, policy): (Identity, Policy),
        authorities: Authorities,
        (certificates, lists): (Vec<ClientCertificate>, Vec<Crl>),
    ) -> Self {
        let register = Register::default();
        for certificate in certificates {
            register.put(certificate);
        }
        let lists: HashMap<_, _> =
            lists.into_iter().map(|list| (list.issuer.clone(), Arc::new(list))).collect();
        let owed = revoke::owed(&register, &lists);
        Self {
            identity,
            register,
            config,
            policy,
            authorities: ArcSwap::from_pointee(authorities),
            webhook_key: None,
            lists: Mutex::new(lists),
            owed: Mutex::new(owed),
            warned_left: AtomicI64::new(i64::MAX),
            registrations: tokio::sync::Mutex::default(),
            making: tokio::sync::Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// The rules of what it issues.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Its authorities, the one that signs first.
    pub fn authorities(&self) -> Arc<Authorities> {
        self.authorities.load_full()
    }

    /// The authority of a `kid`.
    pub fn authority(&self, kid: &str) -> Option<Arc<Authority>> {
        self.authorities.load().iter().find(|authority| authority.key().kid() == kid).cloned()
    }

    /// The list of an authority as published.
    pub fn list(&self, kid: &str) -> Option<Arc<Crl>> {
        self.lists().get(kid).cloned()
    }

    /// Shows new keys to requests.
    pub fn show(&self, authorities: Authorities) {
        self.authorities.store(Arc::new(authorities));
    }

    /// The one that signs.
    fn signing(&self) -> Result<Arc<Authority>, Rejection> {
        self.authorities.load().first().cloned().ok_or_else(|| {
            tracing::error!(
                realm = self.identity.realm,
                "the certificate authority has no certificate; see `chancela certificate authority`"
            );
            Rule::IssuingSuspended.into()
        })
    }

    fn owed(&self) -> std::sync::MutexGuard<'_, HashSet<Box<str>>> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lists(&self) -> std::sync::MutexGuard<'_, HashMap<Box<str>, Arc<Crl>>> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How often it is looked at what time demands.
const EVERY: Duration = Duration::from_secs(60);

/// Does for every realm what time demands, until it is dropped. Warnings have a clock of their own: a webhook may let them
/// wait.
pub async fn run<S: Store>(server: Arc<Server<S>>) {
    tokio::join!(keep_up(&server), keep_warning(&server));
}

async fn keep_up<S: Store>(server: &Server<S>) {
    let mut ticks = every_minute();
    loop {
        ticks.tick().await;
        for realm in &server.realms {
            if let Err(error) = maintain(server, realm, server.clock.now()).await {
                tracing::error!(realm = realm.name, %error, "the certificate authority could not be kept");
            }
        }
    }
}

async fn keep_warning<S: Store>(server: &Server<S>) {
    let mut ticks = every_minute();
    loop {
        ticks.tick().await;
        for realm in &server.realms {
            warn(server, realm, server.clock.now()).await;
        }
    }
}

fn every_minute() -> Interval {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Warns of what expires, in the log and at the realm's webhook.
pub async fn warn<S: Store>(server: &Server<S>, realm: &Realm, now: Timestamp) {
    if let Some(authority) = &realm.certificate_authority {
        warn::warn(server, realm, authority, now).await;
    }
}

/// Everything else that happens by time: keys, lists that grow old, records that may be forgotten.
///
/// # Errors
/// [`KeyRingError`] if keys cannot be kept; the rest is logged.
pub async fn maintain<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    now: Timestamp,
) -> Result<(), KeyRingError> {
    let Some(authority) = &realm.certificate_authority else { return Ok(()) };
    let known =
        keys::maintain(&server.store, &server.kek, &authority.identity, now, &*server.entropy).await?;
    let kids = |all: &Authorities| all.iter().map(|own| own.chain().to_vec()).collect::<Vec<_>>();
    if kids(&known) != kids(&authority.authorities()) {
        authority.show(known);
        realm.trust.show_authorities(&authority.authorities());
    }
    authority.register.expire(now);
    revoke::publish_aged(server, authority, now).await;
    Ok(())
}

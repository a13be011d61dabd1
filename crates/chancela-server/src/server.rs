//! The authorization server at run time: a store, its realms, and what they share.

use crate::certificate_authority::{self, CertificateAuthority};
use crate::clock::Clock;
use crate::config::{Config, ConfigError};
use crate::fetch::Fetcher;
use crate::key_ring::kek::Kek;
use crate::key_ring::{self, KeyRingError};
use crate::logout::backchannel::Deliveries;
use crate::metrics::Metrics;
use crate::password::PasswordPool;
use crate::proxy::ForwardedCertificates;
use crate::realm::{Realm, RealmPlan};
use crate::revoked::{Pending, RevocationSet};
use crate::source::{Network, client_address};
use crate::throttle::Throttle;
use crate::trust::Trust;
use chancela_core::dialect::{Library, ScopeMeaning};
use chancela_core::effect::Effect;
use chancela_core::entropy::Entropy;
use chancela_core::record::{Client, ClientCertificate, Crl};
use chancela_core::rejection::{Rejection, Rule};
use chancela_core::time::Timestamp;
use chancela_store::{CommitOutcome, Store, StoreError};
use http::HeaderMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Why a server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A realm's keys.
    #[error("realm {realm}: {error}")]
    Keys {
        /// The realm.
        realm: String,
        /// What is wrong.
        error: KeyRingError,
    },
}

/// The server.
pub struct Server<S> {
    /// Records.
    pub store: S,
    /// Realms in the order of their names.
    pub realms: Vec<Arc<Realm>>,
    /// What was revoked and not yet forgotten.
    pub revoked: RevocationSet,
    /// Connections to others.
    pub fetcher: Fetcher,
    /// Proxies whose word on a client's address is taken.
    pub trusted_proxies: Vec<Network>,
    /// Client certificates that a proxy passes on; none where no proxy is believed.
    pub forwarded: Option<ForwardedCertificates>,
    /// Guesses at passwords and codes, slowed down.
    pub throttle: Throttle,
    /// Logout tokens on their way.
    pub deliveries: Deliveries,
    /// Password checks.
    pub passwords: PasswordPool,
    /// Counters.
    pub metrics: Metrics,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Random numbers.
    pub entropy: Arc<dyn Entropy>,
    /// Seals keys.
    pub kek: Kek,
    /// Set when shutting down: not ready any more.
    pub draining: AtomicBool,
    /// Held while a realm's keys are read and shown.
    key_turn: tokio::sync::Mutex<()>,
}

impl<S: Store> Server<S> {
    /// Opens all realms of a checked configuration: makes what keys are missing, loads clients, scopes and revocations.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn open(
        config: &Config,
        library: &Library,
        store: S,
        kek: Kek,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, StartError> {
        let metrics = Metrics::default();
        let fetcher = Fetcher::new(&config.outbound)?;
        let now = clock.now();
        let clients = store.clients().await?;
        let (certificates, lists) = (store.certificates(now).await?, store.crls().await?);
        let mut realms = Vec::new();
        for (name, realm) in &config.realm {
            let plan = RealmPlan::new(name, realm, library)
                .map_err(|ConfigError(text)| ConfigError(format!("realm.{name}: {text}")))?;
            let own = clients.iter().filter(|client| *client.realm == **name);
            let algorithms = key_ring::algorithms(&plan.endpoints, own.flat_map(Client::algorithms));
            let at = |error| StartError::Keys { realm: name.clone(), error };
            let records =
                key_ring::maintain(&store, &kek, name, &algorithms, plan.key_policy(), now, &*entropy)
                    .await
                    .map_err(at)?;
            let pepper = key_ring::pepper(&records, &kek).map_err(at)?;
            let keys = key_ring::key_set(&records, &kek, &plan.endpoints, now).map_err(at)?;
            let trust =
                plan.trust().map_err(|ConfigError(text)| ConfigError(format!("realm.{name}: {text}")))?;
            let entropy = &*entropy;
            let opening =
                open_authority(&plan, &trust, (&store, &kek), (now, entropy), (&certificates, &lists));
            // Boxed: making keys is rare, and would make the future of the whole start large.
            let authority = Box::pin(opening).await?;
            let realm = plan.open((pepper, keys), (trust, authority), metrics.realm(name));
            realms.push(Arc::new(realm));
        }
        for client in clients {
            if let Some(realm) = realms.iter().find(|realm| *realm.name == *client.realm) {
                realm.directory.put(client);
            }
        }
        for scope in store.scopes().await? {
            if let Some(realm) = realms.iter().find(|realm| *realm.name == *scope.realm) {
                realm.directory.put_scope(&scope.name, ScopeMeaning::Text(scope.description.into()));
            }
        }
        let revoked = RevocationSet::new(store.revocations(now).await?);
        Ok(Self {
            store,
            realms,
            revoked,
            fetcher,
            trusted_proxies: config.listen.trusted_proxies()?,
            forwarded: config.listen.forwarded_certificates()?,
            throttle: Throttle::default(),
            deliveries: Deliveries::default(),
            passwords: PasswordPool::new(std::thread::available_parallelism().map_or(1, usize::from)),
            metrics,
            clock,
            entropy,
            kek,
            draining: AtomicBool::new(false),
            key_turn: tokio::sync::Mutex::default(),
        })
    }

    /// Where a request comes from, behind the proxies that are trusted.
    pub fn client_address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        client_address(peer, headers, &self.trusted_proxies)
    }

    /// The realm of this name.
    pub fn realm(&self, name: &str) -> Option<&Arc<Realm>> {
        self.realms.iter().find(|realm| realm.name == name)
    }

    /// Whether requests should come here: not draining, and the store takes a real write.
    pub async fn is_ready(&self) -> bool {
        !self.draining.load(Ordering::Relaxed) && self.store.probe().await.is_ok()
    }

    /// Runs the key schedule of every realm and shows the result to requests.
    ///
    /// # Errors
    /// [`StartError`] for the first realm that fails; the others keep their keys.
    pub async fn maintain_keys(&self) -> Result<(), StartError> {
        for realm in &self.realms {
            self.maintain_realm_keys(realm)
                .await
                .map_err(|error| StartError::Keys { realm: realm.name.clone(), error })?;
        }
        Ok(())
    }

    /// Reads the authorities and revocation lists of every realm again, where their files changed. It costs a look at each
    /// file; who revokes a certificate expects it to be refused in seconds. A large list takes its time, and a thread of its
    /// own: whoever waits here does other things meanwhile.
    pub async fn reload_trust(&self) {
        let realms = self.realms.clone();
        let reading = move || realms.iter().for_each(|realm| realm.trust.reload());
        if let Err(error) = tokio::task::spawn_blocking(reading).await {
            tracing::error!(%error, "authorities and revocation lists could not be read again");
        }
    }

    /// Runs the key schedule of one realm and shows the result to requests.
    ///
    /// # Errors
    /// [`KeyRingError`].
    pub async fn maintain_realm_keys(&self, realm: &Realm) -> Result<(), KeyRingError> {
        // Records are read and shown in one turn: an older view must not be shown after a newer one.
        let _turn = self.key_turn.lock().await;
        let now = self.clock.now();
        let algorithms = realm.algorithms();
        let policy = realm.key_policy();
        let records =
            key_ring::maintain(&self.store, &self.kek, &realm.name, &algorithms, policy, now, &*self.entropy)
                .await?;
        let mut keys = key_ring::key_set(&records, &self.kek, &realm.endpoints, now)?;
        let shown = realm.keys.load();
        if keys.jwks == shown.jwks {
            keys.verified = Arc::clone(&shown.verified);
        }
        realm.keys.store(Arc::new(keys));
        Ok(())
    }

    /// Makes the keys that the clients of a realm need and that it does not have yet.
    ///
    /// # Errors
    /// [`KeyRingError`].
    pub async fn complete_keys(&self, realm: &Realm) -> Result<(), KeyRingError> {
        let keys = realm.keys.load();
        let missing = realm.algorithms().into_iter().any(|own| keys.signing_key(own).is_none());
        if missing { self.maintain_realm_keys(realm).await } else { Ok(()) }
    }

    /// Commits. All changes but those of keys go this way: what is revoked here is revoked in memory too.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn record(&self, mut effects: Vec<Effect>) -> Result<CommitOutcome, StoreError> {
        self.shorten(&mut effects);
        let pending = Pending::new(&self.revoked, &effects);
        let outcome = self.store.commit(effects).await;
        match &outcome {
            Ok(CommitOutcome::Conflict) | Err(StoreError::Overloaded) => pending.discard(),
            // A store that failed may have kept it, and what may be revoked counts as revoked.
            Ok(CommitOutcome::Committed) | Err(StoreError::Engine(_)) => drop(pending),
        }
        outcome
    }

    /// Lets the revocations of grants die with the last access token that they could concern.
    fn shorten(&self, effects: &mut [Effect]) {
        for effect in effects {
            if let Effect::Revoke(revocation) = effect {
                let longest = self.realms.iter().map(|realm| realm.longest_access_token()).max().unwrap_or(0);
                *revocation = revocation.clone().shortened(self.clock.now(), longest);
            }
        }
    }

    /// Commits, or says why the client has to wait.
    pub(crate) async fn commit(&self, effects: Vec<Effect>) -> Result<CommitOutcome, Rejection> {
        self.record(effects).await.map_err(store_rejection)
    }

    /// Commits, if there is something, what no guard hinders in earnest: only a change elsewhere at the same moment.
    pub(crate) async fn must_commit(&self, effects: Vec<Effect>) -> Result<(), Rejection> {
        if !effects.is_empty() && self.commit(effects).await? == CommitOutcome::Conflict {
            return Err(Rule::Overloaded.into());
        }
        Ok(())
    }
}

/// A realm's certificate authority with what the store kept of it, and the key of its warnings; `None` if it has none.
async fn open_authority<S: Store>(
    plan: &RealmPlan,
    trust: &Trust,
    (store, kek): (&S, &Kek),
    (now, entropy): (Timestamp, &dyn Entropy),
    (certificates, lists): (&[ClientCertificate], &[Crl]),
) -> Result<Option<CertificateAuthority>, StartError> {
    let Some((config, identity, policy)) = plan.authority() else { return Ok(None) };
    let webhook_key = config.webhook_key(&plan.name)?;
    let known = certificate_authority::keys::maintain(store, kek, &identity, now, entropy)
        .await
        .map_err(|error| StartError::Keys { realm: plan.name.clone(), error })?;
    trust.show_authorities(&known);
    let certificates = certificates.iter().filter(|own| *own.realm == *plan.name).cloned().collect();
    let lists = lists.iter().filter(|own| *own.realm == *plan.name).cloned().collect();
    let mut own = CertificateAuthority::new(config, (identity, policy), known, (certificates, lists));
    own.webhook_key = webhook_key;
    Ok(Some(own))
}

/// What a client hears of a store that failed; the reason goes to the log.
pub(crate) fn store_rejection(error: StoreError) -> Rejection {
    match error {
        StoreError::Overloaded => Rule::Overloaded.into(),
        StoreError::Engine(reason) => {
            tracing::error!(reason, "the store failed");
            Rule::StoreFailed.into()
        }
    }
}

impl<S> std::fmt::Debug for Server<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("realms", &self.realms.len()).finish_non_exhaustive()
    }
}

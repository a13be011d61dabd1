//! The identity in use, replaced when its files change.
//!
//! Files are looked at, not watched: Kubernetes swaps a link far above them, and network file systems tell nobody. A
//! change is taken once the files stand still from one look to the next, so that certificate and key need not be replaced
//! at one moment. What cannot be used changes nothing: the identity before it stays.

use super::{Identity, IdentityError, IdentityFiles};
use crate::source::{Stamp, Surroundings};
use arc_swap::ArcSwap;
use chancela_core::time::Timestamp;
use rustls::client::{ResolvesClientCert, Resumption, WantsClientCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ConfigBuilder, SignatureScheme};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The identity in use.
#[derive(Debug)]
pub struct ClientIdentity {
    files: IdentityFiles,
    every: Duration,
    current: ArcSwap<Identity>,
    generation: AtomicU64,
    looked: Mutex<Looked>,
}

/// What a look found.
#[derive(Debug)]
pub enum Look {
    /// Nothing new.
    Unchanged,
    /// Another identity is in use. Connections that were made with the one before must end.
    Replaced,
    /// The files changed and cannot be used; the identity before stays. The same reason is told once.
    Refused(IdentityError),
}

#[derive(Debug)]
struct Looked {
    at: Timestamp,
    last: Stamps,
    used: Stamps,
    refusal: Option<String>,
}

/// Of certificate, key and passphrase.
type Stamps = [Option<Stamp>; 3];

impl ClientIdentity {
    /// Reads the files. Later looks read them anew no more often than `every`.
    ///
    /// # Errors
    /// [`IdentityError`]: at the start there is no identity before this one that could stay.
    pub fn load(
        files: IdentityFiles,
        every: Duration,
        around: &Surroundings,
        now: Timestamp,
    ) -> Result<Self, IdentityError> {
        let stamps = stamps(&files, around);
        let current = ArcSwap::from_pointee(Identity::read(&files, around, now)?);
        let looked = Looked { at: now, last: stamps, used: stamps, refusal: None };
        Ok(Self { files, every, current, generation: AtomicU64::new(0), looked: Mutex::new(looked) })
    }

    /// Looks whether the files changed, if it is time to, and takes them if they stand still and can be used. May be
    /// called at any rate; reads small files, and may run a program for a passphrase.
    pub fn look(&self, around: &Surroundings, now: Timestamp) -> Look {
        let mut looked = self.looked();
        // A clock that was set back must not stop the looking.
        let since = u64::try_from(now.millis().saturating_sub(looked.at.millis()));
        if since.is_ok_and(|since| Duration::from_millis(since) < self.every) {
            return Look::Unchanged;
        }
        looked.at = now;
        let stamps = stamps(&self.files, around);
        let still = std::mem::replace(&mut looked.last, stamps) == stamps;
        if looked.used == stamps {
            looked.refusal = None;
            return Look::Unchanged;
        }
        if !still {
            return Look::Unchanged;
        }
        self.take(&mut looked, stamps, (around, now))
    }

    /// Takes the files as they are, at once: for whoever has replaced them whole and knows it.
    pub fn reload(&self, around: &Surroundings, now: Timestamp) -> Look {
        let mut looked = self.looked();
        let stamps = stamps(&self.files, around);
        (looked.at, looked.last) = (now, stamps);
        if looked.used == stamps {
            return Look::Unchanged;
        }
        self.take(&mut looked, stamps, (around, now))
    }

    fn take(&self, looked: &mut Looked, stamps: Stamps, (around, now): (&Surroundings, Timestamp)) -> Look {
        match Identity::read(&self.files, around, now) {
            Ok(identity) => {
                (looked.used, looked.refusal) = (stamps, None);
                self.current.store(Arc::new(identity));
                self.generation.fetch_add(1, Ordering::Release);
                Look::Replaced
            }
            Err(error) => {
                let text = error.to_string();
                if looked.refusal.replace(text.clone()) == Some(text) {
                    return Look::Unchanged;
                }
                Look::Refused(error)
            }
        }
    }

    /// The identity in use.
    pub fn current(&self) -> Arc<Identity> {
        self.current.load_full()
    }

    /// How often the identity was replaced. A pool notes it before it connects and closes connections of another number, or
    /// the old certificate stays in use for as long as they live.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Why the files as they are now cannot be used, if they cannot.
    pub fn refusal(&self) -> Option<String> {
        self.looked().refusal.clone()
    }

    /// A TLS client that sends the identity in use at each handshake. It resumes no sessions: a server remembers with a
    /// session whose it was, and a resumed one would be the old certificate's after a replacement.
    pub fn in_config(
        self: &Arc<Self>,
        builder: ConfigBuilder<ClientConfig, WantsClientCert>,
    ) -> ClientConfig {
        let resolver: Arc<dyn ResolvesClientCert> = Arc::<Self>::clone(self);
        let mut config = builder.with_client_cert_resolver(resolver);
        config.resumption = Resumption::disabled();
        config
    }

    fn looked(&self) -> MutexGuard<'_, Looked> {
        self.looked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ResolvesClientCert for ClientIdentity {
    /// The servers' hints are not asked: there is one identity, and a server that does not know its issuer says so in an
    /// error that people can act on.
    fn resolve(&self, _hints: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let certified = Arc::clone(self.current.load().certified_key());
        certified.key.choose_scheme(schemes).is_some().then_some(certified)
    }

    fn has_certs(&self) -> bool {
        true
    }
}

fn stamps(files: &IdentityFiles, around: &Surroundings) -> Stamps {
    let IdentityFiles { certificate, key, passphrase } = files;
    [Some(certificate), key.as_ref(), passphrase.as_ref()].map(|source| Some(source?.stamp(around)))
}

//! A verifier whose keys are replaced while it works.

use crate::{KeySet, KeySource, Refusal, VerifiedToken, Verifier};
use chancela_core::time::Timestamp;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// A [`Verifier`] for as long as the program runs. A task of the caller's asks [`begin_refresh`] every second or so,
/// fetches the key set when it says so, and hands it to [`replace_keys`]; a token whose key is not known yet is refused
/// meanwhile, which an issuer that publishes keys before it signs with them spares its clients.
///
/// [`begin_refresh`]: LiveVerifier::begin_refresh
/// [`replace_keys`]: LiveVerifier::replace_keys
#[derive(Debug)]
pub struct LiveVerifier {
    verifier: RwLock<Arc<Verifier>>,
    source: KeySource,
    refresh: Mutex<Refresh>,
}

#[derive(Debug, Default)]
struct Refresh {
    wanted: bool,
    last: Option<Timestamp>,
}

impl LiveVerifier {
    /// With the default [`KeySource`]. The first [`begin_refresh`](Self::begin_refresh) says yes.
    pub fn new(verifier: Verifier) -> Self {
        Self::with_source(verifier, KeySource::default())
    }

    /// With keys of another age.
    pub fn with_source(verifier: Verifier, source: KeySource) -> Self {
        Self { verifier: RwLock::new(Arc::new(verifier)), source, refresh: Mutex::default() }
    }

    /// [`Verifier::verify`] with the keys of now; remembers that a key was unknown.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn verify(
        &self,
        token: &str,
        presented: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<VerifiedToken, Refusal> {
        let verifier = Arc::clone(&self.verifier.read().unwrap_or_else(PoisonError::into_inner));
        let verified = verifier.verify(token, presented, now);
        if matches!(verified, Err(Refusal::UnknownKey)) {
            self.refresh.lock().unwrap_or_else(PoisonError::into_inner).wanted = true;
        }
        verified
    }

    /// Whether the caller should fetch the keys now. Says yes to one caller, and to the next after 30 seconds at the
    /// earliest; a fetch that failed needs no report, it is due again then.
    pub fn begin_refresh(&self, now: Timestamp) -> bool {
        let mut refresh = self.refresh.lock().unwrap_or_else(PoisonError::into_inner);
        let due = self.source.needs_refresh(refresh.wanted, refresh.last, now);
        if due {
            *refresh = Refresh { wanted: true, last: Some(now) };
        }
        due
    }

    /// Takes the keys that were fetched.
    pub fn replace_keys(&self, keys: KeySet) {
        let mut verifier = self.verifier.write().unwrap_or_else(PoisonError::into_inner);
        *verifier = Arc::new(verifier.with_keys(keys));
        drop(verifier);
        self.refresh.lock().unwrap_or_else(PoisonError::into_inner).wanted = false;
    }
}

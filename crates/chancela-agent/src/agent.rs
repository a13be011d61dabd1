//! The agent: a configuration's providers, opened when they are asked for, over one cache.

use crate::cache::{BootId, Cache, CacheError, CacheKeyError, CacheKeys, Persist};
use crate::clock::Clock;
use crate::config::{AgentConfig, Kind};
use crate::engine::{Record, TokenKey};
use crate::identity::IdentityWarning;
use crate::provider::{Context, Provider, ProviderError, Request};
use crate::source::{SourceWarning, Surroundings};
use crate::tokens::{CacheStore, MemoryStore, Observer, Store, Tokens};
use crate::transport::Carrier;
use chancela_core::dialect::Library;
use chancela_core::entropy::{Entropy, EntropyError};
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What an agent is made of beside its configuration.
pub struct Parts {
    /// All dialects.
    pub library: Library,
    /// Environment and standard input.
    pub around: Arc<Surroundings>,
    /// Clocks.
    pub clock: Arc<dyn Clock>,
    /// Random numbers.
    pub entropy: Arc<dyn Entropy>,
    /// Hears of news.
    pub observer: Arc<dyn Observer>,
    /// Folder of the cache, where the configuration names none.
    pub state: PathBuf,
    /// This start of the machine.
    pub boot: Option<BootId>,
    /// Whether nothing is kept although the configuration has a cache.
    pub memory: bool,
    /// What carries requests in the place of the network; nothing does, as a rule.
    pub carrier: Option<Arc<dyn Carrier>>,
}

/// A configuration's providers.
pub struct Agent {
    config: AgentConfig,
    library: Library,
    context: Context,
    store: Arc<dyn Store>,
    keeps: bool,
    opened: Mutex<BTreeMap<String, Provider>>,
    cache: Option<Cache>,
    folder: PathBuf,
    warnings: Vec<SourceWarning>,
}

/// Why there is no agent. The text ends with what to do.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The cache's key.
    #[error(transparent)]
    Key(#[from] CacheKeyError),
    /// The cache.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// No random numbers.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// A record.
    #[error("{0}")]
    Record(#[from] io::Error),
    /// No provider of this name.
    #[error("there is no provider {name:?} in the configuration; it has: {known}")]
    Unknown {
        /// The name.
        name: String,
        /// All names.
        known: String,
    },
    /// The provider.
    #[error(transparent)]
    Provider(#[from] ProviderError),
}

impl Agent {
    /// Opens the cache. To be called within a tokio runtime.
    ///
    /// # Errors
    /// [`AgentError`].
    pub fn open(mut config: AgentConfig, parts: Parts) -> Result<Self, AgentError> {
        let Parts { library, around, clock, entropy, observer, state, boot, memory, carrier } = parts;
        let mut warnings = Vec::new();
        let mut pepper = [0; 32];
        entropy.fill(&mut pepper)?;
        let kept = config.cache.as_ref().filter(|_| !memory);
        let folder = kept.and_then(|kept| kept.folder.clone()).unwrap_or(state);
        let mut cache = None;
        let store: Arc<dyn Store> = match kept {
            None => Arc::new(MemoryStore::default()),
            Some(kept) => {
                let old: Vec<_> = kept.old_keys.iter().map(|place| place.0.clone()).collect();
                let (keys, noted) = CacheKeys::read(Some(&kept.key.0), &old, &around)?;
                warnings = noted;
                pepper = keys.pepper();
                let opened = cache.insert(Cache::open(&folder, keys, boot)?);
                Arc::new(CacheStore::new(opened.clone(), Persist::Both))
            }
        };
        let keeps = kept.is_some();
        for name in &config.agent.prefetch {
            if let Some(provider) = config.provider.get_mut(name) {
                provider.renew.keep = true;
            }
        }
        let mut seed = [0; 8];
        entropy.fill(&mut seed)?;
        let tokens = Tokens::new(u64::from_be_bytes(seed), Arc::clone(&store), Arc::clone(&clock), observer);
        let context = Context { tokens, clock, around, entropy, pepper, carrier };
        Ok(Self { config, library, context, store, keeps, opened: Mutex::default(), cache, folder, warnings })
    }

    /// A provider.
    ///
    /// # Errors
    /// [`AgentError`]. Reads its certificate the first time.
    pub fn provider(&self, name: &str) -> Result<Provider, AgentError> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(provider) = opened.get(name) {
            return Ok(provider.clone());
        }
        let Some(config) = self.config.provider.get(name) else {
            return Err(AgentError::Unknown {
                name: name.to_owned(),
                known: self.names().collect::<Vec<_>>().join(", "),
            });
        };
        let provider =
            Provider::open(name, config.clone(), &self.config.http, &self.library, self.context.clone())?;
        opened.insert(name.to_owned(), provider.clone());
        Ok(provider)
    }

    /// A provider that was asked for before. `None` too while another one is being opened: nobody waits here.
    pub(crate) fn opened(&self, name: &str) -> Option<Provider> {
        self.opened.try_lock().ok()?.get(name).cloned()
    }

    /// Ends the pauses after refusals of a provider's token and of its earlier steps, for all processes. Returns whether there
    /// was one.
    ///
    /// # Errors
    /// [`AgentError`], or the cache cannot be read or written.
    pub async fn reset(&self, name: &str, request: Request<'_>) -> Result<bool, AgentError> {
        let keys = self.provider(name)?.keys(request).await?;
        let mut was_paused = false;
        for key in keys {
            let held = self.context.tokens.hold(key).await?;
            let mut record = held.record().clone();
            if record.trouble.take().is_some() {
                was_paused = true;
                record.generation = record.generation.saturating_add(1);
                held.replace(record).await?;
            }
            self.context.tokens.reset(key);
        }
        Ok(was_paused)
    }

    /// Names of all providers.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.config.provider.keys().map(String::as_str)
    }

    /// The configuration.
    pub const fn config(&self) -> &AgentConfig {
        &self.config
    }

    /// Tokens of all providers.
    pub const fn tokens(&self) -> &Tokens {
        &self.context.tokens
    }

    /// Whether tokens outlive the process.
    pub const fn keeps(&self) -> bool {
        self.keeps
    }

    /// A record as it is kept now.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn record(&self, key: TokenKey) -> io::Result<Record> {
        self.store.read(key)
    }

    /// The clocks.
    pub fn clock(&self) -> &dyn Clock {
        &*self.context.clock
    }

    pub(crate) const fn library(&self) -> &Library {
        &self.library
    }

    pub(crate) const fn context(&self) -> &Context {
        &self.context
    }

    pub(crate) fn around(&self) -> &Surroundings {
        &self.context.around
    }

    pub(crate) const fn cache(&self) -> Option<&Cache> {
        self.cache.as_ref()
    }

    /// Where what is kept rests, sealed or not.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What is wrong with the cache's key though it could be read.
    pub fn warnings(&self) -> &[SourceWarning] {
        &self.warnings
    }

    /// What is wrong with the places of a provider's secrets though they can be read. Reads no secret; the key beside a
    /// certificate counts once the provider was opened.
    pub fn provider_warnings(&self, name: &str) -> Vec<SourceWarning> {
        let places = self.config.provider.get(name).map(|provider| provider.places(name)).unwrap_or_default();
        let secret = places.iter().filter(|place| place.kind == Kind::Secret);
        let mut out: Vec<_> = secret.filter_map(|place| place.source.warning()).collect();
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        let identity = opened.as_ref().and_then(Provider::identity).map(|identity| identity.current());
        for warning in identity.iter().flat_map(|identity| identity.warnings()) {
            if let IdentityWarning::Source(warning) = warning
                && !out.contains(warning)
            {
                out.push(warning.clone());
            }
        }
        out
    }
}

impl fmt::Debug for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Agent({:?})", self.names().collect::<Vec<_>>())
    }
}

//! What all connections share.

use super::news::News;
use super::policy::Policy;
use super::problem::Problem;
use crate::agent::{Agent, AgentError};
use crate::provider::{Provider, ProviderError};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

/// What all connections share.
pub(super) struct State {
    pub(super) agent: Arc<Agent>,
    pub(super) news: Arc<News>,
    pub(super) policy: Arc<Policy>,
    pub(super) prefetch: Vec<String>,
    /// Held while a certificate is renewed: an order whose answer nobody takes is a certificate that is lost.
    pub(super) renewing: tokio::sync::Mutex<()>,
    /// Those that are open: looked up without the agent's lock, under which a certificate may be read.
    opened: RwLock<BTreeMap<String, Provider>>,
}

impl State {
    pub(super) fn new(agent: Arc<Agent>, news: Arc<News>, policy: Policy, prefetch: Vec<String>) -> Self {
        Self {
            agent,
            news,
            policy: Arc::new(policy),
            prefetch,
            renewing: tokio::sync::Mutex::default(),
            opened: RwLock::default(),
        }
    }

    /// A provider that was used already.
    pub(super) fn opened(&self, name: &str) -> Option<Provider> {
        let own = self.opened.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        // Perhaps a reverse proxy did.
        own.or_else(|| self.agent.opened(name))
    }

    /// A provider.
    pub(super) async fn provider(self: &Arc<Self>, name: &str) -> Result<Provider, Problem> {
        if let Some(provider) = self.opened(name) {
            return Ok(provider);
        }
        if self.agent.names().all(|own| own != name) {
            return Err(Problem::unknown_provider());
        }
        let (state, own) = (Arc::clone(self), name.to_owned());
        let opened = tokio::task::spawn_blocking(move || {
            let provider = state.agent.provider(&own)?;
            let mut all = state.opened.write().unwrap_or_else(PoisonError::into_inner);
            all.insert(own, provider.clone());
            Ok::<_, AgentError>(provider)
        });
        match opened.await {
            Ok(Ok(provider)) => Ok(provider),
            Ok(Err(AgentError::Provider(error))) => Err(Problem::from(&error)),
            Ok(Err(_)) => Err(Problem::unknown_provider()),
            Err(_) => Err(Problem::from(&ProviderError::Interrupted)),
        }
    }
}

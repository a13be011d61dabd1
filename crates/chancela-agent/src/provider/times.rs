//! What is kept of a provider's tokens and when it ends, for people.

use super::{Provider, ProviderError, Request};
use crate::engine::{Margins, Record, TokenKey};

/// One step's token as it is kept.
#[derive(Debug, Clone)]
pub struct Step {
    /// The token endpoint's name in the dialect.
    pub name: String,
    /// What it is kept under.
    pub key: TokenKey,
}

impl Provider {
    /// The steps of a token, first step first.
    ///
    /// # Errors
    /// [`ProviderError`]: the credentials cannot be read.
    pub async fn steps(&self, request: Request<'_>) -> Result<Vec<Step>, ProviderError> {
        let keys = self.keys(request).await?;
        let names = self.0.endpoints().map(|endpoint| endpoint.name.clone());
        Ok(names.zip(keys).map(|(name, key)| Step { name, key }).collect())
    }

    /// When a step's token is renewed and when it is not handed out any more, before chance makes instances differ.
    pub fn margins(&self, step: &Step, record: &Record) -> Option<Margins> {
        let endpoint = self.0.endpoints().find(|endpoint| endpoint.name == step.name)?;
        Some(self.0.policy(endpoint).margins(record.token.as_ref()?.life.length, 0))
    }

    /// Path of the provider's keys below its address.
    pub fn keys_path(&self) -> String {
        let tenant = self.0.config.tenant.as_deref().unwrap_or_default();
        self.0.dialect.endpoints.jwks.replace("{tenant}", tenant)
    }
}

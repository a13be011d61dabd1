//! The key of client assertions (`private_key_jwt`), and an assertion for each single request: one that was sent is never
//! sent again, not even in a second try.

use super::line::Own;
use super::{Inner, ProviderError};
use crate::proof::Side;
use chancela_core::client_auth::Method;
use chancela_core::client_auth::private_key_jwt::ClientAssertion;
use chancela_core::dialect::TokenEndpoint;
use chancela_core::jose::SigningKey;
use chancela_core::secret::Secret;
use http::Uri;
use std::sync::Arc;

impl Inner {
    /// The key that signs assertions, as it is now.
    pub(super) fn assertion_key(&self) -> Result<Option<SigningKey>, ProviderError> {
        let config = &self.config;
        let Some(place) = &config.client_assertion_key else { return Ok(None) };
        let wrong =
            |error| ProviderError::Key { provider: self.name.clone(), key: "client_assertion_key", error };
        let key = SigningKey::read(self.secret(place)?.expose(), config.client_assertion_algorithm);
        let key = key.map_err(wrong)?;
        Ok(Some(match &config.client_assertion_kid {
            Some(kid) => key.named(kid),
            None => key,
        }))
    }

    /// Who we are in one request to a step's provider.
    pub(super) fn own_once(&self, endpoint: &TokenEndpoint, place: usize) -> Result<Own, ProviderError> {
        let own = self.own(endpoint)?;
        let assertion = self.assertion(endpoint, place, &own)?;
        Ok(Own { assertion, ..own })
    }

    fn assertion(
        &self,
        endpoint: &TokenEndpoint,
        place: usize,
        own: &Own,
    ) -> Result<Option<Secret>, ProviderError> {
        let method = self.method(endpoint, place + 1 == self.steps.len());
        let offered = endpoint.client_authentication.methods.contains(&Method::PrivateKeyJwt);
        if !offered || method.is_some_and(|method| method != Method::PrivateKeyJwt) {
            return Ok(None);
        }
        let Some(key) = self.assertion_key()? else { return Ok(None) };
        let address = self.target(place)?.url(&self.step_path(endpoint, place)?);
        let uri: Uri = address.parse().map_err(|_| ProviderError::Interrupted)?;
        let mut id = [0; 16];
        let random = self.context.entropy.fill(&mut id);
        random.map_err(|error| self.unproven(error.into()))?;
        let assertion = ClientAssertion {
            client_id: own.client_id.expose(),
            audience: self.config.client_assertion_audience.as_deref().unwrap_or(&address),
            issued_at: self.heard.time(Side::Authorization, &uri, self.now()),
            id: &id,
        };
        let signed = assertion.sign(Arc::new(key));
        signed.map(Some).map_err(|error| self.unproven(chancela_core::dpop::ProofError::from(error).into()))
    }
}

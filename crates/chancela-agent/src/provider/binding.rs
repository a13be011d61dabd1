//! The key that tokens are bound to (RFC 9449): read from its place, or made once and kept sealed beside the tokens, and
//! whether an answer's token is bound to it.

use super::{Inner, ProviderError};
use crate::engine::{Issued, TokenKey};
use crate::proof::{ProveError, Prover};
use chancela_core::dpop::{ProofKey, TOKEN_TYPE};
use chancela_core::jose::SigningKey;
use chancela_core::message::token_answer::TokenAnswer;
use chancela_core::secret::Secret;
use chancela_core::x509::encode_pem;
use std::io;
use std::sync::{Arc, PoisonError};

/// What is said of a token that is not bound although it was asked for with a proof.
pub(crate) const UNBOUND: &str = "the provider gave a token that is not bound to our key, and it was dropped; ask the provider to \
                       enable DPoP for this client, or set dpop = { danger_bearer = true }";

/// Whether the provider said that the token is bound.
pub(super) fn is_bound(token: &Issued) -> bool {
    says_bound(token.token_type.as_deref())
}

fn says_bound(token_type: Option<&str>) -> bool {
    token_type.is_some_and(|own| own.eq_ignore_ascii_case(TOKEN_TYPE))
}

impl Inner {
    /// What proves who sends the requests of the last step, by the key as it is now.
    pub(super) fn prover(&self) -> Result<Option<Arc<Prover>>, ProviderError> {
        let Some(config) = &self.config.dpop else { return Ok(None) };
        let known = self.known_prover().clone();
        let key = match (&config.key, known.as_ref()) {
            (Some(place), _) => self.bound_key(self.secret(place)?.expose())?,
            // What the cache keeps does not change.
            (None, Some(_)) => return Ok(known),
            (None, None) => self.kept_key()?,
        };
        let key = ProofKey::new(Arc::new(key));
        if let Some(known) = known.filter(|known| known.thumbprint() == key.thumbprint()) {
            return Ok(Some(known));
        }
        let (clock, entropy) = (Arc::clone(&self.context.clock), Arc::clone(&self.context.entropy));
        let made = Arc::new(Prover::new(&self.name, key, Arc::clone(&self.heard), (clock, entropy)));
        *self.known_prover() = Some(Arc::clone(&made));
        Ok(Some(made))
    }

    /// The key of this client at this provider: whoever shares the cache shares it, as it shares the tokens. It is never
    /// replaced while it can be read, because a session may be bound to it.
    fn kept_key(&self) -> Result<SigningKey, ProviderError> {
        let endpoint = self.endpoints().last().ok_or(ProviderError::Interrupted)?;
        let own = self.own(endpoint)?;
        let origin = self.targets.last().map(|target| target.origin()).unwrap_or_default();
        let name =
            TokenKey::of(&["chancela agent dpop 1", &self.dialect.name, &origin, own.client_id.expose()]);
        if self.is_repeatable() {
            self.context.store.expendable(name);
        }
        let make = || {
            let key = SigningKey::generate().map_err(io::Error::other)?;
            Ok(Secret::new(encode_pem("PRIVATE KEY", key.pkcs8())))
        };
        let kept = self.context.store.secret(name, &make);
        let kept = kept.map_err(|error| ProviderError::KeptKey { provider: self.name.clone(), error })?;
        self.bound_key(kept.expose())
    }

    fn bound_key(&self, text: &str) -> Result<SigningKey, ProviderError> {
        SigningKey::read(text, None).map_err(|error| ProviderError::Key {
            provider: self.name.clone(),
            key: "dpop.key",
            error,
        })
    }

    /// Whether an answer to a request with a proof gave a token that is not bound, and the configuration does not take it:
    /// whoever finds such a token can use it.
    pub(super) fn is_downgraded(&self, answer: &TokenAnswer, prover: Option<&Arc<Prover>>) -> bool {
        let takes = self.config.dpop.as_ref().is_some_and(|dpop| dpop.danger_bearer);
        prover.is_some() && !takes && !says_bound(answer.token_type.as_deref())
    }

    pub(super) fn unproven(&self, error: ProveError) -> ProviderError {
        ProviderError::Proof { provider: self.name.clone(), error }
    }

    fn known_prover(&self) -> std::sync::MutexGuard<'_, Option<Arc<Prover>>> {
        self.prover.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

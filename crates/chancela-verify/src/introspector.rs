//! Verification by introspection (RFC 7662): alone, for tokens that mean nothing here, or after a JWT's own check, so
//! that a revoked one is refused. Where the endpoint does not answer, requests are refused.

use crate::bearer::check_form;
use crate::cache::{Cache, CacheLimits};
use crate::{
    Introspect, Introspection, LiveVerifier, Refusal, Settings, SettingsError, Timestamp, VerifiedToken,
    Verify,
};
use std::sync::{Arc, Mutex, PoisonError};

/// Asks the authorization server about each token.
#[derive(Debug)]
pub struct Introspector<I> {
    ask: I,
    settings: Settings,
    cache: Mutex<Cache>,
}

impl<I: Introspect> Introspector<I> {
    /// Without a cache: every request asks.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn new(ask: I, settings: Settings) -> Result<Self, SettingsError> {
        let cache = Mutex::new(Cache::new(CacheLimits::NONE));
        Ok(Self { ask, settings: settings.checked()?, cache })
    }

    /// Keeps active answers for a while.
    #[must_use]
    pub fn with_cache(self, limits: CacheLimits) -> Self {
        Self { cache: Mutex::new(Cache::new(limits)), ..self }
    }

    async fn answer(&self, token: &str, now: Timestamp) -> Result<Introspection, Refusal> {
        let kept = self.cache.lock().unwrap_or_else(PoisonError::into_inner).get(token, now);
        if let Some(answer) = kept {
            return Ok(answer);
        }
        let answer = self.ask.introspect(token).await.map_err(Refusal::Unchecked)?;
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).put(token, &answer, now);
        Ok(answer)
    }
}

impl<I: Introspect> Verify for Introspector<I> {
    async fn check(
        &self,
        token: &str,
        presented: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<VerifiedToken, Refusal> {
        check_form(token, Refusal::Malformed)?;
        self.answer(token, now).await?.verify(&self.settings, presented, now)
    }
}

/// Verifies a JWT and then asks whether it was revoked. What is refused without asking is not asked about.
#[derive(Debug)]
pub struct WithIntrospection<I> {
    verifier: Arc<LiveVerifier>,
    introspector: Introspector<I>,
    fail_open: bool,
}

impl<I: Introspect> WithIntrospection<I> {
    /// Refuses every request while the endpoint does not answer.
    pub const fn new(verifier: Arc<LiveVerifier>, introspector: Introspector<I>) -> Self {
        Self { verifier, introspector, fail_open: false }
    }

    /// While the endpoint does not answer, takes a JWT's own word: a revoked token is then good until it expires, and
    /// whoever can keep the endpoint from answering can use one.
    #[must_use]
    pub fn danger_fail_open(self) -> Self {
        Self { fail_open: true, ..self }
    }
}

impl<I: Introspect> Verify for WithIntrospection<I> {
    async fn check(
        &self,
        token: &str,
        presented: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<VerifiedToken, Refusal> {
        let verified = self.verifier.verify(token, presented, now)?;
        let Introspector { settings, .. } = &self.introspector;
        let answer = self.introspector.answer(token, now).await;
        let audience = Some(&*verified.audience);
        match answer.and_then(|answer| answer.verify_beside(audience, settings, presented, now)) {
            Ok(_) => Ok(verified),
            Err(Refusal::Unchecked(_)) if self.fail_open => Ok(verified),
            Err(refusal) => Err(refusal),
        }
    }
}

//! A request to a step's token endpoint, and a second one where the first was refused for what it could not know: the
//! server's nonce (RFC 9449 §8) or how its clock stands. Each is made anew, with an assertion and a proof of its own.

use super::{Inner, ProviderError};
use crate::proof::{News, Prover, Side};
use crate::transport::TransportError;
use bytes::Bytes;
use chancela_core::dpop::{PROOF, USE_NONCE};
use chancela_core::message::HttpAnswer;
use chancela_core::message::token_refusal::{TokenRefusal, WireError};
use http::{Request, Response, StatusCode, Uri};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Errors of a request whose assertion or proof is not of the server's time.
const OF_THE_CLOCK: [&str; 2] = ["invalid_client", "invalid_dpop_proof"];

/// Seconds by which clocks differ that people should hear of.
const WORTH_TELLING: i64 = 30;

/// Why there is no answer.
pub(super) enum ExchangeError {
    /// Nothing was sent.
    Unsent(ProviderError),
    /// On the way.
    Transport(TransportError),
}

impl Inner {
    /// Sends what `make` makes to a step's endpoint, with a proof if there is a key for one.
    pub(super) async fn exchange(
        self: &Arc<Self>,
        place: usize,
        prover: Option<&Arc<Prover>>,
        patience: Duration,
        make: impl Fn(&Self) -> Result<Request<Bytes>, ProviderError> + Clone + Send + 'static,
    ) -> Result<Response<Bytes>, ExchangeError> {
        let until = Instant::now() + patience;
        let (first, news) = self.ask(place, prover, until, make.clone()).await?;
        if self.may_succeed_now(place, &first, news, prover.is_some()) {
            if until <= Instant::now() {
                return Ok(first);
            }
            return Ok(self.ask(place, prover, until, make).await?.0);
        }
        Ok(first)
    }

    async fn ask(
        self: &Arc<Self>,
        place: usize,
        prover: Option<&Arc<Prover>>,
        until: Instant,
        make: impl Fn(&Self) -> Result<Request<Bytes>, ProviderError> + Send + 'static,
    ) -> Result<(Response<Bytes>, News), ExchangeError> {
        let target = self.target(place).map_err(ExchangeError::Unsent)?;
        let believed = self.clock_skew(place);
        let (inner, prover, origin) = (Arc::clone(self), prover.cloned(), target.origin());
        let made = tokio::task::spawn_blocking(move || {
            let mut request = make(&inner)?;
            let uri = (origin + &request.uri().to_string()).parse::<Uri>();
            let uri = uri.map_err(|_| ProviderError::Interrupted)?;
            if let Some(prover) = prover {
                let proof = prover.prove(Side::Authorization, request.method(), &uri, None);
                request.headers_mut().insert(PROOF, proof.map_err(|error| prover.failure(error))?);
            }
            Ok((request, uri))
        });
        let made = made.await.unwrap_or(Err(ProviderError::Interrupted));
        let (request, uri) = made.map_err(ExchangeError::Unsent)?;
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            // Nothing was sent.
            return Err(ExchangeError::Transport(TransportError::ConnectTimeout(target.name())));
        }
        let response = self.route.send(target, request, left).await.map_err(ExchangeError::Transport)?;
        let mut news = self.heard.note(Side::Authorization, &uri, &read(&response), self.now());
        let skew = self.clock_skew(place);
        if news.clock && skew.saturating_abs() > WORTH_TELLING {
            let provider = &*self.name;
            tracing::warn!(
                provider,
                skew,
                "the provider's clock differs from ours by so many seconds; set ours by NTP"
            );
        }
        // Of two requests at once, the other's answer may have told it; this one was made without knowing it all the same.
        news.clock |= skew != believed;
        Ok((response, news))
    }

    /// Seconds by which the clock of a step's server is ahead of ours, as far as that is known.
    pub(super) fn clock_skew(&self, place: usize) -> i64 {
        let uri = self.target(place).ok().and_then(|target| target.url("/").parse().ok());
        let now = self.now();
        uri.map_or(0, |uri| self.heard.time(Side::Authorization, &uri, now).seconds() - now.seconds())
    }

    /// Whether what the first answer has told is what was missing.
    fn may_succeed_now(&self, place: usize, response: &Response<Bytes>, news: News, proven: bool) -> bool {
        let refused = [StatusCode::BAD_REQUEST, StatusCode::UNAUTHORIZED].contains(&response.status());
        let Some(endpoint) = self.endpoints().nth(place).filter(|_| refused) else { return false };
        let Err(refusal) = self.answer(endpoint, response) else { return false };
        let error = refusal.error.as_ref().map_or("", WireError::as_str);
        let signed = proven || self.config.client_assertion_key.is_some();
        proven && news.nonce && error == USE_NONCE || signed && news.clock && OF_THE_CLOCK.contains(&error)
    }
}

/// Whether a refusal only says that the proof needs a nonce: the provider has not acted.
pub(super) fn wants_nonce(refusal: &TokenRefusal) -> bool {
    refusal.error.as_ref().is_some_and(|error| error.as_str() == USE_NONCE)
}

/// An answer as core reads it.
pub(super) fn read(response: &Response<Bytes>) -> HttpAnswer<'_> {
    HttpAnswer { status: response.status(), headers: response.headers(), body: response.body() }
}

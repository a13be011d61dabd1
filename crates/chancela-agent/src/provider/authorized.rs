//! What an API call carries: headers that are the same for each call, what the provider wants anew in each, and for a bound
//! token (RFC 9449) a proof.

use super::ProviderError;
use super::per_call::PerCall;
use crate::engine::Served;
use crate::proof::{Prover, Side};
use chancela_core::dpop::PROOF;
use chancela_core::secret::Secret;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use std::fmt;
use std::sync::Arc;

/// What an API call carries.
#[derive(Clone)]
pub struct Authorized {
    /// The token and those that go along with it.
    pub served: Served,
    /// Headers that are the same for every call, the token's own first; their values are marked sensitive. They are not
    /// enough where [`needs_proof`](Self::needs_proof) says so: see [`headers_for`](Self::headers_for).
    pub headers: Vec<(HeaderName, HeaderValue)>,
    prover: Option<Arc<Prover>>,
    per_call: Option<Arc<PerCall>>,
}

impl Authorized {
    pub(super) const fn new(
        headers: Vec<(HeaderName, HeaderValue)>,
        served: Served,
        prover: Option<Arc<Prover>>,
        per_call: Option<Arc<PerCall>>,
    ) -> Self {
        Self { served, headers, prover, per_call }
    }

    /// Whether every call carries the same: [`headers`](Self::headers), and nothing else.
    pub const fn is_uniform(&self) -> bool {
        self.prover.is_none() && self.per_call.is_none()
    }

    /// Parameters that the address of each call has, by name.
    pub fn query(&self) -> impl Iterator<Item = (&str, &Secret)> {
        let all = self.per_call.iter().flat_map(|own| &own.query);
        all.map(|(name, value)| (name.as_str(), value))
    }

    /// The address of a call with the parameters that the provider wants there.
    ///
    /// # Errors
    /// [`ProviderError::CallAddress`]: it would be too long. Never where the provider wants none.
    pub fn address_for(&self, uri: &Uri) -> Result<Uri, ProviderError> {
        let Some(per_call) = &self.per_call else { return Ok(uri.clone()) };
        per_call.address(uri).ok_or(ProviderError::CallAddress)
    }

    /// Headers of one call, but for a proof.
    pub fn call_headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        let own = self.per_call.iter().flat_map(|own| own.headers());
        self.headers.iter().cloned().chain(own).collect()
    }

    /// Whether each call needs a proof of its own, because the token is bound to a key (RFC 9449).
    pub const fn needs_proof(&self) -> bool {
        self.prover.is_some()
    }

    /// All headers of one call: for a bound token with a proof that is good for this method and address, and for one call
    /// alone. `uri` is the whole address, as [`address_for`](Self::address_for) makes it.
    ///
    /// # Errors
    /// [`ProviderError::Proof`]: the address is not whole, or signing failed. Never for a token that is not bound.
    pub fn headers_for(
        &self,
        method: &Method,
        uri: &Uri,
    ) -> Result<Vec<(HeaderName, HeaderValue)>, ProviderError> {
        let mut headers = self.call_headers();
        if let Some(prover) = &self.prover {
            let proof = prover.prove(Side::Resource, method, uri, Some(&self.served.token.access_token));
            headers.push((PROOF, proof.map_err(|error| prover.failure(error))?));
        }
        Ok(headers)
    }

    /// Takes the head of the API's answer to a call at `uri`, whatever it is: a nonce in it is for the next proof. Returns
    /// whether the API refused the proof and not the token, so that the same call is worth being made once more, with the
    /// headers that [`headers_for`](Self::headers_for) then makes.
    pub fn is_challenged(&self, uri: &Uri, status: StatusCode, headers: &HeaderMap) -> bool {
        self.prover.as_ref().is_some_and(|prover| prover.refused(uri, status, headers))
    }

    /// Makes a nonce that an API gave to somebody else part of the next proof for `uri` (RFC 9449 section 9).
    pub fn use_nonce(&self, uri: &Uri, nonce: &HeaderValue) {
        let headers = HeaderMap::from_iter([(chancela_core::dpop::NONCE, nonce.clone())]);
        let _ = self.is_challenged(uri, StatusCode::OK, &headers);
    }
}

impl fmt::Debug for Authorized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authorized({})", self.served.token.fingerprint)
    }
}

//! What an API call carries: headers that are the same for each call, and for a bound token (RFC 9449) a proof that is made
//! for each.

use super::ProviderError;
use crate::engine::Served;
use crate::proof::{Prover, Side};
use chancela_core::dpop::PROOF;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use std::sync::Arc;

/// What an API call carries.
#[derive(Debug, Clone)]
pub struct Authorized {
    /// The token and those that go along with it.
    pub served: Served,
    /// Headers that are the same for every call, the token's own first; their values are marked sensitive. They are not
    /// enough where [`needs_proof`](Self::needs_proof) says so: see [`headers_for`](Self::headers_for).
    pub headers: Vec<(HeaderName, HeaderValue)>,
    prover: Option<Arc<Prover>>,
}

impl Authorized {
    pub(super) const fn new(
        headers: Vec<(HeaderName, HeaderValue)>,
        served: Served,
        prover: Option<Arc<Prover>>,
    ) -> Self {
        Self { served, headers, prover }
    }

    /// Whether each call needs a proof of its own, because the token is bound to a key (RFC 9449).
    pub const fn needs_proof(&self) -> bool {
        self.prover.is_some()
    }

    /// All headers of one call: for a bound token with a proof that is good for this method and address, and for one call
    /// alone. `uri` is the whole address.
    ///
    /// # Errors
    /// [`ProviderError::Proof`]: the address is not whole, or signing failed. Never for a token that is not bound.
    pub fn headers_for(
        &self,
        method: &Method,
        uri: &Uri,
    ) -> Result<Vec<(HeaderName, HeaderValue)>, ProviderError> {
        let mut headers = self.headers.clone();
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

//! The one question that the layer asks, whoever answers it.

use crate::{LiveVerifier, Refusal, Timestamp, VerifiedToken, Verifier};
use std::future::{Future, ready};

/// Who decides about a token: [`Verifier`], [`LiveVerifier`], [`Introspector`](crate::Introspector) or
/// [`WithIntrospection`](crate::WithIntrospection).
pub trait Verify: Send + Sync + 'static {
    /// Decides. `presented` is the DER of the connection's client certificate.
    ///
    /// # Errors
    /// The first rule that is broken.
    fn check(
        &self,
        token: &str,
        presented: Option<&[u8]>,
        now: Timestamp,
    ) -> impl Future<Output = Result<VerifiedToken, Refusal>> + Send;
}

impl Verify for Verifier {
    fn check(
        &self,
        token: &str,
        presented: Option<&[u8]>,
        now: Timestamp,
    ) -> impl Future<Output = Result<VerifiedToken, Refusal>> + Send {
        ready(self.verify(token, presented, now))
    }
}

impl Verify for LiveVerifier {
    fn check(
        &self,
        token: &str,
        presented: Option<&[u8]>,
        now: Timestamp,
    ) -> impl Future<Output = Result<VerifiedToken, Refusal>> + Send {
        ready(self.verify(token, presented, now))
    }
}

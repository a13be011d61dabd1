//! Proofs that a request's sender holds the key of its token (RFC 9449): which key, clock and nonce they have.
//!
//! Owns what is remembered of servers for that: the last nonce of each, and how far its clock is from ours. What an
//! authorization server said and what a resource server said are kept apart, even where both are at one address. Does not
//! own the form of a proof (core's), nor where the key rests.

use crate::clock::Clock;
use crate::provider::ProviderError;
use chancela_core::dpop::{self, Proof, ProofError, ProofKey};
use chancela_core::entropy::{Entropy, EntropyError};
use chancela_core::message::HttpAnswer;
use chancela_core::secret::Secret;
use chancela_core::time::Timestamp;
use http::header::{AGE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most servers that are remembered. One more makes us forget all, which costs each of them one refusal.
const MOST_SERVERS: usize = 64;
/// Seconds by which clocks differ without harm.
const LEEWAY: i64 = 5;
/// The error of a proof that is no good (RFC 9449 §5).
const INVALID_PROOF: &str = "invalid_dpop_proof";

/// Whose word it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    /// The authorization server's.
    Authorization,
    /// A resource server's.
    Resource,
}

/// What servers said.
#[derive(Default)]
pub(crate) struct Heard(Mutex<BTreeMap<(Side, String), Said>>);

#[derive(Default)]
struct Said {
    nonce: Option<Box<str>>,
    /// Seconds by which its clock is ahead of ours.
    ahead: i64,
}

/// What an answer has told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct News {
    /// There is a nonce for the next proof.
    pub(crate) nonce: bool,
    /// The server's clock is not where it was thought to be.
    pub(crate) clock: bool,
}

impl Heard {
    /// Remembers what an answer from `uri` that arrived at `now` says of nonce and clock.
    pub(crate) fn note(&self, side: Side, uri: &Uri, answer: &HttpAnswer<'_>, now: Timestamp) -> News {
        let nothing = News { nonce: false, clock: false };
        let Some(origin) = origin(uri) else { return nothing };
        let nonce = dpop::nonce(answer.headers);
        // What a cache has answered has the time at which it was made.
        let believed = !answer.headers.contains_key(AGE)
            && (side == Side::Authorization || answer.status == StatusCode::UNAUTHORIZED);
        let ahead = answer.clock_skew(now).filter(|_| believed);
        if nonce.is_none() && ahead.is_none() {
            return nothing;
        }
        let mut all = self.all();
        let key = (side, origin);
        if all.len() >= MOST_SERVERS && !all.contains_key(&key) {
            all.clear();
        }
        let said = all.entry(key).or_default();
        if let Some(nonce) = nonce {
            said.nonce = Some(nonce.into());
        }
        let clock = ahead.is_some_and(|ahead| ahead.saturating_sub(said.ahead).saturating_abs() > LEEWAY);
        if let Some(ahead) = ahead.filter(|_| clock) {
            said.ahead = if ahead.saturating_abs() > LEEWAY { ahead } else { 0 };
        }
        News { nonce: nonce.is_some(), clock }
    }

    /// The time by the clock of the server at `uri`, as far as that is known.
    pub(crate) fn time(&self, side: Side, uri: &Uri, now: Timestamp) -> Timestamp {
        let ahead = origin(uri).and_then(|origin| Some(self.all().get(&(side, origin))?.ahead));
        now.plus_seconds(ahead.unwrap_or(0))
    }

    fn nonce(&self, side: Side, uri: &Uri) -> Option<Box<str>> {
        self.all().get(&(side, origin(uri)?))?.nonce.clone()
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<(Side, String), Said>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Scheme, host and port, in one spelling.
fn origin(uri: &Uri) -> Option<String> {
    let whole = dpop::target_uri(uri)?;
    let length = whole.len().checked_sub(uri.path().len().max(1))?;
    whole.get(..length).map(str::to_owned)
}

/// A key, and all that its proofs need.
pub(crate) struct Prover {
    provider: Box<str>,
    key: ProofKey,
    heard: Arc<Heard>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// Why there is no proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProveError {
    /// The proof.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// No random numbers.
    #[error("{0}; try again")]
    Entropy(#[from] EntropyError),
}

impl Prover {
    /// `provider` is its name for people.
    pub(crate) fn new(
        provider: &str,
        key: ProofKey,
        heard: Arc<Heard>,
        (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>),
    ) -> Self {
        Self { provider: provider.into(), key, heard, clock, entropy }
    }

    /// An error for people.
    pub(crate) fn failure(&self, error: ProveError) -> ProviderError {
        ProviderError::Proof { provider: self.provider.to_string(), error }
    }

    /// By which tokens are bound to the key.
    pub(crate) fn thumbprint(&self) -> &str {
        self.key.thumbprint()
    }

    /// A proof for one request, with the token that it carries.
    pub(crate) fn prove(
        &self,
        side: Side,
        method: &Method,
        uri: &Uri,
        token: Option<&Secret>,
    ) -> Result<HeaderValue, ProveError> {
        let mut id = [0; 16];
        self.entropy.fill(&mut id)?;
        let nonce = self.heard.nonce(side, uri);
        let now = Timestamp::from_millis(self.clock.now().wall);
        let proof = self.key.prove(&Proof {
            method,
            uri,
            token,
            nonce: nonce.as_deref(),
            issued_at: self.heard.time(side, uri, now),
            id: &id,
        })?;
        let mut value = HeaderValue::from_str(&proof).map_err(|_| ProofError::Address)?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Remembers what an API's answer says. Returns whether it refused the proof and another one would do.
    pub(crate) fn refused(&self, uri: &Uri, status: StatusCode, headers: &HeaderMap) -> bool {
        let now = Timestamp::from_millis(self.clock.now().wall);
        let answer = HttpAnswer { status, headers, body: b"" };
        let news = self.heard.note(Side::Resource, uri, &answer, now);
        let says = |value: &HeaderValue| value.to_str().is_ok_and(|text| text.contains(INVALID_PROOF));
        let invalid =
            status == StatusCode::UNAUTHORIZED && headers.get_all(WWW_AUTHENTICATE).iter().any(says);
        news.nonce && dpop::demands_nonce(status, headers) || news.clock && invalid
    }
}

impl fmt::Debug for Prover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prover({})", self.key.thumbprint())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pairs =
            pairs.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()));
        pairs.collect()
    }

    fn note(heard: &Heard, side: Side, uri: &str, status: u16, pairs: &[(&'static str, &str)]) -> News {
        let headers = headers(pairs);
        let answer =
            HttpAnswer { status: StatusCode::from_u16(status).unwrap(), headers: &headers, body: b"" };
        heard.note(side, &uri.parse().unwrap(), &answer, NOW)
    }

    fn at(uri: &str) -> Uri {
        uri.parse().unwrap()
    }

    /// RFC 9449 §8.2, §9: a nonce is its server's, for all of its addresses, until it gives another one.
    #[test]
    fn nonces_of_both_sides_and_of_each_server_are_kept_apart() {
        let heard = Heard::default();
        note(&heard, Side::Authorization, "https://a.example/token", 200, &[("dpop-nonce", "one")]);
        note(&heard, Side::Resource, "https://a.example/api?x", 401, &[("dpop-nonce", "two")]);
        let nonce = |side, uri: &str| heard.nonce(side, &at(uri)).map(String::from);
        assert_eq!(nonce(Side::Authorization, "https://A.example:443/other").as_deref(), Some("one"));
        assert_eq!(nonce(Side::Resource, "https://a.example").as_deref(), Some("two"));
        assert_eq!(nonce(Side::Resource, "https://b.example/"), None);
        assert_eq!(nonce(Side::Resource, "https://a.example:8443/"), None);
        note(&heard, Side::Resource, "https://a.example/", 200, &[("dpop-nonce", "three")]);
        note(&heard, Side::Resource, "https://a.example/", 200, &[("dpop-nonce", "n o")]);
        assert_eq!(nonce(Side::Resource, "https://a.example/").as_deref(), Some("three"));
        for port in 1..200 {
            note(&heard, Side::Resource, &format!("https://c.example:{port}/"), 200, &[("dpop-nonce", "x")]);
        }
        assert!(heard.all().len() <= MOST_SERVERS);
    }

    #[test]
    fn a_servers_clock_is_believed_where_it_speaks_for_itself() {
        // 1,700,000,000 is Tue, 14 Nov 2023 22:13:20 GMT.
        let later = ("date", "Tue, 14 Nov 2023 22:15:00 GMT");
        let heard = Heard::default();
        let (address, time) =
            ("https://a.example/", |side| heard.time(side, &at("https://a.example/x"), NOW).seconds());
        assert_eq!(
            note(&heard, Side::Authorization, address, 400, &[later]),
            News { nonce: false, clock: true }
        );
        assert_eq!(time(Side::Authorization), 1_700_000_100);
        assert!(!note(&heard, Side::Authorization, address, 400, &[later]).clock, "known already");
        assert_eq!(time(Side::Resource), 1_700_000_000);
        for (status, more) in [(200, None), (401, Some(("age", "90")))] {
            let pairs: Vec<_> = [later].into_iter().chain(more).collect();
            assert!(!note(&heard, Side::Resource, address, status, &pairs).clock, "{status}");
        }
        assert!(note(&heard, Side::Resource, address, 401, &[later]).clock);
        let near = ("date", "Tue, 14 Nov 2023 22:13:24 GMT");
        assert!(note(&heard, Side::Authorization, address, 200, &[near]).clock);
        assert_eq!(time(Side::Authorization), 1_700_000_000, "what is near enough is left alone");
    }
}

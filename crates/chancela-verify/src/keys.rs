//! The authorization server's public keys, and when to fetch them again. Fetching is the caller's.

use crate::Refusal;
use chancela_core::jose::{JwkSetError, UnverifiedJwt, VerifyingKey};
use chancela_core::time::Timestamp;

/// Most keys that are tried for one token, where several have the same `kid` (requirements H-12, CA-11).
const MAX_TRIES: usize = 4;

/// Fewest seconds between two fetches. Whoever invents key ids makes us fetch this often and no oftener.
const MIN_INTERVAL: i64 = 30;

/// Public keys of one issuer.
#[derive(Debug, Clone)]
pub struct KeySet(Vec<VerifyingKey>);

impl KeySet {
    /// Reads a JWK Set (RFC 7517 §5) of at most 32 keys; keys that cannot verify are skipped.
    ///
    /// # Errors
    /// [`JwkSetError`].
    pub fn parse(json: &[u8]) -> Result<Self, JwkSetError> {
        VerifyingKey::read_jwk_set(json).map(Self)
    }

    /// The few keys that may have signed `token`.
    pub(crate) fn candidates(&self, token: &UnverifiedJwt<'_>) -> Result<Vec<&VerifyingKey>, Refusal> {
        let fitting: Vec<_> = self.0.iter().filter(|key| token.may_be_of(key)).take(MAX_TRIES).collect();
        let known = token.kid().is_some_and(|kid| self.0.iter().any(|key| key.jwk().kid() == kid));
        match fitting.is_empty() {
            true if known => Err(Refusal::Algorithm),
            true => Err(Refusal::UnknownKey),
            false => Ok(fitting),
        }
    }
}

/// When keys are fetched again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeySource {
    /// Seconds after which they are fetched in any case; 900 by default. A key that the issuer withdrew is believed for
    /// as long.
    pub max_age: u32,
}

impl Default for KeySource {
    fn default() -> Self {
        Self { max_age: 900 }
    }
}

impl KeySource {
    /// Whether to fetch now. `wanted`: a token named an unknown key, or a fetch failed, since `last` was tried.
    pub fn needs_refresh(&self, wanted: bool, last: Option<Timestamp>, now: Timestamp) -> bool {
        let Some(last) = last else { return true };
        let age = now.seconds().saturating_sub(last.seconds());
        let interval = if wanted { MIN_INTERVAL } else { i64::from(self.max_age).max(MIN_INTERVAL) };
        // A clock that was put back says nothing about the keys' age.
        age < 0 || age >= interval
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_keys_cause_one_fetch_in_thirty_seconds() {
        let source = KeySource { max_age: 900 };
        let at = Timestamp::from_seconds;
        assert!(source.needs_refresh(false, None, at(0)));
        for (wanted, age, expected) in [
            (true, 0, false),
            (true, 29, false),
            (true, 30, true),
            (false, 30, false),
            (false, 899, false),
            (false, 900, true),
            (false, -1, true),
        ] {
            assert_eq!(
                source.needs_refresh(wanted, Some(at(1000)), at(1000 + age)),
                expected,
                "{wanted} {age}"
            );
        }
        assert!(!KeySource { max_age: 0 }.needs_refresh(false, Some(at(0)), at(29)));
    }
}

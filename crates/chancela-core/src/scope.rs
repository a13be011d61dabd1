//! Scope (RFC 6749 §3.3): a list of case-sensitive scope-tokens in the order in which they were written.
//!
//! Owns parsing, limits and the subset algebra. Which scopes exist and what a dialect demands of a list is in
//! [`crate::dialect`].

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::sync::Arc;

/// Most bytes of a scope string (requirements.md 5.1).
pub const MAX_BYTES: usize = 2048;
/// Most scope-tokens in a request.
pub const MAX_TOKENS: usize = 100;
/// Most bytes of one scope-token.
pub const MAX_TOKEN_BYTES: usize = 128;

/// A well-formed, duplicate-free scope. Cheap to clone. Empty means "no scope".
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Scope(Arc<str>);

/// Why a text is no scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// Beyond [`MAX_BYTES`], [`MAX_TOKENS`] or [`MAX_TOKEN_BYTES`].
    #[error("the scope is longer than this server reads")]
    TooLong,
    /// A character that RFC 6749 §3.3 does not allow in a scope-token.
    #[error("the scope contains a character that no scope may contain")]
    Character,
}

impl Scope {
    /// The empty scope.
    pub fn empty() -> Self {
        Self(Arc::from(""))
    }

    /// Reads a space-separated list. Runs of spaces count as one and a repeated token counts once, because real
    /// clients join lists carelessly and neither changes the meaning.
    ///
    /// # Errors
    /// [`ScopeError`] when a limit is passed or a character is not allowed.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        if text.len() > MAX_BYTES {
            return Err(ScopeError::TooLong);
        }
        let mut tokens: Vec<&str> = Vec::with_capacity(16);
        let mut length = 0;
        for token in text.split(' ').filter(|token| !token.is_empty()) {
            if !token.bytes().all(is_scope_character) {
                return Err(ScopeError::Character);
            }
            if token.len() > MAX_TOKEN_BYTES {
                return Err(ScopeError::TooLong);
            }
            if !tokens.contains(&token) {
                if tokens.len() == MAX_TOKENS {
                    return Err(ScopeError::TooLong);
                }
                length += token.len() + 1;
                tokens.push(token);
            }
        }
        if length == text.len() + 1 {
            return Ok(Self(Arc::from(text))); // already in the form that is kept
        }
        Ok(Self(Arc::from(tokens.join(" "))))
    }

    /// The tokens in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &str> + Clone {
        self.0.split(' ').filter(|token| !token.is_empty())
    }

    /// Number of tokens.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there is no token.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `token` is one of the tokens.
    pub fn contains(&self, token: &str) -> bool {
        self.iter().any(|own| own == token)
    }

    /// Whether every token of `self` is in `other`.
    pub fn is_subset_of(&self, other: &Self) -> bool {
        self.0 == other.0 || self.iter().all(|token| other.contains(token))
    }

    /// The tokens of `self` that are also in `other`, in the order of `self`.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        if self.is_subset_of(other) {
            return self.clone();
        }
        let kept: Vec<&str> = self.iter().filter(|token| other.contains(token)).collect();
        Self(Arc::from(kept.join(" ")))
    }

    /// The list as it stands on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The list as a shared string.
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }
}

fn is_scope_character(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scope({})", self.0)
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Scope {
    /// Trusts the limits of whoever wrote it (a record may hold a longer list than a request), not the characters.
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = String::deserialize(input)?;
        if !text.bytes().all(|byte| byte == b' ' || is_scope_character(byte)) {
            return Err(serde::de::Error::custom(ScopeError::Character));
        }
        Ok(Self(Arc::from(text)))
    }
}

impl<'a> FromIterator<&'a str> for Scope {
    fn from_iter<I: IntoIterator<Item = &'a str>>(tokens: I) -> Self {
        let mut kept: Vec<&str> = Vec::new();
        for token in tokens {
            if !kept.contains(&token) {
                kept.push(token);
            }
        }
        Self(Arc::from(kept.join(" ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn runs_of_spaces_and_repeats_do_not_change_the_meaning() {
        assert_eq!(Scope::parse("  a  b a ").unwrap().as_str(), "a b");
        assert_eq!(Scope::parse("a b").unwrap(), Scope::parse("a b ").unwrap());
    }

    /// DO-01.
    #[test]
    fn scope_bombs_are_refused_at_the_limit() {
        assert_eq!(Scope::parse(&"a".repeat(MAX_BYTES + 1)), Err(ScopeError::TooLong));
        assert_eq!(Scope::parse(&"a".repeat(MAX_TOKEN_BYTES + 1)), Err(ScopeError::TooLong));
        let many: Vec<String> = (0..=MAX_TOKENS).map(|n| n.to_string()).collect();
        assert_eq!(Scope::parse(&many.join(" ")), Err(ScopeError::TooLong));
    }

    #[test]
    fn characters_outside_rfc_6749_are_refused() {
        for text in ["a\tb", "a\"", "a\\b", "ação", "a\u{7f}"] {
            assert_eq!(Scope::parse(text), Err(ScopeError::Character), "{text:?}");
        }
        assert!(Scope::parse("GI_006_CONSULTA:GET").is_ok());
    }

    fn scope() -> impl Strategy<Value = Scope> {
        proptest::collection::vec("[a-e]{1,2}", 0..8).prop_map(|t| Scope::parse(&t.join(" ")).unwrap())
    }

    proptest! {
        #[test]
        fn parsing_what_was_written_gives_the_same(a in scope()) {
            prop_assert_eq!(Scope::parse(a.as_str()).unwrap(), a);
        }

        #[test]
        fn intersection_is_within_both(a in scope(), b in scope()) {
            let both = a.intersection(&b);
            prop_assert!(both.is_subset_of(&a) && both.is_subset_of(&b));
            prop_assert_eq!(a.is_subset_of(&b), both == a);
        }
    }
}

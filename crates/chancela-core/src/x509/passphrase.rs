//! What a passphrase of a private key must look like. The rule is a provider's and stands in its dialect.

use crate::entropy::{Entropy, EntropyError};
use crate::secret::Secret;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Longest passphrase, in characters, whatever the rule.
pub const MAX_PASSPHRASE: usize = 256;

/// A rule for passphrases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassphraseRule {
    /// Fewest characters.
    pub min_length: usize,
    /// Whether one of A to Z must stand in it.
    #[serde(default)]
    pub upper: bool,
    /// Whether one of a to z must stand in it.
    #[serde(default)]
    pub lower: bool,
    /// Whether one of 0 to 9 must stand in it.
    #[serde(default)]
    pub digit: bool,
    /// Of which symbols one must stand in it; none need if empty.
    #[serde(default)]
    pub symbols: String,
}

/// The part of a rule that a passphrase does not meet. It says nothing of the passphrase but that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PassphraseError {
    /// It is too short.
    #[error("the passphrase has fewer than {0} characters")]
    TooShort(usize),
    /// It is too long.
    #[error("the passphrase has more than {MAX_PASSPHRASE} characters")]
    TooLong,
    /// No capital letter.
    #[error("the passphrase has none of A to Z")]
    NoUpper,
    /// No small letter.
    #[error("the passphrase has none of a to z")]
    NoLower,
    /// No digit.
    #[error("the passphrase has none of 0 to 9")]
    NoDigit,
    /// No symbol.
    #[error("the passphrase has none of the symbols {0:?}")]
    NoSymbol(String),
    /// A control character, which a terminal or a form would swallow.
    #[error("the passphrase has a control character, such as a line break")]
    Control,
}

impl Default for PassphraseRule {
    /// Sixteen characters of any kind: what a random text of a password generator has.
    fn default() -> Self {
        Self { min_length: 16, upper: false, lower: false, digit: false, symbols: String::new() }
    }
}

/// Fewest characters of a passphrase that is made here: of 62 characters they have 190 bits.
const SHORTEST_MADE: usize = 32;
/// Letters and digits.
const ALPHANUMERIC: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// How often it is tried to draw one that has a character of each kind: at 32 characters one in a hundred has not.
const TRIES: usize = 64;

impl PassphraseRule {
    /// A passphrase that meets the rule, as short as the rule has it (providers say "exactly" and mean "at least", or the
    /// other way round) but of 32 characters.
    ///
    /// # Errors
    /// [`EntropyError`]; also for a rule that nothing meets.
    pub fn generate(&self, entropy: &dyn Entropy) -> Result<Secret, EntropyError> {
        let length = self.min_length.max(SHORTEST_MADE);
        // White space is lost where people copy.
        let symbols: Vec<char> = self.symbols.chars().filter(|c| c.is_ascii_graphic()).collect();
        let alphabet: Vec<char> = ALPHANUMERIC.chars().chain(symbols).collect();
        let fair = 256 - 256 % alphabet.len().min(256);
        for _ in 0..TRIES {
            let mut made = Zeroizing::new(String::with_capacity(length));
            while made.len() < length {
                let mut bytes = Zeroizing::new([0; 64]);
                entropy.fill(&mut *bytes)?;
                // Bytes beyond the last whole multiple would make the first characters likelier.
                let drawn = bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < fair);
                let drawn = drawn.filter_map(|byte| alphabet.get(byte % alphabet.len()));
                let missing = length - made.len();
                made.extend(drawn.take(missing));
            }
            if self.check(&made).is_ok() {
                return Ok(Secret::new(made.as_str()));
            }
        }
        Err(EntropyError)
    }

    /// Whether `passphrase` meets the rule.
    ///
    /// # Errors
    /// [`PassphraseError`] names the first part that is not met.
    pub fn check(&self, passphrase: &str) -> Result<(), PassphraseError> {
        let length = passphrase.chars().count();
        if length < self.min_length {
            return Err(PassphraseError::TooShort(self.min_length));
        }
        if length > MAX_PASSPHRASE {
            return Err(PassphraseError::TooLong);
        }
        if passphrase.chars().any(char::is_control) {
            return Err(PassphraseError::Control);
        }
        let has = |is: fn(&char) -> bool| passphrase.chars().any(|c| is(&c));
        if self.upper && !has(char::is_ascii_uppercase) {
            return Err(PassphraseError::NoUpper);
        }
        if self.lower && !has(char::is_ascii_lowercase) {
            return Err(PassphraseError::NoLower);
        }
        if self.digit && !has(char::is_ascii_digit) {
            return Err(PassphraseError::NoDigit);
        }
        if !self.symbols.is_empty() && !passphrase.chars().any(|c| self.symbols.contains(c)) {
            return Err(PassphraseError::NoSymbol(self.symbols.clone()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rule that one provider documents.
    fn documented() -> PassphraseRule {
        toml::from_str("min_length = 64\nupper = true\nlower = true\ndigit = true\nsymbols = '!@#$%&*( )?'")
            .unwrap()
    }

    #[test]
    fn each_part_of_a_rule_is_named_when_it_is_not_met() {
        let rule = documented();
        let good = format!("Aa1!{}", "x".repeat(60));
        assert_eq!(rule.check(&good), Ok(()));
        assert_eq!(rule.check(&good[..63]), Err(PassphraseError::TooShort(64)));
        assert_eq!(rule.check(&good.repeat(5)), Err(PassphraseError::TooLong));
        assert_eq!(rule.check(&good.replace('A', "a")), Err(PassphraseError::NoUpper));
        assert_eq!(rule.check(&good.to_uppercase()), Err(PassphraseError::NoLower));
        assert_eq!(rule.check(&good.replace('1', "a")), Err(PassphraseError::NoDigit));
        let symbols = rule.symbols.clone();
        assert_eq!(rule.check(&good.replace('!', "a")), Err(PassphraseError::NoSymbol(symbols)));
        assert_eq!(rule.check(&good.replace('!', "!\n")), Err(PassphraseError::Control));
    }

    #[test]
    fn what_is_made_meets_the_rule_and_is_never_the_same() {
        let entropy = crate::entropy::Seeded::new(1);
        for rule in [documented(), PassphraseRule::default(), toml::from_str("min_length = 0").unwrap()] {
            let made: Vec<_> = (0..50).map(|_| rule.generate(&entropy).unwrap()).collect();
            for (at, one) in made.iter().enumerate() {
                assert_eq!(rule.check(one.expose()), Ok(()));
                assert_eq!(one.expose().len(), rule.min_length.max(32));
                assert!(!one.expose().contains(' ') && !made[..at].contains(one));
            }
        }
        let impossible: PassphraseRule = toml::from_str("min_length = 300").unwrap();
        assert!(impossible.generate(&entropy).is_err());
    }

    #[test]
    fn each_symbol_of_a_rule_counts() {
        let rule = documented();
        for symbol in rule.symbols.chars() {
            assert_eq!(rule.check(&format!("Aa1{symbol}{}", "x".repeat(60))), Ok(()), "{symbol:?}");
        }
    }

    #[test]
    fn a_rule_that_asks_for_nothing_still_has_an_end() {
        let rule: PassphraseRule = toml::from_str("min_length = 0").unwrap();
        assert_eq!(rule.check(""), Ok(()));
        assert_eq!(rule.check(&"x".repeat(257)), Err(PassphraseError::TooLong));
    }
}

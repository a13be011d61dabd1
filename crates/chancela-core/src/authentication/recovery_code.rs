//! Recovery codes: what a user writes down for the day on which the second factor is lost. Ten codes of 80 random bits
//! in readable groups; the store keeps keyed digests, and a used code leaves the record.

use crate::entropy::{Entropy, EntropyError};
use crate::pepper::{MacPurpose, Pepper};
use crate::record::User;
use crate::secret::{Secret, SecretDigest};

/// Codes of one set.
pub const COUNT: usize = 10;
/// Random bytes of a code.
pub const CODE_BYTES: usize = 10;
const GROUP: usize = 4;
const LETTERS: usize = CODE_BYTES * 8 / 5;
/// Crockford's: no letter looks like a digit or another letter, and none makes words.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A new set for the user `subject`: the texts, to be shown once, and the digests to keep.
///
/// # Errors
/// [`EntropyError`] if there are no random numbers.
pub fn generate(
    subject: &str,
    pepper: &Pepper,
    entropy: &dyn Entropy,
) -> Result<(Vec<Secret>, Vec<SecretDigest>), EntropyError> {
    let (mut texts, mut digests) = (Vec::new(), Vec::new());
    for _ in 0..COUNT {
        let mut bytes = [0; CODE_BYTES];
        entropy.fill(&mut bytes)?;
        let letters = letters(&bytes);
        digests.push(digest(&letters, subject, pepper));
        texts.push(Secret::new(grouped(&letters)));
    }
    Ok((texts, digests))
}

fn grouped(letters: &str) -> String {
    let mut out = String::with_capacity(LETTERS + LETTERS / GROUP);
    for (at, letter) in letters.chars().enumerate() {
        if at > 0 && at % GROUP == 0 {
            out.push('-');
        }
        out.push(letter);
    }
    out
}

/// The record of `user` after `typed` was used, if it is one of the codes; the guard of its version makes it good once.
pub fn spend(user: &User, typed: &str, pepper: &Pepper) -> Option<User> {
    let given = digest(&read(typed)?, &user.subject, pepper);
    // Every digest is compared, so that the time says nothing of which one it was.
    let rest: Vec<SecretDigest> =
        user.recovery_codes.iter().filter(|kept| **kept != given).copied().collect();
    if rest.len() == user.recovery_codes.len() {
        return None;
    }
    Some(User { recovery_codes: rest, version: user.version + 1, ..user.clone() })
}

/// A digest belongs to its user: the same text means nothing for another.
fn digest(letters: &str, subject: &str, pepper: &Pepper) -> SecretDigest {
    let message = [subject.as_bytes(), b"\0", letters.as_bytes()].concat();
    SecretDigest::from_bytes(pepper.mac(MacPurpose::RecoveryCode, &message))
}

fn letters(bytes: &[u8; CODE_BYTES]) -> String {
    let wide = bytes.iter().fold(0_u128, |wide, byte| (wide << 8) | u128::from(*byte));
    let letter = |at: usize| {
        let index = (wide >> (5 * (LETTERS - 1 - at))) & 31;
        char::from(ALPHABET[usize::try_from(index).unwrap_or(0)])
    };
    (0..LETTERS).map(letter).collect()
}

/// The letters of what a person typed: groups, case and the letters that look like others do not matter.
fn read(typed: &str) -> Option<String> {
    if typed.len() > 4 * LETTERS {
        return None;
    }
    let mut out = String::with_capacity(LETTERS);
    for c in typed.chars().filter(|c| *c != '-' && !c.is_whitespace()) {
        let c = match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            'U' => 'V',
            other => other,
        };
        if !c.is_ascii() || !ALPHABET.contains(&u8::try_from(u32::from(c)).unwrap_or(0)) {
            return None;
        }
        out.push(c);
    }
    (out.len() == LETTERS).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authentication::tests::{pepper, user};
    use crate::entropy::Seeded;
    use proptest::prelude::*;

    /// O-06, EN-03.
    #[test]
    fn a_recovery_code_is_good_once_however_it_is_typed() {
        let (pepper, mut user) = (pepper(), user());
        let (texts, digests) = generate(&user.subject, &pepper, &Seeded::new(7)).unwrap();
        user.recovery_codes = digests;
        assert_eq!(texts[0].expose().len(), 19, "four groups of four");
        let typed = format!(" {} ", texts[3].expose().to_lowercase().replace('-', " ").replace('0', "o"));
        let after = spend(&user, &typed, &pepper).unwrap();
        assert_eq!((after.recovery_codes.len(), after.version), (COUNT - 1, user.version + 1));
        assert_eq!(spend(&after, &typed, &pepper), None);
        for text in &texts[4..] {
            assert!(spend(&after, text.expose(), &pepper).is_some());
        }
    }

    #[test]
    fn a_code_means_nothing_for_another_user_or_realm() {
        let (pepper, mut user) = (pepper(), user());
        let (texts, digests) = generate(&user.subject, &pepper, &Seeded::new(7)).unwrap();
        user.recovery_codes = digests;
        assert_eq!(spend(&user, texts[0].expose(), &Pepper::from_root(&[9; 32])), None);
        user.subject = "user-other".into();
        assert_eq!(spend(&user, texts[0].expose(), &pepper), None);
    }

    proptest! {
        #[test]
        fn any_code_reads_back_and_any_other_text_is_refused(bytes: [u8; CODE_BYTES], other in "\\PC{0,70}") {
            let text = letters(&bytes);
            prop_assert_eq!(read(&text), Some(text.clone()));
            prop_assert_eq!(text.len(), LETTERS);
            let (pepper, mut user) = (pepper(), user());
            user.recovery_codes = vec![digest(&text, &user.subject, &pepper)];
            let same = read(&other).is_some_and(|read| read == text);
            prop_assert_eq!(spend(&user, &other, &pepper).is_some(), same);
        }
    }
}

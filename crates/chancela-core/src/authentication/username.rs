//! The name that a user types, in the one form in which it is kept, looked up and counted: whoever tries a name in
//! capitals, in another Unicode form or with a space around it tries the same name (requirements O-05, EN-02).

use crate::text::is_plain;
use unicode_normalization::UnicodeNormalization;

/// Longest name in bytes, in its canonical form.
pub const MAX_BYTES: usize = 255;

/// The canonical form of `typed`: no space around it, compatibility-composed (NFKC), in lower case. `None` of what can
/// be nobody's name: nothing, too much, or characters that nobody sees.
pub fn canonical(typed: &str) -> Option<Box<str>> {
    // What is longer than this cannot become short enough; nothing is normalised for it.
    if typed.len() > MAX_BYTES * 8 {
        return None;
    }
    let composed: String = typed.trim().nfkc().collect();
    let lower: String = composed.chars().flat_map(char::to_lowercase).map(one_sigma).collect();
    let name: String = lower.nfkc().collect();
    let name = name.trim();
    let good = !name.is_empty() && name.len() <= MAX_BYTES && is_plain(name);
    good.then(|| name.into())
}

/// Greek has two small sigmas for one capital.
const fn one_sigma(c: char) -> char {
    if c == 'ς' { 'σ' } else { c }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// O-05, EN-02.
    #[test]
    fn every_way_to_write_a_name_is_one_name() {
        for typed in ["ana@example.com", " Ana@Example.COM\t", "ＡＮＡ＠ｅｘａｍｐｌｅ.com"] {
            assert_eq!(canonical(typed).as_deref(), Some("ana@example.com"), "{typed:?}");
        }
        // One code point, or a letter and a combining tilde.
        assert_eq!(canonical("JO\u{c3}O"), canonical("joa\u{303}o"));
        assert_eq!(canonical("ΟΔΟΣ"), canonical("οδος"));
        assert_eq!(canonical("ana+tag@example.com").as_deref(), Some("ana+tag@example.com"));
    }

    #[test]
    fn what_nobody_can_see_is_nobodys_name() {
        for typed in ["", "   ", "a\u{0}b", "a\nb", "an\u{200b}a", "a\u{202e}b"] {
            assert_eq!(canonical(typed), None, "{typed:?}");
        }
        assert_eq!(canonical(&"a".repeat(MAX_BYTES)).map(|name| name.len()), Some(MAX_BYTES));
        assert_eq!(canonical(&"a".repeat(MAX_BYTES + 1)), None);
        // One character that NFKC writes with eighteen.
        assert_eq!(canonical(&"\u{fdfa}".repeat(100)), None);
    }

    proptest! {
        #[test]
        fn the_canonical_form_of_a_canonical_form_is_itself(typed in "\\PC{0,40}") {
            if let Some(name) = canonical(&typed) {
                prop_assert_eq!(canonical(&name), Some(name));
            }
        }
    }
}

//! Texts of an answer whose placeholders stand for a kind of value instead of one value.

use super::fixtures::{Fixtures, Part, parts};

/// A text with wild cards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Kind(Kind),
}

/// What a wild card stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Uuid,
    Hex32,
    Jwt,
    Number,
    Any,
}

impl Pattern {
    /// Reads a template; placeholders with a value are filled in.
    pub(super) fn read(template: &str, fixtures: &Fixtures) -> Result<Self, String> {
        let mut pieces = Vec::new();
        for part in parts(template) {
            pieces.push(match part {
                Part::Text(text) => Piece::Text(text.to_owned()),
                Part::Placeholder("uuid") => Piece::Kind(Kind::Uuid),
                Part::Placeholder("hex32") => Piece::Kind(Kind::Hex32),
                Part::Placeholder("jwt") => Piece::Kind(Kind::Jwt),
                Part::Placeholder("number") => Piece::Kind(Kind::Number),
                Part::Placeholder("any") => Piece::Kind(Kind::Any),
                Part::Placeholder(name) => match fixtures.value(name)? {
                    Some(value) => Piece::Text(value),
                    None => return Err(format!("{{{{{name}}}}} is not a placeholder of answers")),
                },
            });
        }
        Ok(Self(pieces))
    }

    /// Whether all of `text` is what the pattern says.
    pub(super) fn matches(&self, text: &str) -> bool {
        matches(&self.0, text)
    }
}

fn matches(pieces: &[Piece], text: &str) -> bool {
    match pieces.split_first() {
        None => text.is_empty(),
        Some((Piece::Text(wanted), rest)) => {
            text.strip_prefix(wanted.as_str()).is_some_and(|text| matches(rest, text))
        }
        Some((Piece::Kind(kind), rest)) => (0..=text.len())
            .filter(|at| text.is_char_boundary(*at) && kind.is(&text[..*at]))
            .any(|at| matches(rest, &text[at..])),
    }
}

impl Kind {
    fn is(self, text: &str) -> bool {
        let lower_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        match self {
            Self::Any => true,
            Self::Number => !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()),
            Self::Hex32 => text.len() == 32 && text.bytes().all(lower_hex),
            // Version 4 of RFC 9562, as providers' samples are.
            Self::Uuid => {
                text.len() == 36
                    && text.bytes().enumerate().all(|(at, b)| match at {
                        8 | 13 | 18 | 23 => b == b'-',
                        14 => b == b'4',
                        19 => b"89ab".contains(&b),
                        _ => lower_hex(b),
                    })
            }
            Self::Jwt => {
                let base64url = |part: &str| {
                    !part.is_empty()
                        && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
                };
                text.starts_with("eyJ") && text.split('.').count() == 3 && text.split('.').all(base64url)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::tests::acme;
    use super::*;
    use proptest::prelude::*;

    fn matches(template: &str, text: &str) -> bool {
        Pattern::read(template, &acme()).unwrap().matches(text)
    }

    #[test]
    fn each_kind_is_what_it_says_and_nothing_more() {
        assert!(matches("{{uuid}}", "36ee37ec-a475-4068-8f6e-e08dd2b8880d"));
        assert!(!matches("{{uuid}}", "36ee37ec-a475-1068-8f6e-e08dd2b8880d"));
        assert!(!matches("{{uuid}}", "36EE37EC-A475-4068-8F6E-E08DD2B8880D"));
        assert!(matches("{{hex32}}", "a2f25405ed3917e6d2cdb66ef8130217"));
        assert!(!matches("{{hex32}}", "a2f25405ed3917e6d2cdb66ef81302170"));
        assert!(matches("{{jwt}}", "eyJ0.eyJ9.c2ln-_"));
        assert!(!matches("{{jwt}}", "eyJ0.eyJ9"));
        assert!(matches("{{number}} s", "420 s"));
        assert!(!matches("{{number}}", ""));
        assert!(matches("id {{client_id:demo}}, {{any}}!", "id id, whatever!"));
        assert!(!matches("id {{client_id:demo}}", "id other"));
        assert!(Pattern::read("{{client_id:nobody}}", &acme()).is_err());
        assert!(Pattern::read("{{unheard_of}}", &acme()).is_err());
    }

    proptest! {
        #[test]
        fn a_text_without_placeholders_matches_itself_alone(text in "[^{]{0,40}", other in "[^{]{0,40}") {
            prop_assert!(matches(&text, &text));
            prop_assert_eq!(matches(&text, &other), text == other);
        }
    }
}

//! A sentence with gaps in both languages, found again in its English text. A gap between `⟦` and `⟧` comes back as it is:
//! a name, a number, a provider's own words. One between `⟪` and `⟫` is a sentence of its own, and is said again.

/// A sentence with gaps.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Phrase {
    english: Vec<Piece>,
    portuguese: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Words(String),
    Gap(Gap),
}

/// A gap by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Gap {
    name: String,
    is_sentence: bool,
}

impl Phrase {
    pub(super) fn new(english: &str, portuguese: &str) -> Self {
        Self { english: pieces(english), portuguese: pieces(portuguese) }
    }

    /// How many bytes of it are words of ours: of two phrases that fit, the one with more says more.
    pub(super) fn weight(&self) -> usize {
        let words = self.english.iter().map(|piece| match piece {
            Piece::Words(text) => text.len(),
            Piece::Gap(_) => 0,
        });
        words.sum()
    }

    /// The Portuguese of `text`, if `text` is this phrase; `again` says the sentences in it.
    pub(super) fn said(&self, text: &str, again: impl Fn(&str) -> String) -> Option<String> {
        let found = self.gaps(text)?;
        let value = |gap: &Gap| {
            let (_, value) = found.iter().find(|(own, _)| own.name == gap.name)?;
            Some(if gap.is_sentence { again(value) } else { (*value).to_owned() })
        };
        let said = self.portuguese.iter().map(|piece| match piece {
            Piece::Words(text) => Some(text.clone()),
            Piece::Gap(gap) => value(gap),
        });
        said.collect()
    }

    /// What stands in the gaps. A gap ends where the next words begin first, the last one where the last words do.
    fn gaps<'t>(&self, text: &'t str) -> Option<Vec<(&Gap, &'t str)>> {
        let mut rest = text;
        let mut out = Vec::new();
        let mut pieces = self.english.iter().peekable();
        while let Some(piece) = pieces.next() {
            match piece {
                Piece::Words(words) => rest = rest.strip_prefix(words.as_str())?,
                Piece::Gap(gap) => {
                    let next = pieces.peek().copied().cloned();
                    let end = match next {
                        Some(Piece::Words(words))
                            if self.english.last() == Some(&Piece::Words(words.clone())) =>
                        {
                            rest.strip_suffix(words.as_str())?.len()
                        }
                        Some(Piece::Words(words)) => rest.find(words.as_str())?,
                        Some(Piece::Gap(_)) => return None,
                        None => rest.len(),
                    };
                    out.push((gap, rest.get(..end)?));
                    rest = rest.get(end..)?;
                }
            }
        }
        // A value that stands twice is one value.
        let same = |(gap, value): &(&Gap, &str)| {
            out.iter().all(|(other, seen): &(&Gap, &str)| other.name != gap.name || seen == value)
        };
        (rest.is_empty() && out.iter().all(same)).then_some(out)
    }
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(['⟦', '⟪']) {
        let (words, gap) = rest.split_at(start);
        let is_sentence = gap.starts_with('⟪');
        let Some((name, after)) = gap.split_once(if is_sentence { '⟫' } else { '⟧' }) else { break };
        if !words.is_empty() {
            out.push(Piece::Words(words.to_owned()));
        }
        out.push(Piece::Gap(Gap { name: name.chars().skip(1).collect(), is_sentence }));
        rest = after;
    }
    if !rest.is_empty() {
        out.push(Piece::Words(rest.to_owned()));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn said(phrase: (&str, &str), text: &str) -> Option<String> {
        Phrase::new(phrase.0, phrase.1).said(text, |inner| format!("<{inner}>"))
    }

    #[test]
    fn gaps_come_back_in_the_order_of_the_other_language() {
        let phrase = ("the ⟦a⟧ of ⟦b⟧ (⟪c⟫)", "(⟪c⟫) ⟦b⟧: ⟦a⟧");
        assert_eq!(said(phrase, "the end of it (why)").as_deref(), Some("(<why>) it: end"));
        assert_eq!(said(phrase, "the end of it (why) not"), None);
        assert_eq!(said(phrase, "the end"), None);
        assert_eq!(said(("⟦a⟧ and ⟦a⟧", "⟦a⟧"), "x and x").as_deref(), Some("x"));
        assert_eq!(said(("⟦a⟧ and ⟦a⟧", "⟦a⟧"), "x and y"), None);
    }

    proptest! {
        #[test]
        fn whatever_stands_in_a_gap_comes_back(a in "\\PC{0,30}", b in "[a-z:;() ]{0,30}") {
            prop_assume!(!a.contains(" | "));
            let text = format!("so {a} | {b}; done");
            let expected = format!("{b} {a}");
            prop_assert_eq!(said(("so ⟦a⟧ | ⟦b⟧; done", "⟦b⟧ ⟦a⟧"), &text), Some(expected));
        }

        #[test]
        fn no_text_makes_it_fail(english in "\\PC{0,20}[⟦⟧⟪⟫]{0,4}\\PC{0,20}", text in "\\PC{0,60}") {
            let _ = said((&english, &english), &text);
            let whole = Phrase::new(&english, &english);
            prop_assert!(whole.weight() <= english.len());
        }
    }
}

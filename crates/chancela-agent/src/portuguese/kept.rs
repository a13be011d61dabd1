//! Sentences that are texts by the time a person sees them: what a cache, an [`io::Error`](std::io::Error) or another process
//! carried. They are kept in English, because programs read them, too; here they are found again among our own.

use super::phrase::Phrase;
use super::samples;
use super::system;
use super::texts::{PHRASES, WORDS};
use std::sync::LazyLock;

/// How many sentences may stand within one another.
const DEEPEST: u8 = 6;

/// All sentences of ours, those with the most words first.
static KNOWN: LazyLock<Vec<Phrase>> = LazyLock::new(|| {
    let own = PHRASES.iter().map(|(english, portuguese)| Phrase::new(english, portuguese));
    let samples = samples::all();
    let samples = samples.iter().map(|(english, portuguese)| Phrase::new(english, portuguese));
    let mut all: Vec<Phrase> = own.chain(samples).collect();
    all.sort_by_key(|phrase| std::cmp::Reverse(phrase.weight()));
    all
});

/// The Portuguese of an English sentence of this crate that is there as a text alone. A text that is none of ours, and what
/// a provider said within one of ours, stays as it is.
pub fn of_text(english: &str) -> String {
    within(english, DEEPEST)
}

fn within(english: &str, depth: u8) -> String {
    // A gap is said by whoever fills it; looking it up while the table is made would wait for the table.
    if depth == 0 || english.starts_with(['⟦', '⟪']) {
        return english.to_owned();
    }
    if let Some((_, portuguese)) = WORDS.iter().find(|(own, _)| *own == english) {
        return (*portuguese).to_owned();
    }
    if let Some(said) = system::of_text(english) {
        return said;
    }
    let again = |inner: &str| within(inner, depth - 1);
    if let Some(said) = KNOWN.iter().find_map(|phrase| phrase.said(english, again)) {
        return said;
    }
    // A provider's name or a file's, and what is the matter with it.
    match english.split_once(": ") {
        Some((name, rest)) if !name.contains(char::is_whitespace) => format!("{name}: {}", again(rest)),
        _ => english.to_owned(),
    }
}

//! caseIgnoreMatch (RFC 4517 §4.2.11): values in the form in which equal ones are the same text (RFC 4518).

use crate::text::is_plain;
use unicode_normalization::UnicodeNormalization;

/// NFKC, without case, spaces at the ends dropped and inner ones collapsed. None for text with a control character or an
/// invisible one: RFC 4518 §2.2 would drop some of them, and then a name that looks like another could be that one.
pub(super) fn prepare(text: &str) -> Option<String> {
    if !is_plain(text) {
        return None;
    }
    let folded: String = text.nfkc().flat_map(fold).collect();
    // Folding may leave a sequence that is not normal any more.
    let normal: String = folded.nfkc().collect();
    let mut out = String::with_capacity(normal.len());
    for word in normal.split_whitespace() {
        out.push_str(if out.is_empty() { "" } else { " " });
        out.push_str(word);
    }
    Some(out)
}

/// Full case folding: `ß` is `ss`, final `ς` is `σ`. The dotless `ı` stays, because its capital is that of `i`.
fn fold(c: char) -> impl Iterator<Item = char> {
    let (as_is, folded) = if c == 'ı' { (Some(c), None) } else { (None, Some(c)) };
    let folded = folded
        .into_iter()
        .flat_map(char::to_lowercase)
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase);
    as_is.into_iter().chain(folded)
}

//! Text that somebody else wrote, fit to be shown: no markup (the templates escape it), no control characters, nothing
//! that turns the direction of the words around it, and not without end (XS-01, M-07).

use std::fmt;

/// Longest text of others on a page, in characters.
const LONGEST: usize = 200;

/// Text of a client, a user or a request that is safe to stand inside ours.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shown(String);

impl Shown {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Shown {
    fn from(text: &str) -> Self {
        let mut kept = text.chars().filter(|c| !is_unseen(*c));
        let mut shown: String = kept.by_ref().take(LONGEST).collect();
        if kept.next().is_some() {
            shown.push('…');
        }
        Self(shown)
    }
}

impl From<String> for Shown {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Characters that change how others look and are not seen themselves: controls, direction (UAX #9), zero width, tags.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{061c}'
            | '\u{00ad}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

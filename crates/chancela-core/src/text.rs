//! Text that people read or type: what a name may contain so that one name looks like one name.

/// Whether a page, a log and a terminal show `text` as it is: no control characters, no line breaks, nothing invisible
/// and nothing that changes the direction of what follows (requirement M-07).
pub fn is_plain(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() || is_invisible(c))
}

/// What of `text` a page, a log and a terminal can show in one line, at most `limit` characters and then `…`.
pub fn plain(text: &str, limit: usize) -> String {
    let spaced = text.chars().map(|c| if c.is_control() || c.is_whitespace() { ' ' } else { c });
    let visible: String = spaced.filter(|c| !is_invisible(*c)).collect();
    let line = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// Format characters: zero-width, bidirectional, interlinear, tags, fillers, and the two line separators.
const fn is_invisible(c: char) -> bool {
    matches!(
        c as u32,
        0x00ad
            | 0x034f
            | 0x061c
            | 0x115f..=0x1160
            | 0x17b4..=0x17b5
            | 0x180b..=0x180f
            | 0x200b..=0x200f
            | 0x2028..=0x202e
            | 0x2060..=0x206f
            | 0x3164
            | 0xfe00..=0xfe0f
            | 0xfeff
            | 0xffa0
            | 0xfff0..=0xfffb
            | 0xe0000..=0xe0fff
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// M-07, LG-02.
    #[test]
    fn names_of_people_are_plain_and_tricks_are_not() {
        for plain in ["Ana Souza", "João d'Ávila", "李雷", "Банк №1", "", "Café ☕"] {
            assert!(is_plain(plain), "{plain:?}");
        }
        for trick in ["a\nb", "a\u{1b}[31mb", "a\u{202e}b", "a\u{200b}b", "a\u{2028}b", "a\u{0}", "\u{feff}a"]
        {
            assert!(!is_plain(trick), "{trick:?}");
        }
    }

    #[test]
    fn what_is_shown_of_others_texts_is_one_short_plain_line() {
        assert_eq!(plain("  a\r\n\t b\u{1b}[31m\u{202e}c\u{200b} ", 80), "a b [31mc");
        assert_eq!(plain("ação inválida", 80), "ação inválida");
        assert_eq!(plain("ééé", 2), "éé…");
        assert_eq!(plain("éé", 2), "éé");
        assert!(is_plain(&plain("\u{feff}\u{0}x\u{2028}", 9)));
    }
}

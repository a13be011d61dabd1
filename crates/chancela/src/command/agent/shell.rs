//! Texts as words of a POSIX shell (POSIX.1-2024 Shell Command Language section 2.2.2), for output that people paste and
//! scripts evaluate.

/// One word that a shell reads as exactly `text`, whatever it has; NUL alone cannot stand in one.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// The name of a variable for a header: other characters of a header's name cannot stand in one.
pub(super) fn variable(header: &str) -> String {
    let fit = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    header.chars().map(fit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::process::Command;

    /// What a shell has in a variable after it has read a line.
    fn evaluated(line: &str) -> String {
        let script = r#"eval "$1"; printf %s "$HEADER_X_A""#;
        let output = Command::new("sh").args(["-c", script, "sh", line]).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{line}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn what_a_shell_would_act_on_stays_text() {
        for text in ["", "'", "''", "\\", "$(id)", "`id`", "a b;c&d|e>f", "~", "*", "!!", "#", "a\nb", "é"] {
            assert_eq!(evaluated(&format!("HEADER_X_A={}", quoted(text))), text);
        }
        assert_eq!(variable("x-a.b!c"), "X_A_B_C");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_visible_text_comes_back(text in "[ -~]{0,80}") {
            prop_assert_eq!(evaluated(&format!("HEADER_{}={}", variable("X-a"), quoted(&text))), text);
        }
    }
}

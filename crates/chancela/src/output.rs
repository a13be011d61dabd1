//! What the program prints: results on standard output (for people or as JSON), everything else on standard error.

use crate::language::{Locale, Said, said};
use serde_json::Value;
use std::io::{self, Write};

/// Prints a result: JSON if asked for, else as aligned text.
pub(crate) fn show(value: &Value, json: bool) {
    let text = if json { serde_json::to_string_pretty(value).unwrap_or_default() } else { human(value) };
    line(&text);
}

/// Prints one text on standard output. A closed pipe is no error: the reader has seen enough.
pub(crate) fn line(text: &str) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// Prints an error.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(io::stderr().lock(), "chancela: {text}");
}

/// Tells a person what is doubtful.
pub(crate) fn warn(locale: Locale, said: &Said) {
    let Said { english, portuguese } = said;
    tell(locale, &said!("warning: {english}", "aviso: {portuguese}"));
}

/// Tells a person something that is no result.
pub(crate) fn tell(locale: Locale, said: &Said) {
    complain(said.within(locale));
}

/// A text that may be a stranger's, without what a terminal obeys: control characters, and those that turn the direction.
pub(crate) fn harmless(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let one = |c: char| match c {
        '\n' => c.to_string(),
        c if c.is_control() || turns(c) => c.escape_unicode().to_string(),
        c => c.to_string(),
    };
    text.chars().map(one).collect()
}

fn human(value: &Value) -> String {
    match value {
        Value::Array(items) if items.is_empty() => "(none)".into(),
        Value::Array(items) => items.iter().map(human).collect::<Vec<_>>().join("\n\n"),
        Value::Object(members) => {
            let width = members.keys().map(|name| name.chars().count()).max().unwrap_or(0);
            let lines = members.iter().filter(|(_, value)| !value.is_null());
            lines
                .map(|(name, value)| match value {
                    // PEM stands as it is, so that what reads the output finds it.
                    Value::String(text) if text.contains('\n') => format!("{name}\n{}", text.trim_end()),
                    value => format!("{name:<width$}  {}", scalar(value)),
                })
                .collect::<Vec<_>>()
                .join("\n")
        }
        other => scalar(other),
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(scalar).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

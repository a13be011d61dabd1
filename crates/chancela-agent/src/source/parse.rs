//! The text of a source. What is no source may be a secret, so no error repeats it.

use super::{CommandLineError, Source};
use std::path::PathBuf;
use std::str::FromStr;

/// Why a text names no source. It never has the text in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SourceSyntaxError {
    /// The secret itself, or something misspelt: they cannot be told apart.
    #[error(
        "a secret never stands in a configuration or in a flag; put it elsewhere and name the place: file:PATH, env:NAME, cmd:PROGRAM ARGUMENTS, keyring:NAME, systemd-cred:NAME or stdin"
    )]
    Literal,
    /// Nothing after the colon.
    #[error(
        "nothing follows the colon; write file:PATH, env:NAME, cmd:PROGRAM, keyring:NAME or systemd-cred:NAME"
    )]
    Empty,
    /// A path that begins with `~`.
    #[error("only a shell knows what ~ is; write the path from / on")]
    Tilde,
    /// A variable with a name that a shell could not set.
    #[error("env: wants the name of a variable, of letters, digits and _; write it without $")]
    VariableName,
    /// A name that leads out of its folder, that looks like an option, or that has control characters.
    #[error("the name may have no / and no control characters, may not begin with -, and may not be . or ..")]
    Name,
    /// The command line.
    #[error("cmd: {0}")]
    Command(#[from] CommandLineError),
}

impl FromStr for Source {
    type Err = SourceSyntaxError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "stdin" {
            return Ok(Self::StandardInput);
        }
        let (kind, rest) = text.split_once(':').ok_or(SourceSyntaxError::Literal)?;
        let known = matches!(kind, "file" | "env" | "cmd" | "keyring" | "systemd-cred");
        if !known {
            return Err(SourceSyntaxError::Literal);
        }
        if rest.trim().is_empty() {
            return Err(SourceSyntaxError::Empty);
        }
        match kind {
            "file" if rest.starts_with('~') => Err(SourceSyntaxError::Tilde),
            "file" => Ok(Self::File(PathBuf::from(rest))),
            "env" => variable(rest),
            "cmd" => Ok(Self::Command(rest.parse()?)),
            "keyring" => name(rest).map(Self::Keyring),
            _ => name(rest).map(Self::Credential),
        }
    }
}

fn variable(name: &str) -> Result<Source, SourceSyntaxError> {
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if begins && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        Ok(Source::Variable(name.to_owned()))
    } else {
        Err(SourceSyntaxError::VariableName)
    }
}

fn name(text: &str) -> Result<String, SourceSyntaxError> {
    // A name that begins with - would be an option of the keyring's program.
    let bad = text.starts_with('-')
        || text.contains('/')
        || text.chars().any(char::is_control)
        || matches!(text, "." | "..");
    if bad { Err(SourceSyntaxError::Name) } else { Ok(text.to_owned()) }
}

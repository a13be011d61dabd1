//! Scripts: faults in a TOML file, set when the sandbox starts. Every error names the line.

use super::definition::Definition;
use crate::failure::Failure;
use chancela_core::dialect::line_of;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// A script that was read: its faults, each with the line at which it begins.
#[derive(Debug, Default)]
pub(in crate::sandbox) struct Script {
    path: PathBuf,
    pub(super) faults: Vec<(usize, Definition)>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    fault: Vec<Spanned<Definition>>,
}

impl Script {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Failure::Usage`] that names line and key.
    pub(in crate::sandbox) fn read(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::Usage(format!("--script {}: {error}; name a file of faults", path.display()))
        })?;
        Self::parse(path, &text).map_err(Failure::Usage)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text)
            .map_err(|error| format!("{}:{}: {}", path.display(), line_of(text, &error), error.message()))?;
        let line = |at: usize| text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
        let faults =
            file.fault.into_iter().map(|fault| (line(fault.span().start), fault.into_inner())).collect();
        Ok(Self { path: path.to_owned(), faults })
    }

    /// An error at a line.
    pub(super) fn wrong(&self, line: usize, message: &str) -> Failure {
        Failure::Usage(format!("{}:{line}: {message}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> String {
        Script::parse(Path::new("s.toml"), text).unwrap_err()
    }

    #[test]
    fn an_error_names_the_line_and_what_is_allowed() {
        let error = wrong("[[fault]]\nkind = \"close\"\n\n[[fault]]\nkind = \"hang\"\nsecs = 3\n");
        assert!(
            error.starts_with("s.toml:6: unknown field `secs`, expected one of `kind`, `realm`"),
            "{error}"
        );
        let error = wrong("[[fault]]\nkind = \"hung\"\n");
        assert!(error.starts_with("s.toml:2: unknown variant `hung`, expected one of `refuse`, "), "{error}");
        let error = wrong("# nothing\n[[faults]]\nkind = \"close\"\n");
        assert!(error.starts_with("s.toml:2: unknown field `faults`, expected `fault`"), "{error}");
        let error = wrong("[[fault]]\nrealm = \"standard\"\n");
        assert!(error.starts_with("s.toml:1: missing field `kind`"), "{error}");
    }

    #[test]
    fn each_fault_knows_its_line() {
        let script =
            Script::parse(Path::new("s"), "[[fault]]\nkind = \"close\"\n\n[[fault]]\nkind = \"hang\"\n")
                .unwrap();
        assert_eq!(script.faults.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 4]);
    }
}

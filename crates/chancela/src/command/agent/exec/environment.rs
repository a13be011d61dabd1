//! What a program is given: variables with tokens, or files and variables that name them.

use super::super::{shell, token::headers, variable};
use crate::failure::Failure;
use crate::output;
use chancela_agent::provider::{Authorized, Provider};
use std::collections::BTreeSet;
use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use tempfile::{Builder, NamedTempFile, TempDir};
use zeroize::Zeroizing;

/// File systems in memory, of which machines without a user's session have one.
const SHARED_MEMORY: &str = "/dev/shm";

/// A provider's token for a program.
#[derive(Debug, Clone)]
pub(super) struct Granted {
    pub(super) provider: Provider,
    /// What begins the names of its variables.
    pub(super) prefix: String,
    pub(super) authorized: Authorized,
}

/// A provider and what begins the names of its variables.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) provider: String,
    pub(super) prefix: String,
}

impl Names {
    /// From `NAME[=PREFIX]`; one that says no prefix has its name as one, unless it is alone.
    pub(super) fn read(asked: &[String], known: Vec<&str>) -> Result<Vec<Self>, Failure> {
        let usage = |text: String| Failure::Usage(text);
        let only;
        let asked = match (asked, known.as_slice()) {
            ([], [one]) => {
                only = [(*one).to_owned()];
                &only
            }
            ([], _) => {
                return Err(usage(format!("name a provider with --provider: one of {}", known.join(", "))));
            }
            (asked, _) => asked,
        };
        let mut seen = BTreeSet::new();
        let mut out = Vec::new();
        for text in asked {
            let (provider, prefix) = match text.split_once('=') {
                Some((provider, prefix)) => (provider, prefix.to_owned()),
                None if asked.len() == 1 => (text.as_str(), String::new()),
                None => (text.as_str(), shell::variable(text)),
            };
            if !prefix.is_empty() && !is_variable(&prefix) {
                return Err(usage(format!(
                    "no variable can begin with {prefix:?}; give letters, digits and _ as --provider {provider}=PREFIX"
                )));
            }
            let prefix = if prefix.is_empty() || prefix.ends_with('_') { prefix } else { prefix + "_" };
            if !seen.insert(prefix.clone()) {
                return Err(usage(format!(
                    "two providers would have the same variables; tell them apart with --provider {provider}=PREFIX"
                )));
            }
            out.push(Self { provider: provider.to_owned(), prefix });
        }
        Ok(out)
    }
}

fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Names and values of the program's variables.
pub(super) fn variables(granted: &[Granted], folder: Option<&Folder>) -> Vec<(String, Zeroizing<String>)> {
    let mut out = Vec::new();
    for one in granted {
        let name = |own: &str| format!("{}{own}", one.prefix);
        let path = |path: PathBuf| Zeroizing::new(path.display().to_string());
        if let Some(folder) = folder {
            out.push((name("ACCESS_TOKEN_FILE"), path(folder.path(one, "token"))));
            out.push((name("HEADERS_FILE"), path(folder.path(one, "headers"))));
            continue;
        }
        let token = one.authorized.served.token.access_token.expose();
        out.push((name("ACCESS_TOKEN"), Zeroizing::new(token.to_owned())));
        for (parameter, value) in one.authorized.query() {
            let parameter = name(&format!("QUERY_{}", shell::variable(parameter)));
            out.push((parameter, Zeroizing::new(value.expose().to_owned())));
        }
        for (header, value) in headers(&one.authorized) {
            let header = name(&format!("HEADER_{}", shell::variable(&header)));
            out.push((header, Zeroizing::new(value.to_owned())));
        }
    }
    out
}

/// A folder that this user alone reads, in memory where there is such a place; it is removed when dropped.
pub(super) struct Folder(TempDir);

impl Folder {
    pub(super) fn make() -> Result<Self, Failure> {
        let session = variable("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
        let mut builder = Builder::new();
        builder.prefix("chancela-exec-").permissions(Permissions::from_mode(0o700));
        for place in session.into_iter().chain([PathBuf::from(SHARED_MEMORY)]) {
            if let Ok(folder) = builder.tempdir_in(&place) {
                return Ok(Self(folder));
            }
        }
        output::complain("warning: tokens are written to a disk; set XDG_RUNTIME_DIR to a folder in memory");
        builder.tempdir().map(Self).map_err(Failure::io("making a folder for tokens"))
    }

    fn path(&self, granted: &Granted, kind: &str) -> PathBuf {
        // A provider's name is any text that TOML allows; prefixes are plain, and no two are the same.
        self.0.path().join(format!("{}{kind}", granted.prefix))
    }

    /// Writes each file beside its place and moves it there: whoever reads has the old token or the new one, whole.
    pub(super) fn write(&self, all: &[Granted]) -> Result<(), Failure> {
        for one in all {
            let token = one.authorized.served.token.access_token.expose();
            let lines = headers(&one.authorized).map(|(name, value)| format!("{name}: {value}\n"));
            let lines = Zeroizing::new(lines.collect::<String>());
            for (kind, text) in [("token", token), ("headers", lines.as_str())] {
                let path = self.path(one, kind);
                let failed = || Failure::io(path.display().to_string());
                let mut file = NamedTempFile::new_in(self.0.path()).map_err(failed())?;
                file.write_all(text.as_bytes()).map_err(failed())?;
                file.persist(&path).map_err(|error| failed()(error.error))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(asked: &[&str], known: &[&str]) -> Result<Vec<(String, String)>, String> {
        let asked: Vec<String> = asked.iter().map(|one| (*one).to_owned()).collect();
        let names = Names::read(&asked, known.to_vec()).map_err(|error| error.to_string())?;
        Ok(names.into_iter().map(|names| (names.provider, names.prefix)).collect())
    }

    fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
        all.iter().map(|(provider, prefix)| ((*provider).to_owned(), (*prefix).to_owned())).collect()
    }

    #[test]
    fn one_provider_has_plain_names_and_several_begin_with_theirs() {
        assert_eq!(read(&[], &["bank"]), Ok(pairs(&[("bank", "")])));
        assert_eq!(read(&["bank"], &["bank", "other"]), Ok(pairs(&[("bank", "")])));
        assert_eq!(read(&["bank=PIX"], &[]), Ok(pairs(&[("bank", "PIX_")])));
        let several = read(&["a-b", "c=", "d=my_"], &[]);
        assert_eq!(several, Ok(pairs(&[("a-b", "A_B_"), ("c", ""), ("d", "my_")])));
    }

    #[test]
    fn names_that_no_shell_could_use_or_that_two_would_share_are_refused() {
        assert!(read(&[], &["a", "b"]).unwrap_err().contains("one of a, b"));
        assert!(read(&["1a", "b"], &[]).unwrap_err().contains("--provider 1a=PREFIX"));
        assert!(read(&["a=x y"], &[]).unwrap_err().contains("--provider a=PREFIX"));
        assert!(read(&["a-b", "a_b"], &[]).unwrap_err().contains("--provider a_b=PREFIX"));
    }
}

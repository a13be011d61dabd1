//! Where a secret comes from: a file, the environment, a program, a keyring, systemd or standard input, and never the
//! text of a configuration or of a flag, which end up in backups, in histories and in lists of processes.
//!
//! This module reads, within limits, and says when to read again. It keeps nothing: who reads decides how long a secret
//! stays in memory. Reading blocks; a program may take ten seconds.

mod command_line;
mod error;
mod file;
mod parse;
mod program;
mod stamp;
mod surroundings;

pub use command_line::{CommandLine, CommandLineError};
pub use error::{SourceError, SourceProblem, SourceWarning};
pub use parse::SourceSyntaxError;
pub(crate) use program::run as run_program;
pub use stamp::Stamp;
pub use surroundings::Surroundings;

use chancela_core::secret::Secret;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, Read};
use std::path::PathBuf;
use zeroize::Zeroizing;

/// Largest secret, in bytes.
pub const MAX_BYTES: usize = 64 * 1024;
/// The variable that names the folder of a service's credentials (systemd.exec(5)).
const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";

/// Where a secret comes from. Its text is read with [`str::parse`]; its `Display` shows no arguments of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `file:PATH`.
    File(PathBuf),
    /// `env:NAME`.
    Variable(String),
    /// `cmd:PROGRAM ARGUMENT…`: what a program prints. No shell is asked.
    Command(CommandLine),
    /// `keyring:NAME`: in the user's keyring, as the service `chancela` and the account NAME.
    Keyring(String),
    /// `systemd-cred:NAME`: what a unit's `LoadCredential=` or `LoadCredentialEncrypted=` names so.
    Credential(String),
    /// `stdin`: what standard input has until its end.
    StandardInput,
}

/// What was read.
pub struct Reading {
    from: String,
    bytes: Zeroizing<Vec<u8>>,
    warning: Option<SourceWarning>,
}

impl Source {
    /// Reads it whole.
    ///
    /// # Errors
    /// [`SourceError`]: it cannot be read, is empty or too large, or anyone may change it.
    pub fn read(&self, around: &Surroundings) -> Result<Reading, SourceError> {
        let at = |problem| SourceError::new(self, problem);
        let (bytes, warning) = self.contents(around).map_err(at)?;
        if without_line_break(&bytes).is_empty() {
            return Err(at(SourceProblem::Empty));
        }
        Ok(Reading { from: self.to_string(), bytes, warning })
    }

    /// What tells one state of the source from another without reading the secret, where that is possible: the stamp of a
    /// program's or a keyring's secret is always the same, because asking costs what reading costs.
    pub fn stamp(&self, around: &Surroundings) -> Stamp {
        match self {
            Self::File(path) => Stamp::of_file(path),
            Self::Credential(name) => {
                credential(name, around).map_or_else(|_| Stamp::missing(), |path| Stamp::of_file(&path))
            }
            Self::Variable(name) => around.variable(name).map_or_else(Stamp::missing, |value| {
                Stamp::of_bytes(Zeroizing::new(value.into_encoded_bytes()).as_slice())
            }),
            Self::Command(_) | Self::Keyring(_) | Self::StandardInput => Stamp::fixed(),
        }
    }

    /// What is wrong with the place though a secret may be there. Reads no secret.
    pub fn warning(&self) -> Option<SourceWarning> {
        match self {
            Self::File(path) => file::warning(path),
            _ => None,
        }
    }

    fn contents(
        &self,
        around: &Surroundings,
    ) -> Result<(Zeroizing<Vec<u8>>, Option<SourceWarning>), SourceProblem> {
        let bytes = match self {
            Self::File(path) => return file::contents(path),
            // systemd gives the service's user access by an access list, whose mask looks like a group that may read.
            Self::Credential(name) => file::contents(&credential(name, around)?)?.0,
            Self::Variable(name) => {
                let value = around.variable(name).map(OsString::into_encoded_bytes);
                let value = Zeroizing::new(value.ok_or(SourceProblem::Unset)?);
                if value.len() > MAX_BYTES {
                    return Err(SourceProblem::TooLarge);
                }
                value
            }
            Self::Command(line) => program::output(line, program::PATIENCE)?,
            Self::Keyring(name) => keyring(name, around)?,
            Self::StandardInput => around.input()?,
        };
        Ok((bytes, None))
    }
}

impl Reading {
    /// All bytes, a line break at the end included.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The text, without one line break at its end: editors and `echo` leave it there.
    ///
    /// # Errors
    /// It is not UTF-8.
    pub fn text(&self) -> Result<Secret, SourceError> {
        let text = std::str::from_utf8(without_line_break(&self.bytes));
        let not_text = |_| SourceError { from: self.from.clone(), problem: SourceProblem::NotText };
        text.map(Secret::new).map_err(not_text)
    }

    /// What is wrong with the source though it could be read.
    pub const fn warning(&self) -> Option<&SourceWarning> {
        self.warning.as_ref()
    }
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reading(*** from {})", self.from)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Variable(name) => write!(f, "env:{name}"),
            Self::Command(line) => write!(f, "cmd:{}", line.program()),
            Self::Keyring(name) => write!(f, "keyring:{name}"),
            Self::Credential(name) => write!(f, "systemd-cred:{name}"),
            Self::StandardInput => f.write_str("stdin"),
        }
    }
}

/// The file of a credential of the service.
fn credential(name: &str, around: &Surroundings) -> Result<PathBuf, SourceProblem> {
    let folder = around.variable(CREDENTIALS_DIRECTORY).filter(|folder| !folder.is_empty());
    Ok(PathBuf::from(folder.ok_or(SourceProblem::NoCredentials)?).join(name))
}

fn keyring(name: &str, around: &Surroundings) -> Result<Zeroizing<Vec<u8>>, SourceProblem> {
    program::output(&around.keyring(name), program::PATIENCE).map_err(|problem| match problem {
        SourceProblem::Failed(status) => SourceProblem::NotInKeyring(status),
        SourceProblem::NotStarted(error) => SourceProblem::NoKeyring(error),
        other => other,
    })
}

/// All bytes up to the end; `None` if they are more than [`MAX_BYTES`]. The buffer never grows, so that no part of a
/// secret is left behind in memory.
fn limited(input: &mut impl Read) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut bytes = Zeroizing::new(vec![0; MAX_BYTES + 1]);
    let mut length = 0;
    while let Some(rest) = bytes.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match input.read(rest) {
            Ok(0) => {
                bytes.truncate(length);
                return Ok(Some(bytes));
            }
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

fn without_line_break(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

#[cfg(test)]
mod tests;

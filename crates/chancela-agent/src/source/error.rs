//! Why a source gives no secret, and what is wrong with one that does. No text here has any part of a secret.

use super::Source;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

/// Why a source gives no secret. The text ends with what to do.
#[derive(Debug, thiserror::Error)]
#[error("{from}: {problem}")]
pub struct SourceError {
    /// The source, as its `Display` shows it.
    pub from: String,
    /// Why.
    pub problem: SourceProblem,
}

impl SourceError {
    pub(super) fn new(source: &Source, problem: SourceProblem) -> Self {
        Self { from: source.to_string(), problem }
    }
}

/// What can be wrong.
#[derive(Debug, thiserror::Error)]
pub enum SourceProblem {
    /// The system does not let us read.
    #[error("{0}; check that it exists and that this user may read it")]
    Unreadable(io::Error),
    /// A folder, a device, a pipe.
    #[error("not a regular file; name a file, or use cmd: for what a program prints")]
    NotAFile,
    /// Whoever can change the secret chooses whom we authenticate as.
    #[error(
        "anyone on this machine may change it (mode {mode:o}); run chmod 0600 on it, and give it a new secret"
    )]
    Writable {
        /// The file's mode.
        mode: u32,
    },
    /// More than [`super::MAX_BYTES`].
    #[error("more than 64 KiB, which no secret has; name another source")]
    TooLarge,
    /// Nothing, or a line break alone.
    #[error("empty; put the secret there")]
    Empty,
    /// Not UTF-8.
    #[error("not UTF-8 text; a file in binary form, such as PKCS #12, is no secret of this kind")]
    NotText,
    /// There is no such variable.
    #[error("the variable is not set; set it for this program")]
    Unset,
    /// We are no service of systemd, or one without credentials.
    #[error(
        "there is no $CREDENTIALS_DIRECTORY; add LoadCredential= or LoadCredentialEncrypted= to the unit, and start it by systemd"
    )]
    NoCredentials,
    /// The program cannot be started.
    #[error("cannot be started: {0}; give the program with its whole path")]
    NotStarted(io::Error),
    /// The program did not end.
    #[error("did not end within 10 seconds and was stopped; run it by hand to see what it waits for")]
    TimedOut,
    /// The program failed.
    #[error("ended with {0}; run it by hand to see why, for what it says is never shown")]
    Failed(ExitStatus),
    /// The program that asks the keyring is not there.
    #[error(
        "the keyring's program cannot be started: {0}; install secret-tool (libsecret-tools), or use file: or systemd-cred:"
    )]
    NoKeyring(io::Error),
    /// The keyring does not have it, is locked or is not there.
    #[error(
        "the keyring gave nothing ({0}); store it with `secret-tool store --label=chancela service chancela account NAME` (macOS: `security add-generic-password -s chancela -a NAME -w`), or use file: or systemd-cred: where nobody unlocks a keyring"
    )]
    NotInKeyring(ExitStatus),
    /// Standard input gave no secret before.
    #[error("standard input could not be read before; start the program again, and give it the secret alone")]
    Spent,
}

/// What is wrong with a source though it can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceWarning {
    /// Others may read the file, or its group may change it.
    #[error("{path} is open to others (mode {mode:o}); run: chmod 0600 {path}")]
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
}

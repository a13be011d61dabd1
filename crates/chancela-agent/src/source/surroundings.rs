//! What a process has around it: environment, standard input, and the program that asks the user's keyring. An argument,
//! so that nothing here reads a global and tests need none.

use super::{CommandLine, SourceProblem, limited};
use std::ffi::OsString;
use std::fmt;
use std::io::Read;
use std::sync::{Mutex, PoisonError};
use zeroize::Zeroizing;

/// The program that asks the user's keyring, and its arguments before the account's name: the Secret Service.
#[cfg(not(target_os = "macos"))]
const KEYRING: (&str, &[&str]) = ("secret-tool", &["lookup", "service", "chancela", "account"]);
/// The program that asks the user's keychain, and its arguments before the account's name.
#[cfg(target_os = "macos")]
const KEYRING: (&str, &[&str]) = ("security", &["find-generic-password", "-w", "-s", "chancela", "-a"]);

type Variables = dyn Fn(&str) -> Option<OsString> + Send + Sync;

/// What a process has around it.
pub struct Surroundings {
    variables: Box<Variables>,
    input: Mutex<Input>,
    keyring: String,
}

/// Standard input. Whatever else a secret is read from can be read again; of this one the bytes are kept until the end.
enum Input {
    Unread(Box<dyn Read + Send>),
    Read(Zeroizing<Vec<u8>>),
    Broken,
}

impl Surroundings {
    /// An environment, by the values of its variables, and a standard input.
    pub fn new(
        variables: impl Fn(&str) -> Option<OsString> + Send + Sync + 'static,
        input: impl Read + Send + 'static,
    ) -> Self {
        let input = Mutex::new(Input::Unread(Box::new(input)));
        Self { variables: Box::new(variables), input, keyring: KEYRING.0.to_owned() }
    }

    /// Asks the keyring by the program at another place. Its arguments stay.
    #[must_use]
    pub fn with_keyring_program(self, program: &str) -> Self {
        Self { keyring: program.to_owned(), ..self }
    }

    pub(crate) fn variable(&self, name: &str) -> Option<OsString> {
        (self.variables)(name)
    }

    /// All of standard input, which is waited for the first time.
    pub(super) fn input(&self) -> Result<Zeroizing<Vec<u8>>, SourceProblem> {
        let mut input = self.input.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = match std::mem::replace(&mut *input, Input::Broken) {
            Input::Unread(mut stream) => {
                limited(&mut stream).map_err(SourceProblem::Unreadable)?.ok_or(SourceProblem::TooLarge)?
            }
            Input::Read(bytes) => bytes,
            Input::Broken => return Err(SourceProblem::Spent),
        };
        *input = Input::Read(bytes.clone());
        Ok(bytes)
    }

    /// The command that prints an account's secret.
    pub(super) fn keyring(&self, account: &str) -> CommandLine {
        CommandLine::new(&self.keyring, &[KEYRING.1, &[account]].concat())
    }
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Surroundings(..)")
    }
}

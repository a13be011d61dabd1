//! What a process has around it: environment, standard input, and the program that asks the user's keyring. An argument,
//! so that nothing here reads a global and tests need none.

use super::CommandLine;
use std::ffi::OsString;
use std::fmt;
use std::io::Read;
use std::sync::{Mutex, PoisonError};

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
    input: Mutex<Option<Box<dyn Read + Send>>>,
    keyring: String,
}

impl Surroundings {
    /// An environment, by the values of its variables, and a standard input.
    pub fn new(
        variables: impl Fn(&str) -> Option<OsString> + Send + Sync + 'static,
        input: impl Read + Send + 'static,
    ) -> Self {
        let input: Box<dyn Read + Send> = Box::new(input);
        Self { variables: Box::new(variables), input: Mutex::new(Some(input)), keyring: KEYRING.0.to_owned() }
    }

    /// Asks the keyring by the program at another place. Its arguments stay.
    #[must_use]
    pub fn with_keyring_program(self, program: &str) -> Self {
        Self { keyring: program.to_owned(), ..self }
    }

    pub(crate) fn variable(&self, name: &str) -> Option<OsString> {
        (self.variables)(name)
    }

    /// Standard input, for the first who asks.
    pub(super) fn take_input(&self) -> Option<Box<dyn Read + Send>> {
        self.input.lock().unwrap_or_else(PoisonError::into_inner).take()
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

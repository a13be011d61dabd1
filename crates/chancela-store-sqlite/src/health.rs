//! Whether the store may still be believed. After a failed write or fsync, or damage, it never is again: every call
//! answers `Engine` until the process has ended and a new one has read what the disk really holds.

use crate::error::{engine, is_fatal};
use chancela_store::StoreError;
use std::sync::OnceLock;

/// The first fatal error, if there was one.
#[derive(Debug, Default)]
pub(crate) struct Health(OnceLock<String>);

impl Health {
    /// # Errors
    /// `Engine` after a fatal error.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match self.0.get() {
            None => Ok(()),
            Some(why) => Err(StoreError::Engine(format!("stopped after a fatal error: {why}"))),
        }
    }

    /// The fatal error.
    pub(crate) fn failure(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }

    /// Notes that nothing more will work.
    pub(crate) fn fail(&self, why: &str) {
        let _ = self.0.set(why.to_owned()); // the first reason is the one to tell
    }

    /// An engine's error for the caller, noted if it is fatal.
    pub(crate) fn report(&self, error: &rusqlite::Error) -> StoreError {
        if is_fatal(error) {
            self.fail(&error.to_string());
        }
        engine(error)
    }
}

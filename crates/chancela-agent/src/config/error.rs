//! What is wrong with the configuration, and where.

use std::path::PathBuf;

/// What is wrong with the configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("{path}: {error}; write it, or name another one with --config")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// It is not TOML, or not in the vocabulary.
    #[error("{path}:{line}: {message}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// Standard input is the place of several secrets.
    #[error(
        "{path}: stdin is the place of {first} and of {second}; take one secret from it and the others from file:, env: or cmd:"
    )]
    SeveralInputs {
        /// The file.
        path: PathBuf,
        /// A key.
        first: String,
        /// Another one.
        second: String,
    },
}

//! Why a command failed, with the exit code that scripts can rely on. Every text ends with what to do next.

use chancela_core::dialect::DialectError;
use chancela_server::config::ConfigError;
use chancela_server::control::ControlError;
use chancela_server::key_ring::kek::KekError;
use chancela_server::server::StartError;
use chancela_server::tls::TlsError;
use chancela_store_sqlite::OpenError;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

/// A failed command.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// 2: the configuration cannot be used.
    #[error("configuration: {0}")]
    Config(#[from] ConfigError),
    /// 2: a dialect cannot be used.
    #[error("dialect: {0}")]
    Dialect(#[from] DialectError),
    /// 2: what was asked makes no sense.
    #[error("{0}")]
    Usage(String),
    /// 3, 4, 2 or 1: an administration command was refused.
    #[error("{0}")]
    Control(#[from] ControlError),
    /// 1: the store does not open.
    #[error("store: {0}")]
    Store(#[from] OpenError),
    /// 1: the key-encryption key.
    #[error("{0}")]
    Kek(#[from] KekError),
    /// 1: a listener's certificate or key.
    #[error("TLS: {0}")]
    Tls(#[from] TlsError),
    /// 1: the server does not start.
    #[error("{0}")]
    Start(#[from] StartError),
    /// 1: a file or socket.
    #[error("{what}: {error}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system said.
        error: io::Error,
    },
    /// 1: a server runs and the command needs the store, or none runs and the command needs one.
    #[error("{path}: {message}")]
    Data {
        /// The data folder.
        path: PathBuf,
        /// What is the matter, and what to do.
        message: String,
    },
    /// 1: anything else.
    #[error("{0}")]
    Other(String),
}

impl Failure {
    /// An I/O error with what was tried.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |error| Self::Io { what, error }
    }

    /// 1 failed, 2 wrong usage or configuration, 3 not found, 4 conflict.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Config(_) | Self::Dialect(_) | Self::Usage(_) | Self::Control(ControlError::Invalid(_)) => {
                2
            }
            Self::Control(ControlError::NotFound(_)) => 3,
            Self::Control(ControlError::Conflict(_)) => 4,
            _ => 1,
        })
    }
}

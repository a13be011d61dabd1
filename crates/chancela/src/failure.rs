//! Why a command failed, with the exit code that scripts can rely on. Every text ends with what to do next.

use crate::language::{Said, said};
use chancela_agent::agent::AgentError;
use chancela_agent::engine::Reason;
use chancela_agent::enrolment::EnrolmentError;
use chancela_agent::login::LoginError;
use chancela_agent::portuguese::Portuguese;
use chancela_agent::provider::ProviderError;
use chancela_core::dialect::DialectError;
use chancela_server::config::ConfigError;
use chancela_server::control::ControlError;
use chancela_server::key_ring::kek::KekError;
use chancela_server::server::StartError;
use chancela_server::tls::TlsError;
use chancela_store_sqlite::OpenError;
use std::fmt::Display;
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
    /// 2: the same, in both languages.
    #[error("{}", .0.english)]
    WrongUsage(Said),
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
    /// 3 to 9: the client side, see [`AgentFailure`].
    #[error("{0}")]
    Agent(#[from] AgentFailure),
    /// A code without words: those were said already, or are another program's.
    #[error("")]
    Ended(u8),
    /// 1: anything else.
    #[error("{0}")]
    Other(String),
}

/// Why the client side failed. The codes are those that scripts around tokens need to tell apart.
#[derive(Debug, thiserror::Error)]
#[error("{}", said.english)]
pub(crate) struct AgentFailure {
    /// 3 configuration, 4 login required, 5 refused by the provider, 6 not available, 7 ends soon, 8 not in time, 9 not kept,
    /// 130 stopped by the person.
    code: u8,
    said: Said,
}

impl AgentFailure {
    /// What was obtained could not be kept.
    pub(crate) fn not_kept() -> Self {
        let said = said!(
            "the renewed session could not be written to the cache, and is lost when this program ends; see that its disk has room, and log in again",
            "a sessão renovada não pôde ser escrita no cache, e se perde quando este programa termina; verifique se o disco dele tem espaço, e faça login de novo",
        );
        Self { code: 9, said }
    }

    /// A program that takes a token alone would get one that is worth nothing alone.
    pub(crate) fn bound(provider: &str) -> Self {
        let said = said!(
            "{provider}: its tokens are bound to a key, and each call needs a proof of its own (DPoP), which no program makes that is given a token; let it call by the agent's reverse proxy, or ask `chancela token {provider} --url` for each call",
            "{provider}: os tokens dele são vinculados a uma chave, e cada chamada precisa de uma prova própria (DPoP), que nenhum programa que recebe um token faz; faça-o chamar pelo proxy reverso do agente, ou peça `chancela token {provider} --url` para cada chamada",
        );
        Self { code: 3, said }
    }

    /// A person has stopped a login.
    pub(crate) fn cancelled(provider: &str) -> Self {
        let said = said!(
            "{provider}: the login was stopped and nothing was kept; its code is of no use any more, so begin anew",
            "{provider}: o login foi interrompido e nada foi guardado; o código dele não serve mais, então comece de novo",
        );
        Self { code: 130, said }
    }

    /// Something ends soon.
    pub(crate) const fn due(said: Said) -> Self {
        Self { code: 7, said }
    }

    /// Somebody refuses what is asked for.
    pub(crate) fn refused(text: impl Into<String>) -> Self {
        Self { code: 5, said: Said::of_text(text.into()) }
    }

    /// Somebody is not reached, or not able to answer.
    pub(crate) fn unavailable(text: impl Into<String>) -> Self {
        Self { code: 6, said: Said::of_text(text.into()) }
    }

    /// The configuration cannot be used. An error with a type of its own is better said by [`because`](Self::because).
    pub(crate) fn configuration(error: impl Display) -> Self {
        Self::said(Said::of_text(error.to_string()))
    }

    /// The configuration cannot be used, because of an error that has its sentence in both languages.
    pub(crate) fn because(error: impl Display + Portuguese) -> Self {
        Self::said(Said::of(&error))
    }

    /// The configuration cannot be used, in the program's own words.
    pub(crate) const fn said(said: Said) -> Self {
        Self { code: 3, said }
    }
}

impl From<ProviderError> for AgentFailure {
    fn from(error: ProviderError) -> Self {
        let code = match error.reason() {
            Some(Reason::LoginRequired) => 4,
            Some(Reason::Credentials | Reason::Request | Reason::TooShort) => 5,
            Some(reason) if reason.is_passing() => 6,
            Some(Reason::Configuration) => 3,
            _ if matches!(error, ProviderError::Deadline { .. }) => 8,
            _ => 3,
        };
        Self { code, said: Said::of(&error) }
    }
}

impl From<LoginError> for AgentFailure {
    fn from(error: LoginError) -> Self {
        let code = match error {
            LoginError::Agent(error) => return error.into(),
            LoginError::Provider(error) => return error.into(),
            LoginError::TimedOut | LoginError::CodeExpired { .. } => 8,
            LoginError::Transport { .. } | LoginError::Unreached { .. } => 6,
            LoginError::Cache(_) => 9,
            LoginError::Refused { .. }
            | LoginError::NoCodes { .. }
            | LoginError::Denied { .. }
            | LoginError::DeviceRefused { .. }
            | LoginError::Answer(_)
            | LoginError::Nonce { .. }
            | LoginError::Unbound { .. } => 5,
            _ => 3,
        };
        Self { code, said: Said::of(&error) }
    }
}

impl From<EnrolmentError> for AgentFailure {
    fn from(error: EnrolmentError) -> Self {
        use EnrolmentError as E;
        let code = match error {
            E::Provider(error) => return error.into(),
            E::NotProven { ref error } if error.reason().is_some_and(Reason::is_passing) => 6,
            E::Transport { .. } | E::Busy { .. } => 6,
            E::Refused { .. } | E::NotProven { .. } | E::Waits { .. } => 5,
            E::Uncertain { .. } | E::Sealed { .. } => 9,
            _ => 3,
        };
        Self { code, said: Said::of(&error) }
    }
}

impl From<AgentError> for AgentFailure {
    fn from(error: AgentError) -> Self {
        match error {
            AgentError::Provider(error) => error.into(),
            other => Self::because(other),
        }
    }
}

impl Failure {
    /// An I/O error with what was tried.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |error| Self::Io { what, error }
    }

    /// The sentence, in both languages where there are both: the client side's.
    pub(crate) fn said(&self) -> Said {
        match self {
            Self::Agent(failure) => failure.said.clone(),
            Self::WrongUsage(said) => said.clone(),
            Self::Dialect(error) => {
                Said { english: self.to_string(), portuguese: format!("dialeto: {}", error.pt_br()) }
            }
            Self::Io { what, error } => {
                let what = match what.as_str() {
                    "writing the token" => "ao escrever o token",
                    other => other,
                };
                Said { english: self.to_string(), portuguese: format!("{what}: {}", error.pt_br()) }
            }
            other => Said::of_text(other.to_string()),
        }
    }

    /// 1 failed, 2 wrong usage or configuration, 3 not found, 4 conflict.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Config(_) | Self::Dialect(_) | Self::Control(ControlError::Invalid(_)) => 2,
            Self::Usage(_) | Self::WrongUsage(_) => 2,
            Self::Agent(failure) => failure.code,
            Self::Ended(code) => *code,
            Self::Control(ControlError::NotFound(_)) => 3,
            Self::Control(ControlError::Conflict(_)) => 4,
            _ => 1,
        })
    }
}

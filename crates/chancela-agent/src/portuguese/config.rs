//! What is wrong with the configuration, and where.

use super::{Portuguese, of_text};
use crate::config::ConfigError;

impl Portuguese for ConfigError {
    fn pt_br(&self) -> String {
        match self {
            Self::Read { path, error } => {
                format!("{}: {}; escreva-o, ou indique outro com --config", path.display(), error.pt_br())
            }
            Self::SeveralInputs { path, first, second } => format!(
                "{}: stdin é o lugar de {first} e de {second}; tire dela um só segredo e os outros de file:, env: ou cmd:",
                path.display()
            ),
            Self::Syntax { path, line, message } => {
                format!("{}:{line}: {}", path.display(), of_text(message))
            }
        }
    }
}

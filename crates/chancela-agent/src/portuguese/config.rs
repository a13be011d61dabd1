//! What is wrong with the configuration, and where.

use super::{Portuguese, of_text};
use crate::config::ConfigError;

impl Portuguese for ConfigError {
    fn pt_br(&self) -> String {
        match self {
            Self::Read { path, error } => {
                format!("{}: {}; escreva-o, ou indique outro com --config", path.display(), error.pt_br())
            }
            Self::Syntax { path, line, message } => {
                format!("{}:{line}: {}", path.display(), of_text(message))
            }
        }
    }
}

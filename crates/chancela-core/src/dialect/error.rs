//! Why a dialect cannot be used, with the place where it is wrong.

/// Why a dialect cannot be used. The text names file, line and key, and the allowed values where they are a list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DialectError {
    /// No file of this name.
    #[error("there is no dialect {name:?}; known are: {known}")]
    Unknown {
        /// The name asked for.
        name: String,
        /// All names, separated by commas.
        known: String,
    },
    /// A file that is not TOML or does not keep to the vocabulary.
    #[error("{file}:{line}: {message}")]
    Syntax {
        /// The file.
        file: String,
        /// Line from 1.
        line: usize,
        /// What is wrong, with the allowed values.
        message: String,
    },
    /// A file that keeps to the vocabulary and still makes no sense.
    #[error("{file}: {key}: {message}")]
    Meaning {
        /// The file.
        file: String,
        /// Path of the key.
        key: String,
        /// What is wrong.
        message: String,
    },
}

pub(super) fn meaning(file: &str, key: &str, message: impl Into<String>) -> DialectError {
    DialectError::Meaning { file: file.to_owned(), key: key.to_owned(), message: message.into() }
}

pub(super) fn syntax(path: &str, text: &str, error: &toml::de::Error) -> DialectError {
    DialectError::Syntax {
        file: path.to_owned(),
        line: line_of(text, error),
        message: error.message().to_owned(),
    }
}

/// The line, from 1, of `text` that a TOML error is about.
pub fn line_of(text: &str, error: &toml::de::Error) -> usize {
    let start = error.span().map_or(0, |span| span.start.min(text.len()));
    text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count() + 1
}

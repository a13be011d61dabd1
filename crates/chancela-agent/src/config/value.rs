//! Values that stand in the file, or that the file says the place of.

use crate::source::{Source, SourceError, SourceSyntaxError, Surroundings};
use chancela_core::secret::Secret;
use serde::{Deserialize, Deserializer, de::Error};

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place(pub Source);

/// What is no secret: a text, or where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// The text.
    Literal(String),
    /// Its place.
    From(Source),
}

impl Given {
    /// The text.
    ///
    /// # Errors
    /// [`SourceError`].
    pub fn read(&self, around: &Surroundings) -> Result<Secret, SourceError> {
        match self {
            Self::Literal(text) => Ok(Secret::new(text.clone())),
            Self::From(source) => source.read(around)?.text(),
        }
    }

    /// Its place, if it is elsewhere.
    pub const fn source(&self) -> Option<&Source> {
        match self {
            Self::Literal(_) => None,
            Self::From(source) => Some(source),
        }
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        String::deserialize(input)?.parse().map(Self).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = String::deserialize(input)?;
        match text.parse::<Source>() {
            Ok(source) => Ok(Self::From(source)),
            Err(SourceSyntaxError::Literal) => Ok(Self::Literal(text)),
            Err(error) => Err(D::Error::custom(error)),
        }
    }
}

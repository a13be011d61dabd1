//! Whether tokens are bound to a key, and to which.

use super::Place;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// How tokens are bound to a key by DPoP (RFC 9449).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DpopConfig {
    /// The key: PKCS #8 in PEM, or a private JWK. Without it, one is made and kept sealed in the cache.
    pub key: Option<Place>,
    /// Whether a token that the provider did not bind is used all the same, by whoever has it.
    pub danger_bearer: bool,
}

struct Either;

impl<'de> Visitor<'de> for Either {
    type Value = Option<DpopConfig>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, false or a table with `key`")
    }

    fn visit_bool<E>(self, on: bool) -> Result<Self::Value, E> {
        Ok(on.then(DpopConfig::default))
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Self::Value, A::Error> {
        DpopConfig::deserialize(MapAccessDeserializer::new(table)).map(Some)
    }
}

/// `true`, `false`, or the table.
pub(super) fn either<'de, D: Deserializer<'de>>(input: D) -> Result<Option<DpopConfig>, D::Error> {
    input.deserialize_any(Either)
}

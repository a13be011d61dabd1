//! Security profiles: what is allowed at all in a realm. A profile is a named, closed set of rules; a realm that needs
//! more than its profile allows does not start.

use crate::dialect::{Dialect, survey};
use serde::{Deserialize, Serialize};

/// A profile. Stricter ones (FAPI 2.0, Open Finance Brasil) join this list when they are enforced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SecurityProfile {
    /// OAuth 2.1: nothing that RFC 9700 forbids.
    #[default]
    Oauth21,
    /// What old dialects document, dangers included.
    Legacy,
}

impl SecurityProfile {
    /// What of a dialect the profile forbids, as paths into the dialect; empty if nothing. How certificates are issued
    /// matters only where they are (`issues`).
    pub fn forbids(self, dialect: &Dialect, issues: bool) -> Vec<String> {
        match self {
            Self::Oauth21 if issues => {
                survey::dangers(dialect).into_iter().chain(survey::issuance_dangers(dialect)).collect()
            }
            Self::Oauth21 => survey::dangers(dialect),
            Self::Legacy => Vec::new(),
        }
    }

    /// The name in configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Oauth21 => "oauth21",
            Self::Legacy => "legacy",
        }
    }
}

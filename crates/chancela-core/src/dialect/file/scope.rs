//! Rules for the requested scope.

use serde::{Deserialize, Serialize};

/// Rules for the requested scope.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScopeRules {
    /// What a request without scope gets.
    pub when_absent: WhenScopeAbsent,
    /// What happens to a known scope that the client may not have.
    pub when_ungranted: WhenScopeUngranted,
    /// Most scopes for one token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<u16>,
    /// The one list that is accepted, in any order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exactly: Option<String>,
}

impl Default for ScopeRules {
    fn default() -> Self {
        Self {
            when_absent: WhenScopeAbsent::All,
            when_ungranted: WhenScopeUngranted::Reject,
            max: None,
            exactly: None,
        }
    }
}

/// What a request without scope gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenScopeAbsent {
    /// All that the client may have (cut to `max`).
    All,
    /// A token without scope.
    None,
    /// A refusal.
    Reject,
}

/// What happens to a known scope that the client may not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenScopeUngranted {
    /// A refusal.
    Reject,
    /// It is left out of the answer.
    Narrow,
}

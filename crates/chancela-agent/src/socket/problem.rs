//! Refusals as callers hear them (RFC 9457). Never a 401: to whoever sees it, that would say that the API has refused the
//! caller's token.

use super::message::{FORMAT_VERSION, seconds_up};
use crate::engine::Reason;
use crate::provider::ProviderError;
use http::StatusCode;
use serde::{Deserialize, Serialize};

const UNUSABLE: &str = "The agent's configuration cannot be used";

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The version of the messages.
    pub format_version: u32,
    /// A URN that ends with [`Self::reason`].
    #[serde(rename = "type")]
    pub kind: String,
    /// What happened, the same for each reason.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened here and what to do, for people.
    pub detail: String,
    /// What happened, for programs.
    pub reason: String,
    /// Seconds after which asking again makes sense; absent if time alone changes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// The command with which a person logs in, where that is what is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_hint: Option<String>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, reason: &str, title: &str, detail: impl Into<String>) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            kind: format!("urn:chancela:agent:{reason}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            reason: reason.to_owned(),
            retry_after: None,
            login_hint: None,
        }
    }

    pub(super) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", "The request cannot be read", detail)
    }

    pub(super) fn too_large() -> Self {
        let detail = "a request has at most 64 KiB";
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The request is too large", detail)
    }

    pub(super) fn needs_proof() -> Self {
        let detail = "this provider's tokens are bound to a key, and each call needs a proof of its own (RFC 9449); \
                      ask for each call, and say its method and url";
        Self::new(
            StatusCode::BAD_REQUEST,
            "needs_proof",
            "The token is good for calls with a proof alone",
            detail,
        )
    }

    pub(super) fn forbidden() -> Self {
        let detail =
            "this user or group may not do that here; see [[agent.allow]] in the agent's configuration";
        Self::new(StatusCode::FORBIDDEN, "forbidden", "The agent's rules do not allow it", detail)
    }

    pub(super) fn unknown_provider() -> Self {
        let detail = "the agent's configuration has no such provider; `chancela agent status` lists them";
        Self::new(StatusCode::NOT_FOUND, "unknown_provider", "There is no such provider", detail)
    }

    pub(super) fn not_found() -> Self {
        let detail = "there are POST /v1/token, GET /v1/status and GET /v1/events";
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is nothing here", detail)
    }

    pub(super) fn method() -> Self {
        let detail = "POST /v1/token, GET /v1/status, GET /v1/events";
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "It does not answer this method",
            detail,
        )
    }

    pub(super) fn busy() -> Self {
        let detail = "as many callers as there may be listen to events already";
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "The agent is busy", detail);
        Self { retry_after: Some(30), ..problem }
    }
}

/// What a reason is over HTTP. What waiting helps is 503; what the provider makes impossible is 502, and what a person has
/// to put right first is 409.
const fn told(reason: Reason) -> (StatusCode, &'static str) {
    match reason {
        Reason::LoginRequired => (StatusCode::CONFLICT, "A person has to log in"),
        Reason::Credentials => (StatusCode::CONFLICT, "The provider does not accept the credentials"),
        Reason::Request => (StatusCode::BAD_GATEWAY, "The provider does not accept the request"),
        Reason::LifeUnknown => (StatusCode::BAD_GATEWAY, "Nobody says how long the token lives"),
        Reason::Configuration => (StatusCode::INTERNAL_SERVER_ERROR, UNUSABLE),
        Reason::TooShort => (StatusCode::BAD_REQUEST, "No token lives that long"),
        Reason::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "The provider is not available"),
        Reason::Budget => (StatusCode::SERVICE_UNAVAILABLE, "The token endpoint was called too often"),
        Reason::TooEarly => (StatusCode::SERVICE_UNAVAILABLE, "The session may not be renewed yet"),
        Reason::Cache => (StatusCode::SERVICE_UNAVAILABLE, "The agent's cache cannot be used"),
        Reason::Unregistered => (StatusCode::INTERNAL_SERVER_ERROR, "The agent does not know the token"),
    }
}

impl From<&ProviderError> for Problem {
    fn from(error: &ProviderError) -> Self {
        let detail = error.to_string();
        if let Some(reason) = error.reason() {
            let (status, title) = told(reason);
            let problem = Self::new(status, reason.as_str(), title, detail);
            let login_hint = match error {
                ProviderError::LoginRequired { provider } => Some(format!("chancela agent login {provider}")),
                _ => None,
            };
            let after = error.retry_after().map(|after| u64::try_from(seconds_up(after)).unwrap_or(0).max(1));
            // Whoever is told to come again is told when.
            let retry_after = after.or_else(|| reason.is_passing().then_some(1));
            return Self { retry_after, login_hint, ..problem };
        }
        let unavailable = |reason, title| Self {
            retry_after: Some(1),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, reason, title, detail.clone())
        };
        match error {
            ProviderError::Deadline { .. } => unavailable("deadline", "There was no token in time"),
            ProviderError::Interrupted => unavailable("stopping", "The agent is being stopped"),
            ProviderError::TooManyScopes { .. } => {
                Self::new(StatusCode::BAD_REQUEST, "too_many_scopes", "Too many scopes are in use", detail)
            }
            _ => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "configuration", UNUSABLE, detail),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Refusal;

    fn problem(reason: Reason, after: Option<i64>) -> Problem {
        let refusal = Refusal { reason, after, said: None };
        Problem::from(&ProviderError::Refused { provider: "one".into(), refusal })
    }

    #[test]
    fn every_reason_has_a_status_that_says_whether_waiting_helps_and_is_never_401() {
        for (reason, status) in [
            (Reason::LoginRequired, 409),
            (Reason::Credentials, 409),
            (Reason::Request, 502),
            (Reason::LifeUnknown, 502),
            (Reason::TooShort, 400),
            (Reason::Unavailable, 503),
            (Reason::Budget, 503),
            (Reason::TooEarly, 503),
            (Reason::Cache, 503),
            (Reason::Unregistered, 500),
            (Reason::Configuration, 500),
        ] {
            let problem = problem(reason, None);
            assert_eq!(problem.status, status, "{reason:?}");
            assert_eq!(problem.retry_after.is_some(), status == 503, "{reason:?}");
            assert_eq!(problem.kind, format!("urn:chancela:agent:{}", reason.as_str()));
        }
    }

    #[test]
    fn a_pause_is_told_in_whole_seconds_and_a_login_by_its_command() {
        assert_eq!(problem(Reason::Unavailable, Some(1200)).retry_after, Some(2));
        assert_eq!(problem(Reason::Credentials, Some(300_000)).retry_after, Some(300));
        let login = Problem::from(&ProviderError::LoginRequired { provider: "one".into() });
        assert_eq!((login.status, login.login_hint.as_deref()), (409, Some("chancela agent login one")));
    }
}

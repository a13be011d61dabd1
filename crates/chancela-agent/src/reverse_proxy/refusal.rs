//! Answers that are the proxy's own and not the API's: a problem (RFC 9457), and `Proxy-Status` (RFC 9209) by which a
//! program tells them from the API's. Never a 401: that is the API's to say.

use super::body::{Answer, BodyError};
use super::connection::Failed;
use super::path::PathError;
use crate::provider::ProviderError;
use crate::socket::Problem;
use crate::transport::{Lost, TransportError};
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Response, StatusCode};

/// The header of RFC 9209.
const PROXY_STATUS: HeaderName = HeaderName::from_static("proxy-status");
/// Seconds after which to come again where nobody knows when: a person has something to do first.
const RETRY_AFTER_PERSON: u64 = 60;
/// Methods that pass where the configuration names none.
const USUAL_METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/// Why a request got no answer of the API.
#[derive(Debug)]
pub(super) struct Refusal {
    problem: Box<Problem>,
    /// The error type of RFC 9209 section 2.3.
    error: &'static str,
    allow: Option<HeaderValue>,
}

impl Refusal {
    fn new(
        status: StatusCode,
        reason: &str,
        error: &'static str,
        title: &str,
        detail: impl Into<String>,
    ) -> Self {
        Self { problem: Box::new(Problem::new(status, reason, title, detail)), error, allow: None }
    }

    fn denied(status: StatusCode, reason: &str, title: &str, detail: &str) -> Self {
        Self::new(status, reason, "http_request_denied", title, detail)
    }

    /// What happened, for logs and counters.
    pub(super) fn reason(&self) -> &str {
        &self.problem.reason
    }

    pub(super) fn path(error: PathError) -> Self {
        let detail = match error {
            PathError::NoPath => "a request names a path of the API, as in GET /v1/things",
            PathError::Ambiguous => {
                "a path has no . or .. segments and no // at its beginning, however they are written"
            }
            PathError::TooLong => "path and query are longer than an address may be",
        };
        Self::new(
            StatusCode::BAD_REQUEST,
            "path",
            "http_request_error",
            "The path cannot be passed on",
            detail,
        )
    }

    pub(super) fn path_not_allowed() -> Self {
        let detail = "this path is not among `allow_paths` of the proxy";
        Self::denied(StatusCode::FORBIDDEN, "path_not_allowed", "The agent's rules do not allow it", detail)
    }

    pub(super) fn method(allowed: Option<&HeaderValue>) -> Self {
        let detail = "the methods that pass stand in the header Allow; see `allow_methods` of the proxy";
        let title = "This method does not pass";
        let own = Self::denied(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", title, detail);
        let allow = allowed.cloned().unwrap_or(HeaderValue::from_static(USUAL_METHODS));
        Self { allow: Some(allow), ..own }
    }

    pub(super) fn upgrade() -> Self {
        let detail = "the proxy speaks HTTP/1.1; connect to the API for anything else";
        let title = "Connections are not upgraded";
        Self::denied(StatusCode::NOT_IMPLEMENTED, "upgrade", title, detail)
    }

    pub(super) fn host() -> Self {
        let detail = "the proxy leads to one API; call it by its own address, as http://127.0.0.1:PORT";
        let title = "The request is for another host";
        Self::denied(StatusCode::MISDIRECTED_REQUEST, "host", title, detail)
    }

    pub(super) fn one_host() -> Self {
        let detail = "a request of HTTP/1.1 has the header Host once (RFC 9112 section 3.2)";
        Self::new(StatusCode::BAD_REQUEST, "host", "http_request_error", "The request names no host", detail)
    }

    pub(super) fn browser() -> Self {
        let detail = "the request comes from a page in a browser, which could be anybody's; call the proxy from a program";
        Self::denied(StatusCode::FORBIDDEN, "browser", "Pages in browsers are not served", detail)
    }

    pub(super) fn caller() -> Self {
        let detail = "this user or group may not `call` this provider; see [[agent.allow]] in the agent's configuration";
        Self::denied(StatusCode::FORBIDDEN, "forbidden", "The agent's rules do not allow it", detail)
    }

    pub(super) fn body(error: &BodyError) -> Self {
        let (status, detail) = match error {
            BodyError::Silence => (StatusCode::REQUEST_TIMEOUT, "the request's body paused for too long"),
            BodyError::Broken(_) => (StatusCode::BAD_REQUEST, "the request's body did not arrive"),
        };
        Self::new(status, "body", "http_request_error", "The request is not complete", detail)
    }

    pub(super) fn unset(status: StatusCode) -> Self {
        let detail = format!("the API answered {status} where nobody asked for that");
        let error = "http_protocol_error";
        Self::new(StatusCode::BAD_GATEWAY, "protocol", error, "The API's answer cannot be passed on", detail)
    }

    /// There is no token. Whatever the reason is, it is not the caller's, and not the API's word on the caller.
    pub(super) fn token(error: &ProviderError) -> Self {
        let told = Problem::from(error);
        let retry_after = Some(told.retry_after.unwrap_or(RETRY_AFTER_PERSON));
        let problem = Problem { status: StatusCode::SERVICE_UNAVAILABLE.as_u16(), retry_after, ..told };
        Self { problem: Box::new(problem), error: "proxy_configuration_error", allow: None }
    }

    pub(super) fn unreachable(error: &TransportError) -> Self {
        let (status, kind) = match error {
            TransportError::Resolve(_) => (StatusCode::BAD_GATEWAY, "dns_error"),
            TransportError::ConnectTimeout(_) => (StatusCode::GATEWAY_TIMEOUT, "connection_timeout"),
            TransportError::Connect(..) => (StatusCode::BAD_GATEWAY, "connection_refused"),
            TransportError::ServerCertificate(..) => (StatusCode::BAD_GATEWAY, "tls_certificate_error"),
            TransportError::Tls(..) => (StatusCode::BAD_GATEWAY, "tls_protocol_error"),
            TransportError::ClientCertificate(_) => (StatusCode::BAD_GATEWAY, "tls_alert_received"),
            TransportError::Lost(Lost::Timeout) => (StatusCode::GATEWAY_TIMEOUT, "http_response_timeout"),
            TransportError::Lost(_) => (StatusCode::BAD_GATEWAY, "http_response_incomplete"),
            _ => (StatusCode::BAD_GATEWAY, "destination_unavailable"),
        };
        let (reason, title) = match status {
            StatusCode::GATEWAY_TIMEOUT => ("timeout", "The API did not answer in time"),
            _ => ("unreachable", "The API cannot be reached"),
        };
        Self::new(status, reason, kind, title, error.to_string())
    }

    pub(super) fn failed(failed: &Failed) -> Self {
        match failed {
            Failed::Unsent(_, error) | Failed::Broken(error) => Self::unreachable(error),
            Failed::CallerSilent => Self::body(&BodyError::Silence),
            Failed::TimedOut => Self::unreachable(&Lost::Timeout.into()),
        }
    }

    /// As the caller gets it.
    pub(super) fn written(&self) -> Response<Answer> {
        let body = serde_json::to_vec(&*self.problem).unwrap_or_default();
        let mut response = Response::new(Answer::own(body));
        *response.status_mut() =
            StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let fields = response.headers_mut();
        fields.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        fields.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(after) = self.problem.retry_after {
            fields.insert(RETRY_AFTER, HeaderValue::from(after));
        }
        if let Some(allow) = &self.allow {
            fields.insert(ALLOW, allow.clone());
        }
        // The words of this crate are all of it.
        if let Ok(status) = HeaderValue::from_str(&format!("chancela; error={}", self.error)) {
            fields.insert(PROXY_STATUS, status);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Reason, Refusal as NoToken};

    #[test]
    fn without_a_token_the_answer_is_always_503_with_a_time() {
        for (reason, after, seconds) in [
            (Reason::Unavailable, Some(1200), "2"),
            (Reason::Budget, None, "1"),
            (Reason::Credentials, Some(300_000), "300"),
            (Reason::Request, None, "60"),
            (Reason::LoginRequired, None, "60"),
            (Reason::Configuration, None, "60"),
        ] {
            let refusal = NoToken { reason, after, said: None };
            let error = ProviderError::Refused { provider: "bank".into(), refusal };
            let response = Refusal::token(&error).written();
            assert_eq!(response.status(), 503, "{reason:?}");
            assert_eq!(response.headers()["retry-after"], seconds, "{reason:?}");
            assert_eq!(response.headers()["content-type"], "application/problem+json");
            assert_eq!(response.headers()["proxy-status"], "chancela; error=proxy_configuration_error");
        }
    }

    #[test]
    fn a_method_that_does_not_pass_hears_which_do() {
        let response = Refusal::method(None).written();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["allow"]),
            (405, &HeaderValue::from_static(USUAL_METHODS))
        );
    }
}

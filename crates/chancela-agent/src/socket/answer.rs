//! One request to one answer: routes, the reading of bodies, and how answers look.

use super::events::Events;
use super::message::MAX_REQUEST;
use super::policy::Caller;
use super::problem::Problem;
use super::state::State;
use super::token;
use crate::config::Operation;
use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Either, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::timeout;

/// How long a request's body may take.
const BODY_TIME: Duration = Duration::from_secs(10);

/// What goes out: one piece, or news as they come.
pub(super) type Answer = Either<Full<Bytes>, Events>;

/// A connection, as its requests see it.
#[derive(Clone)]
pub(super) struct Connection {
    pub(super) state: Arc<State>,
    pub(super) caller: Caller,
    /// Ends it when it does not read.
    pub(super) hang_up: Arc<Notify>,
}

impl Connection {
    /// Answers a request.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Response<Answer> {
        let (head, body) = request.into_parts();
        let answered = match (&head.method, head.uri.path()) {
            (&Method::POST, "/v1/token") => self.token(body).await,
            (&Method::GET, "/v1/status") => self.status(),
            (&Method::GET, "/v1/events") => self.events(),
            (_, "/v1/token") => Ok(wrong_method("POST")),
            (_, "/v1/status" | "/v1/events") => Ok(wrong_method("GET")),
            _ => Err(Box::new(Problem::not_found())),
        };
        answered.unwrap_or_else(|problem| written(&problem))
    }

    async fn token(&self, body: Incoming) -> Result<Response<Answer>, Box<Problem>> {
        self.may(Operation::Token)?;
        let body = timeout(BODY_TIME, Limited::new(body, MAX_REQUEST).collect()).await;
        let body = match body {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(error)) if error.is::<LengthLimitError>() => return Err(Box::new(Problem::too_large())),
            Ok(Err(_)) => return Err(Box::new(Problem::malformed("the body did not arrive"))),
            Err(_) => return Err(Box::new(Problem::malformed("the body did not arrive in time"))),
        };
        match token::token(&self.state, self.caller, &body).await {
            Ok(bytes) => Ok(json(StatusCode::OK, "application/json", bytes)),
            Err(problem) if problem.reason == "forbidden" => Err(self.forbidden(problem)),
            Err(problem) => Err(Box::new(problem)),
        }
    }

    fn status(&self) -> Result<Response<Answer>, Box<Problem>> {
        self.may(Operation::Status)?;
        let report = serde_json::to_vec(&self.state.report(self.caller)).unwrap_or_default();
        Ok(json(StatusCode::OK, "application/json", report.into()))
    }

    fn events(&self) -> Result<Response<Answer>, Box<Problem>> {
        self.may(Operation::Events)?;
        let events = Events::open(&self.state.news, &self.state.policy, self.caller, &self.hang_up);
        let events = events.ok_or_else(|| Box::new(Problem::busy()))?;
        let mut response = Response::new(Either::Right(events));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    }

    /// Whether the caller may do this at all; for which providers is asked where one is named.
    fn may(&self, operation: Operation) -> Result<(), Box<Problem>> {
        if self.state.policy.allows_any(self.caller, operation) {
            return Ok(());
        }
        Err(self.forbidden(Problem::forbidden()))
    }

    fn forbidden(&self, problem: Problem) -> Box<Problem> {
        self.state.news.metrics.forbidden();
        token::refused(self.caller, None, &problem);
        Box::new(problem)
    }
}

fn wrong_method(right: &'static str) -> Response<Answer> {
    let mut response = written(&Problem::method());
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(right));
    response
}

fn written(problem: &Problem) -> Response<Answer> {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = serde_json::to_vec(problem).unwrap_or_default();
    let mut response = json(status, "application/problem+json", body.into());
    if let Some(after) = problem.retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(after));
    }
    response
}

fn json(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Answer> {
    let mut response = Response::new(Either::Left(Full::new(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

//! Pages that say one thing: what went wrong and how to go on. None repeats anything that the request said.

use super::Page;
use super::frame::Frame;
use super::headers::{Forms, Policy, Script};
use super::shown::Shown;
use askama::Template;
use http::StatusCode;

/// What went wrong where the application cannot be told (RFC 6749 §4.1.2.1).
#[derive(Debug, Template)]
#[template(path = "failure.html")]
pub struct Failure {
    /// What all pages have.
    pub frame: Frame,
    /// What it is, for people.
    pub reason: FailureReason,
    /// What it is, for who helps them: a word of ours that support finds in the log.
    pub support_code: String,
    /// What it is, for who wrote the application: a sentence of ours.
    pub detail: Option<&'static str>,
    /// Where trying again begins.
    pub next: Option<String>,
}

/// What went wrong, as people need to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureReason {
    /// The application is not known here, or no longer allowed.
    Application,
    /// The address to which the application wants an answer is not one that it registered.
    Address,
    /// The request is not one that we can answer.
    Request,
    /// The user may not do this.
    NotAllowed,
    /// There is no such page.
    NotFound,
    /// We cannot answer at the moment.
    Unavailable,
    /// We made a mistake.
    Ours,
}

impl FailureReason {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::Application,
        Self::Address,
        Self::Request,
        Self::NotAllowed,
        Self::NotFound,
        Self::Unavailable,
        Self::Ours,
    ];
}

impl Failure {
    pub(crate) fn words(&self) -> &'static super::text::Message {
        let text = &self.frame.text().failure;
        match self.reason {
            FailureReason::Application => &text.application,
            FailureReason::Address => &text.address,
            FailureReason::Request => &text.request,
            FailureReason::NotAllowed => &text.not_allowed,
            FailureReason::NotFound => &text.not_found,
            FailureReason::Unavailable => &text.unavailable,
            FailureReason::Ours => &text.ours,
        }
    }
}

impl Page for Failure {
    fn frame(&self) -> &Frame {
        &self.frame
    }

    fn status(&self) -> StatusCode {
        match self.reason {
            FailureReason::Application | FailureReason::Address | FailureReason::Request => {
                StatusCode::BAD_REQUEST
            }
            FailureReason::NotAllowed => StatusCode::FORBIDDEN,
            FailureReason::NotFound => StatusCode::NOT_FOUND,
            FailureReason::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            FailureReason::Ours => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// The page from which a form came is out of date; `next` begins again with the same request.
#[derive(Debug, Template)]
#[template(path = "expired.html")]
pub struct Expired {
    /// What all pages have.
    pub frame: Frame,
    /// Where to go on.
    pub next: String,
}

impl Page for Expired {
    fn frame(&self) -> &Frame {
        &self.frame
    }

    fn status(&self) -> StatusCode {
        StatusCode::FORBIDDEN
    }
}

/// The browser keeps no cookies, without which nobody can log in.
#[derive(Debug, Template)]
#[template(path = "cookies_off.html")]
pub struct CookiesOff {
    /// What all pages have.
    pub frame: Frame,
    /// Where to go on once it does.
    pub next: String,
}

impl Page for CookiesOff {
    fn frame(&self) -> &Frame {
        &self.frame
    }

    fn status(&self) -> StatusCode {
        StatusCode::BAD_REQUEST
    }
}

/// Too many attempts.
#[derive(Debug, Template)]
#[template(path = "too_many.html")]
pub struct TooMany {
    /// What all pages have.
    pub frame: Frame,
    /// Seconds until the next may succeed.
    pub seconds: u64,
    /// Where to go on then.
    pub next: Option<String>,
}

impl TooMany {
    pub(crate) fn message(&self) -> String {
        (self.frame.text().common.wait)(self.seconds)
    }
}

impl Page for TooMany {
    fn frame(&self) -> &Frame {
        &self.frame
    }

    fn status(&self) -> StatusCode {
        StatusCode::TOO_MANY_REQUESTS
    }

    fn retry_after(&self) -> Option<u64> {
        Some(self.seconds)
    }
}

/// An authorization response as a form that sends itself (OAuth 2.0 Form Post Response Mode §2).
#[derive(Debug, Template)]
#[template(path = "form_post.html")]
pub struct FormPost {
    /// What all pages have.
    pub frame: Frame,
    /// The redirect URI.
    pub action: String,
    /// The response's parameters.
    pub fields: Vec<(String, String)>,
    /// The application.
    pub client: Shown,
}

impl Page for FormPost {
    fn frame(&self) -> &Frame {
        &self.frame
    }

    fn policy(&self) -> Policy {
        let forms = Forms::Lead(self.action.clone());
        Policy { forms, script: Some(Script::Submit), in_flow: true, ..Policy::default() }
    }
}

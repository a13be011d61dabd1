//! The pages people see: one typed struct for each, pure data in and a response out.
//!
//! A page knows no store, no session and no protocol; whoever shows it says what is true. Its markup is the template of
//! the same name in `pages/` at the top of the repository, its words are `text`, its headers are `headers`.
//!
//! Forms name things the same way everywhere: a button is `choice`, and what a page carries unseen is [`Form::hidden`].

pub mod account;
mod asset;
mod date;
pub mod demo;
mod frame;
pub mod headers;
mod locale;
mod login;
mod logout;
mod message;
mod permission;
mod qr;
mod shown;
mod text;

pub use account::Account;
pub use date::moment;
pub use demo::{DemoIndex, DemoStep};
pub use frame::{Form, Frame, Person};
pub use locale::Locale;
pub use login::{Login, LoginProblem, SecondFactor, SecondFactorProblem, SelectAccount, Tenant};
pub use logout::{SignOut, SignedOut};
pub use message::{CookiesOff, Expired, Failure, FailureReason, FormPost, TooMany};
pub use permission::{Consent, ConsentScope};
pub use shown::Shown;

use askama::Template;
use bytes::Bytes;
use headers::Policy;
use http::header::RETRY_AFTER;
use http::{HeaderValue, Response, StatusCode};

/// A page: a template, and what its response needs beside the markup.
pub trait Page: Template {
    /// What all pages have.
    fn frame(&self) -> &Frame;

    /// The response's status.
    fn status(&self) -> StatusCode {
        StatusCode::OK
    }

    /// What the page may load, and where its forms may lead.
    fn policy(&self) -> Policy {
        Policy::default()
    }

    /// Seconds after which trying again makes sense, where the page says so.
    fn retry_after(&self) -> Option<u64> {
        None
    }

    /// The page as a response, with every header that a page must have.
    fn respond(&self) -> Response<Bytes> {
        let Ok(markup) = self.render() else {
            // Writing to a string fails only if a value's own text does; there is no page to show then.
            let mut response = Response::new(Bytes::from_static(b"this page could not be written"));
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            headers::secure(response.headers_mut(), self.frame(), &Policy::default());
            return response;
        };
        let mut response = Response::new(Bytes::from(markup));
        *response.status_mut() = self.status();
        headers::secure(response.headers_mut(), self.frame(), &self.policy());
        if let Some(seconds) = self.retry_after() {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

//! Golden exchanges: what a provider documents that is sent and answered, as text that a person can compare with the
//! provider's page. The format is described in `dialects/README.md`.
//!
//! Owns reading the text, filling in a server's own credentials, and judging an answer. Does not send anything: a test
//! takes [`Exchange::request`] wherever it likes and gives the answer to [`Exchange::check`].

mod fixtures;
mod json;
mod judge;
mod parse;
mod pattern;

pub use fixtures::{ClientFixture, Fixtures};
pub use parse::{GoldenError, parse};

use bytes::Bytes;
use http::{HeaderMap, Request};
use std::collections::BTreeMap;

/// Values that an answer gave to later requests of the same file, by name.
pub type Captures = BTreeMap<String, String>;

/// What an exchange rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// `S`: the page that the project started from.
    Seed,
    /// `D`: the provider's documentation.
    Documentation,
    /// `R`: recorded real traffic.
    Recorded,
    /// `C`: public client code.
    Client,
    /// `W`: captured from a real client's run.
    Wire,
    /// `I`: inferred.
    Inferred,
    /// `ours`: this project's own choice.
    Ours,
}

/// How a response body is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BodyRule {
    /// The same members in the same order with the same values; white space is free.
    #[default]
    Json,
    /// The same bytes.
    Exact,
    /// The same bytes, where a line break in the file means CRLF.
    Crlf,
}

/// One request and the answer that it must get, still with placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// What it shows, for people.
    pub title: String,
    /// What it rests on.
    pub source: Source,
    /// Line of its title in the file.
    pub line: usize,
    /// Realm that must answer; the dialect's own if `None`.
    pub realm: Option<String>,
    /// Label of the client whose certificate the connection shows; the request goes to where it is asked for.
    pub certificate: Option<String>,
    /// How the body is compared.
    pub body_rule: BodyRule,
    /// Name and member of each value to keep from the answer.
    captures: Vec<(String, String)>,
    method: String,
    target: String,
    request_headers: Vec<(String, String)>,
    request_body: String,
    status: u16,
    response_headers: Vec<(String, String)>,
    absent_headers: Vec<String>,
    response_body: String,
}

impl Exchange {
    /// The request, its placeholders filled in; the target is below the realm's base.
    ///
    /// # Errors
    /// A sentence about the placeholder that stands for nothing, or the part that HTTP does not allow.
    pub fn request(&self, fixtures: &Fixtures) -> Result<Request<Bytes>, String> {
        let encoding = fixtures::Encoding::of_body(&self.request_headers);
        let mut request = Request::builder()
            .method(self.method.as_str())
            .uri(self.place(fixtures.fill(&self.target, fixtures::Encoding::Form))?);
        for (name, value) in &self.request_headers {
            request = request.header(name, self.place(fixtures.fill(value, fixtures::Encoding::Raw))?);
        }
        let mut body = self.place(fixtures.fill(&self.request_body, encoding))?;
        if encoding == fixtures::Encoding::Multipart {
            body = body.replace('\n', "\r\n");
        }
        self.place(request.body(Bytes::from(body)).map_err(|error| error.to_string()))
    }

    /// Whether the answer is a token.
    pub const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }

    /// Judges an answer and takes what later requests need.
    ///
    /// # Errors
    /// Everything that differs, one line each, and the answer as it came.
    pub fn check(
        &self,
        status: u16,
        headers: &HeaderMap,
        body: &[u8],
        fixtures: &Fixtures,
    ) -> Result<Captures, String> {
        judge::check(self, status, headers, body, fixtures)
    }

    fn place<T>(&self, result: Result<T, String>) -> Result<T, String> {
        result.map_err(|message| format!("line {}, {:?}: {message}", self.line, self.title))
    }
}

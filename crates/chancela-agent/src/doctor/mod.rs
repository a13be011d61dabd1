//! What may be wrong with a configuration and everything that it needs, looked at one by one before a token is missed.
//!
//! Owns the checks and what they say. Nothing is mended, and no credentials leave the machine but for
//! [`Examination::probe`], which makes a token request.

mod cache;
mod configuration;
mod credentials;
mod process;
mod server;

use crate::agent::Agent;
use crate::cache::BootId;
use crate::source::Surroundings;
use serde::Serialize;
use std::path::Path;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As it should be.
    Ok,
    /// It works, and something should be done.
    Warning,
    /// It does not work.
    Failed,
    /// Not looked at.
    Skipped,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// `configuration`, `cache`, `agent`, or a provider's name.
    pub subject: String,
    /// What was looked at.
    pub check: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// What was found, and what to do if that is not as it should be.
    pub text: String,
}

/// What is examined, and with what.
#[derive(Debug)]
pub struct Examination<'a> {
    /// The configuration's file.
    pub file: &'a Path,
    /// An agent that keeps nothing: what is examined is not changed.
    pub agent: &'a Agent,
    /// Environment and standard input.
    pub around: &'a Surroundings,
    /// Folder of the cache, where the configuration names none.
    pub state: &'a Path,
    /// This start of the machine.
    pub boot: Option<BootId>,
}

/// Findings about one subject.
struct Findings {
    subject: String,
    all: Vec<Finding>,
}

impl Findings {
    fn of(subject: &str) -> Self {
        Self { subject: subject.to_owned(), all: Vec::new() }
    }

    fn add(&mut self, check: &'static str, outcome: Outcome, text: impl Into<String>) {
        let subject = self.subject.clone();
        self.all.push(Finding { subject, check, outcome, text: text.into() });
    }

    fn ok(&mut self, check: &'static str, text: impl Into<String>) {
        self.add(check, Outcome::Ok, text);
    }

    fn warning(&mut self, check: &'static str, text: impl Into<String>) {
        self.add(check, Outcome::Warning, text);
    }

    fn failed(&mut self, check: &'static str, text: impl Into<String>) {
        self.add(check, Outcome::Failed, text);
    }

    fn skipped(&mut self, check: &'static str, text: impl Into<String>) {
        self.add(check, Outcome::Skipped, text);
    }
}

//! What an application may do: the consent page.

use super::Page;
use super::frame::{Form, Frame, Person};
use super::headers::{Forms, Policy};
use super::shown::Shown;
use askama::Template;

/// Asks the user to allow what an application asks for. Sends `choice`: `allow` or `refuse`.
#[derive(Debug, Template)]
#[template(path = "consent.html")]
pub struct Consent {
    /// What all pages have.
    pub frame: Frame,
    /// Where it is sent.
    pub form: Form,
    /// The redirect URI at which the form ends; the page shows its host.
    pub leads_to: String,
    /// The application that asks.
    pub client: Shown,
    /// Who is logged in.
    pub person: Person,
    /// What it asks for.
    pub scopes: Vec<ConsentScope>,
    /// Where another account is chosen; `None` where there is no way.
    pub switch_account: Option<String>,
}

/// One scope that an application asks for.
#[derive(Debug, Clone)]
pub struct ConsentScope {
    /// The scope token: shown where nothing says what it means.
    pub name: Shown,
    /// What it lets the application do, a sentence each, in the page's language.
    pub meanings: Vec<Shown>,
    /// Whether the user allowed it before.
    pub known: bool,
}

impl Consent {
    /// Where the application is: the host of its redirect URI, or the scheme that opens an app on this device.
    pub(crate) fn destination(&self) -> Shown {
        let (scheme, rest) = self.leads_to.split_once(':').unwrap_or((&self.leads_to, ""));
        let host = rest.strip_prefix("//").and_then(|rest| rest.split(['/', '?', '#']).next());
        match host {
            Some(host) if scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http") => {
                host.into()
            }
            _ => scheme.into(),
        }
    }

    pub(crate) fn asked(&self) -> impl Iterator<Item = &ConsentScope> {
        self.scopes.iter().filter(|scope| !scope.known)
    }

    pub(crate) fn known(&self) -> impl Iterator<Item = &ConsentScope> {
        self.scopes.iter().filter(|scope| scope.known)
    }

    pub(crate) fn has_known(&self) -> bool {
        self.known().next().is_some()
    }

    pub(crate) fn has_asked(&self) -> bool {
        self.asked().next().is_some()
    }
}

impl Page for Consent {
    fn frame(&self) -> &Frame {
        &self.frame
    }

    fn policy(&self) -> Policy {
        Policy { forms: Forms::Lead(self.leads_to.clone()), in_flow: true, ..Policy::default() }
    }
}

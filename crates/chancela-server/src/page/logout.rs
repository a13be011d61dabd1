//! The end of a login: asked for, and done.

use super::Page;
use super::frame::{Form, Frame, Person};
use super::headers::{Forms, Policy, Script};
use super::shown::Shown;
use askama::Template;

/// Asks whether to log out (OpenID Connect RP-Initiated Logout §2). Sends `choice`: `sign_out` or `stay`.
#[derive(Debug, Template)]
#[template(path = "sign_out.html")]
pub struct SignOut {
    /// What all pages have.
    pub frame: Frame,
    /// Where it is sent.
    pub form: Form,
    /// The post-logout redirect URI at which the form may end.
    pub leads_to: Option<String>,
    /// The application that asks for it; `None` where none is known.
    pub client: Option<Shown>,
    /// Who is logged in.
    pub person: Person,
}

impl Page for SignOut {
    fn frame(&self) -> &Frame {
        &self.frame
    }

    fn policy(&self) -> Policy {
        let forms = self.leads_to.clone().map_or(Forms::Own, Forms::Lead);
        Policy { forms, in_flow: self.leads_to.is_some(), ..Policy::default() }
    }
}

/// Says that the user is logged out, and tells the applications in frames (OpenID Connect Front-Channel Logout §2).
///
/// Once the frames have loaded, or after five seconds, a script goes on to `next`; without scripts there is a link.
#[derive(Debug, Template)]
#[template(path = "signed_out.html")]
pub struct SignedOut {
    /// What all pages have.
    pub frame: Frame,
    /// Front-channel logout URIs, with their parameters.
    pub frames: Vec<String>,
    /// The post-logout redirect URI, with its parameters.
    pub next: Option<String>,
    /// The application to which `next` belongs.
    pub client: Option<Shown>,
}

impl Page for SignedOut {
    fn frame(&self) -> &Frame {
        &self.frame
    }

    fn policy(&self) -> Policy {
        let script = self.next.is_some().then_some(Script::Leave);
        Policy { script, frames: self.frames.clone(), in_flow: self.next.is_some(), ..Policy::default() }
    }
}

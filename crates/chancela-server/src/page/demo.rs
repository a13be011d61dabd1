//! The sandbox's relying party, which shows the code flow step by step to people who learn by looking.

use super::Page;
use super::frame::{Form, Frame};
use super::headers::{Forms, Policy};
use super::shown::Shown;
use askama::Template;

/// Where the demo begins: which realm.
#[derive(Debug, Template)]
#[template(path = "demo_index.html")]
pub struct DemoIndex {
    /// What all pages have.
    pub frame: Frame,
    /// The realms to choose from.
    pub realms: Vec<DemoRealm>,
}

/// A realm to choose.
#[derive(Debug, Clone)]
pub struct DemoRealm {
    /// Its title.
    pub title: Shown,
    /// What there is to see, in the page's language.
    pub summary: Shown,
    /// Where its first step stands.
    pub address: String,
    /// Users to log in with: username and password.
    pub users: Vec<(Shown, Shown)>,
}

impl Page for DemoIndex {
    fn frame(&self) -> &Frame {
        &self.frame
    }
}

/// One step: what happens, what was said on the wire, and where to go on.
#[derive(Debug, Template)]
#[template(path = "demo_step.html")]
pub struct DemoStep {
    /// What all pages have.
    pub frame: Frame,
    /// Which realm.
    pub realm: Shown,
    /// Which step, from 1.
    pub number: usize,
    /// The steps' names, in order.
    pub steps: Vec<Shown>,
    /// What happens here.
    pub title: Shown,
    /// Why, a paragraph each.
    pub explanation: Vec<String>,
    /// What was said on the wire.
    pub blocks: Vec<Block>,
    /// Where to go on; the first is the usual way.
    pub actions: Vec<Action>,
    /// Where a form of an action may end, such as the authorization endpoint's redirect URI.
    pub leads_to: Option<String>,
}

/// Something to look at.
#[derive(Debug, Clone)]
pub enum Block {
    /// Text as it is: a request, a response, JSON.
    Code {
        /// What it is.
        caption: String,
        /// The text.
        text: String,
    },
    /// Names, values, and what each is for.
    Parameters {
        /// What they are.
        caption: String,
        /// The parameters.
        rows: Vec<Parameter>,
    },
}

/// A parameter with an explanation.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// What it is for.
    pub explanation: String,
}

/// A way to go on.
#[derive(Debug, Clone)]
pub struct Action {
    /// Its words.
    pub label: String,
    /// How.
    pub way: Way,
}

/// How an action goes on.
#[derive(Debug, Clone)]
pub enum Way {
    /// By a link.
    Link(String),
    /// By sending a form.
    Send(Form),
}

impl DemoStep {
    pub(crate) fn position(&self) -> String {
        (self.frame.text().demo.step)(self.number, self.steps.len())
    }
}

impl Page for DemoStep {
    fn frame(&self) -> &Frame {
        &self.frame
    }

    fn policy(&self) -> Policy {
        let forms = self.leads_to.clone().map_or(Forms::Own, Forms::Lead);
        Policy { forms, ..Policy::default() }
    }
}

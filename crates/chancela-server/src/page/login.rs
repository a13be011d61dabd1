//! Who is there: password, second factor, and which account.

use super::Page;
use super::frame::{Form, Frame, Person};
use super::headers::{Forms, Policy, Script};
use super::shown::Shown;
use askama::Template;
use http::StatusCode;

/// Asks for username and password, or a passkey.
///
/// Sends `username`, `password`, perhaps `tenant`, and `choice`: `login`, `passkey` (with `credential`, the JSON of an
/// authentication response, WebAuthn Level 3 §5.1) or `cancel`.
#[derive(Debug, Template)]
#[template(path = "login.html")]
pub struct Login {
    /// What all pages have.
    pub frame: Frame,
    /// Where it is sent.
    pub form: Form,
    /// The redirect URI at which the form may end; `None` for the account page.
    pub leads_to: Option<String>,
    /// The application that asks; `None` for the account page, which then has no cancel button.
    pub client: Option<Shown>,
    /// Whether and how a tenant is asked for.
    pub tenant: Tenant,
    /// What stands in the field already: `login_hint`, or what was sent before.
    pub username: Shown,
    /// Options of `navigator.credentials.get` as JSON (WebAuthn Level 3 §5.1.9); `None` where passkeys are not accepted.
    pub passkey_options: Option<String>,
    /// What was wrong with what was sent.
    pub problem: Option<LoginProblem>,
}

/// Whether and how a tenant is asked for.
#[derive(Debug, Clone, Default)]
pub enum Tenant {
    /// The realm has none, or the request names it.
    #[default]
    Known,
    /// Typed, with what stands in the field already.
    Typed(Shown),
    /// One of a list: names, and which is chosen.
    Listed(Vec<Shown>, Option<usize>),
}

/// What was wrong with a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginProblem {
    /// Username, password or tenant are wrong; which one is not said.
    Credentials,
    /// A field is empty.
    Missing,
    /// The passkey is not known here, or was not accepted.
    Passkey,
    /// A tenant has to be chosen.
    Tenant,
    /// Too many attempts; seconds until the next.
    Wait(u64),
}

impl Login {
    pub(crate) fn message(&self) -> Option<String> {
        let text = &self.frame.text().login;
        self.problem.map(|problem| match problem {
            LoginProblem::Credentials => text.wrong_credentials.to_owned(),
            LoginProblem::Missing => text.missing.to_owned(),
            LoginProblem::Passkey => text.wrong_passkey.to_owned(),
            LoginProblem::Tenant => text.missing_tenant.to_owned(),
            LoginProblem::Wait(seconds) => self.frame.text().common.too_many_wait(seconds),
        })
    }

    pub(crate) fn is_chosen(&self, index: &usize) -> bool {
        matches!(self.tenant, Tenant::Listed(_, Some(chosen)) if chosen == *index)
    }

    /// Whether the problem lies with what was typed, so that the fields are marked.
    pub(crate) fn is_in_fields(&self) -> bool {
        matches!(self.problem, Some(LoginProblem::Credentials | LoginProblem::Missing))
    }

    /// Whether it lies, perhaps, with the tenant.
    pub(crate) fn is_in_tenant(&self) -> bool {
        self.is_in_fields() || self.problem == Some(LoginProblem::Tenant)
    }
}

impl Page for Login {
    fn frame(&self) -> &Frame {
        &self.frame
    }

    fn status(&self) -> StatusCode {
        waiting(self.retry_after())
    }

    fn policy(&self) -> Policy {
        policy(self.leads_to.as_deref(), self.passkey_options.is_some())
    }

    fn retry_after(&self) -> Option<u64> {
        match self.problem {
            Some(LoginProblem::Wait(seconds)) => Some(seconds),
            _ => None,
        }
    }
}

/// Asks for the second factor.
///
/// Sends `choice`: `totp` with `code`, `recovery` with `recovery_code`, `passkey` with `credential`, or `cancel`.
#[derive(Debug, Template)]
#[template(path = "second_factor.html")]
pub struct SecondFactor {
    /// What all pages have.
    pub frame: Frame,
    /// Where it is sent.
    pub form: Form,
    /// The redirect URI at which the form may end; `None` for the account page.
    pub leads_to: Option<String>,
    /// The application that asks; `None` for the account page.
    pub client: Option<Shown>,
    /// Who gave the password.
    pub username: Shown,
    /// Whether the user has an authenticator app.
    pub totp: bool,
    /// Options of `navigator.credentials.get` as JSON; `None` where the user has no passkey.
    pub passkey_options: Option<String>,
    /// Whether the user has recovery codes left.
    pub recovery: bool,
    /// What was wrong with what was sent.
    pub problem: Option<SecondFactorProblem>,
}

/// What was wrong with a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecondFactorProblem {
    /// The code of the app is wrong, or was used already.
    Code,
    /// The recovery code is wrong, or was used already.
    RecoveryCode,
    /// The passkey is not this user's, or was not accepted.
    Passkey,
    /// Too many attempts; seconds until the next.
    Wait(u64),
}

impl SecondFactor {
    pub(crate) fn message(&self) -> Option<String> {
        let text = &self.frame.text().second_factor;
        self.problem.map(|problem| match problem {
            SecondFactorProblem::Code => text.wrong_code.to_owned(),
            SecondFactorProblem::RecoveryCode => text.wrong_recovery_code.to_owned(),
            SecondFactorProblem::Passkey => self.frame.text().login.wrong_passkey.to_owned(),
            SecondFactorProblem::Wait(seconds) => self.frame.text().common.too_many_wait(seconds),
        })
    }

    pub(crate) fn is_in_code(&self) -> bool {
        self.problem == Some(SecondFactorProblem::Code)
    }

    pub(crate) fn is_in_recovery_code(&self) -> bool {
        self.problem == Some(SecondFactorProblem::RecoveryCode)
    }
}

impl Page for SecondFactor {
    fn frame(&self) -> &Frame {
        &self.frame
    }

    fn status(&self) -> StatusCode {
        waiting(self.retry_after())
    }

    fn policy(&self) -> Policy {
        policy(self.leads_to.as_deref(), self.passkey_options.is_some())
    }

    fn retry_after(&self) -> Option<u64> {
        match self.problem {
            Some(SecondFactorProblem::Wait(seconds)) => Some(seconds),
            _ => None,
        }
    }
}

/// Asks whether to go on as who is logged in. Sends `choice`: `continue`, `other` or `cancel`.
#[derive(Debug, Template)]
#[template(path = "select_account.html")]
pub struct SelectAccount {
    /// What all pages have.
    pub frame: Frame,
    /// Where it is sent.
    pub form: Form,
    /// The redirect URI at which the form may end.
    pub leads_to: Option<String>,
    /// The application that asks.
    pub client: Shown,
    /// Who is logged in.
    pub person: Person,
}

impl Page for SelectAccount {
    fn frame(&self) -> &Frame {
        &self.frame
    }

    fn policy(&self) -> Policy {
        policy(self.leads_to.as_deref(), false)
    }
}

fn waiting(seconds: Option<u64>) -> StatusCode {
    seconds.map_or(StatusCode::OK, |_| StatusCode::TOO_MANY_REQUESTS)
}

fn policy(leads_to: Option<&str>, passkey: bool) -> Policy {
    Policy {
        forms: leads_to.map_or(Forms::Own, |address| Forms::Lead(address.to_owned())),
        script: passkey.then_some(Script::Passkey),
        frames: Vec::new(),
        in_flow: leads_to.is_some(),
    }
}

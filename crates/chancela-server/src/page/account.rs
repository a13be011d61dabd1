//! What a user sees and changes of the own account.

use super::Page;
use super::frame::{Form, Frame, Person};
use super::headers::{Forms, Policy, Script};
use super::shown::Shown;
use super::{qr, text};
use askama::Template;
use http::StatusCode;

/// The account page. Every form of it sends `choice`, and with it:
///
/// | `choice` | beside it |
/// |---|---|
/// | `end_session` | `session` |
/// | `revoke_application` | `application` |
/// | `change_password` | `current_password`, `new_password`, `repeated_password` |
/// | `start_totp`, `cancel_totp`, `remove_totp` | |
/// | `confirm_totp` | `code`, `sealed` |
/// | `add_passkey` | `credential` (JSON of a registration response), `passkey_name`, `sealed` |
/// | `remove_passkey` | `passkey` |
/// | `make_recovery_codes` | |
/// | `sign_out`, `sign_out_everywhere` | |
#[derive(Debug, Template)]
#[template(path = "account.html")]
pub struct Account {
    /// What all pages have.
    pub frame: Frame,
    /// Where each form is sent, and what each carries.
    pub form: Form,
    /// Whose account it is.
    pub person: Person,
    /// What was just done.
    pub notice: Option<Notice>,
    /// What was wrong with what was sent.
    pub problem: Option<Problem>,
    /// Where the user is logged in.
    pub devices: Vec<Device>,
    /// What the user allowed.
    pub applications: Vec<Application>,
    /// Whether there is a password, which then can be changed; `None` where login is by passkey alone.
    pub password: Option<PasswordRules>,
    /// The authenticator app.
    pub totp: Totp,
    /// Passkeys; `None` where they are not offered.
    pub passkeys: Option<Passkeys>,
    /// Recovery codes; `None` where they would serve nothing, because there is no second factor.
    pub recovery: Option<Recovery>,
}

/// A browser in which the user is logged in.
#[derive(Debug, Clone)]
pub struct Device {
    /// Names it in a form; no secret.
    pub session: String,
    /// Browser and system.
    pub label: Shown,
    /// When the user logged in, seconds since the epoch.
    pub since: i64,
    /// When it was last seen, seconds since the epoch.
    pub last_seen: i64,
    /// Whether it is the one that shows this page.
    pub current: bool,
}

/// An application that the user allowed something.
#[derive(Debug, Clone)]
pub struct Application {
    /// Names it in a form.
    pub key: String,
    /// Its name.
    pub name: Shown,
    /// What it may do, a sentence each, in the page's language.
    pub permissions: Vec<Shown>,
    /// When the user last allowed it, seconds since the epoch.
    pub since: i64,
}

/// What a new password must be.
#[derive(Debug, Clone, Copy)]
pub struct PasswordRules {
    /// Fewest characters.
    pub minimum: u32,
}

/// The authenticator app.
#[derive(Debug, Clone, Default)]
pub enum Totp {
    /// Not offered.
    #[default]
    Unavailable,
    /// There is none yet.
    Absent,
    /// Begun: the app has yet to prove that it has the secret.
    Pending(PendingTotp),
    /// Since when there is one, seconds since the epoch; 0 where that is not known.
    Active(i64),
}

/// An authenticator app being set up.
#[derive(Debug, Clone)]
pub struct PendingTotp {
    /// The `otpauth:` address that the QR code says.
    pub uri: String,
    /// The secret in base32, for typing.
    pub secret: String,
    /// What the form carries so that nothing is kept before the proof: field `sealed`.
    pub sealed: String,
}

/// Passkeys.
#[derive(Debug, Clone, Default)]
pub struct Passkeys {
    /// Those that there are, oldest first.
    pub list: Vec<Passkey>,
    /// Options of `navigator.credentials.create` as JSON (WebAuthn Level 3 §5.1.8); `None` where there are enough.
    pub create_options: Option<String>,
    /// What the form carries beside the answer: field `sealed`.
    pub sealed: String,
}

/// A passkey.
#[derive(Debug, Clone)]
pub struct Passkey {
    /// Names it in a form.
    pub id: String,
    /// The name that the user gave it.
    pub name: Shown,
    /// When it was added, seconds since the epoch.
    pub since: i64,
}

/// Recovery codes.
#[derive(Debug, Clone, Default)]
pub struct Recovery {
    /// How many were not used yet.
    pub left: usize,
    /// Those just made: shown on this page and never again.
    pub fresh: Vec<String>,
}

/// What was just done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// A session ended.
    SessionEnded,
    /// An application may do nothing more.
    ApplicationRevoked,
    /// The password is another, and other devices are logged out.
    PasswordChanged,
    /// The authenticator app is asked for from now on.
    TotpAdded,
    /// The authenticator app is not asked for any more.
    TotpRemoved,
    /// There is a new passkey.
    PasskeyAdded,
    /// There is one passkey less.
    PasskeyRemoved,
    /// There are new recovery codes.
    RecoveryCodesMade,
}

/// What was wrong with what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// The current password is not the one that was sent.
    WrongPassword,
    /// The new password is too short.
    PasswordTooShort,
    /// The new password is one that everybody tries first, or the old one.
    PasswordTooCommon,
    /// The new password was not repeated.
    PasswordsDiffer,
    /// The app's code is wrong.
    WrongCode,
    /// The passkey could not be added.
    Passkey,
    /// It would take the last way to log in.
    LastWayIn,
    /// Too many attempts; seconds until the next.
    Wait(u64),
}

impl Account {
    fn words(&self) -> &'static text::Account {
        &self.frame.text().account
    }

    pub(crate) fn notice_text(&self) -> Option<&'static str> {
        let text = &self.words().notice;
        self.notice.map(|notice| match notice {
            Notice::SessionEnded => text.session_ended,
            Notice::ApplicationRevoked => text.application_revoked,
            Notice::PasswordChanged => text.password_changed,
            Notice::TotpAdded => text.totp_added,
            Notice::TotpRemoved => text.totp_removed,
            Notice::PasskeyAdded => text.passkey_added,
            Notice::PasskeyRemoved => text.passkey_removed,
            Notice::RecoveryCodesMade => text.recovery_codes_made,
        })
    }

    pub(crate) fn problem_text(&self) -> Option<String> {
        let text = &self.words().problem;
        let minimum = self.password.map_or(0, |rules| rules.minimum);
        self.problem.map(|problem| match problem {
            Problem::WrongPassword => text.wrong_password.to_owned(),
            Problem::PasswordTooShort => (text.password_too_short)(minimum),
            Problem::PasswordTooCommon => text.password_too_common.to_owned(),
            Problem::PasswordsDiffer => text.passwords_differ.to_owned(),
            Problem::WrongCode => self.frame.text().second_factor.wrong_code.to_owned(),
            Problem::Passkey => text.passkey.to_owned(),
            Problem::LastWayIn => text.last_way_in.to_owned(),
            Problem::Wait(seconds) => self.frame.text().common.too_many_wait(seconds),
        })
    }

    pub(crate) fn password_hint(&self) -> String {
        (self.words().password_hint)(self.password.map_or(0, |rules| rules.minimum))
    }

    /// Where the problem lies, for the link in the summary: the id of a field, or of a section.
    pub(crate) fn problem_field(&self) -> Option<&'static str> {
        self.problem.and_then(|problem| match problem {
            Problem::WrongPassword => Some("current_password"),
            Problem::PasswordTooShort | Problem::PasswordTooCommon => Some("new_password"),
            Problem::PasswordsDiffer => Some("repeated_password"),
            Problem::WrongCode => Some("code"),
            Problem::Passkey => Some("passkeys"),
            Problem::LastWayIn | Problem::Wait(_) => None,
        })
    }

    /// Whether the problem lies in the field with this id.
    pub(crate) fn is_wrong(&self, field: &str) -> bool {
        self.problem_field() == Some(field)
    }

    pub(crate) fn qr(&self, pending: &PendingTotp) -> String {
        qr::svg(&pending.uri).unwrap_or_default()
    }

    /// The secret in groups of four, as people type it.
    pub(crate) fn grouped(&self, pending: &PendingTotp) -> String {
        let letters: Vec<char> = pending.secret.chars().filter(char::is_ascii_alphanumeric).collect();
        letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn has_totp(&self) -> bool {
        !matches!(self.totp, Totp::Unavailable)
    }

    pub(crate) fn adds_passkeys(&self) -> bool {
        self.passkeys.as_ref().is_some_and(|passkeys| passkeys.create_options.is_some())
    }

    pub(crate) fn recovery_count(&self, recovery: &Recovery) -> String {
        (self.words().recovery_left)(recovery.left)
    }
}

impl Page for Account {
    fn frame(&self) -> &Frame {
        &self.frame
    }

    fn status(&self) -> StatusCode {
        self.retry_after().map_or(StatusCode::OK, |_| StatusCode::TOO_MANY_REQUESTS)
    }

    fn policy(&self) -> Policy {
        let script = self.adds_passkeys().then_some(Script::Passkey);
        Policy { forms: Forms::Own, script, ..Policy::default() }
    }

    fn retry_after(&self) -> Option<u64> {
        match self.problem {
            Some(Problem::Wait(seconds)) => Some(seconds),
            _ => None,
        }
    }
}

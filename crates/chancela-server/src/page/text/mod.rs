//! The words of the pages: one struct, filled once for each language, so that the compiler finds what was not said.

pub(crate) mod en;
pub(crate) mod pt_br;

/// Words before and after something that the page puts between them, such as a name.
#[derive(Debug)]
pub(crate) struct Around(pub(crate) &'static str, pub(crate) &'static str);

/// A title and a paragraph.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) title: &'static str,
    pub(crate) text: &'static str,
}

/// All words of a language.
#[derive(Debug)]
pub(crate) struct Texts {
    pub(crate) common: Common,
    pub(crate) date: Date,
    pub(crate) login: Login,
    pub(crate) second_factor: SecondFactor,
    pub(crate) select_account: SelectAccount,
    pub(crate) consent: Consent,
    pub(crate) account: Account,
    pub(crate) sign_out: SignOut,
    pub(crate) failure: Failure,
    pub(crate) message: Messages,
    pub(crate) demo: Demo,
}

#[derive(Debug)]
pub(crate) struct Common {
    /// Before a page's title when something was wrong.
    pub(crate) error_prefix: &'static str,
    pub(crate) skip: &'static str,
    /// Names the switch for a screen reader; stands in this language, the link in the other.
    pub(crate) language: &'static str,
    pub(crate) or: &'static str,
    pub(crate) cancel: &'static str,
    pub(crate) proceed: &'static str,
    pub(crate) begin_again: &'static str,
    pub(crate) try_again: &'static str,
    pub(crate) too_many: &'static str,
    pub(crate) wait: fn(u64) -> String,
    pub(crate) passkey: &'static str,
    pub(crate) passkey_failed: &'static str,
    /// Of the footer: who seals.
    pub(crate) sealed_by: &'static str,
}

impl Common {
    /// That there were too many attempts, and how long to wait.
    pub(crate) fn too_many_wait(&self, seconds: u64) -> String {
        format!("{} {}", self.too_many, (self.wait)(seconds))
    }
}

#[derive(Debug)]
pub(crate) struct Date {
    pub(crate) months: [&'static str; 12],
}

#[derive(Debug)]
pub(crate) struct Login {
    pub(crate) title: &'static str,
    pub(crate) to_continue: Around,
    pub(crate) to_account: &'static str,
    pub(crate) tenant: &'static str,
    pub(crate) choose_tenant: &'static str,
    pub(crate) username: &'static str,
    pub(crate) password: &'static str,
    pub(crate) submit: &'static str,
    pub(crate) check_address: &'static str,
    pub(crate) wrong_credentials: &'static str,
    pub(crate) missing: &'static str,
    pub(crate) missing_tenant: &'static str,
    pub(crate) wrong_passkey: &'static str,
}

#[derive(Debug)]
pub(crate) struct SecondFactor {
    pub(crate) title: &'static str,
    pub(crate) lead: Around,
    pub(crate) code: &'static str,
    pub(crate) code_hint: &'static str,
    pub(crate) submit: &'static str,
    pub(crate) no_phone: &'static str,
    pub(crate) recovery_code: &'static str,
    pub(crate) recovery_hint: &'static str,
    pub(crate) recovery_submit: &'static str,
    pub(crate) passkey_lead: &'static str,
    pub(crate) wrong_code: &'static str,
    pub(crate) wrong_recovery_code: &'static str,
}

#[derive(Debug)]
pub(crate) struct SelectAccount {
    pub(crate) title: &'static str,
    pub(crate) lead: Around,
    pub(crate) as_person: &'static str,
    pub(crate) other: &'static str,
}

#[derive(Debug)]
pub(crate) struct Consent {
    /// Of the document; the heading names the application.
    pub(crate) title: &'static str,
    pub(crate) heading: Around,
    pub(crate) signed_in_as: &'static str,
    pub(crate) switch: &'static str,
    pub(crate) will: &'static str,
    pub(crate) already: &'static str,
    pub(crate) nothing_new: &'static str,
    pub(crate) scope: Around,
    pub(crate) destination: Around,
    pub(crate) revocable: &'static str,
    pub(crate) allow: &'static str,
    pub(crate) refuse: &'static str,
}

#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) title: &'static str,
    pub(crate) greeting: Around,
    pub(crate) lead: &'static str,
    pub(crate) sections: &'static str,
    pub(crate) problem_title: &'static str,
    pub(crate) devices: Message,
    pub(crate) this_device: &'static str,
    pub(crate) signed_in: &'static str,
    pub(crate) last_seen: &'static str,
    pub(crate) end_session: &'static str,
    pub(crate) applications: Message,
    pub(crate) time_zone: &'static str,
    pub(crate) no_applications: &'static str,
    pub(crate) allowed_since: &'static str,
    pub(crate) revoke: &'static str,
    pub(crate) password: Message,
    pub(crate) change_password: &'static str,
    pub(crate) current_password: &'static str,
    pub(crate) new_password: &'static str,
    pub(crate) repeated_password: &'static str,
    pub(crate) password_hint: fn(u32) -> String,
    pub(crate) totp: Message,
    pub(crate) totp_start: &'static str,
    pub(crate) totp_scan: &'static str,
    pub(crate) totp_qr: &'static str,
    pub(crate) totp_key: &'static str,
    pub(crate) totp_type: &'static str,
    pub(crate) totp_confirm: &'static str,
    pub(crate) totp_active: &'static str,
    pub(crate) totp_remove: &'static str,
    pub(crate) passkeys: Message,
    pub(crate) no_passkeys: &'static str,
    pub(crate) added: &'static str,
    pub(crate) remove: &'static str,
    pub(crate) passkey_name: &'static str,
    pub(crate) passkey_name_hint: &'static str,
    pub(crate) add_passkey: &'static str,
    pub(crate) passkeys_unsupported: &'static str,
    pub(crate) recovery: Message,
    pub(crate) recovery_left: fn(usize) -> String,
    pub(crate) recovery_fresh: &'static str,
    pub(crate) recovery_make: &'static str,
    pub(crate) recovery_replace: &'static str,
    pub(crate) leave: Message,
    pub(crate) sign_out: &'static str,
    pub(crate) sign_out_everywhere: &'static str,
    pub(crate) notice: Notices,
    pub(crate) problem: Problems,
}

#[derive(Debug)]
pub(crate) struct Notices {
    pub(crate) session_ended: &'static str,
    pub(crate) application_revoked: &'static str,
    pub(crate) password_changed: &'static str,
    pub(crate) totp_added: &'static str,
    pub(crate) totp_removed: &'static str,
    pub(crate) passkey_added: &'static str,
    pub(crate) passkey_removed: &'static str,
    pub(crate) recovery_codes_made: &'static str,
}

#[derive(Debug)]
pub(crate) struct Problems {
    pub(crate) wrong_password: &'static str,
    pub(crate) password_too_short: fn(u32) -> String,
    pub(crate) password_too_common: &'static str,
    pub(crate) passwords_differ: &'static str,
    pub(crate) passkey: &'static str,
    pub(crate) last_way_in: &'static str,
}

#[derive(Debug)]
pub(crate) struct SignOut {
    pub(crate) title: &'static str,
    pub(crate) asked_by: Around,
    pub(crate) lead: &'static str,
    pub(crate) submit: &'static str,
    pub(crate) stay: &'static str,
    pub(crate) done: Message,
    pub(crate) telling: &'static str,
    pub(crate) back_to: Around,
    pub(crate) frame: &'static str,
}

#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) application: Message,
    pub(crate) address: Message,
    pub(crate) request: Message,
    pub(crate) not_allowed: Message,
    pub(crate) not_found: Message,
    pub(crate) unavailable: Message,
    pub(crate) ours: Message,
    pub(crate) code: &'static str,
    pub(crate) detail: &'static str,
}

#[derive(Debug)]
pub(crate) struct Messages {
    pub(crate) expired: Message,
    pub(crate) cookies_off: Message,
    pub(crate) cookies_how: [&'static str; 3],
    pub(crate) too_many: Message,
    pub(crate) form_post: Message,
    pub(crate) form_post_to: Around,
}

#[derive(Debug)]
pub(crate) struct Demo {
    pub(crate) title: &'static str,
    pub(crate) lead: &'static str,
    pub(crate) start: Around,
    pub(crate) users: &'static str,
    pub(crate) username: &'static str,
    pub(crate) password: &'static str,
    pub(crate) steps: &'static str,
    pub(crate) step: fn(usize, usize) -> String,
    pub(crate) done: &'static str,
}

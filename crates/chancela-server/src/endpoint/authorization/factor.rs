//! The second factor: a one-time password, a recovery code, or a passkey beside the password.
//!
//! Between the two pages stands a note, sealed and bound to this browser and this request: who gave the right password,
//! and when. It opens for five minutes.

use super::answer::client_name;
use super::finish::{Demanded, LoggingIn};
use super::visit::{Submitted, Visit};
use crate::browser::csrf::Purpose;
use crate::login::{FactorAttempt, second_factor};
use crate::page::{SecondFactor, SecondFactorProblem};
use crate::router::Place;
use crate::server::store_rejection;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use bytes::Bytes;
use chancela_core::authentication::factor::{self, PasskeyProof, Proven, Verdict};
use chancela_core::authentication::webauthn::{UserVerification, assertion, options};
use chancela_core::authentication::{recovery_code, totp};
use chancela_core::authorization::ValidRequest;
use chancela_core::pepper::SealPurpose;
use chancela_core::record::User;
use chancela_core::rejection::{Rejection, Rule};
use chancela_core::time::Timestamp;
use chancela_store::Store;
use http::Response;

/// How long a right password waits for its second factor, in milliseconds.
const PATIENCE: i64 = 5 * 60 * 1000;

/// What stands between the two pages.
struct Note {
    subject: String,
    proven: Proven,
    /// The user's `tokens_not_before` when it was sealed.
    not_before: i64,
}

/// Takes the form.
pub(in crate::endpoint) async fn respond<S: Store>(visit: &Visit<'_, S>) -> Response<Bytes> {
    let form = match visit.submitted(Purpose::Factor) {
        Ok(form) => form,
        Err(response) => return response,
    };
    let valid = match visit.requested(form.query()) {
        Ok(valid) => valid,
        Err(response) => return response,
    };
    if form.choice() == "cancel" {
        return visit.cancel(valid);
    }
    let answer = visit.second_factor(&form, valid.as_ref()).await;
    answer.unwrap_or_else(|rejection| visit.broken(rejection, form.query()))
}

impl<S: Store> Visit<'_, S> {
    async fn second_factor(
        &self,
        form: &Submitted<'_>,
        valid: Option<&ValidRequest>,
    ) -> Result<Response<Bytes>, Rejection> {
        let query = form.query();
        let Some(Note { subject, proven, not_before }) =
            self.open_note(form.text("note").unwrap_or(""), query)
        else {
            return Ok(self.login_page(query, valid, form.began, None));
        };
        let user = self.server.store.user_of(&self.realm.name, &subject).await.map_err(store_rejection)?;
        // What ends a user's sessions, such as a new password, ends half a login too.
        let Some(user) = user.filter(|user| user.enabled && user.tokens_not_before <= not_before) else {
            return Ok(self.login_page(query, valid, form.began, None));
        };
        let login = form.began.millis().to_be_bytes();
        let attempt = FactorAttempt { source: self.source, device: self.device(), login: &login };
        if let Err(seconds) = second_factor(self.server, self.realm, &user, attempt, self.now) {
            let problem = SecondFactorProblem::Wait(u64::from(seconds));
            return self.factor_page(query, valid, (&user, proven), form.began, Some(problem));
        }
        let (found, problem) = match form.choice() {
            "recovery" => (self.recovery(form, &user), SecondFactorProblem::RecoveryCode),
            "passkey" => (self.beside(form, &user), SecondFactorProblem::Passkey),
            _ => (self.totp(form, &user), SecondFactorProblem::Code),
        };
        match found {
            Some((changed, more)) => {
                let proven = Proven {
                    password: proven.password,
                    one_time: proven.one_time || more.one_time,
                    passkey: more.passkey.or(proven.passkey),
                };
                let logging_in = LoggingIn { user, changed: Some(changed), proven, began: form.began };
                self.go_on(query, valid, logging_in, Demanded::of(valid)).await
            }
            None => self.factor_page(query, valid, (&user, proven), form.began, Some(problem)),
        }
    }

    fn totp(&self, form: &Submitted<'_>, user: &User) -> Option<(User, Proven)> {
        let changed = totp::spend(user, form.text("code")?, &self.realm.pepper, self.now)?;
        Some((changed, Proven { one_time: true, ..Proven::default() }))
    }

    fn recovery(&self, form: &Submitted<'_>, user: &User) -> Option<(User, Proven)> {
        let changed = recovery_code::spend(user, form.text("recovery_code")?, &self.realm.pepper)?;
        Some((changed, Proven { one_time: true, ..Proven::default() }))
    }

    fn beside(&self, form: &Submitted<'_>, user: &User) -> Option<(User, Proven)> {
        let party = self.realm.relying_party.as_ref()?;
        let response = assertion::Response::parse(form.text("credential")?).ok()?;
        let challenge = self.challenge(form.began);
        let asserted = response.verify(party, user, &challenge, UserVerification::Preferred).ok()?;
        let proven = Proven { passkey: Some(asserted.proof), ..Proven::default() };
        Some((asserted.spend(user, self.now), proven))
    }

    /// The page that asks for the second factor of a user who gave the password.
    pub(super) fn factor_page(
        &self,
        query: &str,
        valid: Option<&ValidRequest>,
        (user, proven): (&User, Proven),
        began: Timestamp,
        problem: Option<SecondFactorProblem>,
    ) -> Result<Response<Bytes>, Rejection> {
        let wanted = match factor::decide(user, proven, Demanded::of(valid).for_user(user)) {
            Verdict::NeedSecondFactor(wanted) => wanted,
            _ => return Ok(self.login_page(query, valid, began, None)),
        };
        let passkey_options = self.realm.relying_party.as_ref().filter(|_| wanted.passkey).map(|party| {
            let verification =
                if wanted.verified { UserVerification::Required } else { UserVerification::Preferred };
            options::request(party, &self.challenge(began), &user.passkeys, verification).to_string()
        });
        let note = self.note(user, proven, query)?;
        Ok(self.show(&SecondFactor {
            frame: self.frame(valid.and_then(|valid| valid.ui_locales.as_deref()), query),
            form: self.form(Place::Factor, Purpose::Factor, query, began).with("note", note),
            leads_to: valid.map(|valid| String::from(&*valid.target.redirect_uri)),
            client: valid.map(|valid| client_name(&valid.client)),
            username: (&*user.username).into(),
            totp: wanted.totp,
            passkey_options,
            recovery: wanted.recovery_code,
            problem,
        }))
    }

    /// Asks a user who is logged in for another factor, because the request demands it.
    pub(super) fn step_up_page(
        &self,
        query: &str,
        valid: &ValidRequest,
        began: Timestamp,
    ) -> Result<Response<Bytes>, Rejection> {
        let Some(one) = &self.browser.logged_in else {
            return Ok(self.login_page(query, Some(valid), began, None));
        };
        let had = |method: &str| one.session.authentication.amr.iter().any(|own| &**own == method);
        let proven = Proven {
            password: had("pwd"),
            one_time: had("otp"),
            passkey: had("pop").then_some(PasskeyProof::Present),
        };
        self.factor_page(query, Some(valid), (&one.user, proven), began, None)
    }

    fn note(&self, user: &User, proven: Proven, query: &str) -> Result<String, Rejection> {
        let mut nonce = [0; 12];
        self.server.entropy.fill(&mut nonce).map_err(|_| Rejection::from(Rule::StoreFailed))?;
        let mut plain = vec![proven.to_byte()];
        plain.extend_from_slice(&self.now.millis().to_be_bytes());
        plain.extend_from_slice(&user.tokens_not_before.to_be_bytes());
        plain.extend_from_slice(user.subject.as_bytes());
        let sealed = self.realm.pepper.seal(SealPurpose::Form, nonce, &self.note_context(query), &plain);
        Ok(BASE64URL.encode(sealed))
    }

    fn open_note(&self, note: &str, query: &str) -> Option<Note> {
        let sealed = BASE64URL.decode(note).ok()?;
        let plain = self.realm.pepper.open(SealPurpose::Form, &self.note_context(query), &sealed)?;
        let (proven, rest) = plain.split_first()?;
        let (at, rest) = rest.split_first_chunk::<8>()?;
        let (not_before, subject) = rest.split_first_chunk::<8>()?;
        let age = self.now.millis() - i64::from_be_bytes(*at);
        let note = Note {
            subject: String::from_utf8(subject.to_vec()).ok()?,
            proven: Proven::from_byte(*proven)?,
            not_before: i64::from_be_bytes(*not_before),
        };
        (0..PATIENCE).contains(&age).then_some(note)
    }

    /// A note opens in the browser and for the request that it was made for.
    fn note_context(&self, query: &str) -> Vec<u8> {
        [b"second factor\0", self.browser.value().as_bytes(), b"\0", query.as_bytes()].concat()
    }
}

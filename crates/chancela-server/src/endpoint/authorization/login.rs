//! The login page: a password, or a passkey alone.

use super::answer::client_name;
use super::finish::{Demanded, LoggingIn};
use super::visit::{Submitted, Visit, see_other};
use crate::browser::csrf::Purpose;
use crate::endpoint::note_refusal;
use crate::login::{LoginOutcome, PasswordAttempt, password_login};
use crate::page::{FailureReason, Login, LoginProblem, Shown, Tenant};
use crate::router::Place;
use crate::server::store_rejection;
use bytes::Bytes;
use chancela_core::authentication::factor::Proven;
use chancela_core::authentication::webauthn::{UserVerification, assertion, options};
use chancela_core::authorization::{AuthorizationError, ValidRequest};
use chancela_core::rejection::{Rejection, Rule};
use chancela_core::secret::Secret;
use chancela_core::time::Timestamp;
use chancela_store::Store;
use http::Response;

/// What stands in the form, and what was wrong with it.
#[derive(Debug, Default)]
pub(in crate::endpoint) struct Again {
    pub username: String,
    pub tenant: Option<String>,
    pub problem: Option<LoginProblem>,
}

/// Takes the form.
pub(in crate::endpoint) async fn respond<S: Store>(visit: &Visit<'_, S>) -> Response<Bytes> {
    let form = match visit.submitted(Purpose::Login) {
        Ok(form) => form,
        Err(response) => return response,
    };
    let valid = match visit.requested(form.query()) {
        Ok(valid) => valid,
        Err(response) => return response,
    };
    let answer = match form.choice() {
        "cancel" => Ok(visit.cancel(valid)),
        "passkey" => visit.passkey(&form, valid.as_ref()).await,
        _ => visit.password(&form, valid.as_ref()).await,
    };
    answer.unwrap_or_else(|rejection| visit.broken(rejection, form.query()))
}

impl<S: Store> Visit<'_, S> {
    /// The login page, for a request or (without one) for the account page.
    pub(in crate::endpoint) fn login_page(
        &self,
        query: &str,
        valid: Option<&ValidRequest>,
        began: Timestamp,
        again: Option<Again>,
    ) -> Response<Bytes> {
        let hint = || valid.and_then(|valid| valid.login_hint.as_deref()).unwrap_or("").to_owned();
        let again = again.unwrap_or_else(|| Again { username: hint(), ..Again::default() });
        let passkey_options = self.realm.relying_party.as_ref().map(|party| {
            let challenge = self.challenge(began);
            options::request(party, &challenge, &[], UserVerification::Required).to_string()
        });
        self.show(&Login {
            frame: self.frame(valid.and_then(|valid| valid.ui_locales.as_deref()), query),
            form: self.form(Place::Login, Purpose::Login, query, began),
            leads_to: valid.map(|valid| String::from(&*valid.target.redirect_uri)),
            client: valid.map(|valid| client_name(&valid.client)),
            tenant: self.tenant_field(valid, again.tenant.as_deref()),
            username: again.username.as_str().into(),
            passkey_options,
            problem: again.problem,
        })
    }

    /// A tenant is asked for where the realm has several and the client belongs to none.
    fn tenant_field(&self, valid: Option<&ValidRequest>, chosen: Option<&str>) -> Tenant {
        let tenants = &self.realm.tenants;
        let known = valid.is_some_and(|valid| valid.client.tenant.is_some()) || tenants.len() < 2;
        if known {
            return Tenant::Known;
        }
        let place = chosen.and_then(|chosen| tenants.iter().position(|own| own == chosen));
        Tenant::Listed(tenants.iter().map(|own| Shown::from(own.as_str())).collect(), place)
    }

    /// The tenant in which a name is looked for, if one is known.
    fn tenant<'f>(&'f self, form: &'f Submitted<'_>, valid: Option<&'f ValidRequest>) -> Option<&'f str> {
        let own = valid.and_then(|valid| valid.client.tenant.as_deref());
        let only = self.realm.tenants.first().filter(|_| self.realm.tenants.len() == 1).map(String::as_str);
        own.or(form.text("tenant")).or(only)
    }

    async fn password(
        &self,
        form: &Submitted<'_>,
        valid: Option<&ValidRequest>,
    ) -> Result<Response<Bytes>, Rejection> {
        let username = form.text("username").unwrap_or("");
        let again = |problem| Again {
            username: username.to_owned(),
            tenant: form.text("tenant").map(str::to_owned),
            problem: Some(problem),
        };
        let show = |problem| Ok(self.login_page(form.query(), valid, form.began, Some(again(problem))));
        let Some(password) = form.text("password").filter(|_| !username.is_empty()) else {
            return show(LoginProblem::Missing);
        };
        let tenant = self.tenant(form, valid);
        // Asked for whatever the name: only so it says nothing of who is there (requirement EN-01).
        if tenant.is_none() && self.realm.tenants.len() > 1 {
            return show(LoginProblem::Tenant);
        }
        let attempt = PasswordAttempt {
            tenant,
            username,
            password: Secret::new(password),
            source: self.source,
            device: self.device(),
            handed_on: false,
        };
        match password_login(self.server, self.realm, attempt, self.now).await? {
            LoginOutcome::Known(user) => {
                let proven = Proven { password: true, ..Proven::default() };
                let logging_in = LoggingIn { user: *user, changed: None, proven, began: form.began };
                self.go_on(form.query(), valid, logging_in, Demanded::of(valid)).await
            }
            LoginOutcome::Wrong(rule) => {
                note_refusal(self.realm, rule.into(), None);
                show(LoginProblem::Credentials)
            }
            LoginOutcome::AmbiguousTenant => {
                note_refusal(self.realm, Rule::AmbiguousUser.into(), None);
                show(LoginProblem::Credentials)
            }
            LoginOutcome::Wait(seconds) => show(LoginProblem::Wait(u64::from(seconds))),
            LoginOutcome::Busy => Err(Rule::Overloaded.into()),
        }
    }

    /// A passkey that verified its user and names them.
    async fn passkey(
        &self,
        form: &Submitted<'_>,
        valid: Option<&ValidRequest>,
    ) -> Result<Response<Bytes>, Rejection> {
        let again = || Again { problem: Some(LoginProblem::Passkey), ..Again::default() };
        let wrong = || Ok(self.login_page(form.query(), valid, form.began, Some(again())));
        let (Some(party), Some(credential)) = (&self.realm.relying_party, form.text("credential")) else {
            return wrong();
        };
        let Ok(response) = assertion::Response::parse(credential) else { return wrong() };
        let Some(subject) = response.subject() else { return wrong() };
        let user = self.server.store.user_of(&self.realm.name, subject).await.map_err(store_rejection)?;
        let Some(user) = user.filter(|user| user.enabled) else { return wrong() };
        let challenge = self.challenge(form.began);
        let asserted = response.verify(party, &user, &challenge, UserVerification::Required);
        let asserted = match asserted {
            Ok(asserted) => asserted,
            Err(refused) => {
                tracing::info!(realm = self.realm.name, %refused, "a passkey was refused");
                return wrong();
            }
        };
        let proven = Proven { passkey: Some(asserted.proof), ..Proven::default() };
        let changed = Some(asserted.spend(&user, self.now));
        let logging_in = LoggingIn { user, changed, proven, began: form.began };
        self.go_on(form.query(), valid, logging_in, Demanded::of(valid)).await
    }

    /// The user does not want to: the client hears it; the account page begins again.
    pub(super) fn cancel(&self, valid: Option<ValidRequest>) -> Response<Bytes> {
        match valid {
            Some(valid) => {
                let rejection = Rule::LoginCancelled.into();
                self.refuse(AuthorizationError { rejection, answer_to: Some(valid.target) })
            }
            None => see_other(&self.again("")),
        }
    }

    /// A page for a person who can do nothing about what is wrong.
    pub(super) fn stop(&self, rule: Rule, query: &str) -> Response<Bytes> {
        self.fail(FailureReason::NotAllowed, rule.into(), &self.again(query))
    }
}

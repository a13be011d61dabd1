//! The logout endpoint (OpenID Connect RP-Initiated Logout §2) and its form.
//!
//! A request is decided on by `chancela_core::openid::end_session`; where the user has to be asked, the page carries the
//! request on, and the answer is decided on with what is true then.

use super::authorization::answer::client_name;
use super::authorization::visit::{Visit, see_other};
use crate::browser::csrf::Purpose;
use crate::logout;
use crate::page::{FailureReason, Shown, SignOut, SignedOut};
use crate::router::Place;
use bytes::Bytes;
use chancela_core::message::logout_request::LogoutRequest;
use chancela_core::openid::end_session::{self, Decision, Facts, Next};
use chancela_core::rejection::{Rejection, Rule};
use chancela_store::Store;
use http::{Method, Response};

/// Answers a logout request, by GET or POST.
pub(super) async fn respond<S: Store>(visit: &Visit<'_, S>) -> Response<Bytes> {
    let query = visit.http.query.unwrap_or("");
    let parsed = match *visit.http.method {
        Method::GET => LogoutRequest::parse(query.as_bytes()),
        // Browsers send our cookies with a form of another site only once it comes as a GET (`SameSite=Lax`).
        Method::POST if visit.has_form() => match LogoutRequest::parse(visit.http.body) {
            Ok(request) => return see_other(&visit.again(&request.to_query())),
            Err(rejection) => Err(rejection),
        },
        Method::POST => Err(Rule::UnsupportedContentType.into()),
        _ => return visit.method_not_allowed("GET, POST"),
    };
    match parsed {
        Ok(request) => visit.log_out(&request, false).await,
        Err(rejection) => visit.refuse_logout(rejection),
    }
}

/// Takes the form. Nothing but a POST with a proof for this request ends a session here.
pub(super) async fn confirmed<S: Store>(visit: &Visit<'_, S>) -> Response<Bytes> {
    let form = match visit.submitted(Purpose::Logout) {
        Ok(form) => form,
        Err(response) => return response,
    };
    if form.choice() != "sign_out" {
        return see_other(&visit.address(Place::Account));
    }
    match LogoutRequest::parse(form.query().as_bytes()) {
        Ok(request) => visit.log_out(&request, true).await,
        Err(rejection) => visit.refuse_logout(rejection),
    }
}

impl<S: Store> Visit<'_, S> {
    async fn log_out(&self, request: &LogoutRequest, confirmed: bool) -> Response<Bytes> {
        let decided = {
            let keys = self.realm.keys.load();
            let facts = Facts {
                issuer: &self.realm.issuer,
                keys: &keys.verifying,
                pepper: &self.realm.pepper,
                client: &|id| self.realm.directory.client(id),
                session: self.browser.logged_in.as_ref().map(|one| &one.session),
                confirmed,
            };
            end_session::decide(request, &facts)
        };
        let decision = match decided {
            Ok(decision) => decision,
            Err(rejection) => return self.refuse_logout(rejection),
        };
        match decision.next {
            Next::Ask => self.sign_out_page(request, decision),
            Next::NobodyThere => self.signed_out(request, decision, Vec::new()),
            Next::End => match self.end_own_session().await {
                Ok(frames) => self.leave(self.signed_out(request, decision, frames)),
                Err(rejection) => self.broken(rejection, &request.to_query()),
            },
        }
    }

    /// Ends the session of this browser; answers the frames that its applications want to see.
    pub(super) async fn end_own_session(&self) -> Result<Vec<String>, Rejection> {
        let Some(one) = &self.browser.logged_in else { return Ok(Vec::new()) };
        let own = std::slice::from_ref(&one.session);
        let ended = logout::end_sessions(self.server, self.realm, own).await?;
        Ok(ended.iter().flat_map(|session| logout::frames(self.realm, session)).collect())
    }

    fn sign_out_page(&self, request: &LogoutRequest, decision: Decision) -> Response<Bytes> {
        let query = request.to_query();
        let Some(person) = self.person() else { return self.signed_out(request, decision, Vec::new()) };
        self.show(&SignOut {
            frame: self.frame(request.ui_locales.as_deref(), &query),
            form: self.form(Place::Logout, Purpose::Logout, &query, self.now),
            leads_to: decision.leads_to,
            client: decision.client.as_deref().map(client_name),
            person,
        })
    }

    /// The end: at the application where it asked for it and no frame has to load first, else on a page.
    fn signed_out(
        &self,
        request: &LogoutRequest,
        decision: Decision,
        frames: Vec<String>,
    ) -> Response<Bytes> {
        if let Some(address) = decision.leads_to.as_deref().filter(|_| frames.is_empty()) {
            return see_other(address);
        }
        let client = decision.client.as_deref().map(client_name);
        self.signed_out_page(request.ui_locales.as_deref(), frames, (decision.leads_to, client))
    }

    /// The end of a logout that no application asked for.
    pub(super) fn farewell(&self, frames: Vec<String>) -> Response<Bytes> {
        match frames.is_empty() {
            true => see_other(&self.address(Place::EndSession)),
            false => self.signed_out_page(None, frames, (None, None)),
        }
    }

    fn signed_out_page(
        &self,
        ui_locales: Option<&str>,
        frames: Vec<String>,
        (next, client): (Option<String>, Option<Shown>),
    ) -> Response<Bytes> {
        let mut frame = self.frame(ui_locales, "");
        // A page that leaves by itself has no time for another language.
        let other = format!("{}?ui_locales={}", self.address(Place::EndSession), frame.locale.other().tag());
        frame.other_language = next.is_none().then_some(other);
        self.show(&SignedOut { frame, frames, next, client })
    }

    /// Tells the user, and offers to log out without what could not be verified.
    fn refuse_logout(&self, rejection: Rejection) -> Response<Bytes> {
        let reason = match rejection.rule {
            Rule::UnknownClientAtLogout => FailureReason::Application,
            Rule::UnregisteredPostLogoutRedirectUri => FailureReason::Address,
            _ => FailureReason::Request,
        };
        self.fail(reason, rejection, &self.address(Place::EndSession))
    }
}

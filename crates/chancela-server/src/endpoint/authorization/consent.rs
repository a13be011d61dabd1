//! The consent page (RFC 6749 §4.1.1): what an application asks for, in words, and the user's yes or no.

use super::answer::client_name;
use super::scopes::meanings;
use super::visit::{TRANSACTION, Visit, see_other};
use crate::browser::csrf::Purpose;
use crate::page::{Consent, ConsentScope};
use crate::router::Place;
use bytes::Bytes;
use chancela_core::authorization::ValidRequest;
use chancela_core::message::authorization_request::AuthorizationRequest;
use chancela_core::scope::Scope;
use chancela_core::time::Timestamp;
use chancela_store::Store;
use http::Response;

/// Takes the form. Nothing but a POST with a proof for this request can consent (requirement B-21).
pub(in crate::endpoint) async fn respond<S: Store>(visit: &Visit<'_, S>) -> Response<Bytes> {
    let form = match visit.submitted(Purpose::Consent) {
        Ok(form) => form,
        Err(response) => return response,
    };
    let query = form.query();
    if query.is_empty() {
        return see_other(&visit.again(""));
    }
    // The login that led to this page counts as one of this transaction, and so does the choice of the account: the page
    // says whose it is.
    let binding = visit.browser.binding();
    let proof = binding.prove(visit.realm, Purpose::Chosen, query.as_bytes(), form.began);
    let request = match AuthorizationRequest::parse(query.as_bytes()) {
        Ok(request) => request.with(TRANSACTION, &proof),
        Err(rejection) => return visit.fail(crate::page::FailureReason::Request, rejection, ""),
    };
    visit.proceed(&request, Some(form.choice() == "allow")).await
}

impl<S: Store> Visit<'_, S> {
    pub(super) fn consent_page(
        &self,
        query: &str,
        valid: &ValidRequest,
        missing: &Scope,
        began: Timestamp,
    ) -> Response<Bytes> {
        let Some(person) = self.person() else { return self.login_page(query, Some(valid), began, None) };
        let frame = self.frame(valid.ui_locales.as_deref(), query);
        let scopes = valid.scope.iter().map(|name| ConsentScope {
            name: name.into(),
            meanings: meanings(self.realm, name, frame.locale).into_iter().map(Into::into).collect(),
            known: !missing.contains(name),
        });
        let request = AuthorizationRequest::parse(query.as_bytes()).unwrap_or_default();
        let other = request.with("prompt", "select_account").to_query();
        self.show(&Consent {
            scopes: scopes.collect(),
            form: self.form(Place::Consent, Purpose::Consent, query, began),
            leads_to: String::from(&*valid.target.redirect_uri),
            client: client_name(&valid.client),
            person,
            switch_account: Some(self.again(&other)),
            frame,
        })
    }
}

//! The choice of an account (`prompt=select_account`): go on as who is logged in, or log in as somebody else.

use super::answer::client_name;
use super::visit::{TRANSACTION, Visit, see_other};
use crate::browser::csrf::Purpose;
use crate::page::SelectAccount;
use crate::router::Place;
use bytes::Bytes;
use chancela_core::authorization::{AuthorizationError, ValidRequest};
use chancela_core::rejection::Rule;
use chancela_core::time::Timestamp;
use chancela_store::Store;
use http::Response;

/// Takes the form.
pub(in crate::endpoint) async fn respond<S: Store>(visit: &Visit<'_, S>) -> Response<Bytes> {
    let form = match visit.submitted(Purpose::Selection) {
        Ok(form) => form,
        Err(response) => return response,
    };
    let query = form.query();
    let valid = match visit.requested(query) {
        Ok(Some(valid)) => valid,
        Ok(None) => return see_other(&visit.again("")),
        Err(response) => return response,
    };
    match form.choice() {
        "continue" => {
            let binding = visit.browser.binding();
            let proof = binding.prove(visit.realm, Purpose::Chosen, query.as_bytes(), form.began);
            see_other(&format!("{}&{TRANSACTION}={proof}", visit.again(query)))
        }
        "cancel" => {
            let rejection = Rule::LoginCancelled.into();
            visit.refuse(AuthorizationError { rejection, answer_to: Some(valid.target) })
        }
        _ => visit.login_page(query, Some(&valid), form.began, None),
    }
}

impl<S: Store> Visit<'_, S> {
    pub(super) fn selection_page(
        &self,
        query: &str,
        valid: &ValidRequest,
        began: Timestamp,
    ) -> Response<Bytes> {
        let Some(person) = self.person() else { return self.login_page(query, Some(valid), began, None) };
        self.show(&SelectAccount {
            frame: self.frame(valid.ui_locales.as_deref(), query),
            form: self.form(Place::Selection, Purpose::Selection, query, began),
            leads_to: Some(String::from(&*valid.target.redirect_uri)),
            client: client_name(&valid.client),
            person,
        })
    }
}

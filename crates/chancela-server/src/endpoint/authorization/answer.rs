//! How an authorization request ends: with a code or an error at its client, or with an error page here.

use super::visit::{Visit, see_other};
use crate::endpoint::note_refusal;
use crate::page::{FailureReason, FormPost};
use bytes::Bytes;
use chancela_core::authorization::{self, Approved, AuthorizationError, IssuedCode, ValidRequest};
use chancela_core::message::authorization_response::{AuthorizationResponse, Success};
use chancela_core::rejection::{Rejection, Rule};
use chancela_core::secret::{hex, sha256};
use chancela_store::{CommitOutcome, Store};
use http::Response;

impl<S: Store> Visit<'_, S> {
    /// Makes the code and sends it once it is durable; `None` if another request won and it has to be decided again.
    pub(super) async fn approve(
        &self,
        valid: &ValidRequest,
        approved: Approved<'_>,
    ) -> Result<Option<Response<Bytes>>, Rejection> {
        let realm = self.realm;
        let rules = &realm.dialect.authorization;
        let state = self.session_state();
        let issued = authorization::approve(approved, rules, &realm.pepper, &*self.server.entropy);
        let IssuedCode { code, scope, effects } = issued.map_err(|_| Rule::StoreFailed)?;
        if self.server.commit(effects).await? == CommitOutcome::Conflict {
            return Ok(None);
        }
        realm.metrics.authorized.inc();
        let success = Success { code: &code, scope: &scope, session_state: state.as_deref() };
        let answer = AuthorizationResponse::success(&valid.target, &realm.issuer, rules, &success);
        Ok(Some(self.send(answer, Some(valid))))
    }

    /// Tells the client what is wrong, or the user where the client cannot be told (requirement B-07).
    pub(super) fn refuse(&self, error: AuthorizationError) -> Response<Bytes> {
        let AuthorizationError { rejection, answer_to } = error;
        let Some(target) = answer_to else {
            return self.fail(reason(rejection.rule), rejection, "");
        };
        note_refusal(self.realm, rejection, None);
        let rules = &self.realm.dialect.authorization;
        self.send(AuthorizationResponse::error(&target, &self.realm.issuer, rules, rejection), None)
    }

    fn send(&self, answer: AuthorizationResponse, valid: Option<&ValidRequest>) -> Response<Bytes> {
        match answer {
            AuthorizationResponse::Redirect(location) => see_other(&location),
            AuthorizationResponse::FormPost { action, fields } => {
                let locales = valid.and_then(|valid| valid.ui_locales.as_deref());
                let mut frame = self.frame(locales, "");
                frame.other_language = None;
                let client = valid.map_or("".into(), |valid| client_name(&valid.client));
                let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
                self.show(&FormPost { frame, action, fields, client })
            }
        }
    }

    /// `session_state` (OpenID Connect Session Management §3.2): says nothing but whether the session is the same.
    fn session_state(&self) -> Option<String> {
        let session = &self.browser.logged_in.as_ref()?.session;
        Some(hex(&sha256(session.authentication.sid.as_deref()?.as_bytes())))
    }
}

/// A client's name for people.
pub(in crate::endpoint) fn client_name(client: &chancela_core::record::Client) -> crate::page::Shown {
    client.client_name.as_deref().unwrap_or(&client.client_id).into()
}

/// What an untrusted request's rule means to the person who followed a link.
fn reason(rule: Rule) -> FailureReason {
    match rule {
        Rule::MissingClientId | Rule::UnknownClientAtAuthorization => FailureReason::Application,
        Rule::MissingRedirectUri | Rule::UnregisteredRedirectUri => FailureReason::Address,
        _ => FailureReason::Request,
    }
}

//! The authorization endpoint (RFC 6749 §3.1) and the pages between it and a code.
//!
//! Every step reads the request again, from the URL or from its page's form, and decides on it with what is true now:
//! nothing is stored for a login that is not finished (docs/adr/0011). [`visit`] is one request of a browser; the files
//! beside it take one form each, [`answer`] is how it ends.

pub(super) mod answer;
mod consent;
mod factor;
mod finish;
mod login;
pub(in crate::endpoint) mod scopes;
mod selection;
pub(crate) mod visit;

use crate::browser::csrf::Purpose;
use crate::page::FailureReason;
use crate::server::store_rejection;
use bytes::Bytes;
use chancela_core::authorization::{self, AuthorizationError, Facts, Next, Policy, ValidRequest};
use chancela_core::message::authorization_request::AuthorizationRequest;
use chancela_core::openid::id_token_hint::IdTokenHint;
use chancela_core::openid::subject;
use chancela_core::record::{Consent, User};
use chancela_core::rejection::{Rejection, Rule};
use chancela_core::time::Timestamp;
use chancela_store::Store;
use http::{Method, Response};
use visit::{TRANSACTION, Visit, see_other};

pub(super) use consent::respond as consent;
pub(super) use factor::respond as factor;
pub(super) use login::respond as login;
pub(super) use selection::respond as selection;

/// Longest query that a POST is turned into, in bytes: what follows must fit a request line.
const MAX_QUERY_BYTES: usize = 6 * 1024;

/// Commits that lose a race are decided again at most this often.
const MAX_ROUNDS: usize = 16;

/// Answers an authorization request, by GET or POST (OpenID Connect Core §3.1.2.1).
pub(super) async fn respond<S: Store>(visit: &Visit<'_, S>) -> Response<Bytes> {
    let encoded = match *visit.http.method {
        Method::GET => Ok(visit.http.query.unwrap_or("").as_bytes()),
        Method::POST if visit.has_form() => Ok(visit.http.body),
        Method::POST => Err(Rule::UnsupportedContentType.into()),
        _ => return visit.method_not_allowed("GET, POST"),
    };
    match encoded.and_then(AuthorizationRequest::parse) {
        // Browsers send our cookies with a form of another site only once it comes as a GET (`SameSite=Lax`).
        Ok(request) if visit.http.method == Method::POST && fits_a_url(&request) => {
            see_other(&visit.again(&request.without(TRANSACTION).to_query()))
        }
        Ok(request) => visit.proceed(&request, None).await,
        Err(rejection) => visit.fail(FailureReason::Request, rejection, ""),
    }
}

/// Whether a request is short enough for a URL, and not nothing.
fn fits_a_url(request: &AuthorizationRequest) -> bool {
    (1..=MAX_QUERY_BYTES).contains(&request.to_query().len())
}

/// What a transaction's proof in the URL says.
#[derive(Debug, Clone, Copy, Default)]
struct Transaction {
    began_at: Option<Timestamp>,
    account_chosen: bool,
}

impl<S: Store> Visit<'_, S> {
    /// What follows from a request, by what is true now. `consent` is what the user just said.
    async fn proceed(&self, request: &AuthorizationRequest, consent: Option<bool>) -> Response<Bytes> {
        let transaction = self.transaction(request);
        let request = request.clone().without(TRANSACTION);
        let query = request.to_query();
        match self.check(&request) {
            Err(error) => self.refuse(error),
            Ok(valid) => match self.next(&query, &valid, transaction, consent).await {
                Ok(response) => response,
                Err(rejection) => self.broken(rejection, &query),
            },
        }
    }

    /// The check table, with what the realm brings to it.
    fn check(&self, request: &AuthorizationRequest) -> Result<ValidRequest, AuthorizationError> {
        let realm = self.realm;
        let Some(endpoint) = realm.authorization_endpoint() else {
            return Err(AuthorizationError {
                rejection: Rule::UnsupportedResponseType.into(),
                answer_to: None,
            });
        };
        let policy = Policy {
            realm: &realm.name,
            rules: &realm.dialect.authorization,
            scope: &endpoint.dialect.scope,
            exists: &|name| realm.directory.has_scope(name),
            resources: &realm.resources,
            client: &|id| realm.directory.client(id),
        };
        authorization::validate(request, &policy)
    }

    /// The request that a form belongs to, checked again; `None` for the account page. The inner `Err` is the answer.
    #[expect(
        clippy::result_large_err,
        reason = "what stands in `Err` is an answer like the other, and used at once"
    )]
    fn requested(&self, query: &str) -> Result<Option<ValidRequest>, Response<Bytes>> {
        if query.is_empty() {
            return Ok(None);
        }
        let parsed = AuthorizationRequest::parse(query.as_bytes());
        let request = parsed.map_err(|rejection| self.fail(FailureReason::Request, rejection, ""))?;
        self.check(&request).map(Some).map_err(|error| self.refuse(error))
    }

    /// Decides, and shows or does what comes next. A lost race means that what was decided on has changed.
    async fn next(
        &self,
        query: &str,
        valid: &ValidRequest,
        transaction: Transaction,
        consent_given_now: Option<bool>,
    ) -> Result<Response<Bytes>, Rejection> {
        let began = transaction.began_at.unwrap_or(self.now);
        let expected = self.expected_sub(valid);
        let mut logged_in = self.browser.logged_in.as_ref().map(|one| (one.session.clone(), &one.user));
        for _ in 0..MAX_ROUNDS {
            let consent = match &logged_in {
                Some((_, user)) => self.consent_of(&user.subject, valid).await?,
                None => None,
            };
            let known_as = |user: &User| {
                subject::for_client(&valid.client, &user.subject, &self.realm.pepper).into_owned()
            };
            let sub = logged_in.as_ref().map(|(_, user)| known_as(user)).unwrap_or_default();
            let revoked_before = logged_in
                .as_ref()
                .map_or(0, |(_, user)| self.server.revoked.subject_before(&user.subject, valid.client.key));
            let facts = Facts {
                revoked_before,
                sub: &sub,
                session: logged_in.as_ref().map(|(session, user)| (session, *user)),
                consent: consent.as_ref(),
                began_at: transaction.began_at,
                consent_given_now,
                account_chosen: transaction.account_chosen,
                expected_sub: expected.as_deref(),
                now: self.now,
            };
            match authorization::decide(valid, &facts) {
                Next::Login { .. } => return Ok(self.login_page(query, Some(valid), began, None)),
                Next::SelectAccount => return Ok(self.selection_page(query, valid, began)),
                Next::StepUp { .. } => return self.step_up_page(query, valid, began),
                Next::Consent { missing } => return Ok(self.consent_page(query, valid, &missing, began)),
                Next::Refuse(rejection) => {
                    let answer_to = Some(valid.target.clone());
                    return Ok(self.refuse(AuthorizationError { rejection, answer_to }));
                }
                Next::Approve(approved) => {
                    if let Some(response) = self.approve(valid, approved).await? {
                        return Ok(response);
                    }
                }
            }
            // The session changed under us: a logout in another tab, or another client that was entered.
            if let Some((session, _)) = &logged_in {
                let found = self.server.store.session(&self.realm.name, session.id).await;
                let user = self.browser.logged_in.as_ref().map(|one| &one.user);
                logged_in = found.map_err(store_rejection)?.zip(user);
            }
        }
        Err(Rule::Overloaded.into())
    }

    async fn consent_of(&self, subject: &str, valid: &ValidRequest) -> Result<Option<Consent>, Rejection> {
        let store = &self.server.store;
        store.consent(&self.realm.name, subject, valid.client.key).await.map_err(store_rejection)
    }

    /// When this browser began the transaction, if its URL proves it.
    fn transaction(&self, request: &AuthorizationRequest) -> Transaction {
        let Some(proof) = request.get(TRANSACTION) else { return Transaction::default() };
        let query = request.clone().without(TRANSACTION).to_query();
        let verify = |purpose| {
            let presented = self.browser.presented();
            presented.verify(self.realm, purpose, query.as_bytes(), Some(proof), self.now).ok()
        };
        match verify(Purpose::Transaction) {
            Some(began) => Transaction { began_at: Some(began), account_chosen: false },
            None => {
                let began_at = verify(Purpose::Chosen);
                Transaction { began_at, account_chosen: began_at.is_some() }
            }
        }
    }

    /// What the user whom the client expects is called to it, if an ID token says so. A hint that is none of ours is of
    /// nobody.
    fn expected_sub(&self, valid: &ValidRequest) -> Option<Box<str>> {
        let hint = valid.id_token_hint.as_deref()?;
        let keys = self.realm.keys.load();
        let hint = IdTokenHint::verify(hint, &keys.verifying, &self.realm.issuer);
        let own = hint.filter(|hint| hint.client_id == valid.client.client_id);
        Some(own.map(|hint| hint.sub).unwrap_or_default())
    }
}

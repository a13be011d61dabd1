//! What comes next for a good request: a page to show, an error, or approval.
//!
//! The facts are about one browser at one moment. A page that was answered changes the facts (a younger session, a
//! consent), and the same function decides again; so a page can be left, repeated or opened twice without harm.

use super::{ValidRequest, acr};
use crate::record::{Consent, Session, User};
use crate::rejection::{Rejection, Rule};
use crate::scope::Scope;
use crate::time::Timestamp;

/// How long a login counts as the answer to the request that it was made for, in seconds.
const FRESH_SECONDS: i64 = 600;

/// What is known when the decision is taken.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The browser's session and its user.
    pub session: Option<(&'a Session, &'a User)>,
    /// What the session's user allowed the client before.
    pub consent: Option<&'a Consent>,
    /// When this transaction began, if the browser proves that it began here: a login since then is an answer to it.
    pub began_at: Option<Timestamp>,
    /// The user's answer to the consent page of this transaction, if it is being given now.
    pub consent_given_now: Option<bool>,
    /// Whether the user chose the session's account in this transaction.
    pub account_chosen: bool,
    /// What the session's user is called to the client (`sub`, public or pairwise).
    pub sub: &'a str,
    /// What the user whom the client expects is called to it (`sub` of a verified `id_token_hint`).
    pub expected_sub: Option<&'a str>,
    /// What the user allowed the client before this second was taken back; 0 if nothing was lately.
    pub revoked_before: i64,
    /// Now.
    pub now: Timestamp,
}

/// What comes next.
#[derive(Debug)]
pub enum Next<'a> {
    /// The user logs in.
    Login {
        /// Why.
        reason: LoginReason,
    },
    /// The user chooses an account.
    SelectAccount,
    /// The user shows another factor.
    StepUp {
        /// The context class to reach.
        acr: &'static str,
    },
    /// The user is asked.
    Consent {
        /// What they did not allow before.
        missing: Scope,
    },
    /// The client hears an error.
    Refuse(Rejection),
    /// The client gets a code.
    Approve(Approved<'a>),
}

/// Why a user logs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginReason {
    /// Nobody is logged in.
    NoSession,
    /// The client wants it (`prompt=login`).
    Prompt,
    /// The login is older than the client accepts (`max_age`).
    TooOld,
    /// Somebody else is logged in.
    OtherUser,
}

/// Permission to make a code. There is no other way to have one, and it is used once.
#[derive(Debug)]
pub struct Approved<'a> {
    pub(super) request: &'a ValidRequest,
    pub(super) session: &'a Session,
    pub(super) user: &'a User,
    pub(super) consent: Option<&'a Consent>,
    /// Whether the user just said so.
    pub(super) consented: bool,
    pub(super) revoked_before: i64,
    pub(super) now: Timestamp,
}

/// Decides. `prompt=none` never leads to a page (requirement B-23).
pub fn decide<'a>(request: &'a ValidRequest, facts: &Facts<'a>) -> Next<'a> {
    let silent =
        |page: Next<'a>, rule: Rule| if request.prompt.none { Next::Refuse(rule.into()) } else { page };
    if facts.consent_given_now == Some(false) {
        return Next::Refuse(Rule::ConsentRefused.into());
    }
    let (session, user) = match logged_in(request, facts) {
        Ok(found) => found,
        Err(reason) => return silent(Next::Login { reason }, Rule::LoginRequired),
    };
    if request.prompt.select_account && !facts.account_chosen && !is_fresh(session, facts) {
        return silent(Next::SelectAccount, Rule::AccountSelectionRequired);
    }
    if let Some(next) = context_class(request, session, user, facts) {
        return next;
    }
    if let Some(missing) = to_be_asked(request, facts) {
        return silent(Next::Consent { missing }, Rule::ConsentRequired);
    }
    let consented = facts.consent_given_now == Some(true);
    let Facts { consent, revoked_before, now, .. } = *facts;
    Next::Approve(Approved { request, session, user, consent, consented, revoked_before, now })
}

/// The session, if it is alive and good enough for the request.
fn logged_in<'a>(request: &ValidRequest, facts: &Facts<'a>) -> Result<(&'a Session, &'a User), LoginReason> {
    let client = &request.client;
    let alive = |(session, user): &(&'a Session, &'a User)| {
        session.is_good_for(user, facts.now)
            && session.subject == user.subject
            && session.realm == client.realm
            && client.tenant.as_ref().is_none_or(|tenant| *tenant == user.tenant)
    };
    let (session, user) = facts.session.filter(alive).ok_or(LoginReason::NoSession)?;
    let other = facts.expected_sub.is_some_and(|expected| expected != facts.sub);
    if other || !request.claims.allows_subject(facts.sub) {
        return Err(LoginReason::OtherUser);
    }
    if is_fresh(session, facts) {
        return Ok((session, user));
    }
    let age = facts.now.seconds().saturating_sub(session.authentication.auth_time);
    if request.prompt.login {
        return Err(LoginReason::Prompt);
    }
    if request.max_age.is_some_and(|most| most == 0 || age > i64::from(most)) {
        return Err(LoginReason::TooOld);
    }
    Ok((session, user))
}

/// Whether the login answers this very request. Logins are told in whole seconds, so the beginning is too. Not for long:
/// the address that says when it began stays in the browser.
fn is_fresh(session: &Session, facts: &Facts<'_>) -> bool {
    let auth_time = session.authentication.auth_time;
    let recent = facts.now.seconds().saturating_sub(auth_time) <= FRESH_SECONDS;
    recent && facts.began_at.is_some_and(|began| auth_time >= began.seconds())
}

/// What a context class still demands. An essential one is reached or refused (OpenID Connect Core §5.5.1.1); a wish is
/// asked for once, where the user can fulfil it.
fn context_class<'a>(
    request: &ValidRequest,
    session: &Session,
    user: &User,
    facts: &Facts<'_>,
) -> Option<Next<'a>> {
    let actual = &session.authentication.acr;
    let unmet =
        |wanted: &[&str]| !wanted.is_empty() && !wanted.iter().any(|class| acr::satisfies(actual, class));
    let (mut wished, essential) = request.claims.acr();
    if essential && unmet(&wished) {
        return Some(match acr::reachable(user, wished) {
            Some(acr) if !request.prompt.none => Next::StepUp { acr },
            Some(_) => Next::Refuse(Rule::LoginRequired.into()),
            None => Next::Refuse(Rule::UnmetAuthenticationRequirements.into()),
        });
    }
    wished.extend(request.acr_values.iter().map(|value| &**value));
    if request.prompt.none || is_fresh(session, facts) || !unmet(&wished) {
        return None;
    }
    acr::reachable(user, wished).map(|acr| Next::StepUp { acr })
}

/// What the user has to be asked for; `None` if nothing. The client's own operator need not ask, unless the client
/// wants it.
fn to_be_asked(request: &ValidRequest, facts: &Facts<'_>) -> Option<Scope> {
    if facts.consent_given_now == Some(true) {
        return None;
    }
    if request.prompt.consent {
        return Some(request.scope.clone());
    }
    // Any program on the device can pretend to be a native client that proves nothing of itself, so its users always see
    // who asks (RFC 8252 §8.6).
    if request.client.is_public() && !request.target.redirect_uri.starts_with("https:") {
        return Some(request.scope.clone());
    }
    if !request.client.require_consent {
        return None;
    }
    let Some(consent) = facts.consent else { return Some(request.scope.clone()) };
    let allowed = |token: &&str| !consent.scope.split(' ').any(|own| own == *token);
    let missing: Scope = request.scope.iter().filter(allowed).collect();
    Some(missing).filter(|missing| !missing.is_empty())
}

//! The end of a login: another factor is asked for, or a session begins and the request goes on.

use super::visit::{TRANSACTION, Visit, see_other};
use crate::browser::cookies::CookieKind;
use crate::browser::csrf::{Binding, Purpose};
use crate::browser::session::{self, NewSession};
use crate::login::device_cookie;
use crate::logout;
use crate::page::Person;
use bytes::Bytes;
use chancela_core::authentication::factor::{self, Achieved, Acr, Demand, Proven, Verdict};
use chancela_core::authentication::webauthn::{self, Ceremony};
use chancela_core::authorization::{ValidRequest, acr};
use chancela_core::effect::Effect;
use chancela_core::record::User;
use chancela_core::rejection::{Rejection, Rule};
use chancela_core::time::Timestamp;
use chancela_store::{CommitOutcome, Store};
use http::Response;
use http::header::SET_COOKIE;

/// A user on the way in.
#[derive(Debug)]
pub(super) struct LoggingIn {
    /// The record as it was read.
    pub user: User,
    /// The record after what was proven was spent.
    pub changed: Option<User>,
    /// What was proven so far.
    pub proven: Proven,
    /// When the login page began.
    pub began: Timestamp,
}

/// Context classes that a request asks for, best first.
#[derive(Debug)]
pub(super) struct Demanded<'a>(Vec<&'a str>);

impl<'a> Demanded<'a> {
    pub(super) fn of(valid: Option<&'a ValidRequest>) -> Self {
        Self(valid.map(ValidRequest::wanted_acr).unwrap_or_default())
    }

    /// The first class that the user can reach; what cannot be reached is told to the client later, or was only a wish.
    pub(super) fn for_user(&self, user: &User) -> Demand {
        let reachable = acr::reachable(user, self.0.iter().copied());
        Demand { acr: reachable.and_then(Acr::parse), second_factor: false }
    }
}

impl<S: Store> Visit<'_, S> {
    /// Asks for what is missing, or lets the user in.
    pub(super) async fn go_on(
        &self,
        query: &str,
        valid: Option<&ValidRequest>,
        logging_in: LoggingIn,
        demanded: Demanded<'_>,
    ) -> Result<Response<Bytes>, Rejection> {
        let user = logging_in.changed.as_ref().unwrap_or(&logging_in.user);
        match factor::decide(user, logging_in.proven, demanded.for_user(user)) {
            Verdict::Done(achieved) => self.enter(query, logging_in, achieved).await,
            Verdict::NeedSecondFactor(_) => {
                let began = logging_in.began;
                if let Some(changed) = &logging_in.changed {
                    let spent = factor::put(&logging_in.user, changed.clone());
                    if self.server.commit(vec![spent]).await? == CommitOutcome::Conflict {
                        return Ok(self.login_page(query, valid, began, None));
                    }
                }
                self.factor_page(query, valid, (user, logging_in.proven), began, None)
            }
            Verdict::NeedFirstFactor => Ok(self.login_page(query, valid, logging_in.began, None)),
            Verdict::Disabled | Verdict::NeedEnrolment | Verdict::Unmet => {
                Ok(self.stop(Rule::DisabledUser, query))
            }
        }
    }

    /// Begins a session, ends the one that this browser had, and goes on with the request.
    async fn enter(
        &self,
        query: &str,
        logging_in: LoggingIn,
        achieved: Achieved,
    ) -> Result<Response<Bytes>, Rejection> {
        let LoggingIn { user, changed, began, .. } = logging_in;
        let realm = self.realm;
        let entropy = &*self.server.entropy;
        let headers = self.http.headers;
        let new = session::begin(realm, &user, achieved, headers, self.now, entropy);
        let NewSession { mut session, cookie, browser } =
            new.map_err(|_| Rejection::from(Rule::StoreFailed))?;
        let (mut effects, mut replaced) = (Vec::new(), None);
        if let Some(changed) = changed {
            effects.push(factor::put(&user, changed));
        }
        if let Some(before) = &self.browser.logged_in {
            if before.user.subject == user.subject {
                // The same user again: the applications that know the session go on knowing it.
                let id = before.session.id;
                effects.push(Effect::DeleteSession { realm: realm.name.as_str().into(), id });
                session.authentication.sid = before.session.authentication.sid.clone();
                session.clients = before.session.clients.clone();
            } else {
                replaced = Some(before.session.clone());
            }
        }
        effects.push(Effect::PutSession { session, expected_version: None });
        if self.server.commit(effects).await? == CommitOutcome::Conflict {
            // The same one-time password in two tabs: the other one won.
            return Ok(self.login_page(query, None, began, None));
        }
        logout::end_sessions(self.server, realm, replaced.as_slice()).await?;
        realm.metrics.logins.inc();
        tracing::info!(realm = realm.name, subject = &*user.subject, "logged in");
        let binding = Binding { browser: Some(&browser), session: Some(&cookie) };
        let proof = binding.prove(realm, Purpose::Transaction, query.as_bytes(), began);
        let mut response = match query {
            "" => see_other(&self.again("")),
            query => see_other(&format!("{}&{TRANSACTION}={proof}", self.again(query))),
        };
        let device = device_cookie(realm, &user, self.device(), entropy);
        let device = device.map_err(|_| Rejection::from(Rule::StoreFailed))?;
        for cookie in [
            realm.cookies.set(CookieKind::Session, &cookie, None),
            realm.cookies.set(CookieKind::Browser, &browser, None),
            realm.cookies.set(CookieKind::Device, &device, Some(DEVICE_SECONDS)),
        ] {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        Ok(response)
    }

    /// Who is logged in, for people.
    pub(in crate::endpoint) fn person(&self) -> Option<Person> {
        let user = &self.browser.logged_in.as_ref()?.user;
        let name = user.claims.get("name").and_then(|name| name.as_str()).unwrap_or(&user.username);
        Some(Person::new(name, &*user.username))
    }

    /// The device cookie's value.
    pub(in crate::endpoint) fn device(&self) -> Option<&str> {
        self.realm.cookies.get(self.http.headers, CookieKind::Device)
    }

    /// The challenge of a passkey assertion on a page that began then.
    pub(super) fn challenge(&self, began: Timestamp) -> [u8; 32] {
        let browser = self.browser.value().as_bytes();
        webauthn::challenge(&self.realm.pepper, Ceremony::Assertion, browser, began)
    }
}

/// How long a browser is remembered as one of a user's, in seconds: 180 days.
const DEVICE_SECONDS: u32 = 180 * 24 * 3600;

//! The account page: a user sees and ends sessions and consents, and changes password and factors.
//!
//! [`view`] builds the page from what the store knows; [`access`] ends things, [`factors`] changes them.

mod access;
mod factors;
mod view;

use super::authorization::visit::{Submitted, Visit, see_other};
use crate::browser::cookies::CookieKind;
use crate::browser::csrf::Purpose;
use crate::browser::session::LoggedIn;
use crate::page::Locale;
use crate::page::account::{Notice, Problem};
use crate::router::Place;
use bytes::Bytes;
use chancela_core::rejection::Rejection;
use chancela_core::revocation::Moment;
use chancela_store::Store;
use http::header::SET_COOKIE;
use http::{Method, Response};
use view::Shows;

/// How old a login may be when a factor is added or taken away, in seconds: whoever finds an open browser cannot make
/// the account theirs.
const RECENT: i64 = 15 * 60;

/// What a form led to.
enum Outcome {
    /// It is done; the page is loaded anew, so that nothing is sent twice.
    Done(Notice),
    /// The page shows it.
    Show(Box<Shows>),
    /// The user is logged out; frames by which the applications hear of it.
    SignedOut(Vec<String>),
}

impl From<Problem> for Outcome {
    fn from(problem: Problem) -> Self {
        Self::Show(Box::new(Shows { problem: Some(problem), ..Shows::default() }))
    }
}

/// Shows the page, or takes one of its forms.
pub(super) async fn respond<S: Store>(visit: &Visit<'_, S>) -> Response<Bytes> {
    if !matches!(*visit.http.method, Method::GET | Method::POST) {
        return visit.method_not_allowed("GET, POST");
    }
    let Some(one) = &visit.browser.logged_in else {
        return visit.login_page("", None, visit.now, None);
    };
    let answer = match *visit.http.method {
        Method::GET => visit.account(one, Shows::of_query(visit.http.query)).await,
        _ => match visit.submitted(Purpose::Account) {
            Ok(form) => visit.change(one, &form).await,
            Err(response) => return response,
        },
    };
    answer.unwrap_or_else(|rejection| visit.broken(rejection, ""))
}

impl<S: Store> Visit<'_, S> {
    async fn change(&self, one: &LoggedIn, form: &Submitted<'_>) -> Result<Response<Bytes>, Rejection> {
        let choice = form.choice();
        let sensitive = matches!(
            choice,
            "start_totp"
                | "confirm_totp"
                | "remove_totp"
                | "add_passkey"
                | "remove_passkey"
                | "make_recovery_codes"
        );
        if sensitive && self.now.seconds() - one.session.authentication.auth_time > RECENT {
            return Ok(self.login_page("", None, self.now, None));
        }
        let outcome = match choice {
            "end_session" => self.end_session(one, form).await?,
            "revoke_application" => self.revoke_application(one, form).await?,
            "change_password" => self.change_password(one, form).await?,
            "start_totp" => self.start_totp(one)?,
            "confirm_totp" => self.confirm_totp(one, form).await?,
            "remove_totp" => self.remove_totp(one).await?,
            "add_passkey" => self.add_passkey(one, form).await?,
            "remove_passkey" => self.remove_passkey(one, form).await?,
            "make_recovery_codes" => self.make_recovery_codes(one).await?,
            "sign_out" => self.sign_out().await?,
            "sign_out_everywhere" => self.sign_out_everywhere(one).await?,
            _ => Outcome::Show(Box::default()),
        };
        match outcome {
            Outcome::Done(notice) => {
                let address = format!("{}?done={}", self.address(Place::Account), view::name_of(notice));
                Ok(see_other(&address))
            }
            Outcome::Show(shows) => self.account(one, *shows).await,
            Outcome::SignedOut(frames) => Ok(self.leave(self.farewell(frames))),
        }
    }

    /// Takes the session's cookies off the browser.
    pub(super) fn leave(&self, mut response: Response<Bytes>) -> Response<Bytes> {
        for kind in [CookieKind::Session, CookieKind::Browser] {
            response.headers_mut().append(SET_COOKIE, self.realm.cookies.clear(kind));
        }
        response
    }

    /// Remembers a language that was chosen on the page.
    fn remember_language(&self, response: &mut Response<Bytes>, chosen: Option<&str>) {
        if let Some(locale) = chosen.and_then(Locale::of_tag) {
            let cookie = self.realm.cookies.set(CookieKind::Language, locale.tag(), Some(31_536_000));
            response.headers_mut().append(SET_COOKIE, cookie);
        }
    }

    /// Now, and how long revocations are remembered.
    pub(super) fn moment(&self) -> Moment {
        Moment { now: self.now, longest_token: self.realm.longest_access_token() }
    }
}

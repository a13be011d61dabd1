//! One request of a browser: who is there, in which language, and the answers that pages and forms end in.

use crate::browser::cookies::CookieKind;
use crate::browser::csrf::{Purpose, Unproven};
use crate::browser::session::Browser;
use crate::page::{CookiesOff, Expired, Failure, FailureReason, Form, Frame, Locale, Page};
use crate::realm::Realm;
use crate::router::Place;
use crate::server::Server;
use bytes::Bytes;
use chancela_core::message::HttpRequest;
use chancela_core::message::body::Parameters;
use chancela_core::rejection::{Rejection, Rule};
use chancela_core::time::Timestamp;
use chancela_store::Store;
use http::header::{
    ACCEPT_LANGUAGE, ALLOW, CACHE_CONTROL, CONTENT_TYPE, LOCATION, REFERRER_POLICY, SET_COOKIE,
};
use http::{HeaderValue, Method, Response, StatusCode};
use std::net::IpAddr;
use std::sync::Arc;

/// The parameter of the authorization endpoint by which a login tells it when its page began.
pub(crate) const TRANSACTION: &str = "chancela_transaction";

/// One request of a browser.
pub(crate) struct Visit<'a, S> {
    pub server: &'a Server<S>,
    pub realm: &'a Arc<Realm>,
    pub http: HttpRequest<'a>,
    /// What was asked for.
    pub place: Place,
    /// What stands before the realm's own paths.
    pub prefix: &'a str,
    /// Where it came from, for throttling.
    pub source: IpAddr,
    pub browser: Browser,
    pub now: Timestamp,
}

impl<'a, S: Store> Visit<'a, S> {
    pub(crate) async fn begin(
        server: &'a Server<S>,
        realm: &'a Arc<Realm>,
        (path, place): (&'a str, Place),
        http: HttpRequest<'a>,
        source: IpAddr,
    ) -> Result<Self, Rejection> {
        let now = server.clock.now();
        let browser = Browser::of(server, realm, http.headers, now).await?;
        let prefix = path.strip_suffix(&*realm.place(place)).unwrap_or("");
        Ok(Self { server, realm, http, place, prefix, source, browser, now })
    }

    /// The address of a page or form.
    pub(crate) fn address(&self, place: Place) -> String {
        format!("{}{}", self.prefix, self.realm.place(place))
    }

    /// The address at which the request `query` begins again.
    pub(crate) fn again(&self, query: &str) -> String {
        let address = self.address(self.beginning(query));
        if query.is_empty() { address } else { format!("{address}?{query}") }
    }

    /// Where the request `query` begins; the account page for none.
    fn beginning(&self, query: &str) -> Place {
        match self.place {
            Place::EndSession | Place::Logout => Place::EndSession,
            _ if query.is_empty() => Place::Account,
            _ => Place::Authorization,
        }
    }

    /// What all pages have. The switch to the other language begins the same request again.
    pub(crate) fn frame(&self, ui_locales: Option<&str>, query: &str) -> Frame {
        let headers = self.http.headers;
        let accept = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let remembered = self.realm.cookies.get(headers, CookieKind::Language);
        let locale = Locale::choose(ui_locales, remembered, accept);
        let mut pairs = form_urlencoded::Serializer::new(String::new());
        for (name, value) in form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "ui_locales")
        {
            pairs.append_pair(&name, &value);
        }
        pairs.append_pair("ui_locales", locale.other().tag());
        let other = format!("{}?{}", self.address(self.beginning(query)), pairs.finish());
        Frame::new(locale, self.realm.title.as_str(), self.realm.location.secure).with_other_language(other)
    }

    /// The form of a page about the request `query`, with the proof that it was made for this browser.
    pub(crate) fn form(&self, place: Place, purpose: Purpose, query: &str, began: Timestamp) -> Form {
        let proof = self.browser.binding().prove(self.realm, purpose, query.as_bytes(), began);
        Form::to(self.address(place)).with("request", query).with("csrf", proof)
    }

    /// A page, with the browser's cookie if it has none yet.
    pub(crate) fn show(&self, page: &impl Page) -> Response<Bytes> {
        let mut response = page.respond();
        if let Some(cookie) = self.browser.cookie(self.realm) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        response
    }

    /// Reads a form that one of our pages sent, and when that page began. The inner `Err` is the page to show instead.
    #[expect(
        clippy::result_large_err,
        reason = "what stands in `Err` is an answer like the other, and used at once"
    )]
    pub(crate) fn submitted(&self, purpose: Purpose) -> Result<Submitted<'a>, Response<Bytes>> {
        if self.http.method != Method::POST {
            return Err(self.method_not_allowed("POST"));
        }
        let fields = if self.has_form() {
            Parameters::form(self.http.body)
        } else {
            Err(Rule::UnsupportedContentType.into())
        };
        let Ok(fields) = fields else { return Err(self.out_of_date(Unproven::Foreign, "")) };
        let submitted = Submitted { fields, began: self.now };
        let query = submitted.text("request").unwrap_or("").to_owned();
        let proof = submitted.text("csrf");
        let presented = self.browser.presented();
        match presented.verify(self.realm, purpose, query.as_bytes(), proof, self.now) {
            Ok(began) => Ok(Submitted { began, ..submitted }),
            Err(unproven) => Err(self.out_of_date(unproven, &query)),
        }
    }

    /// Whether the body is a form (anything else can come from another site without asking).
    pub(crate) fn has_form(&self) -> bool {
        self.http.single_header(CONTENT_TYPE.as_str()).ok().flatten().is_some_and(|kind| {
            let essence = kind.split(';').next().unwrap_or_default().trim();
            essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
        })
    }

    /// What other methods than `allowed` get.
    pub(crate) fn method_not_allowed(&self, allowed: &'static str) -> Response<Bytes> {
        let mut response = self.fail(FailureReason::Request, Rule::MethodNotAllowed.into(), "");
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
        response
    }

    /// What a form gets that was not made for this browser, or too long ago: nothing changes, and a way to go on.
    pub(crate) fn out_of_date(&self, unproven: Unproven, query: &str) -> Response<Bytes> {
        super::super::note_refusal(self.realm, Rule::UnprovenForm.into(), None);
        let (frame, next) = (self.frame(None, query), self.again(query));
        match unproven {
            Unproven::NoCookie => self.show(&CookiesOff { frame, next }),
            Unproven::Foreign | Unproven::Expired => self.show(&Expired { frame, next }),
        }
    }

    /// A page that says what went wrong where no application can be told. `next` begins again, if that may help.
    pub(crate) fn fail(&self, reason: FailureReason, rejection: Rejection, next: &str) -> Response<Bytes> {
        super::super::note_refusal(self.realm, rejection, None);
        let next = Some(next).filter(|next| !next.is_empty()).map(str::to_owned);
        // In the language that the request asked for, as far as it can be read; there is nothing to switch to.
        let query = self.http.query.unwrap_or("").as_bytes();
        let asked = form_urlencoded::parse(query).find(|(name, _)| name == "ui_locales");
        let mut frame = self.frame(asked.as_ref().map(|(_, locales)| &**locales), "");
        frame.other_language = None;
        self.show(&Failure {
            frame,
            reason,
            support_code: rejection.rule.name().to_owned(),
            detail: Some(rejection.rule.text()),
            next,
        })
    }

    /// What becomes of a failure of ours.
    pub(crate) fn broken(&self, rejection: Rejection, query: &str) -> Response<Bytes> {
        let reason = match rejection.rule {
            Rule::Overloaded | Rule::RateLimited => FailureReason::Unavailable,
            _ => FailureReason::Ours,
        };
        self.fail(reason, rejection, &self.again(query))
    }
}

/// The fields of a form of ours.
#[derive(Debug)]
pub(crate) struct Submitted<'a> {
    fields: Parameters<'a>,
    /// When its page began.
    pub began: Timestamp,
}

impl Submitted<'_> {
    /// A field; `None` if it is absent or empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.fields.text(name).ok().flatten().map(|text| &**text)
    }

    /// The request that the form belongs to; empty for the account page.
    pub(crate) fn query(&self) -> &str {
        self.text("request").unwrap_or("")
    }

    /// Which button it was.
    pub(crate) fn choice(&self) -> &str {
        self.text("choice").unwrap_or("")
    }
}

/// Sends the browser on, after a form, to an address (requirement B-10).
pub(crate) fn see_other(address: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let headers = response.headers_mut();
    // Addresses are ours, or redirect URIs that were checked before they were registered.
    match HeaderValue::from_str(address) {
        Ok(location) => {
            headers.insert(LOCATION, location);
        }
        Err(_) => *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
    }
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

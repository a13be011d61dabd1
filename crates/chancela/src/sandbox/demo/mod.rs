//! The demo: a relying party below `/demo` that shows the code flow step by step, for people who learn by looking. What
//! it shows is what was sent: its requests go through the server's own endpoints, in this process.
//!
//! It keeps nothing. What belongs to a run is in the browser: under a MAC where the demo has to believe it.

mod progress;
mod steps;
mod wire;
mod words;

use super::relying_party::{RelyingParty, Secrets};
use crate::failure::Failure;
use crate::store::ConfiguredStore;
use bytes::Bytes;
use chancela_server::extension::{Answer, Extension};
use chancela_server::page::{DemoIndex, DemoStep, Frame, Locale, Page};
use chancela_server::router::Router;
use chancela_server::server::Server;
use http::header::{ACCEPT_LANGUAGE, COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use progress::{Progress, Seal};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use words::words;

/// Every path of the demo.
pub(super) const PATHS: [&str; 8] =
    ["/demo", "/demo/request", CALLBACK, EXCHANGE, TOKENS, REFRESH, USER_INFO, "/demo/"];
const CALLBACK: &str = "/demo/callback";
const EXCHANGE: &str = "/demo/exchange";
const TOKENS: &str = "/demo/tokens";
const REFRESH: &str = "/demo/refresh";
const USER_INFO: &str = "/demo/userinfo";

/// Where a run is remembered while the browser is at the authorization server.
const RUN_COOKIE: &str = "chancela-demo-run";
const LANGUAGE_COOKIE: &str = "chancela-demo-language";

/// The demo.
pub(super) struct Demo {
    server: Arc<Server<ConfiguredStore>>,
    /// For its own requests: without the demo.
    router: Router,
    parties: Vec<RelyingParty>,
    seal: Seal,
}

/// What a request says.
struct Visit {
    locale: Locale,
    path: String,
    query: Vec<(String, String)>,
    fields: Vec<(String, String)>,
    run: Option<String>,
}

impl Demo {
    /// The demo of these relying parties.
    ///
    /// # Errors
    /// If there are no random numbers.
    pub(super) fn new(
        server: &Arc<Server<ConfiguredStore>>,
        parties: Vec<RelyingParty>,
    ) -> Result<Self, Failure> {
        let router = Router::for_issuers(&server.realms);
        Ok(Self { server: Arc::clone(server), router, parties, seal: Seal::new(&*server.entropy)? })
    }

    async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        let visit = Visit::of(&request);
        let mut response = match (request.method(), visit.path.as_str()) {
            (&Method::GET | &Method::HEAD, "/demo") => self.index(&visit).respond(),
            (&Method::GET | &Method::HEAD, "/demo/") => redirect("/demo"),
            (&Method::GET | &Method::HEAD, "/demo/request") => self.request(&visit),
            (&Method::GET | &Method::HEAD, CALLBACK) => self.callback(&visit).respond(),
            (&Method::POST, EXCHANGE) => self.exchange(&visit).await.respond(),
            (&Method::POST, TOKENS) => self.tokens(&visit).respond(),
            (&Method::POST, REFRESH) => self.refresh(&visit).await.respond(),
            (&Method::POST, USER_INFO) => self.user_info(&visit).await.respond(),
            _ => redirect("/demo"),
        };
        if visit.asked("ui_locales").is_some() {
            remember(response.headers_mut(), LANGUAGE_COOKIE, visit.locale.tag(), 365 * 86_400);
        }
        response
    }

    fn index(&self, visit: &Visit) -> DemoIndex {
        let realms = self.parties.iter().map(|party| steps::choice(party, visit.locale)).collect();
        DemoIndex { frame: visit.frame(words(visit.locale).title), realms }
    }

    /// Begins a run.
    fn request(&self, visit: &Visit) -> Response<Bytes> {
        let Some(party) = self.party(visit.asked("realm").unwrap_or_default()) else {
            return redirect("/demo");
        };
        let Ok(secrets) = Secrets::new(&*self.server.entropy) else { return redirect("/demo") };
        let mut response = steps::request(visit.frame(&party.realm.title), party, &secrets).respond();
        let run = self.seal.close(&Progress { realm: party.realm.name.clone(), secrets });
        remember(response.headers_mut(), RUN_COOKIE, &run, 3600);
        response
    }

    fn callback(&self, visit: &Visit) -> DemoStep {
        let run = visit.run.as_deref().and_then(|run| Some((run, self.seal.open(run)?)));
        let known =
            run.as_ref().and_then(|(run, progress)| Some((*run, progress, self.party(&progress.realm)?)));
        let frame = visit.frame(known.map_or("", |(_, _, party)| party.realm.title.as_str()));
        let query: Vec<_> = visit.query.iter().filter(|(name, _)| name != "ui_locales").cloned().collect();
        steps::callback(frame, known, &query)
    }

    async fn exchange(&self, visit: &Visit) -> DemoStep {
        let Some((run, progress, party)) = self.continued(visit) else { return visit.lost() };
        let code = visit.field("code");
        let mut fields = vec![
            ("grant_type".to_owned(), "authorization_code".to_owned()),
            ("code".to_owned(), code.to_owned()),
            ("redirect_uri".to_owned(), party.redirect_uri.clone()),
            ("code_verifier".to_owned(), progress.secrets.code_verifier),
        ];
        let scope = party.scope_at_redemption();
        if !scope.is_empty() {
            fields.push(("scope".to_owned(), scope));
        }
        let spoken = self.ask_for_tokens(party, fields).await;
        steps::exchange(visit.frame(&party.realm.title), run, &spoken)
    }

    fn tokens(&self, visit: &Visit) -> DemoStep {
        let Some((run, progress, party)) = self.continued(visit) else { return visit.lost() };
        let held = visit.held();
        steps::tokens(visit.frame(&party.realm.title), run, party, &progress, &held)
    }

    async fn refresh(&self, visit: &Visit) -> DemoStep {
        let Some((run, _, party)) = self.continued(visit) else { return visit.lost() };
        let fields = vec![
            ("grant_type".to_owned(), "refresh_token".to_owned()),
            ("refresh_token".to_owned(), visit.field("refresh_token").to_owned()),
        ];
        let spoken = self.ask_for_tokens(party, fields).await;
        steps::refreshed(visit.frame(&party.realm.title), run, party, &visit.held(), &spoken)
    }

    async fn user_info(&self, visit: &Visit) -> DemoStep {
        let Some((run, _, party)) = self.continued(visit) else { return visit.lost() };
        let address = party.realm.url(&party.realm.dialect.endpoints.userinfo);
        let held = visit.held();
        let spoken = wire::with_token(&self.server, &self.router, &address, &held.access_token).await;
        steps::user_info(visit.frame(&party.realm.title), run, party, &held, &spoken)
    }

    async fn ask_for_tokens(&self, party: &RelyingParty, fields: Vec<(String, String)>) -> wire::Spoken {
        wire::token_request(&self.server, &self.router, party, fields).await
    }

    fn party(&self, realm: &str) -> Option<&RelyingParty> {
        self.parties.iter().find(|party| party.realm.name == realm)
    }

    /// The run that a form of ours belongs to.
    fn continued<'v>(&self, visit: &'v Visit) -> Option<(&'v str, Progress, &RelyingParty)> {
        let run = visit.field("run");
        let progress = self.seal.open(run)?;
        let party = self.party(&progress.realm)?;
        Some((run, progress, party))
    }
}

impl Extension for Demo {
    fn respond(&self, request: Request<Bytes>) -> Answer<'_> {
        Box::pin(self.answer(request))
    }
}

impl fmt::Debug for Demo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Demo").field("parties", &self.parties.len()).finish_non_exhaustive()
    }
}

impl Visit {
    fn of(request: &Request<Bytes>) -> Self {
        let pairs = |text: &[u8]| form_urlencoded::parse(text).into_owned().collect::<Vec<_>>();
        let query = pairs(request.uri().query().unwrap_or_default().as_bytes());
        let asked = query.iter().find(|(name, _)| name == "ui_locales").map(|(_, value)| value.as_str());
        let remembered = cookie(request.headers(), LANGUAGE_COOKIE);
        let accepted = request.headers().get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Self {
            locale: Locale::choose(asked, remembered.as_deref(), accepted),
            path: request.uri().path().to_owned(),
            fields: pairs(request.body()),
            run: cookie(request.headers(), RUN_COOKIE),
            query,
        }
    }

    fn asked(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    fn field(&self, name: &str) -> &str {
        self.fields.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value.as_str())
    }

    fn held(&self) -> wire::Tokens {
        wire::Tokens {
            access_token: self.field("access_token").to_owned(),
            refresh_token: self.field("refresh_token").to_owned(),
            id_token: self.field("id_token").to_owned(),
        }
    }

    /// The frame; pages that a form brought have no address at which they stand in the other language.
    fn frame(&self, realm: &str) -> Frame {
        let frame = Frame::new(self.locale, realm, false);
        if !self.fields.is_empty() {
            return frame;
        }
        let kept = self.query.iter().filter(|(name, _)| name != "ui_locales");
        let other = ("ui_locales".to_owned(), self.locale.other().tag().to_owned());
        let pairs: Vec<(String, String)> = kept.cloned().chain([other]).collect();
        frame.with_other_language(format!("{}?{}", self.path, super::relying_party::form(&pairs)))
    }

    fn lost(&self) -> DemoStep {
        steps::lost(Frame::new(self.locale, words(self.locale).title, false))
    }
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|header| header.to_str().ok());
    let mut pairs = pairs.flat_map(|header| header.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(own, _)| *own == name).map(|(_, value)| value.to_owned())
}

fn remember(headers: &mut HeaderMap, name: &str, value: &str, seconds: u32) {
    let text = format!("{name}={value}; Path=/demo; HttpOnly; SameSite=Lax; Max-Age={seconds}");
    if let Ok(value) = HeaderValue::from_str(&text) {
        headers.append(SET_COOKIE, value);
    }
}

fn redirect(to: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(LOCATION, HeaderValue::from_static(to));
    response
}

/// A text of ours that has a value in it.
fn filled<'t>(text: &'t str, value: &str) -> Cow<'t, str> {
    if text.contains("{}") { Cow::Owned(text.replace("{}", value)) } else { Cow::Borrowed(text) }
}

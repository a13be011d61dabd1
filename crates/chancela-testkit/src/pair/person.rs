//! A person with a browser, who logs in and consents as the pages ask.

use super::Wire;
use super::wire::PEER;
use bytes::Bytes;
use chancela_server::transport::peer::{Channel, Peer};
use http::header::{CONTENT_TYPE, COOKIE, HOST, LOCATION, SET_COOKIE};
use http::{Method, Request, Response};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most pages between the beginning of a login and its end.
const MOST_PAGES: usize = 10;

/// A person who knows a password.
pub struct Person {
    wire: Arc<Wire>,
    issuer: &'static str,
    /// Name and password.
    known: (&'static str, &'static str),
}

impl Person {
    pub(super) const fn new(
        wire: Arc<Wire>,
        issuer: &'static str,
        known: (&'static str, &'static str),
    ) -> Self {
        Self { wire, issuer, known }
    }

    /// Opens a login's address, answers every page, and ends at the address where the client waits, which it returns.
    pub async fn log_in(&self, url: &str) -> String {
        let mut cookies = BTreeMap::new();
        let mut next = (Method::GET, self.path(url).to_owned(), String::new());
        for _ in 0..MOST_PAGES {
            let page = self.send(next, &mut cookies).await;
            let body = String::from_utf8_lossy(page.body()).into_owned();
            next = match page.headers().get(LOCATION).and_then(|location| location.to_str().ok()) {
                Some(location) if location.starts_with('/') => {
                    (Method::GET, location.to_owned(), String::new())
                }
                Some(location) => return location.to_owned(),
                None => self.fill(&body).unwrap_or_else(|| panic!("a page without a form: {body}")),
            };
        }
        panic!("the login does not end");
    }

    fn path<'a>(&self, url: &'a str) -> &'a str {
        url.strip_prefix(self.issuer).expect("the provider's address")
    }

    async fn send(
        &self,
        (method, path, form): (Method, String, String),
        cookies: &mut BTreeMap<String, String>,
    ) -> Response<Bytes> {
        let host = self.issuer.strip_prefix("https://").expect("an https issuer");
        let pairs: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, host)
            .header("origin", self.issuer)
            .header("accept-language", "en")
            .header(COOKIE, pairs.join("; "))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(form))
            .expect("a request");
        let peer = Peer { address: PEER, channel: Channel::Tls, certificates: None };
        let answer = self.wire.answer(&peer, request).await;
        for cookie in answer.headers().get_all(SET_COOKIE) {
            let cookie = cookie.to_str().unwrap_or_default();
            if let Some((name, value)) = cookie.split(';').next().and_then(|pair| pair.split_once('=')) {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// What a page's first form becomes: its hidden fields, the person's name and password, and consent.
    fn fill(&self, body: &str) -> Option<(Method, String, String)> {
        let form = body.split("<form ").skip(1).find(|form| !form.contains("value=\"logout\""))?;
        let form = form.split("</form>").next()?;
        let hidden = form.split("<input type=\"hidden\" ").skip(1).filter_map(|rest| {
            let tag = rest.split('>').next()?;
            Some((attribute(tag, "name")?, attribute(tag, "value").unwrap_or_default()))
        });
        let mut fields: Vec<_> = hidden.filter(|(name, _)| name != "choice").collect();
        if form.contains("name=\"username\"") {
            fields.push(("username".to_owned(), self.known.0.to_owned()));
            fields.push(("password".to_owned(), self.known.1.to_owned()));
        }
        for choice in ["allow", "continue"] {
            if form.contains(&format!("value=\"{choice}\"")) {
                fields.push(("choice".to_owned(), choice.to_owned()));
            }
        }
        let encode = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
        };
        let fields: Vec<_> =
            fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        Some((Method::POST, attribute(form, "action")?, fields.join("&")))
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!("{name}=\""))?;
    let text = rest.split('"').next()?;
    let pairs = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ];
    Some(pairs.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to)))
}

//! A browser: it keeps cookies, follows our own redirects and sends forms as they stand on the page. Every page that it
//! sees must be one that a bank's customer can trust.

use super::{Answer, Ask, World};
use chancela_store::Store;
use http::StatusCode;
use std::collections::BTreeMap;

/// A browser.
#[derive(Debug, Clone, Default)]
pub struct Browser {
    /// Cookies by name.
    pub cookies: BTreeMap<String, String>,
    /// Whether cookies are off.
    pub cookies_off: bool,
    /// Where it is, if not where everybody is.
    pub peer: Option<String>,
    /// Headers that it sends with everything.
    pub headers: Vec<(String, String)>,
}

/// A form as it stands on a page.
#[derive(Debug, Clone)]
pub struct Form {
    pub action: String,
    /// Hidden fields, and what a test typed.
    pub fields: Vec<(String, String)>,
}

/// What a person sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    Login,
    Factor,
    Selection,
    Consent,
    Account,
    FormPost,
    Expired,
    CookiesOff,
    Failure,
    SignedOut,
    Redirect,
}

impl Browser {
    /// One that speaks this language, at an address of its own.
    pub fn new() -> Self {
        Self { headers: vec![("accept-language".into(), "en".into())], ..Self::default() }
    }

    pub fn at(peer: &str) -> Self {
        Self { peer: Some(peer.into()), ..Self::new() }
    }

    /// The one cookie whose name ends so; empty if there is none.
    pub fn cookie(&self, kind: &str) -> String {
        let found = self.cookies.iter().find(|(name, _)| name.ends_with(kind));
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    /// Sends one request, and keeps the cookies of its answer.
    pub async fn send<S: Store>(&mut self, world: &World<S>, ask: Ask) -> Answer {
        let mut ask = ask.header("host", "id.example");
        for (name, value) in &self.headers {
            ask = ask.header(name, value);
        }
        if !self.cookies.is_empty() {
            let pairs: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            ask = ask.header("cookie", pairs.join("; "));
        }
        if let Some(peer) = &self.peer {
            ask = ask.from(peer);
        }
        let answer = ask.send(world).await;
        self.keep(&answer);
        assert_trustworthy(&answer);
        answer
    }

    fn keep(&mut self, answer: &Answer) {
        for cookie in answer.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let (pair, attributes) = cookie.split_once("; ").unwrap();
            for attribute in ["Path=/", "HttpOnly", "SameSite=Lax", "Secure"] {
                assert!(attributes.split("; ").any(|own| own == attribute), "O-08: {cookie}");
            }
            assert!(pair.starts_with("__Host-"), "O-08: {cookie}");
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else if !self.cookies_off {
                self.cookies.insert(name.into(), value.into());
            }
        }
    }

    /// Opens an address and follows redirects as long as they are ours.
    pub async fn open<S: Store>(&mut self, world: &World<S>, target: &str) -> Answer {
        let answer = self.send(world, Ask::get(target)).await;
        self.follow(world, answer).await
    }

    pub async fn follow<S: Store>(&mut self, world: &World<S>, mut answer: Answer) -> Answer {
        for _ in 0..8 {
            match answer.header("location") {
                Some(location) if location.starts_with('/') => {
                    let ask = Ask::get(location);
                    answer = self.send(world, ask).await;
                }
                _ => return answer,
            }
        }
        panic!("the browser goes in circles");
    }

    /// Types into the form that has this button, presses it, and follows.
    pub async fn press<S: Store>(
        &mut self,
        world: &World<S>,
        page: &Answer,
        choice: &str,
        typed: &[(&str, &str)],
    ) -> Answer {
        let answer = self.send(world, page.form(choice).typed(typed).ask()).await;
        self.follow(world, answer).await
    }
}

impl Form {
    pub fn typed(mut self, fields: &[(&str, &str)]) -> Self {
        self.fields.extend(fields.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        self
    }

    /// Another value of a field.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(own, _)| own != name);
        self.fields.push((name.into(), value.into()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(own, _)| own != name);
        self
    }

    pub fn value(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_else(|| panic!("no {name}: {self:?}"))
    }

    pub fn ask(&self) -> Ask {
        let fields: Vec<(&str, &str)> =
            self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Ask::form(&self.action, &fields)
    }
}

impl Answer {
    /// Which page it is.
    pub fn seen(&self) -> Seen {
        let has = |mark: &str| self.body.contains(mark);
        match () {
            () if self.status == StatusCode::SEE_OTHER => Seen::Redirect,
            () if has("id=\"response\"") => Seen::FormPost,
            () if has("class=\"support\"") => Seen::Failure,
            () if has("name=\"note\"") => Seen::Factor,
            () if has("value=\"allow\"") => Seen::Consent,
            () if has("value=\"continue\"") => Seen::Selection,
            () if has("id=\"devices\"") => Seen::Account,
            () if has("name=\"username\" type=\"text\"") => Seen::Login,
            () if self.status == StatusCode::BAD_REQUEST && has("<ol>") => Seen::CookiesOff,
            () if self.status == StatusCode::FORBIDDEN => Seen::Expired,
            () if self.status == StatusCode::OK && !has("<form") => Seen::SignedOut,
            () => panic!("an unknown page: {} {}", self.status, self.body),
        }
    }

    /// The form that has this button, or else the first one, with its hidden fields.
    pub fn form(&self, choice: &str) -> Form {
        let forms: Vec<&str> =
            self.body.split("<form ").skip(1).map(|rest| rest.split("</form>").next().unwrap()).collect();
        let button = format!("name=\"choice\" value=\"{choice}\"");
        let form = forms.iter().find(|form| form.contains(&button)).or(forms.first());
        let form = form.unwrap_or_else(|| panic!("no form: {} {}", self.status, self.body));
        let fields = form.split("<input type=\"hidden\" ").skip(1).filter_map(|rest| {
            let tag = rest.split('>').next().unwrap();
            Some((attribute(tag, "name")?, attribute(tag, "value").unwrap_or_default()))
        });
        let fields: Vec<_> = fields.filter(|(name, _)| name != "choice" && name != "credential").collect();
        let form = Form { action: attribute(form, "action").unwrap(), fields };
        if choice.is_empty() { form } else { form.with("choice", choice) }
    }

    /// The name of the broken rule on an error page.
    pub fn support_code(&self) -> String {
        let (_, rest) = self.body.split_once("<code>").unwrap_or_else(|| panic!("no code: {}", self.body));
        rest.split('<').next().unwrap().to_owned()
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!("{name}=\""))?;
    Some(unescape(rest.split('"').next().unwrap()))
}

/// Undoes the escapes of HTML.
pub fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let (entity, after) = after.split_once(';').unwrap();
        out.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            number => char::from_u32(number.strip_prefix('#').unwrap().parse().unwrap()).unwrap(),
        });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// B-10, B-15, B-16, A-05: what holds for every page and every redirect.
fn assert_trustworthy(answer: &Answer) {
    let context = || format!("{} {:?} {}", answer.status, answer.headers, answer.body);
    assert!(!answer.status.is_server_error(), "{}", context());
    if answer.header("location").is_some() {
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", context());
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{}", context());
    }
    if answer.header("content-type") != Some("text/html; charset=utf-8") {
        return;
    }
    let csp = answer.header("content-security-policy").unwrap_or_default();
    for directive in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action "] {
        assert!(csp.contains(directive), "{directive}: {}", context());
    }
    assert!(!csp.contains("unsafe"), "{csp}");
    for (name, value) in [
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{}", context());
    }
    for foreign in
        [" src=\"", "@import", "url(http", "<script src", " onclick", " onload", "rel=\"stylesheet\""]
    {
        assert!(!answer.body.contains(foreign), "{foreign}: {}", context());
    }
}

//! A browser without scripts: it keeps cookies, follows redirects of the server that it is at, and sends forms as they stand
//! on the page.

use super::http::{Answer, Request};
use std::collections::BTreeMap;

/// A browser.
#[derive(Debug, Default)]
pub(crate) struct Browser {
    cookies: BTreeMap<String, String>,
    authority: String,
}

/// What a person does with a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    Allow,
    Refuse,
}

impl Browser {
    /// Opens an address of an authorization endpoint, logs in, and answers the question for consent if there is one. The
    /// address of the application to which the browser would go next.
    pub(crate) fn log_in(url: &str, username: &str, password: &str, wish: Wish) -> String {
        let mut browser =
            Self { authority: Request::new("GET", url).authority().to_owned(), ..Self::default() };
        let page = browser.send(Request::new("GET", url));
        let page = page.expect("a login page");
        let typed = [("username", username), ("password", password)];
        let choice = match wish {
            Wish::Allow => "allow",
            Wish::Refuse => "refuse",
        };
        match browser.press(&page, "login", &typed) {
            Err(location) => location,
            Ok(page) => browser.press(&page, choice, &[]).expect_err("a redirect to the application"),
        }
    }

    fn press(&mut self, page: &Answer, choice: &str, typed: &[(&str, &str)]) -> Result<Answer, String> {
        let text = page.text();
        let button = format!("name=\"choice\" value=\"{choice}\"");
        let form = text.split("<form ").skip(1).find(|form| form.contains(&button));
        let form = form.unwrap_or_else(|| panic!("no button {choice}: {} {text}", page.status));
        let form = form.split("</form>").next().unwrap_or(form);
        let hidden = form.split("<input type=\"hidden\" ").skip(1).filter_map(|rest| {
            let tag = rest.split('>').next()?;
            Some((attribute(tag, "name")?, attribute(tag, "value").unwrap_or_default()))
        });
        let mut fields: Vec<(String, String)> = hidden.collect();
        fields.extend(typed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        fields.push(("choice".into(), choice.into()));
        let fields: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let action = self.absolute(&attribute(form, "action").expect("an action"));
        self.send(Request::form(action, &fields))
    }

    /// The page at the end, or the address elsewhere.
    fn send(&mut self, request: Request) -> Result<Answer, String> {
        let mut request = request;
        for _ in 0..8 {
            let cookies: Vec<_> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let sent = request.header("Accept-Language", "en").header("Cookie", cookies.join("; "));
            let answer = sent.send();
            for cookie in answer.headers.get_all("set-cookie") {
                let pair = cookie.to_str().unwrap().split(';').next().unwrap();
                let (name, value) = pair.split_once('=').unwrap();
                self.cookies.insert(name.into(), value.into());
            }
            let Some(location) = answer.headers.get("location") else { return Ok(answer) };
            let location = self.absolute(location.to_str().unwrap());
            if Request::new("GET", &location).authority() != self.authority {
                return Err(location);
            }
            request = Request::new("GET", location);
        }
        panic!("the browser goes in circles");
    }

    fn absolute(&self, address: &str) -> String {
        if address.starts_with('/') {
            format!("http://{}{address}", self.authority)
        } else {
            address.to_owned()
        }
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!("{name}=\""))?;
    let text = rest.split('"').next()?;
    let entities = [
        ("&#34;", "\""),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#60;", "<"),
        ("&lt;", "<"),
        ("&#62;", ">"),
        ("&gt;", ">"),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ];
    Some(entities.iter().fold(text.to_owned(), |text, (entity, plain)| text.replace(entity, plain)))
}

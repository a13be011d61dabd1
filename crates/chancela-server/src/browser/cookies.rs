//! Cookies (RFC 6265bis): each realm has its own, under names that no other host can plant where the issuer is https.

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

/// What a cookie is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CookieKind {
    /// A random value by which forms are bound to a browser; another one after every login.
    Browser,
    /// The session; the store knows only its keyed digest.
    Session,
    /// Says that a user has logged in here before.
    Device,
    /// The language that was chosen.
    Language,
}

/// Names and attributes of a realm's cookies.
#[derive(Debug, Clone)]
pub struct Cookies {
    names: [Box<str>; 4],
    secure: bool,
}

impl Cookies {
    /// For a realm whose issuer is https (`secure`) or, on a developer's machine, http.
    pub fn new(realm: &str, secure: bool) -> Self {
        // The prefix binds a cookie to this very host, to https and to the path `/` (RFC 6265bis section 4.1.3.2).
        let prefix = if secure { "__Host-" } else { "" };
        let name = |kind: &str| format!("{prefix}chancela-{realm}-{kind}").into();
        Self { names: [name("browser"), name("session"), name("device"), name("language")], secure }
    }

    /// The one value of a cookie. Two different values are none: one of them was planted.
    pub fn get<'h>(&self, headers: &'h HeaderMap, kind: CookieKind) -> Option<&'h str> {
        let name = &*self.names[kind as usize];
        let pairs = headers.get_all(COOKIE).iter().filter_map(|header| header.to_str().ok());
        let mut values = pairs.flat_map(|header| header.split(';')).filter_map(|pair| {
            let (own, value) = pair.trim().split_once('=')?;
            (own == name && !value.is_empty()).then_some(value)
        });
        let first = values.next()?;
        values.all(|other| other == first).then_some(first)
    }

    /// `Set-Cookie` with a value for `max_age` seconds, or until the browser is closed.
    pub fn set(&self, kind: CookieKind, value: &str, max_age: Option<u32>) -> HeaderValue {
        let name = &self.names[kind as usize];
        let mut text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax");
        if self.secure {
            text.push_str("; Secure");
        }
        if let Some(seconds) = max_age {
            text.push_str(&format!("; Max-Age={seconds}"));
        }
        // Names are plain, and values base64url: this cannot fail.
        HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
    }

    /// `Set-Cookie` that removes a cookie.
    pub fn clear(&self, kind: CookieKind) -> HeaderValue {
        self.set(kind, "", Some(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookies: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(COOKIE, HeaderValue::from_str(cookie).unwrap());
        }
        headers
    }

    /// O-08.
    #[test]
    fn over_https_cookies_have_the_host_prefix_and_every_attribute() {
        let cookies = Cookies::new("bank", true);
        assert_eq!(
            cookies.set(CookieKind::Session, "abc", None),
            "__Host-chancela-bank-session=abc; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(
            Cookies::new("bank", false).clear(CookieKind::Browser),
            "chancela-bank-browser=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
        );
    }

    #[test]
    fn a_cookie_is_found_among_others_and_two_values_are_none() {
        let cookies = Cookies::new("bank", false);
        let get = |texts: &[&str]| cookies.get(&headers(texts), CookieKind::Session).map(str::to_owned);
        assert_eq!(get(&["a=b; chancela-bank-session=x"]).as_deref(), Some("x"));
        assert_eq!(get(&["a=b", " chancela-bank-session=x ;c=d"]).as_deref(), Some("x"));
        assert_eq!(get(&["chancela-bank-session=x; chancela-bank-session=x"]).as_deref(), Some("x"));
        assert_eq!(get(&["chancela-bank-session=x; chancela-bank-session=y"]), None);
        for none in
            ["", "chancela-bank-session", "chancela-bank-session=", "xchancela-bank-session=x", ";;;="]
        {
            assert_eq!(get(&[none]), None, "{none}");
        }
    }
}

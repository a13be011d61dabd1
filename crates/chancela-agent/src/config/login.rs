//! How people log in: where the answer goes, and what the request says beside the dialect's own.

use serde::{Deserialize, Deserializer, de::Error};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How people log in with a browser.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginConfig {
    /// Where the answer goes, as it is registered with the provider.
    pub redirect: Redirect,
    /// More parameters of the authorization request. Those that the dialect demands need not be said.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// `prompt` (OpenID Connect Core §3.1.2.1).
    pub prompt: Option<String>,
    /// `login_hint`: who is going to log in.
    pub login_hint: Option<String>,
}

/// A redirect URI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redirect {
    /// To this machine, where the answer is waited for (RFC 8252 §7.3).
    Loopback(Loopback),
    /// To a page elsewhere, from which a person carries the answer here.
    Elsewhere(String),
}

/// A redirect URI to this machine. The host stays as it is spelled: providers compare texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loopback {
    host: String,
    /// The port; 0 is any that is free.
    pub port: u16,
    path: String,
}

const WRONG: &str = "a redirect is http://127.0.0.1:PORT/PATH as the provider registered it ([::1] or localhost in place \
                     of 127.0.0.1, 0 as PORT for any free one), or an https address from which the answer is pasted";

impl Redirect {
    fn parse(text: &str) -> Option<Self> {
        let plain = |b: u8| b.is_ascii_graphic() && !b"\"<>\\^`{|}#".contains(&b);
        if !text.bytes().all(plain) {
            return None;
        }
        if let Some(rest) = text.strip_prefix("https://") {
            let host = rest.split(['/', '?']).next().unwrap_or_default();
            return (!host.is_empty() && !host.contains('@')).then(|| Self::Elsewhere(text.to_owned()));
        }
        let (authority, path) = text.strip_prefix("http://")?.split_once('/')?;
        let (host, port) = authority.rsplit_once(':')?;
        let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
        let port = port.parse().ok().filter(|_| digits)?;
        let known = ["127.0.0.1", "[::1]", "localhost"].contains(&host);
        (known && !path.contains('?'))
            .then(|| Self::Loopback(Loopback { host: host.to_owned(), port, path: format!("/{path}") }))
    }
}

impl Loopback {
    /// Host and port as a browser says them in `Host`.
    pub fn authority(&self, port: u16) -> String {
        format!("{}:{port}", self.host)
    }

    /// The path, beginning with a slash.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The redirect URI with this port.
    pub fn uri(&self, port: u16) -> String {
        format!("http://{}{}", self.authority(port), self.path)
    }

    /// Every address to which a browser may carry the answer. A resolver leads `localhost` to either.
    pub fn addresses(&self) -> &'static [IpAddr] {
        const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
        const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);
        match self.host.as_str() {
            "localhost" => &[V4, V6],
            "[::1]" => &[V6],
            _ => &[V4],
        }
    }
}

impl<'de> Deserialize<'de> for Redirect {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(input)?).ok_or_else(|| D::Error::custom(WRONG))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn loopback(text: &str) -> Loopback {
        match Redirect::parse(text) {
            Some(Redirect::Loopback(own)) => own,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn a_redirect_is_spelled_as_it_is_registered() {
        let any = loopback("http://127.0.0.1:0/callback");
        assert_eq!((any.port, any.uri(81).as_str()), (0, "http://127.0.0.1:81/callback"));
        let named = loopback("http://localhost:8976/");
        assert_eq!((named.uri(8976).as_str(), named.addresses().len()), ("http://localhost:8976/", 2));
        assert_eq!(loopback("http://[::1]:1/a/b").authority(1), "[::1]:1");
        let page = "https://app.example/callback?x=y";
        assert_eq!(Redirect::parse(page), Some(Redirect::Elsewhere(page.into())));
    }

    #[test]
    fn what_leads_elsewhere_in_clear_or_nowhere_is_no_redirect() {
        for text in [
            "",
            "http://127.0.0.1/callback",
            "http://127.0.0.1:x/callback",
            "http://127.0.0.1:+1/callback",
            "http://127.0.0.1:65536/callback",
            "http://127.0.0.1:1",
            "http://127.0.0.1:1/a?b",
            "http://127.0.0.1:1/a#b",
            "http://127.0.0.1:1/a b",
            "http://127.0.0.1@evil.example:1/a",
            "http://127.0.0.1.evil.example:1/a",
            "http://app.example:80/callback",
            "http://0.0.0.0:1/a",
            "https://",
            "https://user@app.example/",
            "com.example.app:/callback",
        ] {
            assert_eq!(Redirect::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_fail(text in "\\PC{0,60}|https?://[a-z0-9:/@?\\[\\].]{0,40}") {
            if let Some(Redirect::Loopback(own)) = Redirect::parse(&text) {
                prop_assert_eq!(Redirect::parse(&own.uri(own.port)), Some(Redirect::Loopback(own)));
            }
        }

        #[test]
        fn what_is_read_is_written_again(port in 1u16.., path in "[a-z/._~-]{0,20}", host in "127\\.0\\.0\\.1|localhost|\\[::1\\]") {
            let text = format!("http://{host}:{port}/{path}");
            prop_assert_eq!(loopback(&text).uri(port), text);
        }
    }
}

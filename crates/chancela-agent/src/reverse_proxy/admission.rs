//! Which requests pass at all: where they are for, how, and that no page in a browser sends them.

use super::path::{below, is_allowed};
use super::refusal::Refusal;
use crate::config::ReverseProxyConfig;
use http::header::{HOST, ORIGIN, UPGRADE};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Version};
use std::net::IpAddr;

/// What a browser says of where a request comes from.
static SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The rules of one proxy.
#[derive(Debug)]
pub(super) struct Admission {
    /// The API's path, without a slash at its end.
    base: String,
    /// The API's host.
    host: String,
    paths: Option<Vec<String>>,
    methods: Option<(Vec<Method>, HeaderValue)>,
}

/// What a listener adds to the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// A Unix socket: no browser comes here, and names mean nothing.
    Socket,
    /// A loopback address: a page in a browser of this machine can come here, and by a name of its own choice.
    Loopback,
    /// Any address, by any name.
    Anywhere,
}

impl Admission {
    pub(super) fn new(config: &ReverseProxyConfig) -> Self {
        let methods = config.allow_methods.clone().map(|methods| {
            let names: Vec<&str> = methods.iter().map(Method::as_str).collect();
            let allow = HeaderValue::from_str(&names.join(", "));
            (methods, allow.unwrap_or(HeaderValue::from_static("")))
        });
        Self {
            base: config.upstream.base_path().to_owned(),
            host: config.upstream.host().to_owned(),
            paths: config.allow_paths.clone(),
            methods,
        }
    }

    /// Where a request goes at the API.
    pub(super) fn admit(&self, head: &Parts, reach: Reach) -> Result<PathAndQuery, Refusal> {
        self.method(&head.method)?;
        let seen = Seen::of(&head.headers);
        if seen.upgrades {
            return Err(Refusal::upgrade());
        }
        self.place(head, &seen, reach)?;
        if reach != Reach::Socket && seen.is_page {
            return Err(Refusal::browser());
        }
        let path = below(&self.base, &head.uri).map_err(Refusal::path)?;
        match &self.paths {
            Some(paths) if !is_allowed(head.uri.path(), paths) => Err(Refusal::path_not_allowed()),
            _ => Ok(path),
        }
    }

    /// `TRACE` shows a caller what the API received, and so the token.
    fn method(&self, method: &Method) -> Result<(), Refusal> {
        let shows = ["TRACE", "CONNECT", "TRACK"].iter().any(|own| method.as_str().eq_ignore_ascii_case(own));
        match &self.methods {
            _ if shows => Err(Refusal::method(self.methods.as_ref().map(|(_, allow)| allow))),
            Some((methods, allow)) if !methods.contains(method) => Err(Refusal::method(Some(allow))),
            _ => Ok(()),
        }
    }

    /// Whether the request is for this proxy. A name server that answers 127.0.0.1 leads a page's own requests here (DNS
    /// rebinding), and whoever takes this for a forward proxy names another host.
    fn place(&self, head: &Parts, seen: &Seen<'_>, reach: Reach) -> Result<(), Refusal> {
        if seen.hosts > 1 || seen.hosts == 0 && head.version > Version::HTTP_10 {
            return Err(Refusal::one_host());
        }
        // A target with a host says it before the field does (RFC 9112 section 3.2.2).
        let ours = match (head.uri.authority(), seen.host) {
            (Some(authority), _) => self.is_ours(authority.host()),
            (None, Some(host)) if reach == Reach::Loopback => {
                host.to_str().is_ok_and(|host| self.is_ours(without_port(host)))
            }
            _ => true,
        };
        if ours { Ok(()) } else { Err(Refusal::host()) }
    }

    /// Whether a host is a name of this machine or of the API.
    fn is_ours(&self, host: &str) -> bool {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        host.eq_ignore_ascii_case("localhost")
            || host.eq_ignore_ascii_case(&self.host)
            || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
    }
}

/// What matters of a request's fields, looked at once.
#[derive(Default)]
struct Seen<'a> {
    hosts: usize,
    host: Option<&'a HeaderValue>,
    /// Whether another protocol is wanted. `h2c` is an offer that may be declined, and some clients make it always.
    upgrades: bool,
    /// Whether a page in a browser asks.
    is_page: bool,
}

impl<'a> Seen<'a> {
    fn of(fields: &'a HeaderMap) -> Self {
        let mut own = Self::default();
        for (name, value) in fields {
            if name == HOST {
                own.hosts += 1;
                own.host = Some(value);
            } else if name == UPGRADE {
                own.upgrades |= !value.as_bytes().eq_ignore_ascii_case(b"h2c");
            } else if name == ORIGIN {
                own.is_page = true;
            } else if name == SEC_FETCH_SITE {
                own.is_page |= value != "none";
            }
        }
        own
    }
}

/// The name in a `Host`, or the whole of it if what follows is no port.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn admission(more: &str) -> Admission {
        let text = format!(
            "listen = \"127.0.0.1:0\"\nupstream = \"https://api.bank.example/v2\"\nprovider = \"bank\"\n{more}"
        );
        Admission::new(&toml::from_str(&text).unwrap())
    }

    fn ask(
        admission: &Admission,
        reach: Reach,
        method: &str,
        target: &str,
        fields: &[(&str, &str)],
    ) -> String {
        let mut request = Request::builder().method(method).uri(target);
        if fields.iter().all(|(name, _)| *name != "host") {
            request = request.header("host", "localhost");
        }
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        match admission.admit(&head, reach) {
            Ok(path) => path.to_string(),
            Err(refusal) => format!("{} {}", refusal.written().status().as_u16(), refusal.reason()),
        }
    }

    #[test]
    fn requests_are_for_this_machine_or_the_api_by_name() {
        let rules = admission("");
        let get = |reach, target: &str, host: &str| ask(&rules, reach, "GET", target, &[("host", host)]);
        for host in
            ["127.0.0.1:8080", "localhost", "LOCALHOST:1", "[::1]:8080", "api.bank.example", "127.0.0.2"]
        {
            assert_eq!(get(Reach::Loopback, "/a", host), "/v2/a", "{host}");
        }
        for host in
            ["evil.example", "127.0.0.1.evil.example", "10.0.0.1", "", "localhost.evil.example", "a b"]
        {
            assert_eq!(get(Reach::Loopback, "/a", host), "421 host", "{host}");
            assert_eq!(get(Reach::Socket, "/a", host), "/v2/a", "{host}");
            assert_eq!(get(Reach::Anywhere, "/a", host), "/v2/a", "{host}");
        }
        for reach in [Reach::Loopback, Reach::Socket, Reach::Anywhere] {
            assert_eq!(get(reach, "http://evil.example/a", "127.0.0.1"), "421 host");
            assert_eq!(get(reach, "http://api.bank.example/a", "evil.example"), "/v2/a");
        }
        let twice = [("host", "127.0.0.1"), ("host", "evil.example")];
        assert_eq!(ask(&rules, Reach::Loopback, "GET", "/a", &twice), "400 host");
    }

    #[test]
    fn pages_in_browsers_are_not_served_by_tcp() {
        let rules = admission("");
        for (field, status) in [
            (("origin", "https://evil.example"), "403 browser"),
            (("origin", "null"), "403 browser"),
            (("sec-fetch-site", "cross-site"), "403 browser"),
            (("sec-fetch-site", "same-origin"), "403 browser"),
            (("sec-fetch-site", "none"), "/v2/a"),
            (("referer", "https://evil.example"), "/v2/a"),
        ] {
            assert_eq!(ask(&rules, Reach::Loopback, "POST", "/a", &[field]), status, "{field:?}");
            assert_eq!(ask(&rules, Reach::Anywhere, "POST", "/a", &[field]), status, "{field:?}");
            assert_eq!(ask(&rules, Reach::Socket, "POST", "/a", &[field]), "/v2/a", "{field:?}");
        }
    }

    #[test]
    fn methods_that_show_the_token_and_upgrades_do_not_pass() {
        let rules = admission("");
        let ask = |method, field| ask(&rules, Reach::Socket, method, "/a", &[field]);
        for method in ["TRACE", "TRACK"] {
            assert_eq!(ask(method, ("a", "b")), "405 method_not_allowed");
        }
        for method in ["GET", "PATCH", "OPTIONS", "PROPFIND"] {
            assert_eq!(ask(method, ("upgrade", "h2c")), "/v2/a");
        }
        for upgrade in ["websocket", "h2c, websocket", "TLS/1.0"] {
            assert_eq!(ask("GET", ("upgrade", upgrade)), "501 upgrade");
        }
    }

    #[test]
    fn what_the_configuration_restricts_is_restricted() {
        let rules = admission("allow_paths = [\"/pix\"]\nallow_methods = [\"GET\"]");
        for (method, target, outcome) in [
            ("GET", "/pix/1?a", "/v2/pix/1?a"),
            ("GET", "/cob", "403 path_not_allowed"),
            ("GET", "/pix/%2e%2e/cob", "400 path"),
            ("POST", "/pix", "405 method_not_allowed"),
            ("OPTIONS", "*", "405 method_not_allowed"),
        ] {
            assert_eq!(ask(&rules, Reach::Socket, method, target, &[]), outcome, "{method} {target}");
        }
        assert_eq!(ask(&admission(""), Reach::Socket, "OPTIONS", "*", &[]), "400 path");
    }
}

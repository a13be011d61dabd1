//! Redirect URIs: the one validator of registrations and the one comparer (RFC 9700 §2.1, §4.1; RFC 8252 §7, §8).
//!
//! A URI is compared as the text that was registered: nothing is decoded, resolved or normalised, because whoever
//! normalises differently from the browser opens a redirector. `post_logout_redirect_uris` use both functions too.

use crate::record::ApplicationType;
use core::net::{Ipv4Addr, Ipv6Addr};

/// Longest redirect URI in bytes.
pub const MAX_BYTES: usize = 2048;

/// Schemes that run or show what the URI itself says, or read the user's disk; never a client.
const FORBIDDEN_SCHEMES: [&str; 6] = ["javascript", "data", "vbscript", "file", "blob", "about"];

/// Hosts that are this machine whatever a resolver says (RFC 8252 §7.3).
const LOOPBACK: [&str; 2] = ["127.0.0.1", "[::1]"];

/// For whom a URI is registered.
#[derive(Debug, Clone, Copy, Default)]
pub struct Registration {
    /// What kind of program the client is.
    pub application_type: ApplicationType,
    /// Whether any client may register `http` on this machine, `localhost` too, as developers do.
    pub danger_allow_http: bool,
}

/// Why a URI is not registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedirectUriError {
    /// Longer than [`MAX_BYTES`].
    #[error("is longer than this server reads")]
    TooLong,
    /// A character that no URI has (RFC 3986), among them spaces, controls, backslashes and letters beyond ASCII.
    #[error(
        "has a character that no URI has; percent-encode other letters, and write host names in punycode"
    )]
    Character,
    /// No scheme, or nothing after it that could be a place.
    #[error("is not an absolute URI with a scheme and, after it, // and a host")]
    NotAbsolute,
    /// A scheme that is never a client.
    #[error("has a scheme that leads to no client")]
    Scheme,
    /// A fragment.
    #[error("has a fragment")]
    Fragment,
    /// A user name before the host.
    #[error("has a user name before the host")]
    UserInfo,
    /// A host or port that is not written plainly.
    #[error("has a host or port that is not written plainly")]
    Host,
    /// `.` or `..` in the path.
    #[error("has . or .. in its path")]
    DotSegment,
    /// `http` elsewhere than on this machine, or for a client that is no native application.
    #[error("uses http, which only native applications may, on 127.0.0.1 or [::1]; use https")]
    PlainHttp,
    /// `localhost`, which a resolver may lead elsewhere.
    #[error("names localhost, which a resolver may lead elsewhere; use 127.0.0.1 or [::1]")]
    Localhost,
    /// A scheme of an application's own, for a client that is no native application or without a dot in it.
    #[error("has a scheme of its own, which only native applications may, and only one like com.example.app")]
    PrivateUseScheme,
}

/// Whether a client may register `uri`.
///
/// # Errors
/// Why not.
pub fn register(uri: &str, registration: Registration) -> Result<(), RedirectUriError> {
    let parts = Parts::read(uri)?;
    let native = registration.application_type == ApplicationType::Native;
    if has_dot_segment(parts.rest) {
        return Err(RedirectUriError::DotSegment);
    }
    match (parts.scheme.to_ascii_lowercase().as_str(), parts.authority) {
        ("https", Some(authority)) => host_name(authority).map(|_| ()),
        ("http", Some(authority)) => match host_name(authority)? {
            host if LOOPBACK.contains(&host) && (native || registration.danger_allow_http) => Ok(()),
            host if !host.eq_ignore_ascii_case("localhost") => Err(RedirectUriError::PlainHttp),
            _ if registration.danger_allow_http => Ok(()),
            _ => Err(RedirectUriError::Localhost),
        },
        ("https" | "http", None) => Err(RedirectUriError::NotAbsolute),
        (scheme, authority) => {
            if !native || !scheme.contains('.') {
                return Err(RedirectUriError::PrivateUseScheme);
            }
            let complete = authority.is_some() || parts.rest.starts_with('/');
            complete.then_some(()).ok_or(RedirectUriError::NotAbsolute)
        }
    }
}

/// Whether `requested` is one of the registered URIs: byte for byte, but for the port of a native application's loopback
/// URI (requirements B-01, B-02). With `prefix` (a dialect's `danger_redirect_uri_prefix`), also a continuation of one
/// whose authority is complete.
pub fn matches(
    registered: &[Box<str>],
    requested: &str,
    application_type: ApplicationType,
    prefix: bool,
) -> bool {
    // Again at use: a registration may be older than the rules.
    let Ok(parts) = Parts::read(requested) else { return false };
    registered.iter().any(|own| {
        **own == *requested
            || (application_type == ApplicationType::Native && differs_in_port_only(own, &parts))
            || (prefix && continues(own, requested))
    })
}

/// The origin of a URI as a Content Security Policy names it (`https://host:port`), or `scheme:` where a private-use
/// scheme has no origin; `None` for what is no redirect URI.
pub fn origin(uri: &str) -> Option<&str> {
    let parts = Parts::read(uri).ok()?;
    let web = parts.scheme.eq_ignore_ascii_case("https") || parts.scheme.eq_ignore_ascii_case("http");
    match parts.authority {
        Some(authority) if web => uri.get(..parts.scheme.len() + "://".len() + authority.len()),
        _ => uri.get(..parts.scheme.len() + 1),
    }
}

/// The host of a URI, for people to see; the scheme where there is none.
pub fn host(uri: &str) -> Option<&str> {
    let parts = Parts::read(uri).ok()?;
    Some(parts.authority.and_then(|authority| host_name(authority).ok()).unwrap_or(parts.scheme))
}

/// A URI cut where RFC 3986 cuts it.
struct Parts<'a> {
    scheme: &'a str,
    /// Between `//` and the next `/` or `?`.
    authority: Option<&'a str>,
    /// After scheme and authority.
    rest: &'a str,
}

impl<'a> Parts<'a> {
    /// Cuts a URI and refuses what is a redirect URI in no registration.
    fn read(uri: &'a str) -> Result<Self, RedirectUriError> {
        if uri.len() > MAX_BYTES {
            return Err(RedirectUriError::TooLong);
        }
        if uri.contains('#') {
            return Err(RedirectUriError::Fragment);
        }
        if !has_only_uri_characters(uri) {
            return Err(RedirectUriError::Character);
        }
        let (scheme, after) = uri.split_once(':').ok_or(RedirectUriError::NotAbsolute)?;
        let letters = |b: u8| b.is_ascii_alphanumeric() || b"+-.".contains(&b);
        if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || !scheme.bytes().all(letters) {
            return Err(RedirectUriError::NotAbsolute);
        }
        if FORBIDDEN_SCHEMES.iter().any(|forbidden| scheme.eq_ignore_ascii_case(forbidden)) {
            return Err(RedirectUriError::Scheme);
        }
        let Some(after) = after.strip_prefix("//") else {
            return Ok(Self { scheme, authority: None, rest: after });
        };
        let (authority, rest) = after.split_at(after.find(['/', '?']).unwrap_or(after.len()));
        if authority.contains('@') {
            return Err(RedirectUriError::UserInfo);
        }
        Ok(Self { scheme, authority: Some(authority), rest })
    }
}

/// The host of an authority whose host and port are written plainly.
fn host_name(authority: &str) -> Result<&str, RedirectUriError> {
    let colon = authority.find(':').unwrap_or(authority.len());
    let end = authority.find(']').map_or(colon, |bracket| bracket + 1);
    let (name, port) = authority.split_at(end);
    let good_port = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
    let good_name = match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => is_host_name(name),
    };
    (good_port && good_name).then_some(name).ok_or(RedirectUriError::Host)
}

fn is_port(text: &str) -> bool {
    !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

/// A DNS name or a dotted IPv4 address. A name whose last label is a number would be an address in some other spelling
/// (`127.1`, `0x7f.0.0.1`), which browsers resolve and people do not recognise.
fn is_host_name(name: &str) -> bool {
    let label = |label: &str| {
        let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        !label.is_empty() && label.len() <= 63 && label.bytes().all(inner)
    };
    let labels = name.strip_suffix('.').unwrap_or(name);
    let numeric =
        labels.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_digit()));
    labels.len() <= 253 && labels.split('.').all(label) && (!numeric || name.parse::<Ipv4Addr>().is_ok())
}

/// Characters of RFC 3986 §2, and percent signs only before two digits that stand for no control character.
fn has_only_uri_characters(uri: &str) -> bool {
    let mut rest = uri.bytes();
    while let Some(byte) = rest.next() {
        let mut digit = || rest.next().and_then(|b| char::from(b).to_digit(16));
        let good = match byte {
            b'%' => digit().zip(digit()).is_some_and(|(high, low)| high >= 2 && (high, low) != (7, 15)),
            other => other.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()*+,;=".contains(&other),
        };
        if !good {
            return false;
        }
    }
    true
}

/// Whether a segment of the path is `.` or `..` in any spelling, with or without parameters after it.
fn has_dot_segment(path_and_query: &str) -> bool {
    let path = path_and_query.split('?').next().unwrap_or_default();
    path.to_ascii_lowercase()
        .replace("%2e", ".")
        .split('/')
        .any(|segment| matches!(segment.split(';').next(), Some("." | "..")))
}

fn differs_in_port_only(registered: &str, requested: &Parts<'_>) -> bool {
    let Ok(own) = Parts::read(registered) else { return false };
    let host = |parts: &Parts<'_>| -> Option<usize> {
        let name = host_name(parts.authority?).ok()?;
        LOOPBACK.iter().position(|loopback| *loopback == name)
    };
    own.scheme == "http"
        && requested.scheme == "http"
        && own.rest == requested.rest
        && host(&own).is_some_and(|own| host(requested) == Some(own))
}

/// Whether `requested` continues `registered` without leaving its host, climbing out of its path, or beginning a query,
/// which would stand before the parameters of our answer.
fn continues(registered: &str, requested: &str) -> bool {
    const LEAVING: [&str; 5] = ["%2e", "%2f", "%5c", "%25", "?"];
    let Some(continuation) = requested.strip_prefix(registered) else { return false };
    let (Ok(own), Ok(whole)) = (Parts::read(registered), Parts::read(requested)) else { return false };
    let continuation = continuation.to_ascii_lowercase();
    own.authority.is_some()
        && own.authority == whole.authority
        && own.rest.starts_with('/')
        && !has_dot_segment(whole.rest)
        && !LEAVING.iter().any(|part| continuation.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WEB: Registration =
        Registration { application_type: ApplicationType::Web, danger_allow_http: false };
    const NATIVE: Registration =
        Registration { application_type: ApplicationType::Native, danger_allow_http: false };

    fn web(registered: &str, requested: &str) -> bool {
        matches(&[registered.into()], requested, ApplicationType::Web, false)
    }

    fn native(registered: &str, requested: &str) -> bool {
        matches(&[registered.into()], requested, ApplicationType::Native, false)
    }

    fn prefix(registered: &str, requested: &str) -> bool {
        matches(&[registered.into()], requested, ApplicationType::Web, true)
    }

    /// B-01, RU-01, RU-02, RU-14.
    #[test]
    fn nothing_but_the_registered_bytes_matches() {
        let registered = "https://app.example/cb";
        assert!(web(registered, registered));
        for requested in [
            "https://app.example/cb/",
            "https://app.example/cb?x=1",
            "https://app.example/cb?",
            "https://app.example/cb#f",
            "https://app.example/CB",
            "https://APP.example/cb",
            "HTTPS://app.example/cb",
            "https://app.example/%63b",
            "https://app.example/cb%00",
            "https://app.example/cb%0d%0aX:1",
            "https://app.example/cb/..;/evil",
            "https://app.example/cb/../evil",
            "https://app.example/cb/%2e%2e/evil",
            "https://app.example/cb//evil",
            "https://app.example/cb;x",
            "https://app.example:443/cb",
            "https://app.example./cb",
            "http://app.example/cb",
            "https://app\u{ff0e}example/cb",
            "https://app.example/\u{217d}b",
            "https://app.example/cb\u{301}",
            " https://app.example/cb",
            "",
        ] {
            assert!(!web(registered, requested), "{requested:?}");
        }
    }

    /// RU-03, RU-04, RU-12, RU-13.
    #[test]
    fn other_hosts_never_match_and_the_misleading_ones_are_not_registered() {
        let misleading = [
            "https://app.example@evil.test/cb",
            "https://a@b@evil.test",
            "https://app.example%40evil.test",
            "http://localhost:8090%25@evil.test",
            "https:evil.test",
            "https:/evil.test",
            "//evil.test",
            "/\\evil.test",
            "https:\\\\evil.test",
            "https://app.example\\.evil.test/cb",
            "/\t/evil.test",
            "/%09/evil.test",
            "https://app.example/cb%0A",
            "https://app.example/c\nb",
            "https://app.example/c b",
            "https://",
            "https:///cb",
            "https://app..example/cb",
            "https://app.example:/cb",
            "https://app.example:0/cb",
            "https://app.example:65536/cb",
            "https://app.example:+80/cb",
            "https://app.example/cb%",
            "https://app.example/cb%4",
            "https://app.example/a/../b",
            "https://app.example/a/%2E./b",
        ];
        for uri in misleading {
            assert!(register(uri, WEB).is_err(), "{uri:?}");
            assert!(!web("https://app.example/cb", uri), "{uri:?}");
        }
        for uri in
            ["https://app.example.evil.test/cb", "https://app.exampleevil.test", "https://evilapp.example"]
        {
            assert_eq!(register(uri, WEB), Ok(()), "{uri}");
            for registered in ["https://app.example/cb", "https://app.example/", "https://app.example"] {
                assert!(!web(registered, uri) && !prefix(registered, uri), "{registered} {uri}");
            }
        }
    }

    /// RU-05, B-03, B-04.
    #[test]
    fn plain_http_is_for_native_applications_on_this_machine() {
        for uri in ["http://127.0.0.1/cb", "http://[::1]:8080/cb", "http://127.0.0.1:1/"] {
            assert_eq!(register(uri, NATIVE), Ok(()), "{uri}");
            assert_eq!(register(uri, WEB), Err(RedirectUriError::PlainHttp), "{uri}");
        }
        for uri in [
            "http://localhost.evil.test/cb",
            "http://127.0.0.1.evil.test",
            "http://localhost:80@evil.test",
            "http://app.example/cb",
            "http://127.1/cb",
            "http://0x7f.0.0.1/cb",
            "http://2130706433/cb",
            "http://[::ffff:127.0.0.1]/cb",
            "http://0.0.0.0/cb",
            "http:127.0.0.1/cb",
        ] {
            assert!(register(uri, NATIVE).is_err(), "{uri}");
        }
        assert_eq!(register("http://localhost:3000/cb", NATIVE), Err(RedirectUriError::Localhost));
        let danger = Registration { danger_allow_http: true, ..WEB };
        assert_eq!(register("http://localhost:3000/cb", danger), Ok(()));
        for elsewhere in
            ["http://app:3000/cb", "http://localhost.evil.test/cb", "http://127.0.0.1.evil.test/cb"]
        {
            assert_eq!(register(elsewhere, danger), Err(RedirectUriError::PlainHttp), "{elsewhere}");
        }
        assert!(register("http://app@evil/cb", danger).is_err());
    }

    /// RU-06, B-02.
    #[test]
    fn a_native_loopback_uri_may_differ_in_its_port_alone() {
        for port in ["", ":1", ":8080", ":65535"] {
            assert!(native("http://127.0.0.1/cb", &format!("http://127.0.0.1{port}/cb")), "{port}");
            assert!(native("http://127.0.0.1:7/cb?a=b", &format!("http://127.0.0.1{port}/cb?a=b")), "{port}");
            assert!(native("http://[::1]/cb", &format!("http://[::1]{port}/cb")), "{port}");
            assert!(port.is_empty() || !web("http://127.0.0.1/cb", &format!("http://127.0.0.1{port}/cb")));
        }
        for requested in [
            "http://127.0.0.1:80@evil/cb",
            "http://127.0.0.1:80@evil",
            "http://127.1/cb",
            "http://[::1]/cb",
            "http://0x7f.0.0.1/cb",
            "http://127.0.0.1.evil.test/cb",
            "http://127.0.0.1:65536/cb",
            "http://127.0.0.1:/cb",
            "http://127.0.0.1:80/cb/",
            "http://127.0.0.1:80/CB",
            "http://127.0.0.1:80\\@evil.test/cb",
            "https://127.0.0.1:80/cb",
            "http://localhost:80/cb",
        ] {
            assert!(!native("http://127.0.0.1/cb", requested), "{requested}");
        }
        assert!(!native("https://app.example/cb", "https://app.example:8443/cb"));
        assert!(!native("http://app.example/cb", "http://app.example:8080/cb"));
    }

    /// RU-07, B-05.
    #[test]
    fn schemes_that_are_no_client_are_refused_at_registration_and_at_use() {
        for uri in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "javascript://app.example/%0aalert(1)",
            "data:text/html,x",
            "DATA:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "blob:https://app.example/1",
            "about:blank",
            " javascript:alert(1)",
            "\tjavascript:alert(1)",
        ] {
            for registration in [WEB, NATIVE, Registration { danger_allow_http: true, ..NATIVE }] {
                assert!(register(uri, registration).is_err(), "{uri:?}");
            }
            assert!(!web(uri, uri) && !native(uri, uri), "{uri:?}");
        }
    }

    #[test]
    fn a_scheme_of_its_own_is_for_native_applications() {
        for uri in ["com.example.app:/cb", "com.example.app://cb"] {
            assert_eq!(register(uri, NATIVE), Ok(()), "{uri}");
            assert_eq!(register(uri, WEB), Err(RedirectUriError::PrivateUseScheme), "{uri}");
            assert!(native(uri, uri));
        }
        assert_eq!(register("myapp:/cb", NATIVE), Err(RedirectUriError::PrivateUseScheme));
        assert_eq!(register("com.example.app:cb", NATIVE), Err(RedirectUriError::NotAbsolute));
    }

    /// RU-08.
    #[test]
    fn patterns_are_letters_like_any_other() {
        assert_eq!(register("https://app.example/.*", WEB), Ok(()));
        assert!(!web("https://app.example/.*", "https://app.example/x"));
        assert!(register("*", WEB).is_err());
        assert!(register("https://*.example/cb", WEB).is_err());
        assert!(!web("https://*.example/cb", "https://a.example/cb"));
    }

    #[test]
    fn a_prefix_goes_on_within_its_host_and_path() {
        for requested in ["https://app.example/cb/a", "https://app.example/cbx"] {
            assert!(prefix("https://app.example/cb", requested), "{requested}");
            assert!(!web("https://app.example/cb", requested), "{requested}");
        }
        for requested in [
            "https://app.example/cb/../evil",
            "https://app.example/cb/..",
            "https://app.example/cb/..;/evil",
            "https://app.example/cb/%2e%2e/evil",
            "https://app.example/cb/.%2E/evil",
            "https://app.example/cb/%252e%252e/evil",
            "https://app.example/cb/..%2fevil",
            "https://app.example/cb/..%5cevil",
            "https://app.example/cb?error=1&code=injected",
            "https://app.example/cb\\evil",
            "https://app.example/cb#f",
            "https://app.example/cb%0d%0a",
            "https://app.example/c",
        ] {
            assert!(!prefix("https://app.example/cb", requested), "{requested}");
        }
        for requested in
            ["https://app.example.evil.test/", "https://app.example@evil.test/", "https://app.example:1@e/"]
        {
            assert!(!prefix("https://app.example", requested), "{requested}");
            assert!(!prefix("https://app.example/", requested), "{requested}");
        }
        assert!(!prefix("https://app.example", "https://app.example/cb"), "its authority is not complete");
    }

    #[test]
    fn the_origin_is_what_a_policy_names() {
        assert_eq!(origin("https://app.example:8443/cb?x"), Some("https://app.example:8443"));
        assert_eq!(origin("com.example.app:/cb"), Some("com.example.app:"));
        assert_eq!(origin("com.example.app://cb/x"), Some("com.example.app:"));
        assert_eq!(origin("javascript:alert(1)"), None);
        assert_eq!(host("https://app.example:8443/cb?x"), Some("app.example"));
        assert_eq!(host("http://[::1]:1/cb"), Some("[::1]"));
        assert_eq!(host("com.example.app:/cb"), Some("com.example.app"));
    }

    fn any_uri() -> impl Strategy<Value = String> {
        prop_oneof![
            ".{0,60}",
            "(https?|com\\.a\\.b|javascript):/{0,3}[a-z0-9.@:%\\[\\]\\\\]{0,20}[/?#.;%a-z0-9]{0,20}",
        ]
    }

    proptest! {
        #[test]
        fn what_matches_without_danger_is_registered_or_a_loopback_twin(own in any_uri(), asked in any_uri(), is_native: bool) {
            let kind = if is_native { ApplicationType::Native } else { ApplicationType::Web };
            if matches(&[own.as_str().into()], &asked, kind, false) && own != asked {
                prop_assert!(is_native);
                prop_assert_eq!(host(&own), host(&asked));
                prop_assert!(LOOPBACK.contains(&host(&asked).unwrap()));
            }
        }

        #[test]
        fn a_prefix_never_changes_the_origin(own in any_uri(), more in ".{0,40}") {
            let asked = format!("{own}{more}");
            if matches(&[own.as_str().into()], &asked, ApplicationType::Web, true) {
                prop_assert_eq!(origin(&own), origin(&asked));
            }
        }

        #[test]
        fn what_may_be_registered_matches_itself(uri in any_uri(), is_native: bool) {
            let kind = if is_native { ApplicationType::Native } else { ApplicationType::Web };
            let registration = Registration { application_type: kind, danger_allow_http: false };
            if register(&uri, registration).is_ok() {
                prop_assert!(matches(&[uri.as_str().into()], &uri, kind, false));
            }
        }
    }
}

//! What a URL must be before anything is looked up or connected (requirements.md L-01). Pure.

use super::error::Why;
use crate::config::Outbound;
use http::Uri;
use std::net::{IpAddr, Ipv4Addr};

/// Longest URL.
const MAX_URL: usize = 2048;
/// Longest host name, RFC 1035.
const MAX_HOST: usize = 253;
/// Longest label of a host name, RFC 1035.
const MAX_LABEL: usize = 63;

/// What may be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Policy {
    ports: Vec<u16>,
    private_addresses: bool,
    http: bool,
}

impl Policy {
    pub(super) fn new(config: &Outbound) -> Self {
        Self {
            ports: config.ports.clone(),
            private_addresses: config.danger_allow_private_addresses,
            http: config.danger_allow_http,
        }
    }

    /// Whether loopback and private networks may be reached, and addresses written as such.
    pub(super) fn private_addresses(&self) -> bool {
        self.private_addresses
    }
}

/// Where a URL points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) secure: bool,
    pub(super) host: Host,
    pub(super) port: u16,
    /// The `Host` header: with the port where it is not the scheme's.
    pub(super) authority: String,
    /// Path and query as they go on the wire.
    pub(super) path_and_query: String,
    /// The URL without its query, for the log.
    pub(super) shown: String,
}

/// A URL's host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Host {
    /// A name, in lower case.
    Name(String),
    /// An address.
    Address(IpAddr),
}

impl Target {
    /// Reads a URL, or says what forbids it.
    pub(super) fn parse(url: &str, policy: &Policy) -> Result<Self, Why> {
        // `http::Uri` would drop a fragment in silence, and other readers take a backslash for a slash.
        if url.len() > MAX_URL || !url.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') {
            return Err(Why::NotAUrl);
        }
        if url.contains('#') {
            return Err(Why::Part);
        }
        let uri: Uri = url.parse().map_err(|_| Why::NotAUrl)?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(Why::NotAUrl);
        };
        let secure = match scheme {
            "https" => true,
            "http" if policy.http => false,
            _ => return Err(Why::Scheme),
        };
        if authority.as_str().contains('@') {
            return Err(Why::Part);
        }
        let host = Host::parse(authority.host())?;
        if matches!(host, Host::Address(_)) && !policy.private_addresses {
            return Err(Why::AddressLiteral);
        }
        let usual = if secure { 443 } else { 80 };
        let port = match authority.as_str().strip_prefix(authority.host()) {
            Some("") => usual,
            _ => authority.port_u16().filter(|port| *port != 0).ok_or(Why::NotAUrl)?,
        };
        if !policy.ports.contains(&port) && port != usual && !policy.private_addresses {
            return Err(Why::Port);
        }
        let name = authority.host().to_ascii_lowercase();
        let authority = if port == usual { name } else { format!("{name}:{port}") };
        let path = uri.path();
        Ok(Self {
            shown: format!("{scheme}://{authority}{path}"),
            path_and_query: uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
            secure,
            host,
            port,
            authority,
        })
    }
}

impl Host {
    fn parse(text: &str) -> Result<Self, Why> {
        if let Some(inner) = text.strip_prefix('[') {
            let inner = inner.strip_suffix(']').ok_or(Why::NotAUrl)?;
            return inner.parse().map(|address| Self::Address(IpAddr::V6(address))).map_err(|_| Why::NotAUrl);
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Ok(Self::Address(IpAddr::V4(address)));
        }
        let name = text.to_ascii_lowercase();
        let label = |label: &str| {
            (1..=MAX_LABEL).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        };
        if name.len() > MAX_HOST || !name.split('.').all(label) {
            return Err(Why::NotAUrl);
        }
        // Resolvers read 2130706433, 0x7f.1 and 0177.0.0.1 as addresses. No top-level domain begins with a digit.
        let last = name.rsplit('.').next().unwrap_or_default();
        if last.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(Why::AddressLiteral);
        }
        Ok(Self::Name(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn strict() -> Policy {
        Policy::new(&Outbound::default())
    }

    fn open() -> Policy {
        Policy { ports: Vec::new(), private_addresses: true, http: true }
    }

    fn why(url: &str, policy: &Policy) -> Option<Why> {
        Target::parse(url, policy).err()
    }

    #[test]
    fn a_url_is_taken_apart() {
        let target = Target::parse("https://RP.example:8443/a/b?c=d", &open()).unwrap();
        assert_eq!(target.host, Host::Name("rp.example".into()));
        assert_eq!((target.secure, target.port), (true, 8443));
        assert_eq!(target.authority, "rp.example:8443");
        assert_eq!(target.path_and_query, "/a/b?c=d");
        assert_eq!(target.shown, "https://rp.example:8443/a/b");
        let bare = Target::parse("https://rp.example", &strict()).unwrap();
        assert_eq!((bare.authority.as_str(), bare.path_and_query.as_str()), ("rp.example", "/"));
    }

    /// SF-01, L-01.
    #[test]
    fn addresses_in_every_notation_are_refused() {
        let written = [
            "127.0.0.1",
            "169.254.169.254",
            "8.8.8.8",
            "[::1]",
            "[::ffff:10.0.0.1]",
            "[2606:4700::1111]",
            "2130706433",
            "0177.0.0.1",
            "0x7f.0.0.1",
            "0x7f000001",
            "127.1",
            "1.2.3.4.5",
            "0",
            "localhost.0",
        ];
        for host in written {
            assert_eq!(why(&format!("https://{host}/"), &strict()), Some(Why::AddressLiteral), "{host}");
        }
        for odd in ["2130706433", "0177.0.0.1", "0x7f.0.0.1", "127.1"] {
            assert!(why(&format!("https://{odd}/"), &open()).is_some(), "{odd}");
        }
        assert!(Target::parse("https://127.0.0.1:9/", &open()).is_ok());
        assert!(Target::parse("https://[::1]:9/", &open()).is_ok());
    }

    /// SF-10, RU-12.
    #[test]
    fn only_https_with_a_host_is_fetched() {
        for url in [
            "http://rp.example/",
            "file:///etc/passwd",
            "gopher://rp.example/",
            "ftp://rp.example/",
            "data:text/plain,a",
            "ws://rp.example/",
            "https:rp.example",
            "https:/rp.example",
            "//rp.example/",
            "/\\rp.example",
            "https:\\\\rp.example",
            "https://rp.example\\@evil.example/",
            "rp.example",
            "",
            "https://",
            "https:///path",
            "javascript:alert(1)",
            "https://user@rp.example/",
            "https://user:pass@rp.example/",
            "https://@rp.example/",
            "https://rp.example/#f",
            "https://rp.example:/",
            "https://rp.example:0/",
            "https://rp.example:99999/",
            "https://rp.example:8443/",
            "https://rp.example./",
            "https://rp..example/",
            "https://.rp.example/",
            "https://rp .example/",
            "https://r\u{e9}.example/",
            "https://rp.example/\n",
            "https://[::1/",
            "https://[fe80::1%25eth0]/",
            "https://[v1.a]/",
            " https://rp.example/",
        ] {
            assert!(why(url, &strict()).is_some(), "{url}");
        }
        assert_eq!(why("http://rp.example/", &strict()), Some(Why::Scheme));
        assert!(Target::parse("http://rp.example/", &open()).is_ok());
        assert_eq!(why("file:///etc/passwd", &open()), why("file:///etc/passwd", &strict()));
    }

    #[test]
    fn a_port_must_be_listed() {
        let policy = Policy { ports: vec![8443], private_addresses: false, http: false };
        assert!(Target::parse("https://rp.example:8443/", &policy).is_ok());
        assert!(Target::parse("https://rp.example/", &policy).is_ok());
        assert_eq!(why("https://rp.example:8444/", &policy), Some(Why::Port));
        assert_eq!(why("https://rp.example:80/", &policy), Some(Why::Port));
    }

    #[test]
    fn names_and_urls_have_a_length() {
        let label = "a".repeat(63);
        assert!(Target::parse(&format!("https://{label}.example/"), &strict()).is_ok());
        assert_eq!(why(&format!("https://{label}a.example/"), &strict()), Some(Why::NotAUrl));
        assert_eq!(
            why(&format!("https://{}example/", format!("{label}.").repeat(4)), &strict()),
            Some(Why::NotAUrl)
        );
        assert_eq!(why(&format!("https://rp.example/{}", "a".repeat(2048)), &strict()), Some(Why::NotAUrl));
    }

    proptest! {
        /// LG-01. What is shown of a URL has none of its query.
        #[test]
        fn nothing_of_a_query_is_shown(query in "[a-z0-9]{8,16}") {
            let target = Target::parse(&format!("https://rp.example/logout?{query}"), &strict()).unwrap();
            prop_assert!(!target.shown.contains(&query));
        }

        #[test]
        fn no_text_upsets_the_reader(text in ".{0,64}") {
            for policy in [strict(), open()] {
                let _ = Target::parse(&text, &policy);
                let _ = Target::parse(&format!("https://{text}"), &policy);
            }
        }
    }
}

//! The address of a provider, checked before a secret goes there.

use http::uri::{Authority, Scheme};
use http::{HeaderValue, Uri};
use rustls::pki_types::ServerName;
use std::net::IpAddr;

/// A provider's base address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    authority: Authority,
    host: String,
    port: u16,
    /// The name to verify; `None` without TLS.
    tls: Option<ServerName<'static>>,
    path: String,
}

/// Why an address is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// It is no address.
    #[error("{0:?} is no address; write https://HOST[:PORT][/PATH]")]
    Malformed(String),
    /// It has what a base address cannot have, and what may be a secret. The host, if it is certain.
    #[error("the address{} has a user name, a query or a fragment; write https://HOST[:PORT][/PATH]", at(.0.as_deref()))]
    Superfluous(Option<String>),
    /// It is not secret.
    #[error("{0:?} is not https; secrets go over http to this machine alone")]
    Plain(String),
}

impl Target {
    /// Reads `https://HOST[:PORT][/PATH]`; `http` is allowed towards this machine.
    ///
    /// # Errors
    /// [`TargetError`].
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        let malformed = || TargetError::Malformed(text.to_owned());
        if text.contains(['@', '?', '#']) {
            return Err(TargetError::Superfluous(certain_host(text)));
        }
        let uri: Uri = text.parse().map_err(|_| malformed())?;
        let authority = uri.authority().cloned().ok_or_else(malformed)?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err(malformed());
        }
        let (tls, port) = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => {
                (Some(ServerName::try_from(host.clone()).map_err(|_| malformed())?), 443)
            }
            Some(scheme) if *scheme == Scheme::HTTP && is_own_machine(&host) => (None, 80),
            Some(scheme) if *scheme == Scheme::HTTP => return Err(TargetError::Plain(text.to_owned())),
            _ => return Err(malformed()),
        };
        let port = authority.port_u16().unwrap_or(port);
        let path = uri.path().trim_end_matches('/').to_owned();
        Ok(Self { authority, host, port, tls, path })
    }

    /// Host and port, for people.
    pub fn name(&self) -> String {
        self.authority.to_string()
    }

    /// The base's own path followed by `path`.
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.path)
    }

    /// The base's own path, without a slash at its end.
    pub(crate) fn base_path(&self) -> &str {
        &self.path
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.authority)
    }

    /// The whole address of `path` below the base.
    pub fn url(&self, path: &str) -> String {
        self.origin() + &self.join(path)
    }

    /// The host alone.
    pub fn host(&self) -> &str {
        &self.host
    }

    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    pub(super) const fn tls_name(&self) -> Option<&ServerName<'static>> {
        self.tls.as_ref()
    }

    pub(crate) fn authority(&self) -> HeaderValue {
        // An authority of a parsed URI has no byte that a header may not have.
        HeaderValue::from_str(self.authority.as_str()).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

fn at(host: Option<&str>) -> String {
    host.map(|host| format!(" of {host}")).unwrap_or_default()
}

/// The host of an address that is refused, unless it could be a part of a user name or password.
fn certain_host(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    // An `@` that comes later may end a password that has such a character.
    let is_whole = !rest.get(authority.len()..)?.contains('@');
    let host = authority.rsplit('@').next().filter(|_| is_whole)?;
    let is_name =
        !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:[]".contains(&b));
    is_name.then(|| host.to_owned())
}

/// Whether a host is this machine for every resolver (RFC 6761 section 6.3 for `localhost`).
fn is_own_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_https_or_this_machine() {
        let target = Target::parse("https://api.example/base/").unwrap();
        assert_eq!(
            (target.host(), target.port(), target.join("/token")),
            ("api.example", 443, "/base/token".into())
        );
        assert_eq!(target.url("/token"), "https://api.example/base/token");
        let target = Target::parse("http://[::1]:8080").unwrap();
        assert_eq!((target.host(), target.port(), target.tls_name()), ("::1", 8080, None));
        assert!(Target::parse("http://127.0.0.1:80").is_ok() && Target::parse("http://localhost").is_ok());
        for plain in
            ["http://api.example", "http://10.0.0.1", "http://localhost.example", "http://127.0.0.1.example"]
        {
            assert_eq!(Target::parse(plain), Err(TargetError::Plain(plain.into())));
        }
        for superfluous in ["https://user:pw@a.example", "https://a.example/?x", "https://a.example/#x"] {
            let refused = Err(TargetError::Superfluous(Some("a.example".into())));
            assert_eq!(Target::parse(superfluous), refused);
        }
        for malformed in
            ["", "api.example", "/token", "ftp://a.example", "https://", "https://:443", "https://a b"]
        {
            assert_eq!(
                Target::parse(malformed),
                Err(TargetError::Malformed(malformed.into())),
                "{malformed}"
            );
        }
    }

    #[test]
    fn an_error_repeats_no_user_name_no_password_and_no_query() {
        for address in [
            "https://user:pa55@bank.example/path",
            "https://user:pa55@bank.example:8443",
            "http://user:pa55@bank.example",
            "https://user:pa/55@bank.example",
            "https://user:pa#55@bank.example",
            "https://user:55?pa55@bank.example",
            "https://user:pa@55@bank.example",
            "user:pa55@bank.example",
            "https://bank.example?user=pa55",
            "https://bank.example/#user:pa@55",
            "@user:pa55",
        ] {
            let error = Target::parse(address).unwrap_err();
            for text in [error.to_string(), format!("{error:?}")] {
                assert!(!text.replace("a user name", "").contains("user"), "{address}: {text}");
                assert!(!text.contains("55"), "{address}: {text}");
            }
        }
        let told = Target::parse("https://user:pa55@bank.example").unwrap_err().to_string();
        assert!(told.starts_with("the address of bank.example has a user name"), "{told}");
    }
}

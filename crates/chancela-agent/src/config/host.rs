//! Hosts to which other programs may take a provider's token, in the words of the file: `[host."NAME[:PORT]"]`.

use serde::{Deserialize, Deserializer, de::Error};
use std::fmt;
use std::net::IpAddr;

/// A host as programs name it, with a port where it is not the scheme's own. Names are compared whole: a token for one host
/// never goes to another one below or above it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostName(String);

/// Whose token goes to a host.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostConfig {
    /// The provider's name.
    pub provider: String,
    /// The user's name that goes with the token, where a protocol wants one.
    #[serde(default = "usual_username")]
    pub username: String,
}

/// The user's name that goes with a token where nobody says another one.
pub fn usual_username() -> String {
    "oauth2".to_owned()
}

/// A text that is no host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a host is NAME or NAME:PORT, without a scheme and without a path; patterns are not known")]
pub struct HostNameError;

impl HostName {
    /// Reads `NAME`, `NAME:PORT` or `[ADDRESS]:PORT`.
    ///
    /// # Errors
    /// [`HostNameError`].
    pub fn parse(text: &str) -> Result<Self, HostNameError> {
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) if !port.contains(']') => (name, Some(port)),
            _ => (text, None),
        };
        let is_port = |port: &str| port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok();
        let address = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let is_name = match address {
            Some(address) => address.parse::<IpAddr>().is_ok_and(|address| address.is_ipv6()),
            None => {
                !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
            }
        };
        if is_name && port.is_none_or(is_port) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(HostNameError)
        }
    }

    /// The same without a port that its scheme need not say.
    #[must_use]
    pub fn without_port(&self, usual: u16) -> Self {
        let short = self.0.strip_suffix(&format!(":{usual}"));
        Self(short.unwrap_or(&self.0).to_owned())
    }

    /// Whether it is this machine, to which a token may go without TLS.
    pub fn is_own_machine(&self) -> bool {
        let name = match self.0.rsplit_once(':') {
            Some((name, port)) if !port.contains(']') => name,
            _ => &self.0,
        };
        let address = name.trim_start_matches('[').trim_end_matches(']');
        name == "localhost" || address.parse().is_ok_and(|address: IpAddr| address.is_loopback())
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for HostName {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(input)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_and_perhaps_a_port() {
        for (text, shown) in [
            ("Git.Example", "git.example"),
            ("git.example:8443", "git.example:8443"),
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("[::1]:80", "[::1]:80"),
            ("[::1]", "[::1]"),
        ] {
            assert_eq!(HostName::parse(text).map(|host| host.to_string()), Ok(shown.to_owned()));
        }
        for bad in
            ["", ":80", "a:", "a:70000", "a:+1", "https://a", "a/b", "*.a", "a@b", "a b", "::1", "[a]", "a?"]
        {
            assert_eq!(HostName::parse(bad), Err(HostNameError), "{bad:?}");
        }
    }

    #[test]
    fn a_port_that_the_scheme_has_need_not_be_said() {
        let host = |text: &str| HostName::parse(text).unwrap();
        assert_eq!(host("a:443").without_port(443), host("a"));
        assert_eq!(host("a:8443").without_port(443), host("a:8443"));
        assert_eq!(host("a:1443").without_port(443), host("a:1443"));
    }

    #[test]
    fn this_machine_is_told_from_names_that_begin_like_it() {
        let own = |text: &str| HostName::parse(text).unwrap().is_own_machine();
        assert!(
            own("localhost") && own("localhost:1") && own("127.1.2.3:80") && own("[::1]") && own("[::1]:1")
        );
        assert!(!own("localhost.example") && !own("127.0.0.1.example") && !own("10.0.0.1") && !own("[::2]"));
    }
}

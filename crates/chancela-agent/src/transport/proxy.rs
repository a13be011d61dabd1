//! HTTP proxies towards a provider: many companies let servers out through one alone, and providers that list addresses
//! know theirs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Uri;
use percent_encoding::percent_decode_str;
use std::net::IpAddr;

/// Which proxy leads where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    proxy: Option<Proxy>,
    /// Hosts that are reached directly: names, with all names below them, and addresses. `*` is all.
    direct: Vec<String>,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Proxy {
    pub(super) host: String,
    pub(super) port: u16,
    /// `Proxy-Authorization`.
    pub(super) authorization: Option<String>,
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Proxy({}:{})", self.host, self.port)
    }
}

/// A proxy's address that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the proxy's address must be http://[USER:PASSWORD@]HOST[:PORT]")]
pub struct ProxyError;

impl Proxies {
    /// From the texts that `HTTPS_PROXY` and `NO_PROXY` have by convention.
    ///
    /// # Errors
    /// [`ProxyError`].
    pub fn parse(proxy: &str, direct: &str) -> Result<Self, ProxyError> {
        let direct =
            direct.split(',').map(|host| host.trim().trim_start_matches("*.").trim_start_matches('.'));
        let direct = direct.filter(|host| !host.is_empty()).map(str::to_ascii_lowercase).collect();
        let proxy = Some(proxy.trim()).filter(|text| !text.is_empty()).map(parse).transpose()?;
        Ok(Self { proxy, direct })
    }

    /// The proxy for a host. This machine is always reached directly.
    pub(super) fn towards(&self, host: &str) -> Option<&Proxy> {
        let proxy = self.proxy.as_ref()?;
        let host = host.to_ascii_lowercase();
        let own = host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
        let listed = |entry: &String| {
            let below =
                host.strip_suffix(entry.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
            entry == "*" || below
        };
        (!own && !self.direct.iter().any(listed)).then_some(proxy)
    }
}

fn parse(text: &str) -> Result<Proxy, ProxyError> {
    let text = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let (scheme, rest) = text.split_once("://").ok_or(ProxyError)?;
    let (user, place) = rest.rsplit_once('@').map_or((None, rest), |(user, place)| (Some(user), place));
    let uri: Uri = format!("{scheme}://{place}").parse().map_err(|_| ProxyError)?;
    let host = uri.host().filter(|host| !host.is_empty()).ok_or(ProxyError)?;
    if scheme != "http" || uri.path().len() > 1 || uri.query().is_some() {
        return Err(ProxyError);
    }
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let authorization = user.map(|user| {
        let plain: Vec<u8> = percent_decode_str(user).collect();
        format!("Basic {}", STANDARD.encode(plain))
    });
    Ok(Proxy { host, port: uri.port_u16().unwrap_or(80), authorization })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_read_as_other_programs_read_it() {
        let proxies = Proxies::parse("http://us%40er:p%3Aw@proxy.example:3128", "").unwrap();
        let proxy = proxies.towards("api.example").unwrap();
        assert_eq!((proxy.host.as_str(), proxy.port), ("proxy.example", 3128));
        assert_eq!(proxy.authorization.as_deref(), Some("Basic dXNAZXI6cDp3"));
        assert_eq!(format!("{proxies:?}").find("dXNA"), None);
        assert_eq!(Proxies::parse("proxy.example", "").unwrap().towards("a").unwrap().port, 80);
        assert_eq!(Proxies::parse("", "").unwrap().towards("a"), None);
        for bad in ["https://proxy.example", "socks5://p.example", "http://", "http://p.example/path"] {
            assert_eq!(Proxies::parse(bad, ""), Err(ProxyError), "{bad}");
        }
    }

    #[test]
    fn hosts_that_are_reached_directly() {
        let proxies = Proxies::parse("http://p.example", "bank.example, .intra,10.0.0.1, *.corp").unwrap();
        for direct in [
            "bank.example",
            "api.BANK.example",
            "x.intra",
            "10.0.0.1",
            "a.corp",
            "localhost",
            "127.0.0.1",
            "::1",
        ] {
            assert_eq!(proxies.towards(direct), None, "{direct}");
        }
        for through in ["otherbank.example", "bank.example.net", "10.0.0.11", "110.0.0.1"] {
            assert!(proxies.towards(through).is_some(), "{through}");
        }
        assert_eq!(Proxies::parse("http://p.example", "*").unwrap().towards("a.example"), None);
    }
}

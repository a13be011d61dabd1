//! Where a request comes from, for limits and logs: the peer's address, or the address that a trusted proxy saw. Nobody
//! else's word is taken for it (requirement HF-03).

use http::HeaderMap;
use std::net::IpAddr;
use std::str::FromStr;

/// Entries of `X-Forwarded-For` that are looked at, from the right: more proxies of one's own nobody has.
const MAX_HOPS: usize = 16;

/// A block of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl FromStr for Network {
    type Err = String;

    /// Reads `10.0.0.0/8`, `2001:db8::/32` or a single address.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("{text:?} is not a network such as 10.0.0.0/8 or 2001:db8::/32");
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let width = width(address);
        let prefix = match prefix {
            Some(prefix) if prefix.bytes().all(|b| b.is_ascii_digit()) => {
                prefix.parse().ok().filter(|prefix| *prefix <= width).ok_or_else(wrong)?
            }
            Some(_) => return Err(wrong()),
            None => width,
        };
        if masked(address, prefix) != address {
            return Err(format!(
                "{text:?} has bits beyond its prefix; write {}/{prefix}",
                masked(address, prefix)
            ));
        }
        Ok(Self { address, prefix })
    }
}

impl Network {
    /// Whether `address` is one of its addresses.
    pub fn contains(&self, address: IpAddr) -> bool {
        width(self.address) == width(address) && masked(address, self.prefix) == self.address
    }
}

const fn width(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    let prefix = u32::from(prefix);
    match address {
        IpAddr::V4(v4) => IpAddr::V4((v4.to_bits() & u32::MAX.checked_shl(32 - prefix).unwrap_or(0)).into()),
        IpAddr::V6(v6) => {
            IpAddr::V6((v6.to_bits() & u128::MAX.checked_shl(128 - prefix).unwrap_or(0)).into())
        }
    }
}

/// The address of a request's client: the peer, or, where the peer is one of `trusted`, the rightmost address of
/// `X-Forwarded-For` that is not. What cannot be read ends the search at the last hop that could.
pub fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address| trusted.iter().any(|network| network.contains(address));
    let mut client = peer.to_canonical();
    if !is_trusted(client) {
        return client;
    }
    let lines = headers.get_all("x-forwarded-for").iter().rev();
    let entries = lines.flat_map(|line| line.to_str().unwrap_or("?").rsplit(','));
    for entry in entries.take(MAX_HOPS) {
        let Some(address) = parse_hop(entry.trim()) else { break };
        client = address.to_canonical();
        if !is_trusted(client) {
            break;
        }
    }
    client
}

/// An address, with a port or without.
fn parse_hop(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(address, _)| address);
    match bare {
        Some(v6) => v6.parse().ok(),
        None => text.parse().ok().or_else(|| text.split_once(':')?.0.parse().ok()),
    }
}

/// Whom a limit counts: the network that one subscriber has (/24 of IPv4, /56 of IPv6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Source(IpAddr);

impl Source {
    /// Of a client's address.
    pub fn of(address: IpAddr) -> Self {
        let address = address.to_canonical();
        let prefix = if address.is_ipv4() { 24 } else { 56 };
        Self(masked(address, prefix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use proptest::prelude::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn client(peer: &str, forwarded: &[&str], trusted: &[&str]) -> IpAddr {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        let trusted: Vec<Network> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        client_address(ip(peer), &headers, &trusted)
    }

    /// HF-03.
    #[test]
    fn nobody_but_a_trusted_proxy_says_where_a_request_comes_from() {
        assert_eq!(client("192.0.2.1", &["127.0.0.1"], &[]), ip("192.0.2.1"));
        assert_eq!(client("192.0.2.1", &["127.0.0.1"], &["10.0.0.0/8"]), ip("192.0.2.1"));
        assert_eq!(client("10.0.0.1", &[], &["10.0.0.0/8"]), ip("10.0.0.1"));
        assert_eq!(client("10.0.0.1", &["192.0.2.7"], &["10.0.0.0/8"]), ip("192.0.2.7"));
        assert_eq!(client("::ffff:10.0.0.1", &["192.0.2.7"], &["10.0.0.0/8"]), ip("192.0.2.7"));
    }

    /// HF-03.
    #[test]
    fn only_the_rightmost_untrusted_address_counts() {
        let trusted = ["10.0.0.0/8", "2001:db8::/32"];
        for (forwarded, expected) in [
            (vec!["127.0.0.1, 203.0.113.9"], "203.0.113.9"),
            (vec!["127.0.0.1", "203.0.113.9, 10.1.1.1"], "203.0.113.9"),
            (vec!["1.2.3.4, 203.0.113.9:4711,10.1.1.1:80"], "203.0.113.9"),
            (vec!["1.2.3.4, [2a02::1]:443, 2001:db8::7"], "2a02::1"),
            (vec!["a"], "10.0.0.1"),
            (vec!["203.0.113.9, a"], "10.0.0.1"),
            (vec!["203.0.113.9, unknown, 10.1.1.1"], "10.1.1.1"),
            (vec!["::"], "::"),
            (vec![""], "10.0.0.1"),
            (vec!["10.9.9.9, 10.1.1.1"], "10.9.9.9"),
        ] {
            assert_eq!(client("10.0.0.1", &forwarded, &trusted), ip(expected), "{forwarded:?}");
        }
        let long = "10.1.1.1,".repeat(1000) + "10.1.1.2";
        assert!(client("10.0.0.1", &[&long], &trusted).is_ipv4());
        assert_eq!(client("10.0.0.1", &["203.0.113.9, \u{fc}"], &trusted), ip("10.0.0.1"));
    }

    #[test]
    fn networks_are_read_strictly() {
        for wrong in
            ["", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/+8", "::/129", "10.0.0.0/", "example.org", "10/8"]
        {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
        let all: Network = "0.0.0.0/0".parse().unwrap();
        assert!(all.contains(ip("255.255.255.255")) && !all.contains(ip("::1")));
        let one: Network = "10.0.0.1".parse().unwrap();
        assert!(one.contains(ip("10.0.0.1")) && !one.contains(ip("10.0.0.2")));
    }

    #[test]
    fn a_subscriber_is_one_source() {
        assert_eq!(Source::of(ip("192.0.2.1")), Source::of(ip("192.0.2.254")));
        assert_eq!(Source::of(ip("192.0.2.1")), Source::of(ip("::ffff:192.0.2.9")));
        assert_ne!(Source::of(ip("192.0.2.1")), Source::of(ip("192.0.3.1")));
        assert_eq!(Source::of(ip("2001:db8:0:1::1")), Source::of(ip("2001:db8:0:ff:ffff::")));
        assert_ne!(Source::of(ip("2001:db8:0:100::")), Source::of(ip("2001:db8::")));
    }

    proptest! {
        #[test]
        fn any_header_gives_an_address(text in "[ -~]{0,60}") {
            let _ = client("10.0.0.1", &[&text], &["10.0.0.0/8"]);
            let _ = text.parse::<Network>();
        }
    }
}

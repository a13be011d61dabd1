//! Which addresses the fetcher may connect to (requirements.md L-02). Pure: no name is looked up here.
//!
//! Owns the tables of the IANA special-purpose registries (RFC 6890) as far as they matter to a client. A network that
//! translates IPv6 with a prefix of its own (RFC 6052) looks like the Internet from here; its operator has to filter.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What lies behind an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The Internet.
    Global,
    /// This machine or a private network; for whoever allows it by name.
    Private,
    /// Nothing that a request of ours has business with: machines' metadata, links, groups, documentation, relays.
    Never,
}

use Reach::{Global, Never, Private};

/// IPv4 networks that are not the Internet; the first that holds an address decides.
const V4: &[(Ipv4Addr, u32, Reach)] = &[
    // Metadata services of hosting providers that stand outside link-local.
    (Ipv4Addr::new(100, 100, 100, 200), 32, Never),
    (Ipv4Addr::new(168, 63, 129, 16), 32, Never),
    // "This network", RFC 791; 0.0.0.0 reaches the machine itself.
    (Ipv4Addr::new(0, 0, 0, 0), 8, Never),
    (Ipv4Addr::new(10, 0, 0, 0), 8, Private),
    // Carrier-grade NAT, RFC 6598.
    (Ipv4Addr::new(100, 64, 0, 0), 10, Private),
    (Ipv4Addr::new(127, 0, 0, 0), 8, Private),
    // Link-local, RFC 3927: the metadata services of most hosting providers.
    (Ipv4Addr::new(169, 254, 0, 0), 16, Never),
    (Ipv4Addr::new(172, 16, 0, 0), 12, Private),
    // Protocol assignments, RFC 6890.
    (Ipv4Addr::new(192, 0, 0, 0), 24, Never),
    (Ipv4Addr::new(192, 0, 2, 0), 24, Never),
    // 6to4 relays, RFC 7526.
    (Ipv4Addr::new(192, 88, 99, 0), 24, Never),
    (Ipv4Addr::new(192, 168, 0, 0), 16, Private),
    // Benchmarks, RFC 2544.
    (Ipv4Addr::new(198, 18, 0, 0), 15, Never),
    (Ipv4Addr::new(198, 51, 100, 0), 24, Never),
    (Ipv4Addr::new(203, 0, 113, 0), 24, Never),
    // Groups, reserved, broadcast.
    (Ipv4Addr::new(224, 0, 0, 0), 3, Never),
];

/// IPv6 networks; the first that holds an address decides, and what no line holds is never reached.
const V6: &[(Ipv6Addr, u32, Reach)] = &[
    (Ipv6Addr::LOCALHOST, 128, Private),
    // Metadata services of hosting providers.
    (Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0), 32, Never),
    (Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0), 32, Never),
    // Unique local, RFC 4193.
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, Private),
    // Protocol assignments, Teredo and ORCHID among them, RFC 2928.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, Never),
    // Documentation, RFC 3849 and RFC 9637.
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, Never),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, Never),
    // 6to4, RFC 3056: an IPv4 address of anyone's choice behind a relay of anyone's.
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, Never),
    (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3, Global),
];

/// Prefixes whose last 32 bits are an IPv4 address that is reached in truth: v4-mapped (RFC 4291), NAT64 (RFC 6052).
const EMBEDDING: &[Ipv6Addr] =
    &[Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0)];

/// What lies behind `address`.
pub fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(address) => reach_v4(address),
        IpAddr::V6(address) => reach_v6(address),
    }
}

fn reach_v4(address: Ipv4Addr) -> Reach {
    let bits = address.to_bits();
    let found = V4.iter().find(|(network, length, _)| (bits ^ network.to_bits()) >> (32 - length) == 0);
    found.map_or(Global, |(.., reach)| *reach)
}

fn reach_v6(address: Ipv6Addr) -> Reach {
    let bits = address.to_bits();
    if EMBEDDING.iter().any(|prefix| (bits ^ prefix.to_bits()) >> 32 == 0) {
        let [.., a, b, c, d] = address.octets();
        return reach_v4(Ipv4Addr::new(a, b, c, d));
    }
    let found = V6.iter().find(|(network, length, _)| (bits ^ network.to_bits()) >> (128 - length) == 0);
    found.map_or(Never, |(.., reach)| *reach)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(text: &str) -> Reach {
        reach(text.parse().unwrap())
    }

    /// L-02. First and last address of every range, and their neighbours outside.
    #[test]
    fn every_range_ends_where_its_registry_says() {
        let table: &[(Reach, &str)] = &[
            (Never, "0.0.0.0 0.255.255.255 100.100.100.200 168.63.129.16"),
            (Global, "1.0.0.0 9.255.255.255 11.0.0.0 168.63.129.15 168.63.129.17"),
            (Private, "10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 100.100.100.199 100.100.100.201"),
            (Global, "100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0"),
            (Private, "127.0.0.0 127.0.0.1 127.255.255.255"),
            (Never, "169.254.0.0 169.254.169.254 169.254.170.2 169.254.255.255"),
            (Global, "169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0"),
            (Private, "172.16.0.0 172.31.255.255 192.168.0.0 192.168.255.255"),
            (Never, "192.0.0.0 192.0.0.192 192.0.0.255 192.0.2.0 192.0.2.255 192.88.99.0 192.88.99.255"),
            (Global, "191.255.255.255 192.0.1.0 192.0.3.0 192.88.98.255 192.88.100.0"),
            (Global, "192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0"),
            (Never, "198.18.0.0 198.19.255.255 198.51.100.0 198.51.100.255 203.0.113.0 203.0.113.255"),
            (Global, "198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0 223.255.255.255"),
            (Never, "224.0.0.0 239.255.255.255 240.0.0.0 255.255.255.254 255.255.255.255"),
            (Never, ":: ::2 ::127.0.0.1 ::10.0.0.1 ::8.8.8.8 100:: 64:ff9b:1::1 ::ffff:0:8.8.8.8"),
            (Private, "::1 fc00:: fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff fd00::1"),
            (Never, "fd00:ec2::254 fd20:ce::254 fe80:: fe80::1 febf:ffff::1 fec0::1 ff00:: ff02::1 fe00::"),
            (Never, "2001:: 2001::1 2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff 2001:20::1 2001:db8::"),
            (Never, "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff 2002:: 2002:7f00:1:: 2002:808:808::1 3fff::1"),
            (Never, "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff 4000:: 5f00::1 1fff:ffff::1"),
            (Global, "2000:: 2001:200:: 2001:db7:ffff::1 2001:db9:: 2003:: 2606:4700:4700::1111 3fff:1000::"),
            (Private, "::ffff:127.0.0.1 ::ffff:10.0.0.1 64:ff9b::192.168.0.1 64:ff9b::7f00:1"),
            (Never, "::ffff:169.254.169.254 ::ffff:0.0.0.0 64:ff9b::169.254.169.254 64:ff9b::224.0.0.1"),
            (Global, "::ffff:8.8.8.8 64:ff9b::8.8.8.8"),
        ];
        for (expected, addresses) in table {
            for address in addresses.split(' ') {
                assert_eq!(of(address), *expected, "{address}");
            }
        }
    }

    proptest! {
        /// L-02. However an IPv4 address is written, what lies behind it is the same.
        #[test]
        fn an_embedded_address_is_judged_as_itself(bits: u32) {
            let v4 = Ipv4Addr::from_bits(bits);
            prop_assert_eq!(reach(v4.to_ipv6_mapped().into()), reach(v4.into()));
            let nat64 = Ipv6Addr::from_bits((0x64_ff9b_u128 << 96) | u128::from(bits));
            prop_assert_eq!(reach(nat64.into()), reach(v4.into()));
        }

        /// L-02. What the standard library knows to be special is never taken for the Internet.
        #[test]
        fn no_special_ipv4_address_is_global(bits: u32) {
            let v4 = Ipv4Addr::from_bits(bits);
            let special = v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_multicast()
                || v4.is_broadcast() || v4.is_documentation() || v4.is_unspecified();
            prop_assert!(!special || reach(v4.into()) != Global);
        }

        /// L-02. Nothing outside the one block of global unicast is global, but for embedded IPv4 addresses.
        #[test]
        fn only_global_unicast_ipv6_is_global(bits: u128) {
            let v6 = Ipv6Addr::from_bits(bits);
            let unicast = bits >> 125 == 1;
            prop_assert!(unicast || reach(v6.into()) != Global || EMBEDDING.iter().any(|prefix| (bits ^ prefix.to_bits()) >> 32 == 0));
            prop_assert!(!(v6.is_multicast() || v6.is_unicast_link_local()) || reach(v6.into()) == Never);
        }
    }
}

//! Proof that a proxy wrote a certificate's header, where the connection itself proves nothing: an HMAC under a key that
//! proxy and server share.
//!
//! `Client-Cert-Mac: t=<seconds since the epoch>,v1=<64 hexadecimal digits>`, where v1 is HMAC-SHA-256 of five lines
//! with a line feed between: the time, the method, the path without its query, the value of the certificate's header,
//! and that of the chain's. Either value is empty if there is no such header. None of the lines can hold a line feed, so
//! the parts cannot be moved against each other. It binds a certificate to a request, not the request's body or query.

use crate::secret::{from_hex, hex};
use crate::time::Timestamp;
use aws_lc_rs::hmac;

/// The header's name.
pub const HEADER: &str = "Client-Cert-Mac";

/// Seconds that the clocks of proxy and server may be apart, the way between them included.
pub const MAX_SKEW_SECONDS: i64 = 60;

/// The key that a proxy and the server share.
pub struct MacKey(hmac::Key);

/// What the proxy vouches for.
#[derive(Debug, Clone, Copy)]
pub struct Vouched<'a> {
    /// The request's method.
    pub method: &'a str,
    /// The request's path, without its query.
    pub path: &'a str,
    /// Value of the certificate's header, empty if there is none.
    pub certificate: &'a str,
    /// Value of the chain's header, empty if there is none.
    pub chain: &'a str,
}

/// Why a MAC is not believed. Each text continues "`Client-Cert-Mac` …".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MacError {
    /// Another syntax.
    #[error("is not t=<seconds>,v1=<64 hexadecimal digits>")]
    Malformed,
    /// Another key, or another request or certificate.
    #[error(
        "is wrong; check that proxy and server have the same key, and that nothing between rewrites the path"
    )]
    Wrong,
    /// Made too long ago, or in the future.
    #[error("is more than a minute off; check the clocks of proxy and server")]
    Stale,
}

impl MacKey {
    /// From the key's 256 bits.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// Checks the header's `value` at `now`.
    ///
    /// # Errors
    /// [`MacError`].
    pub fn verify(&self, value: &str, vouched: &Vouched<'_>, now: Timestamp) -> Result<(), MacError> {
        let (time, tag) = parse(value).ok_or(MacError::Malformed)?;
        // aws-lc compares in constant time.
        hmac::verify(&self.0, &message(time, vouched), &tag).map_err(|_| MacError::Wrong)?;
        let made: i64 = time.parse().map_err(|_| MacError::Malformed)?;
        if made.abs_diff(now.seconds()) > MAX_SKEW_SECONDS.unsigned_abs() {
            return Err(MacError::Stale);
        }
        Ok(())
    }

    /// The header's value for what is vouched for at `now`: what a proxy writes.
    pub fn encode(&self, vouched: &Vouched<'_>, now: Timestamp) -> String {
        let time = now.seconds().to_string();
        let tag = hmac::sign(&self.0, &message(&time, vouched));
        format!("t={time},v1={}", hex(tag.as_ref()))
    }
}

impl std::fmt::Debug for MacKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MacKey(***)")
    }
}

/// The time as it is written, and the tag.
fn parse(value: &str) -> Option<(&str, [u8; 32])> {
    let (time, tag) = value.strip_prefix("t=")?.split_once(",v1=")?;
    let plain = (1..=12).contains(&time.len()) && time.bytes().all(|byte| byte.is_ascii_digit());
    Some((time, from_hex(tag)?)).filter(|_| plain)
}

fn message(time: &str, vouched: &Vouched<'_>) -> Vec<u8> {
    let Vouched { method, path, certificate, chain } = *vouched;
    [time, method, path, certificate, chain].join("\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const REQUEST: Vouched<'_> =
        Vouched { method: "POST", path: "/token", certificate: ":AAAA:", chain: ":BBBB:" };
    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn key() -> MacKey {
        MacKey::new(&[7; 32])
    }

    /// A-26.
    #[test]
    fn a_mac_is_of_one_request_and_one_certificate() {
        let value = key().encode(&REQUEST, NOW);
        assert_eq!(key().verify(&value, &REQUEST, NOW), Ok(()));
        let others = [
            Vouched { method: "GET", ..REQUEST },
            Vouched { path: "/token/", ..REQUEST },
            Vouched { path: "/Token", ..REQUEST },
            Vouched { certificate: ":AAAB:", ..REQUEST },
            Vouched { certificate: "", ..REQUEST },
            Vouched { chain: "", ..REQUEST },
            Vouched { certificate: ":BBBB:", chain: ":AAAA:", ..REQUEST },
        ];
        for other in others {
            assert_eq!(key().verify(&value, &other, NOW), Err(MacError::Wrong), "{other:?}");
        }
        assert_eq!(MacKey::new(&[8; 32]).verify(&value, &REQUEST, NOW), Err(MacError::Wrong));
    }

    #[test]
    fn a_mac_is_good_for_a_minute_before_and_after() {
        let value = key().encode(&REQUEST, NOW);
        for (seconds, expected) in
            [(-61, Err(MacError::Stale)), (-60, Ok(())), (60, Ok(())), (61, Err(MacError::Stale))]
        {
            assert_eq!(key().verify(&value, &REQUEST, NOW.plus_seconds(seconds)), expected, "{seconds}");
        }
        let newer = value.replace("t=1800000000", "t=1800000060");
        assert_eq!(key().verify(&newer, &REQUEST, NOW.plus_seconds(61)), Err(MacError::Wrong));
    }

    #[test]
    fn another_syntax_is_malformed() {
        let good = key().encode(&REQUEST, NOW);
        assert_eq!(key().verify(&good.replace("v1=", "v1=\n"), &REQUEST, NOW), Err(MacError::Malformed));
        for wrong in [
            String::new(),
            "t=1".into(),
            good.replace("v1", "v2"),
            good.replace("t=", "t=+"),
            good.replace("t=", "t=-"),
            good.replace("t=", "t= "),
            good.replace("t=", "T="),
            good.replace(",", ", "),
            good.replace("t=1800000000", "t="),
            good.replace("t=18", "t=0000018"),
            format!("{good}0"),
            format!("{good},v1=00"),
            good[..good.len() - 1].to_owned() + "g",
        ] {
            assert_eq!(key().verify(&wrong, &REQUEST, NOW), Err(MacError::Malformed), "{wrong}");
        }
    }

    #[test]
    fn debug_of_a_key_shows_nothing() {
        assert_eq!(format!("{:?}", key()), "MacKey(***)");
    }

    proptest! {
        #[test]
        fn parts_cannot_be_moved_against_each_other(
            method in "[A-Z.]{1,8}", path in "/[a-z./:]{0,12}", certificate in "[!-~ ]{0,16}", chain in "[!-~ ]{0,16}",
            other_path in "/[a-z./:]{0,12}", other in "[!-~ ]{0,16}",
        ) {
            let one = Vouched { method: &method, path: &path, certificate: &certificate, chain: &chain };
            let two = Vouched { path: &other_path, certificate: &other, ..one };
            let value = key().encode(&one, NOW);
            prop_assert_eq!(
                key().verify(&value, &two, NOW).is_ok(),
                path == other_path && certificate == other
            );
        }

        #[test]
        fn no_text_makes_it_panic(text in r"t=[0-9]{0,14},v1=[0-9a-g]{60,66}|\PC{0,90}") {
            prop_assert!(key().verify(&text, &REQUEST, NOW).is_err());
        }
    }
}

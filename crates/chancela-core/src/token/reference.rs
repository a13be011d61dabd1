//! Reference tokens: texts without meaning of their own that name a row in the store (UUID, 32 hexadecimal digits, or
//! this server's own opaque format).
//!
//! A token holds at least 96 random bits and, masked so that it looks random too, the low bits of its expiry. From the
//! token alone follow the row's key in order of expiry (inserts append, whole buckets expire) and a tag that proves the
//! token was made here. Both come from one HMAC over the random part; the store never sees the token.
//!
//! Expiry is counted in ticks of 1/64 s: fine enough that concurrent inserts fall on the same few pages. A UUID has room
//! for 26 bits of it (a window of 12 days around now), the others for 32.

use super::checksum;
use crate::dialect::TokenFormat;
use crate::entropy::{Entropy, EntropyError};
use crate::id::AccessTokenKey;
use crate::pepper::{MacPurpose, Pepper};
use crate::secret::from_hex;
use crate::time::Timestamp;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};

/// What an opaque token of this server begins with, for secret scanners.
pub const OPAQUE_PREFIX: &str = "chancela_at_";

/// Ticks in a second.
const TICKS: i64 = 64;

/// Checks a lifetime in seconds against what the format can carry.
///
/// # Errors
/// The longest lifetime in seconds.
pub fn check_lifetime(format: TokenFormat, seconds: u32) -> Result<(), u32> {
    let longest = match format {
        TokenFormat::Jwt | TokenFormat::Sealed => 31_536_000,
        TokenFormat::Uuid => 432_000,
        TokenFormat::Hex | TokenFormat::Opaque => 2_592_000,
    };
    if seconds == 0 || seconds > longest { Err(longest) } else { Ok(()) }
}

/// A new token that expires `lifetime` seconds after `now`, and the key of its row.
///
/// # Errors
/// [`EntropyError`] if there are no random numbers.
pub fn issue(
    format: TokenFormat,
    pepper: &Pepper,
    now: Timestamp,
    lifetime: u32,
    entropy: &dyn Entropy,
) -> Result<(String, AccessTokenKey), EntropyError> {
    let tick = now.millis() * TICKS / 1000 + i64::from(lifetime) * TICKS;
    let layout = Layout::of(format);
    let mut bytes = [0_u8; 36];
    let bytes = &mut bytes[..layout.bytes];
    entropy.fill(bytes)?;
    layout.clear(bytes);
    let mac = pepper.mac(MacPurpose::ReferenceToken, bytes);
    layout.put_low(bytes, low_bits(tick, layout.bits) ^ mask(&mac, layout.bits));
    Ok((write(format, bytes), AccessTokenKey { tick, tag: tag(&mac) }))
}

/// The key of the row that `token` would have; `None` if no token of the format looks like this.
pub fn locate(format: TokenFormat, pepper: &Pepper, now: Timestamp, token: &str) -> Option<AccessTokenKey> {
    let layout = Layout::of(format);
    let mut bytes = [0_u8; 36];
    let bytes = &mut bytes[..layout.bytes];
    read(format, token, bytes)?;
    let masked = layout.low(bytes);
    if !layout.is_canonical(bytes) {
        return None;
    }
    layout.clear(bytes);
    let mac = pepper.mac(MacPurpose::ReferenceToken, bytes);
    let low = masked ^ mask(&mac, layout.bits);
    Some(AccessTokenKey { tick: nearest(low, layout.bits, now), tag: tag(&mac) })
}

/// Where a format keeps the masked bits: the first `bits` of its bytes.
struct Layout {
    bytes: usize,
    bits: u32,
    uuid: bool,
}

impl Layout {
    const fn of(format: TokenFormat) -> Self {
        match format {
            TokenFormat::Uuid => Self { bytes: 16, bits: 26, uuid: true },
            TokenFormat::Hex => Self { bytes: 16, bits: 32, uuid: false },
            TokenFormat::Opaque | TokenFormat::Sealed | TokenFormat::Jwt => {
                Self { bytes: 36, bits: 32, uuid: false }
            }
        }
    }

    /// Zeroes the masked bits and sets the fixed ones: what the MAC is taken over.
    fn clear(&self, bytes: &mut [u8]) {
        bytes[..3].fill(0);
        bytes[3] &= if self.bits == 26 { 0x3f } else { 0 };
        if self.uuid {
            bytes[6] = 0x40 | (bytes[6] & 0x0f);
            bytes[8] = 0x80 | (bytes[8] & 0x3f);
        }
    }

    fn is_canonical(&self, bytes: &[u8]) -> bool {
        !self.uuid || (bytes[6] >> 4 == 4 && bytes[8] >> 6 == 2)
    }

    fn low(&self, bytes: &[u8]) -> u32 {
        u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) >> (32 - self.bits)
    }

    fn put_low(&self, bytes: &mut [u8], low: u32) {
        for (byte, part) in bytes.iter_mut().zip((low << (32 - self.bits)).to_be_bytes()) {
            *byte |= part;
        }
    }
}

fn mask(mac: &[u8; 32], bits: u32) -> u32 {
    u32::from_be_bytes([mac[0], mac[1], mac[2], mac[3]]) >> (32 - bits)
}

fn tag(mac: &[u8; 32]) -> [u8; 16] {
    let mut tag = [0; 16];
    tag.copy_from_slice(&mac[4..20]);
    tag
}

fn low_bits(tick: i64, bits: u32) -> u32 {
    u32::try_from(tick & ((1_i64 << bits) - 1)).unwrap_or(0)
}

/// The tick with these low bits that is nearest to now.
fn nearest(low: u32, bits: u32, now: Timestamp) -> i64 {
    let now = now.millis() * TICKS / 1000;
    let window = 1_i64 << bits;
    let ahead = (i64::from(low) - now).rem_euclid(window);
    if ahead < window / 2 { now + ahead } else { now + ahead - window }
}

fn write(format: TokenFormat, bytes: &[u8]) -> String {
    match format {
        TokenFormat::Hex => crate::secret::hex(bytes),
        TokenFormat::Uuid => {
            let mut text = [0; 16];
            text.copy_from_slice(bytes);
            uuid::Uuid::from_bytes(text).hyphenated().to_string()
        }
        TokenFormat::Opaque | TokenFormat::Sealed | TokenFormat::Jwt => {
            let mut text = String::with_capacity(OPAQUE_PREFIX.len() + 54);
            text.push_str(OPAQUE_PREFIX);
            BASE64URL.encode_string(bytes, &mut text);
            checksum::append(&mut text);
            text
        }
    }
}

fn read(format: TokenFormat, token: &str, bytes: &mut [u8]) -> Option<()> {
    match format {
        TokenFormat::Hex => {
            if token.bytes().any(|b| b.is_ascii_uppercase()) {
                return None;
            }
            bytes.copy_from_slice(&from_hex::<16>(token)?);
        }
        TokenFormat::Uuid => {
            if token.len() != 36 {
                return None;
            }
            let parsed = uuid::Uuid::try_parse_ascii(token.as_bytes()).ok()?;
            if parsed.hyphenated().encode_lower(&mut [0; 36]) != token {
                return None;
            }
            bytes.copy_from_slice(parsed.as_bytes());
        }
        TokenFormat::Opaque | TokenFormat::Sealed | TokenFormat::Jwt => {
            let body = checksum::strip(token)?.strip_prefix(OPAQUE_PREFIX)?;
            let length = BASE64URL.decode_slice(body, &mut *bytes).ok()?;
            if length != bytes.len() {
                return None;
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::Seeded;
    use proptest::prelude::*;

    const FORMATS: [TokenFormat; 3] = [TokenFormat::Uuid, TokenFormat::Hex, TokenFormat::Opaque];

    fn pepper() -> Pepper {
        Pepper::from_root(&[9; 32])
    }

    proptest! {
        #[test]
        fn a_token_leads_back_to_its_row_until_after_it_expired(
            seed: u64, now in 0_i64..4_000_000_000_000, lifetime in 1_u32..=432_000, later in 0_i64..432_000,
        ) {
            let entropy = Seeded::new(seed);
            for format in FORMATS {
                let now = Timestamp::from_millis(now);
                let (token, key) = issue(format, &pepper(), now, lifetime, &entropy).unwrap();
                prop_assert_eq!(locate(format, &pepper(), now.plus_seconds(later), &token), Some(key));
            }
        }

        #[test]
        fn another_pepper_finds_another_row(seed: u64) {
            let now = Timestamp::from_seconds(1_800_000_000);
            for format in FORMATS {
                let (token, key) = issue(format, &pepper(), now, 300, &Seeded::new(seed)).unwrap();
                prop_assert_ne!(locate(format, &Pepper::from_root(&[8; 32]), now, &token), Some(key));
            }
        }

        #[test]
        fn no_text_makes_the_reader_fail(text in ".{0,80}") {
            for format in FORMATS {
                let _ = locate(format, &pepper(), Timestamp::from_seconds(1_800_000_000), &text);
            }
        }
    }

    #[test]
    fn one_changed_character_leads_to_no_row_of_the_token() {
        let now = Timestamp::from_seconds(1_800_000_000);
        for format in FORMATS {
            let (token, key) = issue(format, &pepper(), now, 300, &Seeded::new(1)).unwrap();
            for at in 0..token.len() {
                let mut other = token.clone().into_bytes();
                other[at] = if other[at] == b'0' { b'1' } else { b'0' };
                let other = String::from_utf8(other).unwrap();
                if other != token {
                    assert_ne!(locate(format, &pepper(), now, &other), Some(key), "{format:?} {at}");
                }
            }
        }
    }

    #[test]
    fn tokens_of_one_moment_look_unlike_each_other() {
        let now = Timestamp::from_seconds(1_800_000_000);
        let entropy = Seeded::new(3);
        let mut starts = std::collections::HashSet::new();
        for _ in 0..1000 {
            let (token, _) = issue(TokenFormat::Uuid, &pepper(), now, 300, &entropy).unwrap();
            assert_eq!(
                (&token[14..15], "89ab".contains(&token[19..20])),
                ("4", true),
                "{token} is a UUID version 4"
            );
            starts.insert(token[..6].to_owned());
        }
        assert!(starts.len() > 990, "the expiry shows: {} of 1000 beginnings differ", starts.len());
    }
}

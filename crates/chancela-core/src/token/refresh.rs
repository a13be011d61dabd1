//! Refresh tokens: a grant's id and generation under a MAC. Nothing of them is stored, so any generation can be
//! recognised as genuine (a replay revokes the family) and a forged one as noise (which must revoke nothing: otherwise
//! whoever learns an id could end a family).

use super::checksum;
use crate::id::GrantId;
use crate::pepper::{MacPurpose, Pepper};
use aws_lc_rs::constant_time;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};

/// What a refresh token of this server begins with.
pub const PREFIX: &str = "chancela_rt_";

const BODY: usize = 20;
const LENGTH: usize = BODY + 32;

/// A genuine refresh token's meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshTokenRef {
    /// The grant.
    pub grant: GrantId,
    /// Its generation.
    pub generation: u32,
}

impl RefreshTokenRef {
    /// The token's text. The same reference always has the same text.
    pub fn encode(&self, pepper: &Pepper) -> String {
        let mut bytes = [0; LENGTH];
        bytes[..16].copy_from_slice(&self.grant.0);
        bytes[16..BODY].copy_from_slice(&self.generation.to_be_bytes());
        let mac = pepper.mac(MacPurpose::RefreshToken, &bytes[..BODY]);
        bytes[BODY..].copy_from_slice(&mac);
        let mut text = String::with_capacity(PREFIX.len() + 76);
        text.push_str(PREFIX);
        BASE64URL.encode_string(bytes, &mut text);
        checksum::append(&mut text);
        text
    }

    /// Reads a token; `None` unless it was made here.
    pub fn parse(text: &str, pepper: &Pepper) -> Option<Self> {
        let body = checksum::strip(text)?.strip_prefix(PREFIX)?;
        let mut bytes = [0; LENGTH];
        if BASE64URL.decode_slice(body, &mut bytes).ok()? != LENGTH {
            return None;
        }
        let mac = pepper.mac(MacPurpose::RefreshToken, &bytes[..BODY]);
        constant_time::verify_slices_are_equal(&mac, &bytes[BODY..]).ok()?;
        let mut grant = [0; 16];
        grant.copy_from_slice(&bytes[..16]);
        let generation = u32::from_be_bytes([bytes[16], bytes[17], bytes[18], bytes[19]]);
        Some(Self { grant: GrantId(grant), generation })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_refresh_token_reads_back_and_no_other_text_does(id: [u8; 16], generation: u32, at in 0_usize..88) {
            let pepper = Pepper::from_root(&[1; 32]);
            let reference = RefreshTokenRef { grant: GrantId(id), generation };
            let text = reference.encode(&pepper);
            prop_assert_eq!(RefreshTokenRef::parse(&text, &pepper), Some(reference));
            prop_assert_eq!(RefreshTokenRef::parse(&text, &Pepper::from_root(&[2; 32])), None);
            let mut other = text.clone().into_bytes();
            let at = at % other.len();
            other[at] = if other[at] == b'A' { b'B' } else { b'A' };
            prop_assert_eq!(RefreshTokenRef::parse(std::str::from_utf8(&other).unwrap(), &pepper), None);
        }
    }
}

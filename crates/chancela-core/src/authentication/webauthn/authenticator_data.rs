//! Authenticator data (WebAuthn Level 3 §6.1): what the authenticator itself says, under its signature.

use super::Refused;
use super::cbor;
use super::cose::PublicKey;
use crate::secret::sha256;

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
const ATTESTED: u8 = 0x40;
const EXTENSIONS: u8 = 0x80;

/// Longest credential id (WebAuthn Level 3 §4).
const MAX_ID_BYTES: usize = 1023;

/// What an authenticator says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AuthenticatorData<'a> {
    /// Whether it verified the user (PIN, fingerprint, face), not only a touch.
    pub(super) user_verified: bool,
    /// Whether the credential lives in more places than this authenticator.
    pub(super) backed_up: bool,
    /// Signature counter; 0 where it has none.
    pub(super) sign_count: u32,
    /// The new credential, at a registration.
    pub(super) credential: Option<AttestedCredential<'a>>,
}

/// A new credential.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AttestedCredential<'a> {
    /// Its id.
    pub(super) id: &'a [u8],
    /// Its public key as COSE_Key, byte for byte.
    pub(super) public_key: &'a [u8],
}

impl<'a> AuthenticatorData<'a> {
    /// Reads what stands in a response for the relying party `rp_id`.
    pub(super) fn read(bytes: &'a [u8], rp_id: &str) -> Result<Self, Refused> {
        let (rp_id_hash, rest) = bytes.split_first_chunk::<32>().ok_or(Refused::Malformed)?;
        let (&[flags], rest) = rest.split_first_chunk::<1>().ok_or(Refused::Malformed)?;
        let (count, mut rest) = rest.split_first_chunk::<4>().ok_or(Refused::Malformed)?;
        if *rp_id_hash != sha256(rp_id.as_bytes()) {
            return Err(Refused::RelyingParty);
        }
        if flags & USER_PRESENT == 0 {
            return Err(Refused::UserNotPresent);
        }
        // Level 3 §6.1.3: what may not be backed up is not backed up.
        if flags & BACKED_UP != 0 && flags & BACKUP_ELIGIBLE == 0 {
            return Err(Refused::Malformed);
        }
        let mut credential = None;
        if flags & ATTESTED != 0 {
            let (found, after) = AttestedCredential::read(rest).ok_or(Refused::UnsupportedKey)?;
            (credential, rest) = (Some(found), after);
        }
        if flags & EXTENSIONS != 0 {
            // Nothing was asked for; what comes unasked is ignored, but must be well-formed.
            let (extensions, after) = cbor::read(rest).ok_or(Refused::Malformed)?;
            rest = if matches!(extensions, cbor::Value::Map(_)) { after } else { rest };
        }
        if !rest.is_empty() {
            return Err(Refused::Malformed);
        }
        Ok(Self {
            user_verified: flags & USER_VERIFIED != 0,
            backed_up: flags & BACKED_UP != 0,
            sign_count: u32::from_be_bytes(*count),
            credential,
        })
    }
}

impl<'a> AttestedCredential<'a> {
    fn read(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (_aaguid, rest) = bytes.split_first_chunk::<16>()?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length));
        if length == 0 || length > MAX_ID_BYTES {
            return None;
        }
        let (id, rest) = rest.split_at_checked(length)?;
        let (_, after) = PublicKey::read(rest)?;
        let public_key = &rest[..rest.len() - after.len()];
        Some((Self { id, public_key }, after))
    }
}

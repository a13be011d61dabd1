//! Client data (WebAuthn Level 3 §5.8.1): what the browser says of the page that asked, under the signature by its hash.

use super::{Refused, RelyingParty};
use aws_lc_rs::constant_time;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde::Deserialize;

/// What a response is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ceremony {
    /// `navigator.credentials.create`.
    Registration,
    /// `navigator.credentials.get`.
    Assertion,
}

impl Ceremony {
    const fn kind(self) -> &'static str {
        match self {
            Self::Registration => "webauthn.create",
            Self::Assertion => "webauthn.get",
        }
    }
}

/// Members that are looked at. Others may stand beside them, says the specification.
#[derive(Deserialize)]
struct ClientData<'a> {
    #[serde(rename = "type", borrow)]
    kind: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    challenge: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    origin: std::borrow::Cow<'a, str>,
    #[serde(default, rename = "crossOrigin")]
    cross_origin: bool,
    #[serde(default, rename = "topOrigin")]
    top_origin: Option<serde::de::IgnoredAny>,
}

/// Checks that the browser was asked by a page of this relying party, for this ceremony, with this challenge.
pub(super) fn check(
    bytes: &[u8],
    ceremony: Ceremony,
    challenge: &[u8],
    party: &RelyingParty,
) -> Result<(), Refused> {
    let data: ClientData<'_> = serde_json::from_slice(bytes).map_err(|_| Refused::Malformed)?;
    if data.kind != ceremony.kind() {
        return Err(Refused::OtherCeremony);
    }
    let given = BASE64URL.decode(&*data.challenge).map_err(|_| Refused::Challenge)?;
    if constant_time::verify_slices_are_equal(&given, challenge).is_err() {
        return Err(Refused::Challenge);
    }
    // No page of ours stands in a frame of another origin.
    if data.origin != *party.origin || data.cross_origin || data.top_origin.is_some() {
        return Err(Refused::Origin);
    }
    Ok(())
}

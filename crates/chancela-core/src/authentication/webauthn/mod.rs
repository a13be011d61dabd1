//! Passkeys (WebAuthn Level 3): what a browser is asked, and whether its answer is good. Relying party is the realm's
//! issuer; attestation is not asked for, and a statement that comes all the same is not believed but ignored: it would
//! say who made an authenticator, which decides nothing here.
//!
//! The challenge is an argument. It must be bound to one browser and one moment and be unpredictable outside; a MAC over
//! the browser's random cookie and the moment is ([`challenge`]), and needs no row.

pub mod assertion;
mod authenticator_data;
pub mod cbor;
mod client_data;
pub mod cose;
pub mod options;
pub mod registration;

#[cfg(test)]
mod tests;

use crate::pepper::{MacPurpose, Pepper};
use crate::time::Timestamp;
pub use client_data::Ceremony;

/// Most bytes of a response that are looked at.
pub const MAX_RESPONSE_BYTES: usize = 32 * 1024;
/// How long a browser may take to answer, in seconds.
pub const CEREMONY_SECONDS: i64 = 300;
/// Most passkeys of one user.
pub const MAX_PASSKEYS: usize = 32;

/// Why an answer is not good. For logs; people hear only that it did not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is not what the specification describes, or too large.
    #[error("the response is malformed")]
    Malformed,
    /// It is the answer to the other ceremony.
    #[error("the response is of another ceremony")]
    OtherCeremony,
    /// The challenge is another.
    #[error("the challenge is another")]
    Challenge,
    /// It was asked for by a page of another origin, or in a frame.
    #[error("the origin is another")]
    Origin,
    /// It is for another relying party.
    #[error("the relying party is another")]
    RelyingParty,
    /// Nobody touched the authenticator.
    #[error("the user was not present")]
    UserNotPresent,
    /// The authenticator did not verify the user, and it must.
    #[error("the user was not verified")]
    UserNotVerified,
    /// The key has no algorithm that was asked for, or the credential is malformed.
    #[error("the key is not supported")]
    UnsupportedKey,
    /// The user has no such passkey, or has it already.
    #[error("the passkey is not one that can be used here")]
    Passkey,
    /// The signature is not the key's.
    #[error("the signature is wrong")]
    Signature,
    /// The counter went back: there are two copies of an authenticator that should be one.
    #[error("the signature counter went back")]
    Counter,
}

/// Who asks: an origin, and the domain that passkeys belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelyingParty {
    /// Relying party id: the issuer's host.
    pub id: Box<str>,
    /// The issuer's origin as browsers write it.
    pub origin: Box<str>,
    /// Name for people.
    pub name: Box<str>,
}

impl RelyingParty {
    /// Of an issuer URL. `None` where no browser has passkeys: the host is an address, or the scheme is not https and
    /// the host not `localhost`.
    pub fn of_issuer(issuer: &str, name: &str) -> Option<Self> {
        let uri: http::Uri = issuer.parse().ok()?;
        let host = uri.host()?.to_ascii_lowercase();
        let address = host.starts_with('[') || host.rsplit('.').next()?.bytes().all(|b| b.is_ascii_digit());
        let (scheme, default) = match uri.scheme_str()? {
            "https" => ("https", 443),
            "http" if host == "localhost" || host.ends_with(".localhost") => ("http", 80),
            _ => return None,
        };
        if address {
            return None;
        }
        let origin = match uri.port_u16().filter(|port| *port != default) {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        };
        Some(Self { id: host.into(), origin: origin.into(), name: name.into() })
    }
}

/// Whether the authenticator must verify the user itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserVerification {
    /// It must: the passkey is the only factor.
    Required,
    /// It may: the passkey stands beside a password.
    Preferred,
}

impl UserVerification {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Preferred => "preferred",
        }
    }

    const fn check(self, verified: bool) -> Result<(), Refused> {
        match self {
            Self::Required if !verified => Err(Refused::UserNotVerified),
            _ => Ok(()),
        }
    }
}

/// The challenge of a ceremony that began at `began_at` in the browser whose cookie's value is `browser`. It dies with
/// that cookie, which every login replaces: an answer is good once.
pub fn challenge(pepper: &Pepper, ceremony: Ceremony, browser: &[u8], began_at: Timestamp) -> [u8; 32] {
    let kind = [match ceremony {
        Ceremony::Registration => 1,
        Ceremony::Assertion => 2,
    }];
    let message = [b"webauthn\0", &kind[..], &began_at.millis().to_be_bytes(), browser].concat();
    pepper.mac(MacPurpose::Browser, &message)
}

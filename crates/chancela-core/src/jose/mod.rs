//! JOSE: the signatures of JWTs. Owns algorithms, signing and verifying keys, JWK with its thumbprint, JWK Sets of
//! others, and the kinds of JWT. Does not own which key is used when (the key ring is the server's) nor what a token says ([`crate::token`],
//! [`crate::openid`]).

mod compact;
mod jwk;
mod jwk_set;
mod jws;
mod private_key;
mod signer;

pub use compact::{SignedJwt, UnverifiedJwt};
pub use jwk::Jwk;
pub use jwk_set::{JwkSetError, MAX_JWK_SET_BYTES, MAX_KEYS};
pub use jws::{JwsError, MAX_TOKEN_BYTES, SigningKey, VerifyingKey};
pub use private_key::PrivateKeyError;
pub use signer::{JwtKind, Signer, read_signed};

use serde::{Deserialize, Serialize};

/// A JWS algorithm (RFC 7518 §3.1, RFC 8037, RFC 9864). There is no `none` and nothing symmetric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum JwsAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256, for clients that know nothing newer.
    #[serde(rename = "RS256")]
    Rs256,
    /// RSASSA-PSS with SHA-256.
    #[serde(rename = "PS256")]
    Ps256,
    /// ECDSA on P-256 with SHA-256.
    #[serde(rename = "ES256")]
    Es256,
    /// Ed25519 under its RFC 8037 name.
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// Ed25519 under its RFC 9864 name.
    #[serde(rename = "Ed25519")]
    Ed25519,
}

impl JwsAlgorithm {
    /// Every algorithm.
    pub const ALL: [Self; 5] = [Self::Rs256, Self::Ps256, Self::Es256, Self::EdDsa, Self::Ed25519];

    /// `alg` on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
            Self::Ed25519 => "Ed25519",
        }
    }

    /// The algorithm of this `alg`, exactly as spelled.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == text)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    pub(crate) use super::jws::tests::key;
}

//! What a store keeps: facts that decisions read and effects write. No record holds a secret or a token in clear.

mod access_token;
mod authorization_code;
mod certificate;
mod client;
mod client_certificate;
mod consent;
mod grant;
mod key;
mod revocation;
mod scope;
mod session;
mod user;

pub use access_token::AccessToken;
pub use authorization_code::{AuthorizationCode, REPLAY_MEMORY, Spent};
pub use certificate::{CertificateStatus, ClientCertificate, Crl, IssuedCertificate, RevocationReason};
pub use client::{ApplicationType, Client, ClientSecret, RefreshTokenPolicy, SubjectType};
pub use client_certificate::{CertificateSubject, RegisteredCertificate, Registration};
pub use consent::Consent;
pub use grant::{Grant, GrantDetails};
pub use key::{KeyPurpose, KeyRecord};
pub use revocation::{Revocation, Revoked};
pub use scope::ScopeRecord;
pub use session::{Authentication, Session};
pub use user::{Passkey, Totp, User};

/// Bytes as base64 in JSON.
pub(crate) mod base64_bytes {
    use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&BASE64.encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<u8>, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(input)?;
        BASE64.decode(&*text).map_err(|_| D::Error::custom("expected base64"))
    }
}

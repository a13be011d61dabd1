//! What a store keeps: facts that decisions read and effects write. No record holds a secret or a token in clear.

mod access_token;
mod authorization_code;
mod client;
mod consent;
mod grant;
mod key;
mod revocation;
mod scope;
mod session;
mod user;

pub use access_token::AccessToken;
pub use authorization_code::{AuthorizationCode, REPLAY_MEMORY, Spent};
pub use client::{
    ApplicationType, Client, ClientSecret, RefreshTokenPolicy, RegisteredCertificate, SubjectType,
};
pub use consent::Consent;
pub use grant::{Grant, GrantDetails};
pub use key::{KeyPurpose, KeyRecord};
pub use revocation::{Revocation, Revoked};
pub use scope::ScopeRecord;
pub use session::{Authentication, Session};
pub use user::{Passkey, Totp, User};

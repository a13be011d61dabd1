//! What a store keeps: facts that decisions read and effects write. No record holds a secret or a token in clear.

mod access_token;
mod client;
mod grant;
mod key;
mod scope;
mod user;

pub use access_token::{AccessToken, RevokedToken};
pub use client::{Client, ClientSecret, RegisteredCertificate};
pub use grant::Grant;
pub use key::{KeyPurpose, KeyRecord};
pub use scope::ScopeRecord;
pub use user::User;

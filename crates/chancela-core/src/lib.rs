//! The pure protocol of Chancela: no async, no I/O, no clock and no source of randomness of its own.
//!
//! Start reading at [`grant`]: what a token request may become.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod authentication;
pub mod authorization;
pub mod client_auth;
pub mod dialect;
pub mod dpop;
pub mod effect;
pub mod entropy;
pub mod error_code;
pub mod grant;
pub mod id;
pub mod issuance;
pub mod jose;
pub mod message;
pub mod openid;
pub mod pepper;
pub mod pkce;
pub mod rate_limit;
pub mod record;
pub mod redirect_uri;
pub mod rejection;
pub mod revocation;
pub mod scope;
pub mod secret;
pub mod security_profile;
pub mod strict_json;
pub mod text;
pub mod time;
pub mod token;
pub mod x509;

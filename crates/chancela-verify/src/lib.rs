//! Access tokens at a resource server: the API that a bank's partners call with them.
//!
//! Start reading at [`Verifier`]: what a JWT must be (RFC 9068 §4, RFC 8705 §3). [`Introspector`] asks the authorization
//! server instead (RFC 7662), [`WithIntrospection`] does both, and [`VerifyLayer`] does it for every request.
//! Fetching is the caller's: this crate opens no connection and needs no runtime.
//!
//! ```
//! # use chancela_verify::{KeySet, LiveVerifier, Settings, Verifier, VerifyLayer};
//! # use std::sync::Arc;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let jwks = br#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
//! let settings = Settings::new("https://id.bank.example/pix", "https://api.bank.example/pix");
//! let verifier = Verifier::new(settings, KeySet::parse(jwks)?)?;
//! let verifier = Arc::new(LiveVerifier::new(verifier)); // a task of yours calls begin_refresh and replace_keys
//! let layer = VerifyLayer::new(verifier).realm("pix").require_scope(&["pix.read"]);
//! # let _ = layer;
//! # Ok(())
//! # }
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod bearer;
mod cache;
mod claims;
mod clock;
mod confirmation;
mod introspection;
mod introspector;
mod keys;
#[cfg(feature = "tower")]
mod layer;
mod live;
mod refusal;
mod settings;
mod token;
mod verifier;
mod verify;

pub use bearer::bearer_token;
pub use cache::CacheLimits;
pub use chancela_core::jose::{JwkSetError, JwsAlgorithm, MAX_TOKEN_BYTES};
pub use chancela_core::scope::Scope;
pub use chancela_core::time::Timestamp;
pub use clock::system_time;
pub use introspection::{Introspect, IntrospectError, Introspection};
pub use introspector::{Introspector, WithIntrospection};
pub use keys::{KeySet, KeySource};
#[cfg(feature = "tower")]
pub use layer::{ClientCertificateDer, VerifyLayer, VerifyService};
pub use live::LiveVerifier;
pub use refusal::{Challenge, Refusal};
pub use settings::{MAX_SKEW, Settings, SettingsError, Typ};
pub use token::VerifiedToken;
pub use verifier::Verifier;
pub use verify::Verify;

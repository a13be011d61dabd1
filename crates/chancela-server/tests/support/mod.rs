//! A server in memory with realms of all dialects, a clock that the test moves and seeded random numbers; requests as
//! they stand on the wire, and whole exchanges as text for snapshots.

mod ask;
mod pki;
mod world;

pub use ask::{Answer, Ask};
pub use pki::{ClientCertificate, certificate, verify_jws};
pub use world::{ClientFacts, HOST, RealmPlan, World, new_client};

use base64::{Engine, engine::general_purpose::STANDARD};

/// `Basic` and base64 of any bytes.
pub fn basic(pair: impl AsRef<[u8]>) -> String {
    format!("Basic {}", STANDARD.encode(pair))
}

/// A form body.
pub fn form(fields: &[(&str, &str)]) -> String {
    let encode = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect::<Vec<_>>().join("&")
}

//! A server in memory with realms of all dialects, a clock that the test moves and seeded random numbers; requests as
//! they stand on the wire, and whole exchanges as text for snapshots.

mod ask;
mod browser;
mod flow;
mod gate;
mod mtls;
mod outside;
mod pki;
mod world;

pub use ask::{Answer, Ask, FORM};
pub use browser::{Browser, Form, Seen, unescape};
pub use flow::{
    CALLBACK, Callback, Flow, PASSWORD, Request, SCOPE, VERIFIER, challenge, claims, own_client, web_client,
};
pub use gate::Gate;
pub use mtls::{
    Holder, Root, START, at, certificate_client, client_params, holder_of, request, request_pem,
    resource_server,
};
pub use outside::{Authority, Conduct, Names, Outside, open_fetcher, open_outbound};
pub use pki::{certificate, verify_jws};
pub use world::{ClientFacts, HOST, RealmPlan, World, new_client};

use base64::{Engine, engine::general_purpose::STANDARD};
use std::net::{IpAddr, Ipv4Addr};

/// Where requests come from, unless a test says otherwise.
pub const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// `Basic` and base64 of any bytes.
pub fn basic(pair: impl AsRef<[u8]>) -> String {
    format!("Basic {}", STANDARD.encode(pair))
}

/// All but the unreserved characters of RFC 3986.
const RESERVED: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A form body.
pub fn form(fields: &[(&str, &str)]) -> String {
    let encode = |text: &str| percent_encoding::utf8_percent_encode(text, RESERVED).to_string();
    fields
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect::<Vec<_>>()
        .join("&")
}

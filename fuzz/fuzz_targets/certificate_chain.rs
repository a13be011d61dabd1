//! A chain that a client presents: certificates with two bytes of length before each, verified against a fixed anchor.

#![no_main]

use chancela_core::time::Timestamp;
use chancela_core::x509::{Certificate, PresentedChain, TrustAnchors};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

const ANCHOR: &str = include_str!("../../crates/chancela-core/tests/x509/fixtures/old_ca.pem");
const NOW: i64 = 2_000_000_000;

static ANCHORS: LazyLock<TrustAnchors> =
    LazyLock::new(|| TrustAnchors::from_pem(ANCHOR).expect("a good anchor"));

fuzz_target!(|data: &[u8]| {
    let mut ders = Vec::new();
    let mut rest = data;
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length)).min(after.len());
        let (der, after) = after.split_at(length);
        ders.push(der);
        rest = after;
    }
    if let Ok(chain) = PresentedChain::parse(ders) {
        let _ = ANCHORS.verify(&chain, &[], Timestamp::from_seconds(NOW));
    }
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = Certificate::parse_pem_chain(text);
    }
});

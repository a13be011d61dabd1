//! A revocation list in PEM or DER, from whoever claims to be the issuer.

#![no_main]

use chancela_core::time::Timestamp;
use chancela_core::x509::{Certificate, PresentedChain, RevocationList, TrustAnchors};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

const ANCHOR: &str = include_str!("../../crates/chancela-core/tests/x509/fixtures/old_ca.pem");
const LEAF: &str = include_str!("../../crates/chancela-core/tests/x509/fixtures/leaf_sha256.pem");
const NOW: i64 = 2_000_000_000;

static WORLD: LazyLock<(TrustAnchors, PresentedChain)> = LazyLock::new(|| {
    let leaf = Certificate::parse_pem_chain(LEAF).expect("a good certificate");
    let chain = PresentedChain::parse(leaf.iter().map(|one| &*one.der)).expect("a good chain");
    (TrustAnchors::from_pem(ANCHOR).expect("a good anchor"), chain)
});

fuzz_target!(|data: &[u8]| {
    let (anchors, chain) = &*WORLD;
    let read = match std::str::from_utf8(data) {
        Ok(text) if text.contains("-----BEGIN") => RevocationList::parse_pem(text),
        _ => RevocationList::parse_der(data),
    };
    if let Ok(list) = read {
        let now = Timestamp::from_seconds(NOW);
        let _ = (list.issuer().to_rfc4514(), anchors.verify(chain, &[list], now));
    }
    let authority = anchors.certificates().first().expect("an anchor");
    assert!(!RevocationList::is_signed_by(data, authority), "nobody has the authority's key");
});

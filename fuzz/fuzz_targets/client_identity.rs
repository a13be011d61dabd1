//! A client's certificate and key: PEM or PKCS #12 as it came from a provider, and a key for a certificate that is known.

#![no_main]

use chancela_agent::identity::{Identity, Material};
use chancela_core::secret::Secret;
use chancela_core::time::Timestamp;
use libfuzzer_sys::fuzz_target;

const CERTIFICATE: &[u8] = include_bytes!("../../crates/chancela-core/tests/x509/fixtures/leaf_sha256.pem");

fuzz_target!(|data: &[u8]| {
    let now = Timestamp::from_seconds(2_000_000_000);
    let password = Secret::new("password");
    for passphrase in [None, Some(&password)] {
        let alone = Material { certificate: data, key: None, passphrase };
        let beside = Material { certificate: CERTIFICATE, key: Some(data), passphrase };
        for material in [alone, beside] {
            if let Ok(identity) = Identity::parse(&material, now) {
                assert_eq!(identity.thumbprint().len(), 43);
            }
        }
    }
});
